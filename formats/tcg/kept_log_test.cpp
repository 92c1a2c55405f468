#include "formats/tcg/kept_log.hpp"

#include "formats/test_kept_log.hpp"
#include "formats/test_log.hpp"
#include "lib/base/test_files.hpp"
#include "lib/content/value_mark.hpp"
#include "lib/replay/replay.hpp"

namespace mrtool::tcg {
namespace {

using mrtool::testing::KeptFile;

const std::vector<HashAlgorithm> kBanks{HashAlgorithm::sha1, HashAlgorithm::sha256, HashAlgorithm::sha384};
constexpr std::uint32_t kIpl = 13;      // EV_IPL
constexpr std::uint32_t kNoAction = 3;  // EV_NO_ACTION

Register reg_of(std::string_view name) {
  return *parse_register(name);
}

struct Kept {
  std::unique_ptr<extend::KeptLog> log = make_kept_log(kBanks);
  KeptFile file{*log, kBanks};
};

// Written again from the fields alone.
Bytes rewritten(const Bytes& bytes) {
  const auto log = mrtool::testing::read_whole("tcg2", bytes);
  CHECK_FALSE(log->error);
  for (const Diagnostic& said : log->diagnostics.all()) {
    CHECK_MESSAGE(said.severity == Severity::note, said.message);
  }
  return mrtool::testing::write_whole("tcg2", *log, mrtool::testing::Raw::dropped).value();
}

TEST_CASE("events and lines: each append is what a scan finds, and all are what the writer writes at once") {
  Kept kept;
  KeptFile& file = kept.file;
  file.measure(file.event(ContentType::pcclient, "grub_cmd: boot", kIpl), reg_of("pcr8"));
  file.measure(file.event(ContentType::tsm, "example.org start"), reg_of("pcr16"));
  CHECK(file.end.records == 3);
  CHECK(file.bytes == rewritten(file.bytes));
  const auto log = mrtool::testing::read_whole("tcg2", file.bytes);
  REQUIRE(log->records.size() == 3);
  CHECK(log->info.algorithms.size() == 3);
  CHECK((*log)[1].type == kIpl);
  CHECK((*log)[2].type == 5);
  CHECK(as_text((*log)[2].data) == "example.org start");
  CHECK((*log)[2].digests.size() == 3);
}

TEST_CASE("the mark of a register that somebody else extended states its value and extends nothing") {
  Kept kept;
  KeptFile& file = kept.file;
  const Register reg = reg_of("pcr16");
  file.extend("firmware", reg);
  file.measure(file.event(ContentType::tsm, "one"), reg);
  CHECK(file.end.records == 5);  // the spec-ID event and a mark in each bank come first
  file.extend("by somebody else", reg);
  const auto present = file.present(reg);
  file.measure(file.event(ContentType::tsm, "two"), reg);
  CHECK(file.bytes == rewritten(file.bytes));
  const auto log = mrtool::testing::read_whole("tcg2", file.bytes);
  REQUIRE(log->records.size() == 9);
  const Record& mark = (*log)[6];
  CHECK(mark.type == kNoAction);
  CHECK_FALSE(mark.extends);
  REQUIRE(mark.digests.size() == 3);
  CHECK(all_equal_to(mark.digests[1].value, 0));
  REQUIRE(mark.asserts);
  CHECK(mark.asserts->kind == AssertionKind::present);
  CHECK(mark.asserts->bank == HashAlgorithm::sha256);
  CHECK(mark.asserts->value == present[1].digest);
}

TEST_CASE("no log with a mark that differs is called complete; converted to CEL it says the same") {
  Kept kept;
  KeptFile& file = kept.file;
  const Register reg = reg_of("pcr16");
  file.measure(file.event(ContentType::tsm, "one"), reg);
  file.extend("by somebody else", reg);
  file.measure(file.event(ContentType::tsm, "two"), reg);
  const auto log = mrtool::testing::read_whole("tcg2", file.bytes);
  const Bytes cel = mrtool::testing::write_whole("cel-json", *log, mrtool::testing::Raw::dropped).value();
  for (const auto& [format, bytes] : {std::pair("tcg2", file.bytes), std::pair("cel-json", cel)}) {
    CAPTURE(format);
    const auto read = mrtool::testing::read_whole(format, bytes);
    DiagnosticSink sink;
    Replay replay({}, sink);
    RegisterValues values;
    for (const extend::BankDigest& value : file.present(reg)) {
      values.values.emplace(RegisterKey{.reg = reg, .bank = value.bank}, value.digest);
    }
    replay.compare_with({values});
    replay.begin_log(read->info);
    for (const Record* record : read->records) {
      replay.add(*record);
    }
    const auto results = replay.finish();
    REQUIRE(results.size() == 3);
    for (const RegisterResult& result : results) {
      CHECK(result.log_verdict == LogVerdict::gap);
      REQUIRE(result.against.size() == 1);
      CHECK(result.against[0].state == MatchState::equal);
    }
  }
}

TEST_CASE("firmware's own log can be gone on with when it has the TPM's banks") {
  const Bytes firmware =
      mrtool::testing::read_test_file(mrtool::testing::kTestdataFolder / "vectors" / "agile-sha256.bin");
  const std::vector<HashAlgorithm> one{HashAlgorithm::sha256};
  const auto log = make_kept_log(one);
  KeptFile file(*log, one);
  file.load(as_text(firmware), reg_of("pcr16"));
  file.measure(file.event(ContentType::tsm, "one"), reg_of("pcr16"));
  CHECK(as_text(file.bytes).starts_with(as_text(firmware)));
  CHECK(file.bytes == rewritten(file.bytes));

  const auto wider = make_kept_log(kBanks)->scan(make_memory_source(firmware), reg_of("pcr16"), kBanks[0]);
  REQUIRE_FALSE(wider);
  CHECK(wider.error().message.starts_with("the log announces no sha1 digests"));
}

TEST_CASE("what is no whole crypto-agile log is refused") {
  Kept kept;
  KeptFile& file = kept.file;
  file.measure(file.event(ContentType::tsm, "one"), reg_of("pcr16"));
  const auto problem = [&kept](ByteView bytes) {
    const auto end = kept.log->scan(make_memory_source(bytes), reg_of("pcr16"), kBanks[0]);
    return end ? std::string() : end.error().message;
  };
  CHECK(problem(file.bytes).empty());
  CHECK(problem({}).empty());
  std::size_t whole = 0;
  for (std::size_t size = 1; size < file.bytes.size(); ++size) {
    whole += problem(ByteView(file.bytes).first(size)).empty() ? 1 : 0;
  }
  CHECK(whole == 1);  // the spec-ID event alone
  Bytes filled = file.bytes;
  filled.resize(filled.size() + 64, 0xFF);
  CHECK(problem(filled) == "expected the log to end with its last record, found bytes behind it");
  const Bytes sha1 =
      mrtool::testing::read_test_file(mrtool::testing::kTestdataFolder / "vectors" / "sha1-no-spec-id.bin");
  CHECK_FALSE(problem(sha1).empty());
}

TEST_CASE("what the format has no event for is refused with the reason") {
  Kept kept;
  KeptFile& file = kept.file;
  const auto problem = [&](const extend::Event& event, std::string_view reg) {
    const auto append = kept.log->encode(event, reg_of(reg), file.end, true);
    REQUIRE_FALSE(append);
    CHECK(append.error().kind == ErrorKind::unsupported);
    return append.error().message;
  };
  CHECK(problem(file.event(ContentType::pcclient, "x", kNoAction), "pcr16").contains("EV_NO_ACTION"));
  CHECK_FALSE(problem(file.event(ContentType::none, "x"), "pcr16").empty());
  CHECK_FALSE(problem(file.event(ContentType::tsm, "x"), "rtmr3").empty());
  extend::Event comment = file.event(ContentType::tsm, "# x", static_cast<std::uint32_t>(TsmLine::comment));
  comment.digests.clear();
  comment.extends = false;
  CHECK_FALSE(problem(comment, "pcr16").empty());
}

}  // namespace
}  // namespace mrtool::tcg
