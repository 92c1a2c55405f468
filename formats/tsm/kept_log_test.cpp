// The log that is kept beside a register against the bytes that the kernel's code wrote, and a keeper's work against
// this project's own replay of it.
#include "formats/tsm/kept_log.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "formats/tsm/place.hpp"
#include "formats/tsm/test_log.hpp"
#include "lib/base/test_files.hpp"
#include "lib/content/tsm_line.hpp"
#include "lib/extend/test_keeper.hpp"

using namespace mrtool;
using namespace mrtool::tsm::testing;
using namespace mrtool::testing;
using extend::Event;
using extend::testing::Cell;
using extend::testing::CellTarget;
using extend::testing::FaultyHost;
using extend::testing::reg_of;
using extend::testing::Scratch;

namespace {

Event line_event(std::string_view line, HashAlgorithm bank) {
  const bool comment = line.starts_with('#');
  return {
      .content = ContentType::tsm,
      .type = static_cast<std::uint32_t>(comment ? TsmLine::comment : TsmLine::record),
      .data = to_bytes(as_bytes(line)),
      .name = {},
      .digests = comment ? std::vector<extend::BankDigest>() : extend::digests_of(as_bytes(line), std::span(&bank, 1)),
      .extras = {}};
}

Event direct_event(ByteView digest, HashAlgorithm bank) {
  return {.content = ContentType::tsm,
          .type = static_cast<std::uint32_t>(TsmLine::extend),
          .data = to_bytes(as_bytes(tsm::format_extend(digest))),
          .name = {},
          .digests = {{.bank = bank, .digest = Digest(digest)}},
          .extras = {}};
}

// What one write to append_event asks for (3.3): the pieces that are left of it.
std::vector<Event> events_of_write(std::string_view page, HashAlgorithm bank) {
  std::vector<Event> events;
  while (!page.empty()) {
    const std::size_t end = page.find_first_of("\n\r");
    if (const std::string_view line = tsm::trimmed(page.substr(0, end)); !line.empty()) {
      events.push_back(line_event(line, bank));
    }
    page.remove_prefix(end == std::string_view::npos ? page.size() : end + 1);
  }
  return events;
}

// A register whose log a keeper keeps; each write() is a run of its own.
struct Kept {
  explicit Kept(HashAlgorithm the_bank) : bank(the_bank), cell({the_bank}), log(tsm::make_tsm_kept_log(the_bank)) {}

  Status write(const std::vector<Event>& events) {
    extend::Keeper keeper(target, *log, host, {});
    const auto status = keeper.measure(events, [&](std::size_t, const extend::Extended&) { ++done; });
    notes = keeper.take_notes();
    return status;
  }
  std::string text() const { return extend::testing::read_text(scratch / "run/mrtool/tsm/p/rtmr3/event_log"); }
  std::string value() const { return cell.value[0].digest.hex(); }
  std::string folded() const { return fold(*read_whole("tsm", text(), {.bank = bank}), bank); }

  HashAlgorithm bank;
  Cell cell;
  Scratch scratch;
  FaultyHost host;
  CellTarget target{reg_of("rtmr3"), cell, scratch / "run/mrtool/tsm/p/rtmr3"};
  std::unique_ptr<extend::KeptLog> log;
  std::size_t done = 0;
  std::vector<std::string> notes;
};

// Nothing for a case that a keeper has no way to bring about; else how many steps were compared.
std::optional<std::size_t> check_case(const std::filesystem::path& directory) {
  CAPTURE(directory.string());
  const std::string log(as_text(read_test_file(directory / "log")));
  const auto bank = tsm::parse_kernel_name(as_text(read_test_file(directory / "hash_algo")));
  REQUIRE(bank);
  const auto document = nlohmann::json::parse(as_text(read_test_file(directory / "steps.json")));
  Kept kept(*bank);
  std::size_t steps = 0;
  for (const auto& step : document.at("steps")) {
    const Bytes input = *from_hex(step.at("in_hex").get<std::string>());
    const bool direct = step.at("to") == "digest";
    // A write that the kernel refuses or cuts is one that the backend does not make.
    if (direct && input.size() != find_algorithm(*bank)->size) {
      return std::nullopt;
    }
    const auto events = direct ? std::vector{direct_event(input, *bank)} : events_of_write(as_text(input), *bank);
    if (events.empty() && step.at("log_len").get<std::size_t>() != kept.text().size()) {
      return std::nullopt;  // the kernel writes a SYNC for nothing at all
    }
    if (input.size() > 4096) {
      return std::nullopt;  // sysfs cuts it
    }
    REQUIRE(kept.write(events));
    CHECK(kept.text() == log.substr(0, step.at("log_len").get<std::size_t>()));
    CHECK(kept.value() == step.at("digest").get<std::string>());
    CHECK(kept.notes.empty());
    ++steps;
  }
  // The log read whole leads where following it did, unless somebody wrote a line that looks like a SYNC: it is taken
  // for one, and the next append says where the register is.
  const bool forged = directory.filename() == "fake-sync";
  const auto scanned = kept.log->scan(make_memory_source(as_bytes(log)), reg_of("rtmr3"), *bank);
  REQUIRE(scanned);
  CHECK(scanned->size == log.size());
  if (const auto value = scanned->values.find({.reg = reg_of("rtmr3"), .bank = *bank});
      value != scanned->values.end()) {
    CHECK((value->second.hex() == kept.value()) != forged);
  }
  return steps;
}

std::string sync(std::string_view value) {
  return "SYNC sha256/" + std::string(value);
}

}  // namespace

TEST_CASE("the kernel's logs: the same writes give the same bytes and values after each step") {
  if (!has_corpus("tsm")) {
    return;
  }
  std::size_t cases = 0;
  std::size_t steps = 0;
  std::string left_out;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus / "tsm")) {
    if (!entry.is_directory()) {
      continue;
    }
    if (const auto checked = check_case(entry.path())) {
      ++cases;
      steps += *checked;
    } else {
      left_out += " " + entry.path().filename().string();
    }
  }
  MESSAGE("cases: ", cases, ", steps: ", steps, ", left out:", left_out);
  CHECK(cases >= 10);
}

TEST_CASE("the worked example of the format's notes (12.1, 12.2)") {
  Kept kept(HashAlgorithm::sha256);
  HashEngine engine;
  const auto direct = [&](std::string_view text) {
    return std::vector{direct_event(engine.hash(kept.bank, as_bytes(text)).view(), kept.bank)};
  };
  const auto append = [&](std::string_view page) { return events_of_write(page, kept.bank); };
  REQUIRE(
      kept.write(append("# boot agent 1.0\n  com.example/boot start  \n\ncom.example/image "
                        "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\n")));
  REQUIRE(kept.write(append("alpha\rbeta")));
  REQUIRE(kept.write(direct("direct one")));
  REQUIRE(kept.write(direct("direct two")));
  REQUIRE(
      kept.write(append("mr_ima extend sha256/7b400d2dda1901cf39118a43ceb3837cd1de0b584b757e8ee2cf173c9e1b3444\n"
                        "mr_ima extend sha256/dfa612432aebcb7ffb5ccea2b973b1de828d91e19f989f8dc99b2b414a99b26c\n"
                        "mr_ima extend sha256/ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\n")));
  REQUIRE(kept.write(append("# only a comment\n")));
  REQUIRE(kept.write(append(" \t\n\r\n")));
  REQUIRE(
      kept.write(append("kernel.org/tsm/static_mr mr_policy "
                        "sha256/19667cd7243831f9a8f60b64ae0e61c7fa9cd64225b2aead93188680716ef01b\n")));
  REQUIRE(kept.write(direct("direct three")));
  CHECK(kept.text().size() == 910);
  CHECK(engine.hash(HashAlgorithm::sha256, as_bytes(kept.text())).hex() ==
        "a37387baca267855878758e0c132dc0bafee714a9d6d8844587f10194d43ede2");
  CHECK(kept.value() == "31c3103ae25c6b33049727b267ca7f46cbcb0beb9f576f6720a931b8c735aa21");
  CHECK(kept.folded() == kept.value());
}

TEST_CASE("a SYNC is extended as every line, and starts a log") {
  Kept kept(HashAlgorithm::sha256);
  REQUIRE(kept.write({line_event("one", kept.bank), line_event("two", kept.bank)}));
  CHECK(kept.text() == sync(std::string(64, '0')) + "\n\none\ntwo\n");
  CHECK(kept.cell.extends == 3);
  CHECK(kept.done == 2);
  CHECK(kept.folded() == kept.value());
}

TEST_CASE("a direct extension in the middle of a run: a SYNC, and what follows is set apart") {
  Kept kept(HashAlgorithm::sha256);
  const Digest digest = HashEngine().hash(kept.bank, as_bytes("direct"));
  REQUIRE(kept.write({line_event("one", kept.bank), direct_event(digest.view(), kept.bank)}));
  const std::string value = kept.value();
  REQUIRE(kept.write({line_event("two", kept.bank)}));
  Kept together(HashAlgorithm::sha256);
  REQUIRE(together.write(
      {line_event("one", kept.bank), direct_event(digest.view(), kept.bank), line_event("two", kept.bank)}));
  CHECK(together.text() == kept.text());
  CHECK(kept.text() ==
        sync(std::string(64, '0')) + "\n\none\n\n# .EXTEND " + digest.hex() + "\n\n" + sync(value) + "\n\ntwo\n");
  CHECK(kept.folded() == kept.value());
}

TEST_CASE("somebody else extended the register: a SYNC with its value, which verifies as a gap") {
  Kept kept(HashAlgorithm::sha256);
  REQUIRE(kept.write({line_event("one", kept.bank)}));
  kept.cell.extend("others");
  const std::string value = kept.value();
  REQUIRE(kept.write({line_event("two", kept.bank)}));
  CHECK(kept.text() == sync(std::string(64, '0')) + "\n\none\n\n" + sync(value) + "\n\ntwo\n");
  CHECK(kept.notes.size() == 1);
  const auto log = read_whole("tsm", kept.text());
  CHECK_FALSE(log->diagnostics.has("V23"));
  const auto scanned = kept.log->scan(make_memory_source(as_bytes(kept.text())), reg_of("rtmr3"), kept.bank);
  REQUIRE(scanned);
  CHECK(scanned->values.begin()->second.hex() == kept.value());
  CHECK(scanned->in_sync);
  CHECK(scanned->records == 4);
}

TEST_CASE("a log that is cut short in a line is damaged") {
  const auto log = tsm::make_tsm_kept_log(HashAlgorithm::sha256);
  const std::string text = sync(std::string(64, '0')) + "\n\none\n";
  CHECK(log->scan(make_memory_source(as_bytes(text)), reg_of("rtmr3"), HashAlgorithm::sha256));
  CHECK_FALSE(
      log->scan(make_memory_source(as_bytes(text.substr(0, text.size() - 1))), reg_of("rtmr3"), HashAlgorithm::sha256));
  const auto empty = log->scan(make_memory_source({}), reg_of("rtmr3"), HashAlgorithm::sha256);
  REQUIRE(empty);
  CHECK(*empty == extend::LogEnd{});
}

TEST_CASE("the log's place says its register and its bank") {
  Kept kept(HashAlgorithm::sha384);
  REQUIRE(kept.write({line_event("one", kept.bank)}));
  const std::string path = kept.scratch / "run/mrtool/tsm/p/rtmr3/event_log";
  CHECK(tsm::register_of_path(path) == reg_of("p/rtmr3"));
  CHECK(tsm::bank_beside(path, kept.host).value() == HashAlgorithm::sha384);
}

TEST_CASE("what the kernel would change, and what is not what it is said to be, is refused") {
  Kept kept(HashAlgorithm::sha256);
  for (const std::string_view line : {" x", "x ", "a\nb", "a\rb", "", "caf\xc3\xa0"}) {
    CHECK_FALSE(kept.write({line_event(line, kept.bank)}));
  }
  Event hashed_comment = line_event("record", kept.bank);
  hashed_comment.data = to_bytes(as_bytes("# comment"));
  CHECK_FALSE(kept.write({hashed_comment}));
  Event other = line_event("x", kept.bank);
  other.content = ContentType::pcclient;
  CHECK_FALSE(kept.write({other}));
  CHECK(kept.cell.extends == 0);
}
