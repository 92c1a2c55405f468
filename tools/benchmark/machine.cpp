#include "tools/benchmark/machine.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/utsname.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <thread>
#include <vector>

#include "lib/crypto/cpu_features.hpp"
#include "lib/crypto/hash.hpp"

namespace mrtool::benchmark {
namespace {

std::string processor() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("model name")) {
      return line.substr(line.find(':') + 2);
    }
  }
  return "unknown processor";
}

// The first line that a command prints; empty when it can't be run.
std::string first_line(const char* command) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command, "r"), &::pclose);
  std::string line(256, '\0');
  if (!pipe || std::fgets(line.data(), static_cast<int>(line.size()), pipe.get()) == nullptr) {
    return {};
  }
  return line.substr(0, line.find_first_of(std::string_view("\n\0", 2)));
}

// Seconds until each of so many threads has hashed 16 MiB.
double hashing_time(std::size_t threads) {
  constexpr std::size_t kBytes = 16 * 1024 * 1024;
  static const Bytes message(64 * 1024);
  const auto begin = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> working;
    for (std::size_t i = 0; i < threads; ++i) {
      working.emplace_back([] {
        HashEngine engine;
        for (std::size_t done = 0; done < kBytes; done += message.size()) {
          (void)engine.hash(HashAlgorithm::sha256, message);
        }
      });
    }
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Virtual processors may share a core, or wait for others: then no row of two threads can gain what it would on two.
// One alone and two are timed in turns, so that a pair may also tell of more than two.
std::string two_threads() {
  constexpr std::size_t kPairs = 31;
  std::vector<double> gains(kPairs);
  for (double& gain : gains) {
    const double alone = hashing_time(1);
    gain = 2 * alone / hashing_time(2);
  }
  std::ranges::sort(gains);
  return fmt::format("* two threads that do nothing but hash do {:.2f} times the work of one ({:.2f} to {:.2f})\n",
                     gains[kPairs / 2], gains.front(), gains.back());
}

}  // namespace

std::string machine() {
  const CpuFeatures& features = CpuFeatures::of_this_machine();
  utsname system{};
  ::uname(&system);
  std::string out = fmt::format("* {:%Y-%m-%d}, Linux {}\n* {} threads of {}, {} SHA extensions, {} AVX2, {} AVX-512\n",
                                fmt::gmtime(std::time(nullptr)), system.release, std::thread::hardware_concurrency(),
                                processor(), features.sha ? "with" : "without", features.avx2 ? "with" : "without",
                                features.avx512 ? "with" : "without");
  out += fmt::format("* compiler {}, {}, nlohmann_json {}.{}.{}\n", __VERSION__, ::OpenSSL_version(OPENSSL_VERSION),
                     NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH);
  out += two_threads();
  for (const char* const peer : {"evmctl --version 2>/dev/null", "tpm2_eventlog --version 2>/dev/null"}) {
    if (const std::string version = first_line(peer); !version.empty()) {
      out += fmt::format("* {}\n", version);
    }
  }
  return out;
}

}  // namespace mrtool::benchmark
