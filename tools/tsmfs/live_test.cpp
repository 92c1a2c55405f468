// The file system itself, mounted in a directory of its own where the machine has FUSE: real system calls.
#include <sys/uio.h>

#include <atomic>
#include <cerrno>

#include "lib/content/tsm_line.hpp"
#include "lib/crypto/hash.hpp"
#include "tools/tsmfs/mounted_test.hpp"

using namespace mrtool;
using namespace mrtool::testing;

namespace {

// What a call returned, and -errno where it failed.
long result_of(ssize_t returned) {
  return returned < 0 ? -errno : static_cast<long>(returned);
}

class Opened {
 public:
  Opened(const std::string& path, int flags) : number_(::open(path.c_str(), flags | O_CLOEXEC)) {
    if (number_ < 0) {
      failure_ = -errno;
    }
  }
  ~Opened() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

  int failure() const { return failure_; }
  int number() const { return number_; }
  long write(std::string_view text) const { return result_of(::write(number_, text.data(), text.size())); }
  long write_at(std::string_view text, off_t offset) const {
    return result_of(::pwrite(number_, text.data(), text.size(), offset));
  }

 private:
  int number_;
  int failure_ = 0;
};

long write_once(const std::string& path, std::string_view text, int flags = O_WRONLY) {
  const Opened file(path, flags);
  return file.failure() != 0 ? file.failure() : file.write(text);
}

off_t size_of(const std::string& path) {
  struct stat status = {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_size;
}
unsigned mode_of(const std::string& path) {
  struct stat status = {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode;
}

std::string extended(HashAlgorithm bank, const std::string& value, std::string_view data) {
  return std::string(as_text(HashEngine().hash(bank, as_bytes(value), as_bytes(data)).view()));
}

}  // namespace

TEST_CASE("mounted: upstream's registers answer system calls as the kernel's did") {
  if (!have_fuse()) {
    return;
  }
  Mounted mounted;
  const std::string path = mounted / (kUpstream + "rtmr2:sha384");
  std::string value(48, '\0');
  const std::string data(5000, 'd');
  const auto extends = [&](long returned) {
    CHECK(returned == 48);
    value = extended(HashAlgorithm::sha384, value, data.substr(0, 48));
    CHECK(read_text(path) == value);
  };
  const auto fails = [&](long returned, int error) {
    CHECK(returned == -error);
    CHECK(read_text(path) == value);
  };
  CHECK(size_of(path) == 48);
  CHECK(mode_of(path) == (S_IFREG | 0644U));
  CHECK(mode_of(mounted / (kUpstream + "mrtd:sha384")) == (S_IFREG | 0444U));
  CHECK(mode_of(mounted / "sys/class/misc/tdx_guest") == (S_IFDIR | 0755U));
  for (const std::size_t size : {48U, 49U, 96U, 4096U, 5000U}) {
    extends(write_once(path, data.substr(0, size)));
  }
  CHECK(write_once(path, "") == 0);
  extends(write_once(path, std::string(1024 * 1024, 'd')));
  for (const std::size_t size : {1U, 32U, 47U}) {
    fails(write_once(path, data.substr(0, size)), EINVAL);
  }
  for (const int flags : {O_WRONLY | O_TRUNC, O_RDWR, O_WRONLY | O_APPEND, O_WRONLY | O_CREAT | O_TRUNC}) {
    CAPTURE(flags);
    const Opened file(path, flags);
    extends(file.write(data.substr(0, 48)));
    fails(file.write(data.substr(0, 48)), EFBIG);  // behind the register's end
  }
  const Opened file(path, O_RDWR);
  fails(file.write_at(data.substr(0, 48), 1), EINVAL);
  fails(file.write_at(data.substr(0, 24), 24), EINVAL);
  fails(file.write_at(data.substr(0, 48), 48), EFBIG);
  extends(file.write_at(data.substr(0, 48), 0));
  extends(file.write_at(data.substr(0, 48), 0));
  std::string half = data.substr(0, 24);
  const iovec parts[] = {{half.data(), half.size()}, {half.data(), half.size()}};
  extends(result_of(::writev(file.number(), parts, 2)));
  fails(write_once(mounted / (kUpstream + "mrtd:sha384"), data.substr(0, 48)), EACCES);
  std::string present(48, ' ');
  CHECK(::pread(file.number(), present.data(), 48, 0) == 48);
  CHECK(present == value);
  CHECK(::pread(file.number(), present.data(), 48, 48) == 0);
  CHECK(::pread(file.number(), present.data(), 48, 40) == 8);
}

TEST_CASE("mounted: the RFC's files log what is written to them, a page a write") {
  if (!have_fuse()) {
    return;
  }
  Mounted mounted;
  const std::string events = mounted / (kRfc + "rtmr1/append_event");
  const std::string log = mounted / (kRfc + "rtmr1/event_log");
  CHECK(mode_of(events) == (S_IFREG | 0200U));
  CHECK(size_of(events) == 4096);
  CHECK(size_of(log) == 0);
  CHECK(read_text(mounted / (kRfc + "rtmr1/hash_algo")) == "sha384");
  const Opened before(log, O_RDONLY);
  std::string expected = tsm::format_sync(HashAlgorithm::sha384, Bytes(48)) + "\n";
  CHECK(write_once(events, " one \r\n\n# two\xA0\n", O_WRONLY | O_APPEND) == 15);
  expected += "\none\n# two\n";
  CHECK(read_text(log) == expected);
  CHECK(size_of(log) == static_cast<off_t>(expected.size()));
  char byte = 0;
  CHECK(result_of(::pread(before.number(), &byte, 1, 0)) == -ENODEV);
  const Opened file(events, O_WRONLY);
  CHECK(file.write(std::string(5000, 'x')) == 4096);
  CHECK(file.write(std::string(1024 * 1024, ' ')) == 4096);
  CHECK(file.write("y") == 1);
  CHECK(file.write_at("z", 100) == 1);
  expected += "\n" + std::string(4096, 'x') + "\n\ny\n\nz\n";
  CHECK(read_text(log) == expected);
  std::string a = "ab";
  std::string b = "cd\n";
  const iovec parts[] = {{a.data(), a.size()}, {b.data(), b.size()}};
  CHECK(result_of(::writev(file.number(), parts, 2)) == 5);
  CHECK(read_text(log) == expected + "\nabcd\n");
  std::string big(8192, ' ');
  const Opened whole(log, O_RDONLY);
  CHECK(::read(whole.number(), big.data(), big.size()) == 4096);
  CHECK(Opened(events, O_RDONLY).failure() == -EACCES);
  CHECK(Opened(log, O_WRONLY).failure() == -EACCES);
  CHECK(Opened(mounted / (kRfc + "rtmr0/digest"), O_WRONLY).failure() == -EACCES);
  CHECK(Opened(mounted / (kRfc + "new"), O_WRONLY | O_CREAT).failure() == -EACCES);
  CHECK(::mkdir((mounted / (kRfc + "new")).c_str(), 0700) == -1);
  CHECK(errno == EPERM);
  CHECK(::unlink(log.c_str()) == -1);
  CHECK(errno == EPERM);
}

TEST_CASE("mounted: an extension that fails is EIO, and leaves its line") {
  if (!have_fuse()) {
    return;
  }
  Mounted mounted({"--provider", "mine", "--register", "r:sha256,fails-after=1", "--tree", "rfc"});
  const std::string directory = "sys/kernel/tsm/mine/r/";
  CHECK(write_once(mounted / (directory + "append_event"), "x") == -EIO);
  CHECK(write_once(mounted / (directory + "digest"), std::string(32, 'd')) == -EIO);
  CHECK(read_text(mounted / (directory + "event_log")) ==
        tsm::format_sync(HashAlgorithm::sha256, Bytes(32)) + "\n\n" + tsm::format_extend(Bytes(32, 'd')) + "\n");
}

TEST_CASE("mounted: readers see whole lines while others write, and nothing is lost") {
  if (!have_fuse()) {
    return;
  }
  Mounted mounted;
  constexpr int kWriters = 4;
  constexpr int kWrites = 50;
  const std::string log = mounted / (kRfc + "rtmr0/event_log");
  std::atomic<int> writing = kWriters;
  std::atomic<int> bad = 0;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      for (int i = 0; i < kWrites; ++i) {
        const std::string line = fmt::format("writer {} line {}\n", writer, i);
        bad += write_once(mounted / (kRfc + "rtmr0/append_event"), line) == static_cast<long>(line.size()) ? 0 : 1;
      }
      --writing;
    });
  }
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&] {
      while (writing > 0) {
        const Opened file(log, O_RDONLY);
        std::string text(4096, ' ');
        const ssize_t got = ::read(file.number(), text.data(), 4096);
        bad += got >= 0 ? (got == 0 || got == 4096 || text[static_cast<std::size_t>(got) - 1] == '\n' ? 0 : 1)
                        : (errno == ENODEV ? 0 : 1);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (std::thread& thread : readers) {
    thread.join();
  }
  CHECK(bad == 0);
  const std::string text = read_text(log);
  for (int writer = 0; writer < kWriters; ++writer) {
    for (int i = 0; i < kWrites; ++i) {
      const std::string line = fmt::format("\nwriter {} line {}\n", writer, i);
      CHECK(text.find(line) != std::string::npos);
      CHECK(text.find(line) == text.rfind(line));
    }
  }
}

TEST_CASE("mounted: others than the owner read, and cannot write") {
  if (!have_fuse()) {
    return;
  }
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can become another user");
    return;
  }
  Mounted mounted({"-o", "allow_other"});
  ::chmod(mounted.root().c_str(), 0755);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    const bool dropped = ::setgid(kNobody) == 0 && ::setuid(kNobody) == 0;
    const std::string digest = mounted / (kRfc + "rtmr1/digest");
    const bool right = dropped && Opened(digest, O_RDONLY).failure() == 0 &&
                       Opened(digest, O_WRONLY).failure() == -EACCES &&
                       Opened(mounted / (kRfc + "rtmr1/append_event"), O_WRONLY).failure() == -EACCES;
    ::_exit(right ? 0 : 1);
  }
  int state = -1;
  ::waitpid(child, &state, 0);
  CHECK(state == 0);
}

TEST_CASE("mounted: mrtool reads registers and logs below --root, and the log leads to the register") {
  if (!have_fuse()) {
    return;
  }
  Mounted mounted;
  CHECK(write_once(mounted / (kRfc + "rtmr1/append_event"), "example.com/a first event\nsecond\n") > 0);
  CHECK(write_once(mounted / (kRfc + "rtmr1/digest"), std::string(48, 'd')) == 48);
  CHECK(write_once(mounted / (kRfc + "rtmr1/append_event"), "third") == 5);
  CHECK(write_once(mounted / (kUpstream + "rtmr3:sha384"), std::string(48, 'e')) == 48);
  const std::vector<std::string> root = {"--root", mounted.root()};
  const auto run = [&root](std::vector<std::string> words) {
    words.insert(words.end(), root.begin(), root.end());
    return testing::mrtool(words);
  };
  const Finished registers = run({"registers"});
  CAPTURE(registers.err);
  CHECK(registers.status == 0);
  const std::string value = read_text(mounted / (kUpstream + "rtmr3:sha384"));
  CHECK(registers.out.contains(to_hex(as_bytes(value))));
  CHECK(registers.out.contains("measurement-example/rtmr1"));
  CHECK(registers.out.contains("mrtd"));
  const Finished inspected = run({"inspect", "live"});
  CAPTURE(inspected.err);
  CHECK(inspected.status == 0);
  CHECK(inspected.out.contains("example.com/a first event"));
  CHECK(inspected.out.contains("third"));
  const Finished replayed = run({"replay", "live", "--against", "live", "--register", "measurement-example/rtmr1"});
  CAPTURE(replayed.out);
  CAPTURE(replayed.err);
  CHECK(replayed.status == 0);
  CHECK(replayed.out.contains("verdict: equal"));
  // Extended beside the log: that shows.
  CHECK(write_once(mounted / "sys/devices/virtual/misc/measurement-example/measurements/rtmr1:sha384",
                   std::string(48, 'f')) == 48);
  CHECK(run({"replay", "live", "--against", "live", "--register", "measurement-example/rtmr1"}).status == 1);
}

TEST_CASE("mounted: it ends when asked to, or when it is unmounted, and leaves nothing") {
  if (!have_fuse()) {
    return;
  }
  Mounted mounted;
  const std::string root = mounted.root();
  CHECK(mounted.end() == 0);
  CHECK_FALSE(is_mounted(root));
  CHECK(std::filesystem::is_empty(root));
  // In the background: the command returns when the files are there.
  const Scratch scratch;
  const std::string background = scratch.path().string();
  const Finished started = run_program({TSMFS_BINARY, background});
  CHECK(started.status == 0);
  CHECK(std::filesystem::exists(background + "/" + kUpstream));
  if (::umount2(background.c_str(), 0) != 0) {
    CHECK(run_program({"fusermount3", "-u", background}).status == 0);
  }
  CHECK_FALSE(is_mounted(background));
  const auto is_left = [&] { return shell("grep -zlFx -- '" + background + "' /proc/[0-9]*/cmdline").status == 0; };
  for (int i = 0; i < 500 && is_left(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK_FALSE(is_left());
}

TEST_CASE("what cannot be mounted is told, with an exit status as mrtool's") {
  const Finished nowhere = run_program({TSMFS_BINARY, "/nonexistent/place"});
  CHECK(nowhere.status == 5);
  CHECK(nowhere.err == "tsmfs: error: /nonexistent/place: expected a directory to mount at\n");
  const Finished nothing = run_program({TSMFS_BINARY});
  CHECK(nothing.status == 2);
  CHECK(nothing.err.starts_with("tsmfs: error: "));
  CHECK(run_program({TSMFS_BINARY, "--tree", "x", "/tmp"}).status == 2);
  const Finished help = run_program({TSMFS_BINARY, "--help"});
  CHECK(help.status == 0);
  CHECK(help.out.starts_with("tsmfs - "));
  CHECK(run_program({TSMFS_BINARY, "--version"}).out.starts_with("tsmfs "));
}
