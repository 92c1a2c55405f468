// A software TPM for tests: a process of its own on a socket in a directory of its own, both gone afterwards, and gone
// with the test when that is killed.
#pragma once

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace mrtool::testing {

class SwTpm {
 public:
  enum class Startup : std::uint8_t { clear, none };  // none: the TPM waits for TPM2_Startup

  explicit SwTpm(Startup startup = Startup::clear) {
    ::setenv("TSS2_LOG", "all+NONE", 0);  // libtss2 speaks on standard error otherwise
    std::string pattern = std::filesystem::temp_directory_path() / "mrtool-swtpm-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
      return;
    }
    directory_ = pattern;
    start(startup);
  }
  ~SwTpm() {
    stop();
    std::error_code ignored;
    if (!directory_.empty()) {
      std::filesystem::remove_all(directory_, ignored);
    }
  }
  SwTpm(const SwTpm&) = delete;
  SwTpm& operator=(const SwTpm&) = delete;

  static bool installed() { return std::filesystem::exists("/usr/bin/swtpm"); }
  // Does it answer on its socket?
  bool running() const { return running_; }
  std::string tcti() const { return "swtpm:path=" + socket(); }
  const std::string& directory() const { return directory_; }

  void stop() {
    if (process_ > 0) {
      ::kill(process_, SIGKILL);
      ::waitpid(process_, nullptr, 0);
      process_ = -1;
      running_ = false;
    }
  }

  // As the machine's restart: another TPM2_Startup(CLEAR), with the same non-volatile memory.
  void restart() {
    stop();
    std::filesystem::remove(socket());
    std::filesystem::remove(socket() + ".ctrl");
    start(Startup::clear);
  }

  // One of the tpm2-tools on this TPM; its output goes to `output` in directory(). False when it fails.
  bool run(const std::string& command, const std::string& output = "output") const {
    const std::string line = "cd '" + directory_ + "' && TPM2TOOLS_TCTI='" + tcti() + "' " + command + " >'" + output +
                             "' 2>'" + output + ".err' </dev/null";
    return std::system(line.c_str()) == 0;
  }

 private:
  std::string socket() const { return directory_ + "/tpm"; }

  void start(Startup startup) {
    const std::vector<std::string> words = {
        "swtpm",
        "socket",
        "--tpm2",
        "--tpmstate",
        "dir=" + directory_,
        "--server",
        "type=unixio,path=" + socket(),
        "--ctrl",
        "type=unixio,path=" + socket() + ".ctrl",
        "--flags",
        startup == Startup::clear ? "not-need-init,startup-clear" : "not-need-init"};
    std::vector<char*> arguments;
    for (const std::string& word : words) {
      arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    const pid_t parent = ::getpid();
    process_ = ::fork();
    if (process_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() == parent) {
        const int nowhere = ::open("/dev/null", O_RDWR);
        ::dup2(nowhere, STDOUT_FILENO);
        ::dup2(nowhere, STDERR_FILENO);
        ::execvp(arguments[0], arguments.data());
      }
      ::_exit(127);
    }
    await_socket();
  }

  void await_socket() {
    constexpr int kTries = 1000;
    struct stat status = {};
    for (int i = 0; i < kTries && !running_; ++i) {
      if (::waitpid(process_, nullptr, WNOHANG) != 0) {
        process_ = -1;
        return;
      }
      // The control socket is made last.
      running_ = ::stat(socket().append(".ctrl").c_str(), &status) == 0 && ::stat(socket().c_str(), &status) == 0;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  std::string directory_;
  pid_t process_ = -1;
  bool running_ = false;
};

}  // namespace mrtool::testing
