// Runs programs and tells what they cost.
#pragma once

#include <expected>
#include <string>
#include <vector>

namespace mrtool::benchmark {

inline constexpr int kCpuLimit = 300;  // seconds, of each command

struct Cost {
  int status = 0;      // exit status; 128 and the signal's number after a signal
  double wall = 0;     // seconds from start to end
  double cpu = 0;      // seconds of user and system time
  double peak = 0;     // MiB of resident memory
  std::string output;  // the command's standard output, where it was kept
  std::string errors;  // likewise
};

class Commands {
 public:
  // `timed`: the small program that forks what is measured. Output goes to files in `directory`.
  Commands(std::string timed, std::string directory) : timed_(std::move(timed)), directory_(std::move(directory)) {}

  enum class Output : bool { dropped, kept };
  // The first word is a path, or is looked up in PATH. Fails, with a sentence, when the command can't be run at all.
  std::expected<Cost, std::string> run(const std::vector<std::string>& words, Output output = Output::dropped) const;

 private:
  std::string timed_;
  std::string directory_;
};

// The program's path, as the shell would find it; empty where there is none.
std::string find_program(const std::string& name);

}  // namespace mrtool::benchmark
