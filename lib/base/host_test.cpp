#include "lib/base/host.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

using namespace mrtool;

namespace {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = std::filesystem::temp_directory_path() / "mrtool-host-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Hands over at most `step` bytes at a time, as a pipe may.
class DribblingSource final : public ByteSource {
 public:
  DribblingSource(ByteView bytes, std::size_t step) : bytes_(bytes), step_(step) {}
  Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
    const std::size_t n = std::min({buffer.size(), bytes_.size(), step_});
    std::ranges::copy(bytes_.first(n), buffer.begin());
    bytes_ = bytes_.subspan(n);
    return n;
  }

 private:
  ByteView bytes_;
  std::size_t step_;
};

}  // namespace

TEST_CASE("system paths: under the root, with or without a slash at its end") {
  CHECK(make_host("")->system_path("/sys/x") == "/sys/x");
  CHECK(make_host("/tmp/r")->system_path("/sys/x") == "/tmp/r/sys/x");
  CHECK(make_host("/tmp/r/")->system_path("/sys/x") == "/tmp/r/sys/x");
  CHECK(make_host("/")->system_path("/sys/x") == "/sys/x");
}

TEST_CASE("open: a directory and an absent file are io errors that name the file") {
  const TemporaryDirectory directory;
  const auto host = make_host("");
  for (const std::string& path : {directory.path(), directory / "absent"}) {
    const auto source = host->open(path);
    REQUIRE_FALSE(source);
    CHECK(source.error().kind == ErrorKind::io);
    CHECK(source.error().file == path);
  }
}

TEST_CASE("open_at: from an offset on, and nothing behind the end") {
  const TemporaryDirectory directory;
  const std::string file = directory / "file";
  std::ofstream(file) << "0123456789";
  const auto host = make_host("");
  for (const std::uint64_t offset : {0U, 4U, 10U, 11U, 1000U}) {
    const auto source = host->open_at(file, offset);
    REQUIRE(source);
    CHECK(as_text(*read_all(**source, 100)) ==
          std::string_view("0123456789").substr(std::min<std::uint64_t>(offset, 10)));
    // What a host does that knows no better.
    const auto passed = host->Host::open_at(file, offset);
    REQUIRE(passed);
    CHECK(equal(*read_all(**passed, 100), *read_all(**host->open_at(file, offset), 100)));
  }
  const auto absent = host->open_at(directory / "absent", 1);
  REQUIRE_FALSE(absent);
  CHECK(absent.error().system == ENOENT);
}

TEST_CASE("mode: a file's permission bits") {
  const TemporaryDirectory directory;
  const std::string file = directory / "file";
  std::ofstream(file) << "x";
  ::chmod(file.c_str(), 0640);
  const auto host = make_host("");
  CHECK(host->mode(file) == 0640U);
  CHECK_FALSE(host->mode(directory / "absent"));
}

TEST_CASE("read_file: files whose size is reported as 0 are read whole") {
  const auto host = make_host("");
  const auto content = host->read_file("/proc/self/status", 1 << 20);
  REQUIRE(content);
  CHECK(content->size() > 100);
}

TEST_CASE("read_file: more than the limit is refused") {
  const TemporaryDirectory directory;
  std::ofstream(directory / "f") << std::string(1000, 'x');
  const auto host = make_host("");
  CHECK(host->read_file(directory / "f", 1000)->size() == 1000);
  const auto refused = host->read_file(directory / "f", 999);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::malformed);
}

TEST_CASE("write_file: replaces in one step, keeps the mode, leaves nothing behind on failure") {
  const TemporaryDirectory directory;
  const auto host = make_host("");
  const std::string path = directory / "out";
  REQUIRE(host->write_file(path, as_bytes("one")));
  ::chmod(path.c_str(), 0640);
  REQUIRE(host->write_file(path, as_bytes("two")));
  struct stat status = {};
  ::stat(path.c_str(), &status);
  CHECK((status.st_mode & 0777) == 0640);
  CHECK(as_text(*host->read_file(path, 100)) == "two");
  CHECK_FALSE(host->write_file(directory / "absent/out", as_bytes("x")));
  std::filesystem::create_directory(directory / "folder");
  CHECK_FALSE(host->write_file(directory / "folder", as_bytes("x")));
  CHECK(*host->list(directory.path()) == std::vector<std::string>{"folder", "out"});
}

TEST_CASE("mode: the permission bits, the sticky bit among them, as they are now") {
  const TemporaryDirectory directory;
  const auto host = make_host("");
  const std::string path = directory / "f";
  CHECK_FALSE(host->mode(path));
  std::ofstream(path) << "x";
  REQUIRE(::chmod(path.c_str(), 0600) == 0);
  CHECK(host->mode(path).value_or(0) == 0600);
  REQUIRE(::chmod(path.c_str(), 01600) == 0);
  CHECK(host->mode(path).value_or(0) == 01600);
}

TEST_CASE("since_boot: goes on, in microseconds") {
  const auto host = make_host("");
  const std::uint64_t before = host->since_boot();
  ::usleep(2000);
  const std::uint64_t after = host->since_boot();
  CHECK(before > 0);
  CHECK(after >= before + 2000);
}

TEST_CASE("write_file: a full device is an io error") {
  const auto host = make_host("");
  const auto status = host->write_file("/dev/full", as_bytes("x"));
  REQUIRE_FALSE(status);
  CHECK(status.error().kind == ErrorKind::io);
}

TEST_CASE("write_once: writes to a file that is there, and never makes one") {
  const TemporaryDirectory directory;
  const auto host = make_host("");
  const std::string path = directory / "attribute";
  CHECK_FALSE(host->write_once(path, as_bytes("one")));
  std::ofstream(path) << "previous";
  REQUIRE(host->write_once(path, as_bytes("one")));
  CHECK(as_text(*host->read_file(path, 100)) == "onevious");
  const auto full = host->write_once("/dev/full", as_bytes("x"));
  REQUIRE_FALSE(full);
  CHECK(full.error().kind == ErrorKind::io);
  CHECK(full.error().file == "/dev/full");
}

TEST_CASE("make_directory, remove_directory: one that is not there, one that is empty") {
  const TemporaryDirectory directory;
  const auto host = make_host("");
  const std::string path = directory / "request";
  REQUIRE(host->make_directory(path));
  CHECK(host->kind(path) == FileKind::directory);
  CHECK(host->make_directory(path).error().kind == ErrorKind::io);
  CHECK_FALSE(host->make_directory(directory / "absent/request"));
  std::ofstream(path + "/file") << "x";
  CHECK(host->remove_directory(path).error().file == path);
  std::filesystem::remove(path + "/file");
  REQUIRE(host->remove_directory(path));
  CHECK(host->kind(path) == FileKind::absent);
}

TEST_CASE("peek: what was peeked at is read again, whatever the pieces") {
  Bytes data(1000);
  for (std::size_t i = 0; i < data.size(); ++i) {
    data[i] = static_cast<std::uint8_t>(i * 7);
  }
  for (const std::size_t step : std::initializer_list<std::size_t>{1, 3, 999, 5000}) {
    PeekSource source(std::make_unique<DribblingSource>(data, step));
    CHECK(source.peek(10)->size() == 10);
    CHECK_FALSE(source.at_end_after_peek());
    CHECK(source.peek(2)->size() == 2);
    Bytes five(5);
    CHECK(*source.read(five) == 5);
    CHECK(equal(*source.peek(995), ByteView(data).subspan(5)));
    CHECK(source.peek(5000)->size() == 995);
    CHECK(source.at_end_after_peek());
    const auto rest = read_all(source, 5000);
    REQUIRE(rest);
    CHECK(equal(*rest, ByteView(data).subspan(5)));
  }
}

TEST_CASE("a device is asked by ioctl; what does not understand it says why") {
  const TemporaryDirectory directory;
  const auto host = make_host("");
  Bytes argument(64);
  const auto status = [&](const std::string& path) {
    const Status asked = host->control(path, 0xC4405401UL, argument);
    REQUIRE_FALSE(asked);
    CHECK(asked.error().kind == ErrorKind::io);
    CHECK(asked.error().file == path);
    return asked.error().message;
  };
  CHECK(status("/dev/null").contains("does not answer"));
  CHECK(status(directory / "absent").contains("No such file"));
}

TEST_CASE("what the kernel serves is told from files") {
  const TemporaryDirectory directory;
  std::ofstream(directory / "file") << "x";
  const auto host = make_host("");
  CHECK(host->is_kernels("/dev/null"));
  CHECK_FALSE(host->is_kernels(directory.path()));
  CHECK_FALSE(host->is_kernels(directory / "file"));
  CHECK_FALSE(host->is_kernels(directory / "absent"));
  CHECK_FALSE(host->is_kernels("/proc/version"));
  if (std::filesystem::exists("/sys/class")) {
    CHECK(host->is_kernels("/sys/class"));
  }
}
