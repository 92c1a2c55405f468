// The trees as kernels show them: names, sizes, modes, and what system calls return.
#include "tools/tsmfs/tree.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <algorithm>

#include "lib/base/test_files.hpp"
#include "tools/tsmfs/definitions.hpp"
#include "tools/tsmfs/options.hpp"

using namespace mrtool;
using namespace mrtool::tsmfs;

namespace {

const std::string kRfc = "/sys/kernel/tsm/measurement-example/";
const std::string kUpstream = "/sys/devices/virtual/misc/tsm_mr_sample/measurements/";

std::unique_ptr<Tree> sample_tree(const std::string& provider, const std::vector<Interface>& interfaces) {
  auto tree = make_tree({.mount_point = {}, .providers = {provider}, .interfaces = interfaces});
  REQUIRE(tree);
  return *std::move(tree);
}
std::unique_ptr<Tree> rfc() {
  return sample_tree("measurement-example", {Interface::rfc});
}
std::unique_ptr<Tree> upstream() {
  return sample_tree("tsm_mr_sample", {Interface::upstream});
}

OpenFile opened(Tree& tree, const std::string& path, int flags) {
  auto file = tree.open(path, flags);
  REQUIRE(file);
  return *file;
}

Bytes content(Tree& tree, const std::string& path) {
  OpenFile file = opened(tree, path, O_RDONLY);
  Bytes bytes(kPageSize);
  bytes.resize(file.read(bytes, 0).value());
  return bytes;
}

struct File {
  const char* name;
  unsigned mode;
  std::uint64_t size;
};
void check_files(Tree& tree, const std::string& directory, const std::vector<File>& files) {
  std::vector<std::string> names;
  for (const File& file : files) {
    CAPTURE(file.name);
    const auto found = tree.attributes(directory + file.name);
    REQUIRE(found);
    CHECK(found->mode == file.mode);
    CHECK(found->size == file.size);
    names.emplace_back(file.name);
  }
  auto listed = tree.list(directory.substr(0, directory.size() - 1)).value();
  std::erase_if(
      listed, [&](const std::string& name) { return tree.attributes(directory + name)->kind == NodeKind::directory; });
  std::ranges::sort(listed);
  std::ranges::sort(names);
  CHECK(listed == names);
}

}  // namespace

TEST_CASE("the RFC's sample module has the files, modes and sizes that the kernel showed") {
  const auto tree = rfc();
  check_files(*tree, kRfc,
              {{"config_mr", 0444, 64},
               {"full_report", 0444, 320},
               {"report_digest", 0444, 64},
               {"static_mr", 0444, 48},
               {"user_data", 0644, 64}});
  check_files(*tree, kRfc + "rtmr0/",
              {{"append_event", 0200, 4096}, {"digest", 0444, 32}, {"event_log", 0444, 0}, {"hash_algo", 0444, 4096}});
  check_files(*tree, kRfc + "rtmr1/",
              {{"append_event", 0200, 4096}, {"digest", 0644, 48}, {"event_log", 0444, 0}, {"hash_algo", 0444, 4096}});
}

TEST_CASE("the sample module of Linux 6.16 has the files, modes, sizes and values that the kernel showed") {
  const auto tree = upstream();
  check_files(*tree, kUpstream,
              {{"config_mr", 0444, 64},
               {"report_digest:sha512", 0444, 64},
               {"rtmr0:sha256", 0444, 32},
               {"rtmr1:sha384", 0644, 48},
               {"rtmr_crypto_agile:sha256", 0644, 32},
               {"rtmr_crypto_agile:sha384", 0644, 48},
               {"static_mr:sha384", 0444, 48}});
  CHECK(as_text(content(*tree, kUpstream + "rtmr1:sha384")).substr(0, 6) == std::string_view("rtmr1\0", 6));
  CHECK(tree->target("/sys/class/misc/tsm_mr_sample") == "../../devices/virtual/misc/tsm_mr_sample");
}

TEST_CASE("a TDX guest's registers in both trees are the same ones") {
  const auto tree = sample_tree("tdx_guest", {Interface::rfc, Interface::upstream});
  const std::string one = "/sys/kernel/tsm/tdx_guest/rtmr2/";
  const std::string other = "/sys/devices/virtual/misc/tdx_guest/measurements/rtmr2:sha384";
  OpenFile file = opened(*tree, other, O_WRONLY);
  CHECK(file.write(Bytes(48, 7), 0) == 48U);
  CHECK(content(*tree, one + "digest") == content(*tree, other));
  CHECK(content(*tree, one + "event_log").empty());
  CHECK(tree->attributes("/sys/devices/virtual/misc/tdx_guest/measurements/mrtd:sha384")->size == 48);
  CHECK(tree->attributes("/sys/devices/virtual/misc/tdx_guest/measurements/mrowner")->mode == 0444);
}

TEST_CASE("a register takes its own size at offset 0, cuts what is longer, refuses the rest") {
  const auto tree = upstream();
  const std::string path = kUpstream + "rtmr1:sha384";
  OpenFile file = opened(*tree, path, O_RDWR);
  HashEngine engine;
  Bytes expected = content(*tree, path);
  const auto extends = [&](std::size_t size) {
    const Bytes data(size, 0x5A);
    CHECK(file.write(data, 0) == 48U);
    expected = to_bytes(engine.hash(HashAlgorithm::sha384, expected, ByteView(data).first(48)).view());
    CHECK(content(*tree, path) == expected);
  };
  const auto fails = [&](std::size_t size, std::uint64_t offset, std::errc error) {
    CHECK(file.write(Bytes(size, 0x5A), offset).error() == error);
    CHECK(content(*tree, path) == expected);
  };
  for (const std::size_t size : {48U, 49U, 64U, 96U, 4096U, 5000U}) {
    extends(size);
  }
  CHECK(file.write({}, 0) == 0U);
  for (const std::size_t size : {1U, 32U, 47U}) {
    fails(size, 0, std::errc::invalid_argument);
  }
  fails(48, 1, std::errc::invalid_argument);
  fails(24, 24, std::errc::invalid_argument);
  fails(48, 48, std::errc::file_too_large);
  fails(1, std::uint64_t{1} << 62U, std::errc::file_too_large);
}

TEST_CASE("files are opened for what they can do, whoever opens them") {
  const auto tree = rfc();
  const auto error = [&](const std::string& name, int flags) {
    const auto file = tree->open(kRfc + name, flags);
    return file ? std::errc() : file.error();
  };
  constexpr auto kDenied = std::errc::permission_denied;
  CHECK(error("rtmr0/digest", O_WRONLY) == kDenied);
  CHECK(error("rtmr0/append_event", O_RDONLY) == kDenied);
  CHECK(error("rtmr0/append_event", O_RDWR) == kDenied);
  CHECK(error("rtmr0/event_log", O_WRONLY) == kDenied);
  CHECK(error("rtmr0/hash_algo", O_RDWR) == kDenied);
  CHECK(error("static_mr", O_WRONLY) == kDenied);
  CHECK(error("report_digest", O_WRONLY) == kDenied);
  CHECK(error("rtmr1/digest", O_RDWR | O_TRUNC) == std::errc());
  CHECK(error("none", O_RDONLY) == std::errc::no_such_file_or_directory);
  CHECK(error("rtmr0", O_RDONLY) == std::errc::is_a_directory);
  // A mode gives nobody what the file can't, and takes from everybody.
  CHECK(tree->change_mode(kRfc + "rtmr0/digest", 0666));
  CHECK(error("rtmr0/digest", O_WRONLY) == kDenied);
  CHECK(tree->change_mode(kRfc + "rtmr1/digest", 0444));
  CHECK(error("rtmr1/digest", O_WRONLY) == kDenied);
}

TEST_CASE("append_event minds no offset; with O_APPEND a register's position is the descriptor's") {
  const auto tree = rfc();
  OpenFile events = opened(*tree, kRfc + "rtmr1/append_event", O_WRONLY);
  CHECK(events.write(as_bytes("a\n"), 100) == 2U);
  CHECK(events.write(as_bytes(" \n"), 5000) == 2U);
  CHECK(events.write(as_bytes("b\n"), 0) == 2U);
  CHECK(as_text(content(*tree, kRfc + "rtmr1/event_log")).ends_with("\n\na\n\nb\n"));
  OpenFile digest = opened(*tree, kRfc + "rtmr1/digest", O_WRONLY | O_APPEND);
  CHECK(digest.write(Bytes(48, 1), 48) == 48U);
  CHECK(digest.write(Bytes(48, 1), 48).error() == std::errc::file_too_large);
}

TEST_CASE("a log's file is another one after every line, and one opened before is gone") {
  const auto tree = rfc();
  const std::string path = kRfc + "rtmr0/event_log";
  OpenFile before = opened(*tree, path, O_RDONLY);
  const std::uint64_t inode = tree->attributes(path)->inode;
  Bytes buffer(kPageSize);
  CHECK(before.read(buffer, 0) == 0U);
  OpenFile events = opened(*tree, kRfc + "rtmr0/append_event", O_WRONLY);
  CHECK(events.write(as_bytes("a"), 0) == 1U);
  CHECK(before.read(buffer, 0).error() == std::errc::no_such_device);
  CHECK(tree->attributes(path)->inode != inode);
  OpenFile after = opened(*tree, path, O_RDONLY);
  CHECK(after.read(buffer, 79) == 1U);
  CHECK(after.read(buffer, 80) == 0U);
  CHECK(after.read(buffer, std::uint64_t{1} << 60U) == 0U);
}

TEST_CASE("a report is as old as the last direct write") {
  const auto tree = rfc();
  const auto report = [&] { return content(*tree, kRfc + "report_digest"); };
  const Bytes first = report();
  OpenFile events = opened(*tree, kRfc + "rtmr1/append_event", O_WRONLY);
  CHECK(events.write(as_bytes("a"), 0) == 1U);
  CHECK(report() == first);
  OpenFile digest = opened(*tree, kRfc + "rtmr1/digest", O_WRONLY);
  CHECK(digest.write(Bytes(48, 1), 0) == 48U);
  const Bytes second = report();
  CHECK(second != first);
  const Bytes full = content(*tree, kRfc + "full_report");
  CHECK(equal(ByteView(full).last(64), second));
  CHECK(equal(ByteView(full).subspan(48 + 64 + 32, 48), content(*tree, kRfc + "rtmr1/digest")));
}

TEST_CASE(
    "the report of Linux's sample is the hash of the four registers before it, and agile registers share values") {
  const auto tree = upstream();
  OpenFile file = opened(*tree, kUpstream + "rtmr_crypto_agile:sha256", O_WRONLY);
  CHECK(file.write(Bytes(32, 9), 0) == 32U);
  CHECK(content(*tree, kUpstream + "rtmr0:sha256") == content(*tree, kUpstream + "rtmr_crypto_agile:sha256"));
  Bytes all;
  for (const char* const name : {"static_mr:sha384", "config_mr", "rtmr0:sha256", "rtmr1:sha384"}) {
    const Bytes value = content(*tree, kUpstream + name);
    all.insert(all.end(), value.begin(), value.end());
  }
  CHECK(
      equal(HashEngine().hash(HashAlgorithm::sha512, all).view(), content(*tree, kUpstream + "report_digest:sha512")));
}

TEST_CASE("user_data is replaced, by all of its bytes at once") {
  const auto tree = rfc();
  OpenFile file = opened(*tree, kRfc + "user_data", O_WRONLY);
  CHECK(file.write(Bytes(63, 1), 0).error() == std::errc::invalid_argument);
  CHECK(file.write(Bytes(65, 1), 0) == 64U);
  CHECK(content(*tree, kRfc + "user_data") == Bytes(64, 1));
}

TEST_CASE("definitions on the command line say what a register is, or what is wrong with them") {
  const auto made = parse_definition("r:sha256,append-only,fails-after=3");
  REQUIRE(made);
  CHECK(made->kind == AccessKind::append_only);
  CHECK(made->initial == Bytes(32));
  CHECK(made->working_extends == 3U);
  CHECK(parse_definition("c,size=7,stored")->initial == Bytes(7));
  CHECK(parse_definition("c,value=0aff")->initial == Bytes{0x0A, 0xFF});
  for (const char* const bad : {"r:sha999", "r:", "r,big", "r,size=0", "r,size=4097", "r:sha256,size=32",
                                "r,value=", "r,value=0", "r:sha256,fails-after=x"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_definition(bad));
  }
}

TEST_CASE("a command line that makes no sense is refused") {
  const auto refused = [](const std::vector<std::string>& words) {
    const auto options = parse_options(words);
    if (!options) {
      CHECK(options.error().kind == ErrorKind::usage);
      return true;
    }
    const auto tree = make_tree(std::get<Options>(*options));
    CHECK((tree || tree.error().kind == ErrorKind::usage));
    return !tree;
  };
  CHECK_FALSE(refused({"m"}));
  CHECK_FALSE(refused({"--register", "r:sha256", "--provider", "mine", "--tree", "rfc", "m"}));
  CHECK(refused({}));
  CHECK(refused({"m", "n"}));
  CHECK(refused({"--none", "m"}));
  CHECK(refused({"--tree", "none", "m"}));
  CHECK(refused({"--provider", "none", "m"}));
  CHECK(refused({"--provider", "tdx_guest", "--provider", "tdx_guest", "m"}));
  CHECK(refused({"--provider", "a", "--provider", "b", "--register", "r:sha256", "m"}));
  CHECK(refused({"--provider", "tsm_mr_sample", "m"}));  // two hashes of one name
  CHECK(refused({"--provider", "../a", "--register", "r:sha256", "m"}));
  for (const char* const bad :
       {"a/b:sha256", "..", ".a,size=1", ":sha256", "r", "r,size=1,append-only", "r:sha256,value=00"}) {
    CAPTURE(bad);
    CHECK(refused({"--register", bad, "m"}));
  }
  CHECK(refused({"--register", "r:sha256", "--register", "r:sha256", "m"}));
}
