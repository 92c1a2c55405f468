#include "formats/tpm2_yaml/tpm2_yaml.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "formats/tcg/test_log.hpp"
#include "lib/base/test_files.hpp"

namespace mrtool::tpm2yaml {
namespace {

using tcg::testing::SlowSource;
using tcg::testing::WholeLog;

std::unique_ptr<WholeLog> read_from(std::unique_ptr<ByteSource> source) {
  auto log = std::make_unique<WholeLog>();
  const auto reader = make_reader(std::move(source), {}, log->diagnostics);
  for (bool more = true; more;) {
    Batch& batch = log->batches.emplace_back();
    const auto result = reader->read(batch);
    if (!result) {
      log->error = result.error();
    }
    more = result.value_or(false);
    log->trailing.insert(log->trailing.end(), batch.trailing.begin(), batch.trailing.end());
  }
  for (const Batch& batch : log->batches) {
    for (const Record& record : batch.records) {
      log->records.push_back(&record);
    }
  }
  log->info = reader->info();
  return log;
}

std::unique_ptr<WholeLog> read_whole(std::string_view text) {
  return read_from(make_memory_source(as_bytes(text)));
}

// The whole document again, from the parts that the reader hands over.
std::string joined(const WholeLog& log) {
  std::string text(as_text(log.info.preamble));
  for (const Record* record : log.records) {
    text += as_text(record->raw);
  }
  return text.append(as_text(log.trailing));
}

constexpr std::string_view kHead = "---\nversion: 1\nevents:\n";
constexpr std::string_view kDigests =
    "  DigestCount: 1\n  Digests:\n  - AlgorithmId: sha1\n    Digest: \"0123456789012345678901234567890123456789\"\n";

std::string event(std::string_view type, std::uint64_t size, std::string_view data) {
  return std::string("- EventNum: 0\n  PCRIndex: 4\n  EventType: ")
      .append(type)
      .append("\n")
      .append(kDigests)
      .append("  EventSize: ")
      .append(std::to_string(size))
      .append("\n")
      .append(data);
}

std::string document(std::string_view events) {
  return std::string(kHead).append(events).append("pcrs:\n  sha1:\n    4  : 0x00\n");
}

// The data of the only event, or why there is none.
std::string data_of(std::string_view type, std::uint64_t size, std::string_view data) {
  const std::string text = document(event(type, size, data));
  const auto log = read_whole(text);
  if (log->error) {
    return log->error->message;
  }
  REQUIRE(log->records.size() == 1);
  CHECK(joined(*log) == text);
  return log->diagnostics.count("V65") > 0 ? "lost" : std::string(as_text(log->records[0]->data));
}

// What both have of the same event.
void check_same(const Record& yaml, const Record& binary) {
  CAPTURE(binary.number);
  CHECK(yaml.number == binary.number);
  CHECK(yaml.reg == binary.reg);
  CHECK(yaml.raw_index == binary.raw_index);
  CHECK(yaml.type == binary.type);
  CHECK(yaml.extends == binary.extends);
  CHECK(yaml.framing == binary.framing);
  CHECK(std::ranges::equal(yaml.digests, binary.digests, [](const DigestEntry& x, const DigestEntry& y) {
    return x.algorithm == y.algorithm && equal(x.value, y.value);
  }));
  if (yaml.content == ContentType::pcclient) {
    CHECK(to_hex(yaml.data) == to_hex(binary.data));
  } else {
    CHECK(yaml.data.empty());
  }
}

}  // namespace

TEST_CASE("tpm2-yaml: data that is shown as bytes or as text") {
  using namespace std::string_literals;
  CHECK(data_of("EV_SEPARATOR", 4, "  Event: \"00000000\"\n") == "\0\0\0\0"s);
  CHECK(data_of("EV_SEPARATOR", 0, "") == "");
  CHECK(data_of("EV_EFI_ACTION", 5, "  Event: |-\n    a: 'b\n") == "a: 'b");
  CHECK(data_of("EV_EFI_ACTION", 4, "  Event: \"abcd\"\n") == "abcd");
  CHECK(data_of("EV_IPL", 8, "  Event:\n    String: \"\\x20a\\\"\\n\\\n      b\\e\\0\\xff\"\n") ==
        " a\"\nb\x1b\0\xff"s);
  CHECK(data_of("EV_IPL", 2, "  Event:\n    String: |-\n      a:\n") == "a:");
  CHECK(data_of("EV_NO_ACTION", 17, "  Event:\n    StartupLocality: 3\n") == "StartupLocality\0\3"s);
  CHECK(data_of("EV_EFI_PLATFORM_FIRMWARE_BLOB", 16, "  Event:\n    BlobBase: 0x1\n    BlobLength: 0x200\n") ==
        "\1\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0"s);
  CHECK(data_of("EV_EFI_PLATFORM_FIRMWARE_BLOB2", 19,
                "  Event:\n    BlobDescriptionSize: 2\n    BlobDescription: \"6162\"\n    BlobBase: 0x1\n"
                "    BlobLength: 0x200\n") == "\2ab\1\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0"s);
}

TEST_CASE("tpm2-yaml: data that is not all there is lost, and is not judged") {
  CHECK(data_of("EV_SEPARATOR", 4, "") == "lost");
  CHECK(data_of("EV_SEPARATOR", 4, "  Event: \"0000\"\n") == "lost");
  CHECK(data_of("EV_EFI_ACTION", 6, "  Event: |-\n    abcde\n") == "lost");
  CHECK(data_of("EV_EFI_VARIABLE_BOOT", 40, "  Event:\n    VariableName: x\n    UnicodeName: a\n") == "lost");
  const auto log = read_whole(document(event("EV_SEPARATOR", 4, "")));
  REQUIRE(log->records.size() == 1);
  CHECK(log->records[0]->content == ContentType::unknown);
  CHECK(as_text(log->records[0]->name) == "EV_SEPARATOR");
  CHECK(log->records[0]->type == 4);
  CHECK(log->records[0]->extends);
  CHECK(log->records[0]->digests.size() == 1);
}

TEST_CASE("tpm2-yaml: types by number, and types that are gone") {
  const auto number = read_whole(document(event("0x80000007", 1, "  Event: \"61\"\n")));
  CHECK(number->records.at(0)->type == 0x80000007);
  CHECK(number->records.at(0)->content == ContentType::pcclient);
  const auto gone = read_whole(document(event("Unknown event type", 1, "  Event: \"61\"\n")));
  CHECK(gone->diagnostics.count("V66") == 1);
  CHECK(gone->records.at(0)->content == ContentType::unknown);
  CHECK(as_text(gone->records.at(0)->data) == "a");
}

TEST_CASE("tpm2-yaml: what is refused") {
  const auto problem = [](std::string_view text) {
    const auto log = read_whole(text);
    return log->error ? log->error->message : "none";
  };
  CHECK(problem("").find("cut short") != std::string::npos);
  CHECK(problem("a: b\n").starts_with("expected \"version:\""));
  CHECK(problem(document("x\n")) == "expected an event, found another line");
  CHECK(problem(document("- EventNum: 0\n")).starts_with("expected an event to have PCRIndex"));
  std::string event_text = event("EV_SEPARATOR", 0, "");
  CHECK(problem(document(event_text)) == "none");
  event_text.replace(event_text.find("sha1"), 4, "sha256");
  CHECK(problem(document(event_text)) == "expected a sha256 digest of 32 bytes, found 20");
}

TEST_CASE("tpm2-yaml: every cut is damage, with every event before it") {
  const std::string text =
      document(event("EV_SEPARATOR", 4, "  Event: \"00000000\"\n") + event("EV_EFI_ACTION", 1, "  Event: |-\n    a\n"));
  const std::size_t second = text.rfind("- EventNum");
  const std::size_t tail = text.find("pcrs:");
  for (std::size_t size = 0; size <= text.size(); ++size) {
    CAPTURE(size);
    const auto log = read_whole(std::string_view(text).substr(0, size));
    CHECK(log->error.has_value() == (size < tail + std::string_view("pcrs:\n").size()));
    CHECK(log->records.size() >= (size > second + std::string_view("- EventNum: 0").size() ? 1 : 0));
  }
}

TEST_CASE("tpm2-yaml: hostile bytes at every place do not crash") {
  const std::string good = document(event("EV_IPL", 2, "  Event:\n    String: \"a\\0\"\n"));
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char byte : {'\0', '"', ':', '\n', '\xff', '|', '\\', '-'}) {
      std::string bad = good;
      bad[i] = byte;
      const auto log = read_whole(bad);
      CHECK((log->error || joined(*log) == bad));
    }
  }
}

TEST_CASE("tpm2-yaml: detection") {
  const auto found = [](std::string_view text) { return detect({.prefix = as_bytes(text), .complete = true}); };
  CHECK(found(document(event("EV_SEPARATOR", 0, ""))));
  CHECK(found(document("")));
  CHECK_FALSE(found("events:\n- EventNum: 0\n"));
  CHECK_FALSE(found("---\nversion: 1\nevents:\n- other: 0\n"));
  CHECK_FALSE(found("---\nother: 1\n"));
  CHECK_FALSE(found(""));
}

TEST_CASE("tpm2-yaml: what the tool printed of real logs is what the logs hold") {
  if (!testing::has_corpus()) {
    return;
  }
  std::size_t compared = 0;
  std::size_t exact = 0;
  std::size_t all = 0;
  for (const char* folder : {"tcg1", "tcg2"}) {
    for (const auto& entry : std::filesystem::directory_iterator(testing::kCorpus / folder)) {
      const std::string path = entry.path().string();
      const std::size_t dot = std::min(path.find(".bin."), path.find(".log."));
      if (!path.ends_with(".yaml") || path.ends_with(".hex.yaml") || dot == std::string::npos) {
        continue;
      }
      const std::string log_path = path.substr(0, dot + std::string_view(".bin").size());
      CAPTURE(path);
      const Bytes text = testing::read_test_file(path);
      CHECK(detect({.prefix = text, .complete = true}));
      const auto yaml = read_whole(as_text(text));
      CHECK_MESSAGE(!yaml->error, (yaml->error ? to_string(*yaml->error) : ""));
      CHECK(joined(*yaml) == std::string(as_text(text)));
      constexpr std::size_t kStep = 11;
      CHECK(read_from(std::make_unique<SlowSource>(text, kStep))->records.size() == yaml->records.size());

      const Bytes bytes = testing::read_test_file(log_path);
      const auto row = std::string_view(folder) == "tcg1" ? tcg::Row::tcg : tcg::Row::tcg2;
      const auto binary = tcg::testing::read_whole(row, bytes);
      REQUIRE(yaml->records.size() == binary->records.size());
      for (std::size_t i = 0; i < yaml->records.size(); ++i) {
        check_same(*yaml->records[i], *binary->records[i]);
        exact += yaml->records[i]->content == ContentType::pcclient ? 1 : 0;
      }
      all += yaml->records.size();
      ++compared;
    }
  }
  MESSAGE("data made again of " << exact << " of " << all << " events in " << compared << " documents");
  CHECK(compared > 10);
  CHECK(exact > all / 2);
}

}  // namespace mrtool::tpm2yaml
