#include "tools/benchmark/command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

namespace mrtool::benchmark {
namespace {

constexpr int kNotRun = 127;

// What a program prints, all of it.
std::expected<std::string, std::string> output_of(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return std::unexpected("no pipe could be made");
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(kNotRun);
  }
  ::close(ends[1]);
  std::string text;
  std::array<char, 256> piece{};
  for (ssize_t got = 0; (got = ::read(ends[0], piece.data(), piece.size())) > 0;) {
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int state = 0;
  if (child < 0 || ::waitpid(child, &state, 0) != child || state != 0) {
    return std::unexpected(fmt::format("{} could not be run", words.front()));
  }
  return text;
}

std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

std::expected<Cost, std::string> Commands::run(const std::vector<std::string>& words, Output output) const {
  const bool keep = output == Output::kept;
  const std::string nowhere = "/dev/null";
  const std::string kept = directory_ + "/output";
  const std::string kept_errors = directory_ + "/errors";
  std::vector<std::string> all{timed_, keep ? kept : nowhere, keep ? kept_errors : nowhere, std::to_string(kCpuLimit)};
  all.insert(all.end(), words.begin(), words.end());
  auto told = output_of(all);
  if (!told) {
    return std::unexpected(std::move(told).error());
  }
  std::istringstream numbers(*told);
  Cost cost;
  numbers >> cost.status >> cost.wall >> cost.cpu >> cost.peak;
  if (!numbers || cost.status == kNotRun) {
    return std::unexpected(fmt::format("{} could not be run", words.front()));
  }
  constexpr double kNano = 1e-9;
  constexpr double kMicro = 1e-6;
  constexpr double kKibibytes = 1024;
  cost.wall *= kNano;
  cost.cpu *= kMicro;
  cost.peak /= kKibibytes;
  if (keep) {
    cost.output = text_of(kept);
    cost.errors = text_of(kept_errors);
  }
  return cost;
}

std::string find_program(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::istringstream places(path == nullptr ? "/usr/bin:/bin" : path);
  for (std::string place; std::getline(places, place, ':');) {
    if (std::string file = place + "/" + name; ::access(file.c_str(), X_OK) == 0) {
      return file;
    }
  }
  return {};
}

}  // namespace mrtool::benchmark
