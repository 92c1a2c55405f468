// What could make a log and a register's value differ: faults that are known to happen, each tried by folding the
// register's records as they would have been extended, cheapest first, in bounded time. A hit is a cause that explains
// the value, not the proof of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/record/record.hpp"
#include "lib/replay/replay.hpp"

namespace mrtool {

// A value that a log does not lead to.
struct Puzzle {
  RegisterKey key;
  Digest value;
};

struct Hypothesis {
  std::string_view name;  // stable, kebab-case: "startup-locality"
  std::string sentence;   // of what it supposes, or where it holds of what was found
  std::optional<std::uint64_t> record{};
  bool holds = false;
};

struct Explanation {
  Puzzle puzzle;
  std::uint64_t tried = 0;  // foldings
  bool bounded = false;     // some were left out: there are too many records
  std::vector<Hypothesis> hypotheses;
};

class Explainer {
 public:
  // Records of a register that are held; with more, only what does not need them is tried.
  static constexpr std::size_t kRecords = 65536;
  // Hash operations for a hypothesis.
  static constexpr std::uint64_t kOperations = std::uint64_t{1} << 21U;

  explicit Explainer(std::vector<Puzzle> puzzles);
  ~Explainer();

  // All records of the logs that were replayed, in the same order.
  void add(const Record& record);
  // `results`: of that replay, of all registers and banks.
  std::vector<Explanation> finish(std::span<const RegisterResult> results);

  // The names of all hypotheses, in the order in which they are tried.
  static std::vector<std::string_view> names();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mrtool
