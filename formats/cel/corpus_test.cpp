// Real logs, where the shared corpus lies beside the repository.
#include <doctest/doctest.h>

#include <filesystem>

#include "formats/cel/test_log.hpp"
#include "lib/base/test_files.hpp"
#include "lib/content/content.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/registers/names.hpp"

using namespace mrtool;
using namespace mrtool::cel;
using namespace mrtool::cel::testing;
using namespace mrtool::testing;

namespace {

namespace fs = std::filesystem;

// Recognised as that format, read without error, and written back with and without the raw bytes.
std::unique_ptr<WholeLog> checked(const std::string& name, std::string_view format, const Bytes& bytes) {
  CAPTURE(name);
  const auto found = detect_format({.prefix = bytes, .complete = true});
  REQUIRE(found);
  CHECK(found->format->name == format);
  auto log = read_whole(format, bytes);
  CHECK_MESSAGE(!log->error, (log->error ? to_string(*log->error) : ""));
  CHECK(write_whole(*log, format, Raw::kept) == bytes);
  CHECK(write_whole(*log, format, Raw::dropped) == bytes);
  return log;
}

std::string folded(const WholeLog& log, std::string_view reg, HashAlgorithm bank) {
  HashEngine engine;
  Digest value = Digest::filled(find_algorithm(bank)->size, 0);
  for (const Record* record : log.records) {
    for (const DigestEntry& entry : record->digests) {
      if (record->extends && to_string(record->reg) == reg && entry.algorithm == bank) {
        engine.extend(bank, value, entry.value);
      }
    }
  }
  return value.hex();
}

std::size_t matching(const WholeLog& log) {
  HashEngine engine;
  std::size_t count = 0;
  for (const Record* record : log.records) {
    const Judgement judgement = judge(*record, log.info, engine);
    count += !judgement.digests.empty() && judgement.digests.front().check == Check::matches ? 1 : 0;
  }
  return count;
}

}  // namespace

TEST_SUITE("cel corpus") {
  TEST_CASE("launch logs of Confidential Space replay to the stated registers, and every digest matches") {
    if (!has_corpus()) {
      return;
    }
    const auto launch =
        checked("go-tpm-tools", "cel-tlv", read_test_file(kCorpus / "cel/go-tpm-tools-cos-launch.cel.bin"));
    CHECK(launch->records.size() == 18);
    CHECK(matching(*launch) == 18);
    CHECK(launch->info.dialect == "google");
    CHECK(folded(*launch, "rtmr3", HashAlgorithm::sha384) ==
          "2261f93374ed538b35e7e93c540a1562ccb25d14f6c40a1efea03d329e29a97172d84e152344af4a7188d0c8b9fcabeb");
    const auto piid = checked("confidential-space", "cel-tlv",
                              read_test_file(kCorpus / "cel/confidential-space-cel_launch_event_log.bin"));
    CHECK(piid->records.size() == 2);
    CHECK(matching(*piid) == 2);
    CHECK(to_hex((*piid)[0].data).find("42424242424242424242424242424242") != std::string::npos);
    CHECK(folded(*piid, "pcr19", HashAlgorithm::sha256) ==
          "3ed1b5e170fc70001cc427164e1784752b96faaf34241c519027fbff3ee9295a");
    CHECK(folded(*read_whole("cel-tlv", hex(kGoogleCcmrD)), "rtmr3", HashAlgorithm::sha384) == kRtmrD);
  }

  TEST_CASE("the specification's CBOR example holds the events of its TCG2 form") {
    if (!has_corpus()) {
      return;
    }
    const auto cbor = checked("spec", "cel-cbor", read_test_file(kCorpus / "cel/cel-spec-5.1.7-pcclient.cbor"));
    const auto tcg2 = read_whole("tcg2", read_test_file(kCorpus / "cel/cel-spec-5.1.7-pcclient.tcg2.bin"));
    REQUIRE(cbor->records.size() == 2);
    REQUIRE(tcg2->records.size() == 2);
    CHECK(same_event((*cbor)[0], (*tcg2)[0]));
    CHECK(same_event((*cbor)[1], (*tcg2)[1]));
    CHECK(folded(*cbor, "pcr0", HashAlgorithm::sha256) ==
          "d38ac819f4424583584b58d344c28f6128c5633b0f529a46a7fba664aa84098c");
  }

  TEST_CASE("JSON samples of libcel and FAPI") {
    if (!has_corpus()) {
      return;
    }
    const auto sample = [](const char* name) {
      return checked(name, "cel-json", read_test_file(kCorpus / "cel" / name));
    };
    const auto multi = sample("libcel-cel_multi.json");
    REQUIRE(multi->records.size() == 1);
    const Decoded notes = decode((*multi)[0], multi->info);
    CHECK(notes.summary == "end of the firmware's records, timestamp 1234567890, state transition: kexec");
    CHECK(multi->diagnostics.has("T42"));
    const auto version = sample("libcel-cel_version.json");
    REQUIRE(version->records.size() == 1);
    CHECK(decode((*version)[0], version->info).summary == "CEL version 123.456");
    CHECK_FALSE((*version)[0].extends);
    const auto ima = sample("libcel-ima_template.json");
    REQUIRE(ima->records.size() == 1);
    CHECK(to_hex((*ima)[0].data) == "aabbccdd");
    const auto pcclient = sample("libcel-pcclient.json");
    REQUIRE(pcclient->records.size() == 1);
    CHECK((*pcclient)[0].type == 3);
    const auto fapi = sample("tpm2-tss-fapi-ima-event.json");
    REQUIRE(fapi->records.size() == 1);
    CHECK(matching(*fapi) == 1);
    CHECK(as_text((*fapi)[0].data).find("boot_aggregate") != std::string_view::npos);
  }

  TEST_CASE("libcel's content vectors are contents of records") {
    if (!has_corpus()) {
      return;
    }
    const Bytes head = hex("0000000001000100000001000300000000");
    for (const auto& [name, content] :
         {std::pair("celmgt", ContentType::cel_management), std::pair("ima_template", ContentType::ima_template),
          std::pair("pcclient_std", ContentType::pcclient)}) {
      CAPTURE(name);
      const std::string kind = std::string(name) == "celmgt" ? "tpml_event_" : "tpms_event_";
      Bytes bytes = head;
      const Bytes vector = read_test_file(kCorpus / "cel" / ("libcel-tlv-" + kind + name + ".bin"));
      bytes.insert(bytes.end(), vector.begin(), vector.end());
      const auto log = checked(name, "cel-tlv", bytes);
      REQUIRE(log->records.size() == 1);
      CHECK((*log)[0].content == content);
    }
  }

  TEST_CASE("no log of another format is taken for CEL") {
    if (!has_corpus()) {
      return;
    }
    for (const char* folder : {"tcg1", "tcg2", "ccel", "ima", "aael", "tsm"}) {
      for (const auto& entry : fs::recursive_directory_iterator(kCorpus / folder)) {
        if (!entry.is_regular_file() || entry.path().extension() == ".json") {
          continue;
        }
        CAPTURE(entry.path().string());
        const Bytes bytes = read_test_file(entry.path());
        const Probe probe{.prefix = ByteView(bytes).first(std::min<std::size_t>(bytes.size(), kDetectBytes)),
                          .complete = bytes.size() <= kDetectBytes};
        for (const char* format : {"cel-tlv", "cel-cbor", "cel-json"}) {
          CHECK_FALSE(find_format(format)->detect(probe));
        }
      }
    }
  }

  TEST_CASE("real TCG logs go through every encoding and come back as the same events") {
    if (!has_corpus()) {
      return;
    }
    const auto tcg2 = read_whole("tcg2", read_test_file(kCorpus / "tcg2/libcel-binary_bios_measurements.bin"));
    REQUIRE(tcg2->records.size() == 55);
    for (const char* format : {"cel-tlv", "cel-cbor", "cel-json"}) {
      CAPTURE(format);
      const auto bytes = write_whole(*tcg2, format, Raw::dropped);
      REQUIRE(bytes);
      const auto back = read_whole(format, *bytes);
      CHECK_FALSE(back->error);
      REQUIRE(back->records.size() == tcg2->records.size());
      for (std::size_t i = 0; i < back->records.size(); ++i) {
        CAPTURE(i);
        CHECK(same_event((*tcg2)[i], (*back)[i]));
        CHECK(find_format(format)->carry((*tcg2)[i], tcg2->info, {}).carriage == Carriage::native);
      }
      CHECK_FALSE(back->diagnostics.has("T40"));
      CHECK_FALSE(back->diagnostics.has("T41"));
    }
  }
}
