#include "formats/systemd/systemd.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <filesystem>

#include "lib/base/test_files.hpp"
#include "lib/crypto/hash.hpp"

namespace mrtool::systemd {
namespace {

// The worked example of systemd's own style, PCR 11; and others of the same style.
constexpr std::string_view kPhase =
    "\x1e{\"pcr\":11,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":"
    "\"51e6b92f405d1f98d96e3de343d61d420ad6923b25de21d766f9298192f14fed\"}],\"content_type\":\"systemd\",\"content\":{"
    "\"string\":\"enter-initrd\",\"bootId\":\"0123456789abcdef0123456789abcdef\",\"timestamp\":1234567,\"eventType\":"
    "\"phase\"}}\n";
constexpr std::string_view kNvPcr =
    "\x1e{\"nv_index\":30474752,\"digests\":[],\"content_type\":\"systemd\",\"content\":{\"nvIndexName\":\"hardware\","
    "\"string\":\"a\\\"b\\u0001\\n\xc3\xa4\",\"bootId\":\"0123456789abcdef0123456789abcdef\",\"timestamp\":"
    "18446744073709551615,\"eventType\":\"nvpcr-init\",\"more\":{\"b\":[1,null],\"a\":2}}}\n";
constexpr std::string_view kRtmr =
    "\x1e{\"rtmr\":2,\"digests\":[{\"hashAlg\":\"sha1\",\"digest\":\"0123456789012345678901234567890123456789\"}],"
    "\"content_type\":\"systemd\",\"content\":{\"mapped_pcr\":11,\"eventType\":\"phase\"},\"extra\":\"x\"}\n";

struct Whole {
  std::deque<Batch> batches;
  std::vector<const Record*> records;
  LogInfo info;
  Bytes trailing;
  std::optional<Error> error;
  DiagnosticSink diagnostics;
};

std::unique_ptr<Whole> read_whole(std::string_view text) {
  auto whole = std::make_unique<Whole>();
  const auto reader = make_reader(make_memory_source(as_bytes(text)), {}, whole->diagnostics);
  bool more = true;
  while (more) {
    Batch& batch = whole->batches.emplace_back();
    const auto result = reader->read(batch);
    if (!result) {
      whole->error = result.error();
    }
    more = result.value_or(false);
    for (const Record& record : batch.records) {
      whole->records.push_back(&record);
    }
    whole->trailing.insert(whole->trailing.end(), batch.trailing.begin(), batch.trailing.end());
  }
  whole->info = reader->info();
  return whole;
}

std::string write_whole(const Whole& whole, bool keep_raw) {
  Bytes out;
  MemorySink sink(out);
  const auto writer = make_writer(sink, {});
  REQUIRE(writer->begin(whole.info));
  for (const Record* record : whole.records) {
    Record copy = *record;
    if (!keep_raw) {
      copy.raw = {};
    }
    const auto status = writer->write(copy);
    REQUIRE_MESSAGE(status, (status ? "" : status.error().message));
  }
  REQUIRE(writer->trailing(whole.trailing));
  REQUIRE(writer->finish());
  return std::string(as_text(out));
}

std::string problem(std::string_view text) {
  const auto whole = read_whole(text);
  return whole->error ? whole->error->message : "none";
}

std::string file(const char* name) {
  return std::string(as_text(testing::read_test_file(testing::kCorpus / "systemd" / name)));
}

}  // namespace

TEST_CASE("systemd: a boot phase in PCR 11") {
  const auto whole = read_whole(kPhase);
  CHECK_FALSE(whole->error);
  REQUIRE(whole->records.size() == 1);
  const Record& record = *whole->records[0];
  CHECK(record.reg == Register{.kind = RegisterKind::pcr, .index = 11, .name = {}, .provider = {}, .carrier = {}});
  CHECK(record.extends);
  CHECK(record.content == ContentType::systemd);
  CHECK(as_text(record.data) == "enter-initrd");
  CHECK(as_text(record.name) == "phase");
  REQUIRE(record.digests.size() == 1);
  CHECK(record.digests[0].algorithm == HashAlgorithm::sha256);
  CHECK(to_hex(record.digests[0].value) == "51e6b92f405d1f98d96e3de343d61d420ad6923b25de21d766f9298192f14fed");
  const SystemdEvent* event = systemd_event(record);
  REQUIRE(event != nullptr);
  CHECK(event->boot_id == "0123456789abcdef0123456789abcdef");
  CHECK(event->timestamp == 1234567);
  CHECK(event->event_type == "phase");
  CHECK(whole->info.platform == Platform::tpm);
  CHECK(whole->diagnostics.all().empty());
}

TEST_CASE("systemd: NV indices and RTMRs, key order and unknown keys") {
  const std::string log = std::string(kPhase).append(kNvPcr).append(kRtmr);
  const auto whole = read_whole(log);
  CHECK_FALSE(whole->error);
  REQUIRE(whole->records.size() == 3);
  CHECK(whole->records[1]->reg.kind == RegisterKind::nv);
  CHECK(whole->records[1]->reg.index == 0x01D10200);
  CHECK(as_text(whole->records[1]->data) == "a\"b\x01\n\xc3\xa4");
  CHECK(systemd_event(*whole->records[1])->nv_index_name == "hardware");
  CHECK(systemd_event(*whole->records[1])->timestamp == 18446744073709551615ULL);
  CHECK(whole->records[2]->reg.kind == RegisterKind::rtmr);
  CHECK(systemd_event(*whole->records[2])->mapped_pcr == 11);
  CHECK(whole->records[2]->offset == kPhase.size() + kNvPcr.size());
  CHECK(write_whole(*whole, true) == log);
  CHECK(write_whole(*whole, false) == log);
}

TEST_CASE("systemd: what stands between records is kept") {
  const std::string log = std::string("\x1e").append(kPhase).append("\n\n").append(kNvPcr).append(" \n");
  const auto whole = read_whole(log);
  CHECK_FALSE(whole->error);
  CHECK(as_text(whole->trailing) == " \n");
  CHECK(write_whole(*whole, true) == log);
  CHECK(write_whole(*whole, false) == log);
}

TEST_CASE("systemd: a changed string is what is written") {
  const auto whole = read_whole(kPhase);
  Record changed = *whole->records[0];
  changed.raw = {};
  changed.data = as_bytes("leave-initrd");
  Bytes out;
  MemorySink sink(out);
  const auto writer = make_writer(sink, {});
  REQUIRE(writer->begin(whole->info));
  REQUIRE(writer->write(changed));
  const auto again = read_whole(as_text(out));
  CHECK(as_text(again->records.at(0)->data) == "leave-initrd");
}

TEST_CASE("systemd: every cut inside a record is damage, at a record's end it is not") {
  const std::string log = std::string(kPhase).append(kRtmr);
  for (std::size_t size = 0; size < log.size(); ++size) {
    CAPTURE(size);
    const auto whole = read_whole(std::string_view(log).substr(0, size));
    CHECK(whole->error.has_value() == (size != 0 && size != kPhase.size()));
    CHECK(whole->records.size() == (size >= kPhase.size() ? 1 : 0));
    if (whole->error) {
      CHECK(whole->error->kind == ErrorKind::malformed);
      CHECK(whole->error->offset == (size > kPhase.size() ? kPhase.size() : 0));
    }
  }
}

TEST_CASE("systemd: hostile bytes at every place neither crash nor change what is before them") {
  for (std::size_t i = 0; i < kPhase.size(); ++i) {
    for (const char byte : {'\0', '"', '}', '\x1e', '\xff', '\n', '9'}) {
      std::string log = std::string(kPhase).append(kPhase);
      log[kPhase.size() + i] = byte;
      const auto whole = read_whole(log);
      CHECK(whole->records.size() >= 1);
      CHECK((whole->error || whole->records.size() == 2));
    }
  }
}

TEST_CASE("systemd: what is refused") {
  CHECK(problem("\x1e{\"pcr\":1,\"rtmr\":1,\"digests\":[]}\n") == "expected one register, found \"pcr\" and \"rtmr\"");
  CHECK(problem("\x1e{\"digests\":[]}\n").starts_with("expected \"pcr\", \"nv_index\" or \"rtmr\""));
  CHECK(problem("\x1e{\"pcr\":4294967296}\n").starts_with("expected \"pcr\" to be a number"));
  CHECK(problem("\x1e{\"rtmr\":4}\n").starts_with("expected \"rtmr\" to be a number of at most 3"));
  CHECK(problem("\x1e{\"pcr\":-1}\n").starts_with("expected \"pcr\" to be a number"));
  CHECK(problem("\x1e{\"pcr\":1,\"pcr\":1}\n") == "an object has the member \"pcr\" twice");
  CHECK(problem("\x1e{\"pcr\":1,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"00\"}]}\n") ==
        "expected a sha256 digest of 32 bytes, found 1");
  CHECK(problem("\x1e{\"pcr\":1,\"digests\":{}}\n") == "expected \"digests\" to be an array");
  CHECK(problem("\x1e[1]\n") == "expected an object, found another JSON value");
  CHECK(problem("\x1e{\"pcr\":1,\"x\":\"\xff\"}\n") == "expected UTF-8, found other bytes");
  CHECK(problem("[]").starts_with("expected records one after another"));
  CHECK(problem("\x1e{\"pcr\":1} \x1e{}\n").starts_with("expected a line feed"));
}

TEST_CASE("systemd: payloads that do not decode are records with a diagnostic") {
  const auto whole = read_whole(
      "\x1e{\"pcr\":1,\"digests\":[],\"content_type\":\"systemd\",\"content\":[1]}\n"
      "\x1e{\"pcr\":1,\"digests\":[],\"content_type\":\"systemd\",\"content\":{\"string\":1,\"bootId\":\"x\"}}\n"
      "\x1e{\"pcr\":1,\"digests\":[],\"content_type\":\"other\",\"content\":{\"b\":1}}\n"
      "\x1e{\"pcr\":1,\"digests\":[{\"hashAlg\":\"new\",\"digest\":\"00\"}]}\n");
  CHECK_FALSE(whole->error);
  REQUIRE(whole->records.size() == 4);
  CHECK(whole->diagnostics.count("T52") == 2);
  CHECK(whole->diagnostics.count("T51") == 1);
  CHECK(whole->diagnostics.count("T50") == 3);
  CHECK(whole->records[2]->content == ContentType::unknown);
  CHECK(as_text(whole->records[2]->name) == "other");
  CHECK(write_whole(*whole, false) == write_whole(*whole, true));
}

TEST_CASE("systemd: only its own content can be carried") {
  const auto whole = read_whole(kPhase);
  CHECK(carry(*whole->records[0], whole->info, {}).carriage == Carriage::native);
  LogInfo other = whole->info;
  other.format = "cel-json";
  CHECK(carry(*whole->records[0], other, {}).carriage == Carriage::native);
  Record record = *whole->records[0];
  record.content = ContentType::pcclient;
  CHECK(carry(record, other, {}).carriage == Carriage::lost);
  record = *whole->records[0];
  record.data = as_bytes("\xff");
  CHECK(carry(record, other, {}).carriage == Carriage::lost);
}

TEST_CASE("systemd: a string from a format that holds no more") {
  const auto whole = read_whole(kPhase);
  Record record = *whole->records[0];
  record.extras.reset();
  record.raw = as_bytes("other bytes");
  LogInfo other;
  other.format = "cel-tlv";
  Bytes out;
  MemorySink sink(out);
  const auto writer = make_writer(sink, {});
  REQUIRE(writer->begin(other));
  REQUIRE(writer->write(record));
  CHECK(as_text(out).ends_with("\"content\":{\"string\":\"enter-initrd\",\"eventType\":\"phase\"}}\n"));
  CHECK(read_whole(as_text(out))->records.size() == 1);
}

TEST_CASE("systemd: event types by libcel's numbers are named, and written back as numbers") {
  const auto text = [](std::string_view type) {
    return std::string("\x1e{\"pcr\":1,\"digests\":[],\"content_type\":\"systemd\",\"content\":{\"string\":\"a\",")
        .append("\"eventType\":")
        .append(type)
        .append("}}\n");
  };
  const auto named = read_whole(text("2"));
  REQUIRE(named->records.size() == 1);
  CHECK(as_text(named->records[0]->name) == "volume-key");
  CHECK(write_whole(*named, false) == text("2"));
  for (const std::string_view none : {"4", "255", "[]", "-1", "18446744073709551616"}) {
    CAPTURE(none);
    const auto unnamed = read_whole(text(none));
    CHECK_FALSE(unnamed->error);
    REQUIRE(unnamed->records.size() == 1);
    CHECK(unnamed->records[0]->name.empty());
    CHECK(write_whole(*unnamed, true) == text(none));
  }
}

TEST_CASE("systemd: detection") {
  const auto found = [](std::string_view text) {
    const auto detection = detect({.prefix = as_bytes(text), .complete = true});
    return detection ? detection->evidence : "";
  };
  CHECK(found(kPhase) == "JSON text sequence with content_type systemd");
  CHECK(found(kPhase.substr(1)) == "JSON object with content_type systemd and no recnum");
  CHECK(found(kPhase.substr(0, 20)) == "record separator 1E");
  CHECK(found("{\"recnum\":1,\"content_type\":\"systemd\"}").empty());
  CHECK(found("{\"records\":[{\"content_type\":\"systemd\"}]}").empty());
  CHECK(found("[{\"content_type\":\"systemd\"}]").empty());
  CHECK(found("\x1e{\"pcr\":1,\"content_type\":\"pcclient_std\"}\n").empty());
  CHECK(found("").empty());
}

TEST_CASE("systemd: real logs") {
  if (!testing::has_corpus("systemd")) {
    return;
  }
  const std::string one = file("systemd-os-separator-vm.json-seq");
  const auto whole = read_whole(one);
  CHECK_FALSE(whole->error);
  REQUIRE(whole->records.size() == 1);
  const Record& record = *whole->records[0];
  CHECK(record.reg.index == 7);
  CHECK(equal(HashEngine().hash(HashAlgorithm::sha256, record.data).view(), record.digests[0].value));
  CHECK(write_whole(*whole, false) == one);

  const std::string lines = file("libcel-systemd-seq.json");
  const auto log = read_whole(lines);
  CHECK_FALSE(log->error);
  CHECK(log->diagnostics.count("V50") == 1);
  REQUIRE(log->records.size() == 4);
  CHECK(as_text(log->records[3]->name) == "volume-key");
  CHECK(as_text(log->records[3]->data) == "volume-key-tahini");
  CHECK(systemd_event(*log->records[3])->timestamp == 4);
  CHECK(write_whole(*log, true) == lines);
}

}  // namespace mrtool::systemd
