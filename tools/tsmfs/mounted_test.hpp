// For tests: the file system tsmfs, mounted in a directory of its own where the machine has FUSE.
#pragma once

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <chrono>
#include <thread>

#include "tools/mrtool/process_test.hpp"

namespace mrtool::testing {

inline constexpr long kFuse = 0x65735546;  // FUSE_SUPER_MAGIC of linux/magic.h

inline bool is_mounted(const std::string& path) {
  struct statfs system = {};
  return ::statfs(path.c_str(), &system) == 0 && system.f_type == kFuse;
}

inline bool have_fuse() {
  const int device = ::open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (device >= 0) {
    ::close(device);
    if (::geteuid() == 0 || have_program("fusermount3")) {
      return true;
    }
  }
  MESSAGE("skipped: /dev/fuse cannot be used");
  return false;
}

// Mounted while it lives; ends with the test's process, too.
class Mounted {
 public:
  explicit Mounted(std::vector<std::string> options = {}) {
    options.insert(options.begin(), {TSMFS_BINARY, "-f"});
    options.push_back(root());
    std::vector<char*> arguments;
    for (std::string& word : options) {
      arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    child_ = ::fork();
    REQUIRE(child_ >= 0);
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGTERM);
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
    for (int i = 0; i < 1000 && !is_mounted(root()); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    REQUIRE(is_mounted(root()));
  }
  ~Mounted() {
    if (child_ > 0) {
      ::kill(child_, SIGTERM);
      wait();
    }
    if (is_mounted(root())) {
      ::umount2(root().c_str(), MNT_DETACH);
    }
  }
  Mounted(const Mounted&) = delete;
  Mounted& operator=(const Mounted&) = delete;

  std::string root() const { return scratch_.path().string(); }
  std::string operator/(const std::string& path) const { return root() + "/" + path; }
  // The exit status after a signal that asks it to end.
  int end() {
    ::kill(child_, SIGTERM);
    return wait();
  }

 private:
  int wait() {
    int state = -1;
    ::waitpid(child_, &state, 0);
    child_ = -1;
    return state;
  }

  Scratch scratch_;
  pid_t child_ = -1;
};

// Where the trees are below the mount point.
inline const std::string kUpstream = "sys/devices/virtual/misc/tdx_guest/measurements/";
inline const std::string kRfc = "sys/kernel/tsm/measurement-example/";

// The registers of tsmfs under a root that has a /run, too.
struct GuestRoot {
  Mounted mounted;
  Scratch scratch;

  GuestRoot() {
    std::filesystem::create_directory_symlink(mounted / "sys", scratch / "sys");
    std::filesystem::create_directory(scratch / "run");
  }
};

}  // namespace mrtool::testing
