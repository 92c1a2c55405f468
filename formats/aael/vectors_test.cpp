// The worked examples of the AAEL format notes, section 6, and real logs.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "formats/tsm/test_log.hpp"
#include "lib/base/test_files.hpp"
#include "lib/content/aael_line.hpp"

using namespace mrtool;
using namespace mrtool::tsm::testing;
using namespace mrtool::testing;

namespace {

namespace fs = std::filesystem;

constexpr auto kSha384 = HashAlgorithm::sha384;

std::string init384() {
  return "INIT sha384/" + std::string(96, '0') + "\n";
}

void check_log(std::string_view text, std::string_view value) {
  const auto log = read_whole("aael", text);
  CHECK_MESSAGE(!log->error, (log->error ? to_string(*log->error) : ""));
  CHECK(fold(*log, kSha384) == value);
  CHECK(write_text("aael", *log, Raw::kept) == std::string(text));
  CHECK(write_text("aael", *log, Raw::dropped) == std::string(text));
}

}  // namespace

TEST_CASE("6.1: text logs") {
  check_log(init384() + "image-rs CreateContainer docker.io/library/alpine",
            "71563a23b430b8637970b866169052815ef9434056516dc9f78c1b3bfb745cee18a2ca92aa53c8122be5cbe59a100764");
  const std::string second =
      init384() + "github.com/confidential-containers CreateContainer docker.io/library/alpine\n";
  check_log(second, "31fa17881137923029b1da5b368e92d8b22b14bbb4deaa360da61fce7aa530bd2f4c59ac7bd27021ef64104ff4dd04f9");
  check_log(second + "github.com/confidential-containers CreateContainer docker.io/library/busybox\n",
            "0de62b45b29775495d278c85ad63ff45e59406e509506b26c545a5419316e1c4bd2b00a4e803051fa98b550767e13f06");
}

TEST_CASE("6.2: the digests of an event's line") {
  const auto log = read_whole("aael", "INIT sha256/" + std::string(64, '0') + "\ndomain operation content\n");
  REQUIRE(log->records.size() == 2);
  CHECK(to_hex(log->records[1]->digests[0].value) ==
        "65aad3b1620d4fe224d727579db2db87ff5c033f3e4424ae0fd72eb1149d3bd5");
  const auto longer = read_whole("aael", init384() + "domain operation content\n");
  REQUIRE(longer->records.size() == 2);
  CHECK(to_hex(longer->records[1]->digests[0].value) ==
        "26d944cb8d99096590252283b8c807b9508329b068703bdb7bac7eb6efe5b32fc0fadf1462662b95d2c708aa49c0bfe1");
}

TEST_CASE("6.3: a PullImage event") {
  const std::string text =
      init384() +
      "github.com/confidential-containers PullImage "
      R"({"digest":"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03","image":"example.com/app:1"})"
      "\n";
  check_log(text, "3dd62bbd20235806cc84350524b80f2632f35871027f06ba519b6b6b22cbbec0cde4846aed3b38462295ce8281b5379a");
  const auto log = read_whole("aael", text);
  CHECK(log->diagnostics.all().empty());
  CHECK(to_hex(log->records[0]->digests[0].value) ==
        "5d97ae953f7b03a1e93f58f9d621f84d1bdf053d1ec5ad2461262a938ecd4ed4d42d3c5c42084828da1c8051a6c08e6a");
  REQUIRE(log->records[0]->asserts);
  CHECK(log->records[0]->asserts->kind == AssertionKind::initial);
  CHECK(log->records[0]->asserts->value == Digest::filled(48, 0));
}

TEST_CASE("every real AAEL text log is recognised, written back, and folds to the stated value") {
  if (!has_corpus("aael")) {
    return;
  }
  for (const auto& entry : fs::directory_iterator(kCorpus / "aael")) {
    if (entry.path().extension() != ".txt") {
      continue;
    }
    CAPTURE(entry.path().string());
    const Bytes bytes = read_test_file(entry.path());
    const std::string text(as_text(bytes));
    const auto found = detect_format({.prefix = bytes, .complete = true});
    REQUIRE(found);
    CHECK(found->format->name == "aael");
    const auto log = read_whole("aael", text);
    CHECK_FALSE(log->error);
    CHECK(write_text("aael", *log, Raw::dropped) == text);
    const fs::path stated = entry.path().string() + ".expected.json";
    if (!fs::exists(stated)) {
      continue;
    }
    const Bytes answer = read_test_file(stated);
    // One of them states a value of 49 bytes, from which its source starts.
    const std::string line = text.substr(0, text.find('\n'));
    const std::string start = line.substr(line.find('/') + 1);
    CHECK(log->diagnostics.has("T26") == (start.size() != 2 * log->info.algorithms.at(0).size));
    CHECK(as_text(answer).contains(fold(*log, log->info.algorithms.at(0).algorithm, start)));
  }
}
