#include "formats/systemd/kept_log.hpp"

#include "formats/systemd/systemd.hpp"
#include "formats/test_kept_log.hpp"
#include "formats/test_log.hpp"
#include "lib/base/json_text.hpp"
#include "lib/base/test_files.hpp"
#include "lib/content/content.hpp"

namespace mrtool::systemd {
namespace {

using testing::KeptFile;

const std::vector<HashAlgorithm> kBanks{HashAlgorithm::sha1, HashAlgorithm::sha256};
constexpr std::string_view kBootId = "0123456789abcdef0123456789abcdef";

Register reg_of(std::string_view name) {
  return *parse_register(name);
}

// A microsecond a record.
Clock ticking() {
  return [now = std::uint64_t{1'234'566}]() mutable -> Result<Moment> {
    return Moment{.boot_id = std::string(kBootId), .since_boot = ++now};
  };
}

struct Kept {
  explicit Kept(std::string_view reg_name = "pcr11", std::vector<HashAlgorithm> banks = kBanks)
      : reg(reg_of(reg_name)), log(make_kept_log(reg, ticking())), file(*log, std::move(banks)) {}

  extend::Event phase(std::string_view text, std::string_view type = "phase") const {
    extend::Event event = file.event(ContentType::systemd, text);
    event.name = to_bytes(as_bytes(type));
    return event;
  }

  Register reg;
  std::unique_ptr<extend::KeptLog> log;
  KeptFile file;
};

std::string rewritten(std::string_view text) {
  const auto log = testing::read_whole("systemd", as_bytes(text));
  CHECK_FALSE(log->error);
  CHECK(log->diagnostics.all().empty());
  return std::string(as_text(testing::write_whole("systemd", *log, testing::Raw::dropped).value()));
}

TEST_CASE("the worked example, byte for byte") {
  Kept kept("pcr11", {HashAlgorithm::sha256});
  kept.file.measure(kept.phase("enter-initrd"), kept.reg);
  CHECK(kept.file.text() ==
        "\x1e{\"pcr\":11,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":"
        "\"51e6b92f405d1f98d96e3de343d61d420ad6923b25de21d766f9298192f14fed\"}],\"content_type\":\"systemd\","
        "\"content\":{\"string\":\"enter-initrd\",\"bootId\":\"0123456789abcdef0123456789abcdef\",\"timestamp\":"
        "1234567,\"eventType\":\"phase\"}}\n");
}

TEST_CASE("field by field: every member, its kind, its place and its spelling") {
  Kept kept;
  kept.file.measure(kept.phase("a \"b\"\n\xc3\xa4", "machine-id"), kept.reg);
  kept.file.measure(kept.phase("ready", ""), kept.reg);
  std::vector<std::string_view> lines;
  for (std::string_view rest = kept.file.text(); !rest.empty();) {
    const std::size_t end = rest.find('\n');
    REQUIRE(end != std::string_view::npos);
    REQUIRE(rest.front() == '\x1e');
    lines.push_back(rest.substr(1, end - 1));
    rest.remove_prefix(end + 1);
  }
  REQUIRE(lines.size() == 2);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CAPTURE(lines[i]);
    const JsonText record = parse_json_text(as_bytes(lines[i])).value();
    CHECK(to_text(record) == lines[i]);  // compact, and nothing escaped that need not be
    const auto keys = [](const JsonText& object) {
      std::vector<std::string> names;
      for (const auto& member : object.items()) {
        names.push_back(member.key());
      }
      return names;
    };
    CHECK(keys(record) == std::vector<std::string>{"pcr", "digests", "content_type", "content"});
    CHECK(record["pcr"].is_number_unsigned());
    CHECK(record["pcr"] == 11);
    CHECK(record["content_type"] == "systemd");
    REQUIRE(record["digests"].size() == kBanks.size());
    const std::string text = record["content"]["string"].get<std::string>();
    for (std::size_t bank = 0; bank < kBanks.size(); ++bank) {
      const JsonText& digest = record["digests"][bank];
      CHECK(keys(digest) == std::vector<std::string>{"hashAlg", "digest"});
      CHECK(digest["hashAlg"] == to_string(kBanks[bank]));
      CHECK(digest["digest"] == HashEngine().hash(kBanks[bank], as_bytes(text)).hex());  // H(string)
    }
    const JsonText& content = record["content"];
    CHECK(content["bootId"] == std::string(kBootId));
    CHECK(content["timestamp"].is_number_unsigned());
    CHECK(content["timestamp"] == 1'234'567 + i);
    CHECK(keys(content) == (i == 0 ? std::vector<std::string>{"string", "bootId", "timestamp", "eventType"}
                                   : std::vector<std::string>{"string", "bootId", "timestamp"}));
  }
  CHECK(parse_json_text(as_bytes(lines[0])).value()["content"]["eventType"] == "machine-id");
}

TEST_CASE("read back by the reader: each append is what a scan finds, and every digest is that of its string") {
  Kept kept;
  kept.file.measure(kept.phase("enter-initrd"), kept.reg);
  kept.file.measure(kept.file.event(ContentType::tsm, "a line"), reg_of("pcr12"));
  kept.file.measure(kept.phase("leave-initrd"), kept.reg);
  CHECK(kept.file.end.records == 3);
  CHECK(kept.file.end.next_numbers.empty());
  CHECK(kept.file.text() == rewritten(kept.file.text()));
  const auto log = testing::read_whole("systemd", kept.file.bytes);
  REQUIRE(log->records.size() == 3);
  for (const Record* record : log->records) {
    CHECK(record->content == ContentType::systemd);
    CHECK(systemd_event(*record)->boot_id == kBootId);
    for (const DigestEntry& digest : record->digests) {
      CHECK(equal(HashEngine().hash(digest.algorithm, record->data).view(), digest.value));
    }
  }
  CHECK(as_text((*log)[1].data) == "a line");
}

TEST_CASE("RTMRs: sha384 alone, and the PCR that the event stands for beside the register") {
  Kept kept("rtmr2", {HashAlgorithm::sha384});
  CHECK(kept.log->file_name() == "cc-measure.log");
  extend::Event mapped = kept.phase("ready");
  SystemdEvent of_pcr;
  of_pcr.mapped_pcr = 11;
  auto extras = std::make_shared<SystemdExtras>();
  extras->event = std::make_shared<const SystemdEvent>(of_pcr);
  mapped.extras = extras;
  kept.file.measure(mapped, kept.reg);
  kept.file.measure(kept.phase("final"), kept.reg);
  CHECK(kept.file.text().starts_with("\x1e{\"rtmr\":2,\"mapped_pcr\":11,\"digests\":[{\"hashAlg\":\"sha384\","));
  CHECK(kept.file.text().contains("\x1e{\"rtmr\":2,\"digests\":[{\"hashAlg\":\"sha384\","));
  CHECK(kept.file.text() == rewritten(kept.file.text()));
  const auto log = testing::read_whole("systemd", kept.file.bytes);
  CHECK(systemd_event((*log)[0])->mapped_pcr == 11);
  CHECK_FALSE(systemd_event((*log)[1])->mapped_pcr);
}

TEST_CASE("a register that somebody else extended is not marked: the format has nothing for it") {
  Kept kept;
  kept.file.measure(kept.phase("ready"), kept.reg);
  std::vector<extend::BankDigest> present = kept.file.present(kept.reg);
  present[0].digest = Digest::filled(20, 1);
  CHECK(kept.log->resume(kept.reg, present, kept.file.end).empty());
  CHECK(kept.log->marks_dirty());
}

TEST_CASE("what systemd would not measure is refused with the reason") {
  Kept kept;
  const auto problem = [&](const extend::Event& event, std::string_view reg = "pcr11") {
    const auto append = kept.log->encode(event, reg_of(reg), kept.file.end, true);
    REQUIRE_FALSE(append);
    CHECK(append.error().kind == ErrorKind::unsupported);
    return append.error().message;
  };
  CHECK(problem(kept.phase("x", "phases\x1b")).contains("phase, filesystem, "));
  CHECK(problem(kept.phase("")) == "expected a string for systemd's log, found none");
  CHECK(problem(kept.phase("\xff")) == "the measured string is not UTF-8");
  CHECK(problem(kept.file.event(ContentType::pcclient, "x", 13)).contains("nothing else"));
  CHECK(problem(kept.file.event(ContentType::none, "")).contains("nothing else"));
  CHECK(problem(kept.phase("x"), "rem0").contains("PCRs, NV indices and RTMRs only"));
  CHECK(problem(kept.phase("x"), "rtmr0").contains("sha384"));
  const auto log = make_kept_log(kept.reg, [] { return Result<Moment>(fail(ErrorKind::io, "no clock")); });
  CHECK(log->encode(kept.phase("x"), kept.reg, {}, true).error().message == "no clock");
}

TEST_CASE("damaged logs and records on lines are refused") {
  Kept kept;
  kept.file.measure(kept.phase("one"), kept.reg);
  kept.file.measure(kept.phase("two"), kept.reg);
  const auto scan = [&kept](ByteView bytes) {
    return kept.log->scan(make_memory_source(bytes), kept.reg, HashAlgorithm::none);
  };
  const std::size_t first = kept.file.text().find('\n') + 1;
  for (std::size_t size = 1; size < kept.file.bytes.size(); ++size) {
    CAPTURE(size);
    const auto end = scan(ByteView(kept.file.bytes).first(size));
    CHECK(end.has_value() == (size == first));
    CHECK((end || end.error().kind == ErrorKind::malformed));
  }
  const auto lines = scan(ByteView(kept.file.bytes).subspan(1, first - 1));
  REQUIRE_FALSE(lines);
  CHECK(lines.error().message.starts_with("expected the byte 1e before each record"));
}

TEST_CASE("systemd's own log is gone on with") {
  if (!testing::has_corpus("systemd")) {
    return;
  }
  const Bytes own = testing::read_test_file(testing::kCorpus / "systemd" / "systemd-os-separator-vm.json-seq");
  Kept kept("pcr7", {HashAlgorithm::sha256});
  kept.file.load(as_text(own), kept.reg);
  CHECK(kept.file.end.records == 1);
  const auto append = kept.log->encode(kept.phase("one"), kept.reg, kept.file.end, true);
  REQUIRE(append);
  CHECK(append->at == own.size());
}

TEST_CASE("the machine's clock: its boot id without dashes, and time that goes on") {
  const auto host = make_host("");
  if (host->kind("/proc/sys/kernel/random/boot_id") == FileKind::absent) {
    MESSAGE("skipped: /proc is not there");
    return;
  }
  const Clock clock = clock_of(*host);
  const auto first = clock();
  const auto second = clock();
  REQUIRE_MESSAGE(first, first.error().message);
  REQUIRE(second);
  CHECK(first->boot_id.size() == 32);
  CHECK(from_hex(first->boot_id));
  CHECK(first->boot_id == second->boot_id);
  CHECK(first->since_boot > 0);
  CHECK(second->since_boot >= first->since_boot);
}

}  // namespace
}  // namespace mrtool::systemd
