// Registers and logs as the kernel's code made them: every write of the captured cases gives the same log and value.
#include <doctest/doctest.h>
#include <fcntl.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "lib/base/test_files.hpp"
#include "lib/content/tsm_line.hpp"
#include "tools/tsmfs/options.hpp"

using namespace mrtool;
using namespace mrtool::tsmfs;
using namespace mrtool::testing;

namespace {

namespace fs = std::filesystem;

SoftwareRegister sample(HashAlgorithm bank, std::optional<std::uint64_t> working_extends = {}) {
  return SoftwareRegister({.name = "r",
                           .bank = bank,
                           .kind = AccessKind::extended,
                           .initial = Bytes(find_algorithm(bank)->size),
                           .working_extends = working_extends});
}

std::string hex_of(const SoftwareRegister& reg) {
  return to_hex(reg.value());
}

std::string zero_sync(HashAlgorithm bank) {
  return tsm::format_sync(bank, Bytes(find_algorithm(bank)->size)) + "\n";
}

// What a step's writes return, as the captured cases tell it: one write, or in a loop until all is taken.
std::string write(Tree& tree, const std::string& path, ByteView bytes, bool in_a_loop) {
  auto file = tree.open(path, O_WRONLY);
  REQUIRE(file);
  std::string told = in_a_loop ? "write() returned" : "returned";
  std::uint64_t offset = 0;
  do {
    const auto written = file->write(bytes, offset);
    if (!written) {
      return written.error() == std::errc::invalid_argument ? "write failed: EINVAL" : "write failed";
    }
    told += (offset == 0 ? " " : ", ") + std::to_string(*written);
    offset += *written;
    bytes = bytes.subspan(*written);
  } while (in_a_loop && !bytes.empty());
  return told;
}

std::string content(Tree& tree, const std::string& path) {
  auto file = tree.open(path, O_RDONLY);
  REQUIRE(file);
  std::string all;
  Bytes page(kPageSize);
  for (std::size_t got = 1; got != 0;) {
    got = file->read(page, all.size()).value();
    all += as_text(ByteView(page).first(got));
  }
  return all;
}

// Returns how many steps were compared.
std::size_t check_case(const fs::path& directory) {
  CAPTURE(directory.filename().string());
  const auto tree = make_tree({.mount_point = {}, .providers = {"measurement-example"}});
  REQUIRE(tree);
  const Bytes log_bytes = read_test_file(directory / "log");
  const Bytes steps = read_test_file(directory / "steps.json");
  const auto document = nlohmann::json::parse(as_text(steps));
  const std::string place = "/sys/kernel/tsm/measurement-example/" + document.at("register").get<std::string>() + "/";
  CHECK(content(**tree, place + "hash_algo") == as_text(read_test_file(directory / "hash_algo")));
  std::size_t count = 0;
  for (const auto& step : document.at("steps")) {
    CAPTURE(step.at("step").dump());
    const auto bytes = from_hex(step.at("in_hex").get<std::string>());
    REQUIRE(bytes);
    const auto result = step.at("result").get<std::string>();
    CHECK(write(**tree, place + step.at("to").get<std::string>(), *bytes, result.starts_with("write()")) == result);
    const auto length = step.at("log_len").get<std::size_t>();
    CHECK((content(**tree, place + "event_log") == as_text(log_bytes).substr(0, length)));
    CHECK((**tree).attributes(place + "event_log")->size == length);
    CHECK(to_hex(as_bytes(content(**tree, place + "digest"))) == step.at("digest").get<std::string>());
    ++count;
  }
  CHECK(content(**tree, place + "event_log").size() == log_bytes.size());
  return count;
}

std::size_t check_cases(const fs::path& folder) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) {
      count += check_case(entry.path());
    }
  }
  return count;
}

}  // namespace

TEST_CASE("the kept cases of the kernel's code give the same log and value after every write") {
  CHECK(check_cases(kTestdataFolder / "tsm") > 20);
}

TEST_CASE("all captured cases of the kernel's code give the same log and value after every write") {
  if (has_corpus("tsm")) {
    CHECK(check_cases(kCorpus / "tsm") == 205);
  }
}

TEST_CASE("the known answer of the format notes: two lines, a direct extension, a third line") {
  SoftwareRegister reg = sample(HashAlgorithm::sha384);
  CHECK(reg.append("example.com/a first event\nsecond\n"));
  CHECK(hex_of(reg).starts_with("a0f7e5f23d2516d9"));
  const Digest direct = HashEngine().hash(HashAlgorithm::sha384, as_bytes("direct"));
  CHECK(reg.extend_logged(direct.view()) == 48U);
  CHECK(hex_of(reg).starts_with("83dcffdbb7a90251"));
  CHECK(reg.append("third"));
  CHECK(hex_of(reg).starts_with("df73bd2d3dc949c1"));
  CHECK(reg.logged_lines() == 6);
}

TEST_CASE("where the extension of the SYNC fails, nothing of the write is done, and the next one tries it again") {
  SoftwareRegister reg = sample(HashAlgorithm::sha256, 0);
  CHECK(reg.append("a").error() == std::errc::io_error);
  CHECK(reg.append("# comment").error() == std::errc::io_error);
  CHECK(reg.log().empty());
  CHECK(all_equal_to(reg.value(), 0));
}

TEST_CASE("where a record's extension fails, what came before it stays, and no count is returned") {
  SoftwareRegister reg = sample(HashAlgorithm::sha256, 2);
  CHECK(reg.append("one\n# comment\ntwo\nthree").error() == std::errc::io_error);
  CHECK(reg.log() == zero_sync(HashAlgorithm::sha256) + "\none\n# comment\n");
  SoftwareRegister same = sample(HashAlgorithm::sha256);
  CHECK(same.append("one"));
  CHECK(hex_of(reg) == hex_of(same));
  // Still in sync: no other SYNC.
  CHECK(reg.append("# later"));
  CHECK(reg.log().ends_with("\n\n# later\n"));
}

TEST_CASE("a direct extension that fails leaves its line, and the log in sync") {
  SoftwareRegister reg = sample(HashAlgorithm::sha256, 2);
  CHECK(reg.append("one"));
  const std::string before = hex_of(reg);
  const Bytes digest(32, 0xAB);
  CHECK(reg.extend_logged(digest).error() == std::errc::io_error);
  CHECK(hex_of(reg) == before);
  const std::string line = "\n" + tsm::format_extend(digest) + "\n";
  CHECK(reg.log() == zero_sync(HashAlgorithm::sha256) + "\none\n" + line);
  // An empty line before the second one tells that the first one failed.
  CHECK(reg.extend_logged(digest).error() == std::errc::io_error);
  CHECK(reg.log().ends_with(line + line));
}

TEST_CASE("an extension beside the log is not seen by it") {
  SoftwareRegister reg = sample(HashAlgorithm::sha256);
  CHECK(reg.append("one"));
  const std::string log(reg.log());
  CHECK(reg.extend(Bytes(32, 1)) == 32U);
  CHECK(reg.log() == log);
  CHECK(reg.append("two"));
  CHECK(reg.log() == log + "\ntwo\n");
}

TEST_CASE("a log ends at 4 MiB: a line that is too long for it fails, a shorter one still fits") {
  SoftwareRegister reg = sample(HashAlgorithm::sha256);
  const std::string line(kPageSize, 'x');
  while (reg.append(line)) {
  }
  const std::string before = hex_of(reg);
  CHECK(reg.append(line).error() == std::errc::not_enough_memory);
  CHECK(hex_of(reg) == before);
  const std::size_t left = kLogLimit - reg.log().size();
  CHECK(left < kPageSize + 1);
  CHECK(reg.append(std::string(left, 'y')).error() == std::errc::not_enough_memory);
  CHECK(reg.append(std::string(left - 1, 'y')));
  CHECK(reg.log().size() == kLogLimit + 1);  // the last newline isn't counted
  CHECK(hex_of(reg) != before);
  CHECK(reg.append("#").error() == std::errc::not_enough_memory);
}
