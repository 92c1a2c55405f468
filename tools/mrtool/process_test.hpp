// Runs the real binary, for tests.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace mrtool::testing {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
inline constexpr bool kSanitized = __has_feature(address_sanitizer);
#else
inline constexpr bool kSanitized = false;
#endif

inline const std::string kTestdata = MRTOOL_SOURCE_DIR "/testdata";

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

// A directory of its own, gone afterwards.
class Scratch {
 public:
  explicit Scratch(const std::filesystem::path& where = std::filesystem::temp_directory_path()) {
    std::string name = (where / "mrtool-test-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Finished {
  int status = -1;  // exit status; 128 and the signal's number after a signal
  std::string out;
  std::string err;
};

struct ProcessOptions {
  std::string input = "/dev/null";
  std::string output{};                    // a file for standard output instead of Finished::out
  std::vector<std::string> environment{};  // NAME=VALUE, added
};

// In testdata/.
inline Finished run_program(const std::vector<std::string>& words, const ProcessOptions& options = {}) {
  const Scratch scratch;
  const std::string out = options.output.empty() ? (scratch / "out").string() : options.output;
  const std::string err = (scratch / "err").string();
  std::vector<char*> arguments;
  for (const std::string& word : words) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    for (const std::string& variable : options.environment) {
      ::putenv(const_cast<char*>(variable.c_str()));
    }
    constexpr mode_t kMode = 0600;
    ::dup2(::open(options.input.c_str(), O_RDONLY), STDIN_FILENO);
    ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT, kMode), STDOUT_FILENO);
    ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT, kMode), STDERR_FILENO);
    if (::chdir(kTestdata.c_str()) == 0) {
      ::execvp(arguments[0], arguments.data());
    }
    ::_exit(127);
  }
  int state = 0;
  ::waitpid(child, &state, 0);
  Finished finished;
  constexpr int kSignalled = 128;
  finished.status = WIFEXITED(state) ? WEXITSTATUS(state) : kSignalled + WTERMSIG(state);
  finished.out = options.output.empty() ? read_text(out) : std::string();
  finished.err = read_text(err);
  return finished;
}

inline Finished mrtool(std::vector<std::string> words, const ProcessOptions& options = {}) {
  words.insert(words.begin(), MRTOOL_BINARY);
  return run_program(words, options);
}

// A line of shell, with mrtool in the PATH.
inline Finished shell(const std::string& line, const std::string& program = "sh") {
  const std::string directory = std::filesystem::path(MRTOOL_BINARY).parent_path();
  const char* const path = std::getenv("PATH");
  return run_program({program, "-c", line},
                     {.environment = {fmt::format("PATH={}:{}", directory, path == nullptr ? "/usr/bin:/bin" : path)}});
}

inline bool have_program(const std::string& name) {
  return shell("command -v " + name).status == 0;
}

// Logs that every rendering is tried on.
inline const std::vector<std::string>& sample_logs() {
  static const std::vector<std::string> kLogs = {
      "vm/custom-policy/binary_bios_measurements",
      "vm/direct-ima-ng/binary_bios_measurements",
      "vm/ima-sig-signed/binary_bios_measurements",
      "vm/legacy-ima-sha1/binary_bios_measurements",
      "vm/sdboot-default/binary_bios_measurements",
      "vm/seabios-tpm12/binary_bios_measurements",
      "vm/shimgrub-secureboot/binary_bios_measurements",
      "vectors/agile-sha256.bin",
      "vectors/agile-sha256-cut.bin",
      "vectors/agile-sha256-changed.bin",
      "vectors/sha1-no-spec-id.bin",
      "vectors/ccel-sha384.bin",
      "vectors/hostile-text.bin",
  };
  return kLogs;
}

}  // namespace mrtool::testing
