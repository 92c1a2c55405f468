// For tests: logs written down event by event, and the outcome of replaying them.
#pragma once

#include <doctest/doctest.h>

#include <deque>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "lib/registers/names.hpp"
#include "lib/replay/replay.hpp"

namespace mrtool::replay_test {

inline constexpr HashAlgorithm kSha1 = HashAlgorithm::sha1;
inline constexpr HashAlgorithm kSha256 = HashAlgorithm::sha256;
inline constexpr HashAlgorithm kSha384 = HashAlgorithm::sha384;

inline Digest hashed(HashAlgorithm bank, std::string_view text) {
  return HashEngine().hash(bank, as_bytes(text));
}

inline Digest extended(HashAlgorithm bank, Digest value, std::string_view text) {
  HashEngine().extend(bank, value, hashed(bank, text).view());
  return value;
}

inline Digest zeros(std::size_t size) {
  return Digest::filled(size, 0);
}

inline Register reg_of(std::string_view name) {
  return *parse_register(name);
}

// A log written down event by event; owns what its records are views of.
class Log {
 public:
  Log() { info.format = "test"; }
  explicit Log(const std::vector<HashAlgorithm>& announced) : Log() {
    for (const HashAlgorithm bank : announced) {
      info.algorithms.push_back({bank, static_cast<std::uint16_t>(find_algorithm(bank)->size)});
    }
  }

  // A record that measures `text` in the given banks.
  Log& event(std::string_view reg, std::string_view text, const std::vector<HashAlgorithm>& banks) {
    std::vector<std::pair<HashAlgorithm, Digest>> digests;
    digests.reserve(banks.size());
    for (const HashAlgorithm bank : banks) {
      digests.emplace_back(bank, hashed(bank, text));
    }
    return record(reg, digests);
  }
  Log& record(std::string_view reg, const std::vector<std::pair<HashAlgorithm, Digest>>& digests) {
    auto& entries = entries_.emplace_back();
    for (const auto& [bank, digest] : digests) {
      entries.push_back({bank, digests_.emplace_back(digest).view()});
    }
    Record next;
    next.number = records.size();
    next.offset = 100 * records.size();
    next.reg = reg_of(reg);
    next.content = ContentType::pcclient;
    next.type = 5;
    next.extends = true;
    next.digests = entries;
    records.push_back(next);
    return *this;
  }
  // The last record states a value too.
  Log& asserting(AssertionKind kind, HashAlgorithm bank, const Digest& value) {
    records.back().asserts = Assertion{kind, bank, value};
    return *this;
  }
  Log& locality(std::uint8_t value) {
    record("pcr0", {});
    records.back().extends = false;
    return asserting(AssertionKind::initial, HashAlgorithm::none, Digest::filled(1, value));
  }
  Log& separators(std::uint32_t first, std::uint32_t last) {
    for (std::uint32_t index = first; index <= last; ++index) {
      event("pcr" + std::to_string(index), "separator", {kSha256});
      records.back().type = 4;
    }
    return *this;
  }
  Log& growing() {
    info.grows_at_runtime = true;
    return *this;
  }

  LogInfo info;
  std::vector<Record> records;

 private:
  std::deque<Digest> digests_;
  std::deque<std::vector<DigestEntry>> entries_;
};

struct Outcome {
  std::vector<RegisterResult> results;
  DiagnosticSink sink;

  const RegisterResult* find(std::string_view reg, HashAlgorithm bank) const {
    for (const RegisterResult& result : results) {
      if (result.reg == reg_of(reg) && result.bank == bank) {
        return &result;
      }
    }
    return nullptr;
  }
  const RegisterResult& at(std::string_view reg, HashAlgorithm bank) const {
    const RegisterResult* result = find(reg, bank);
    REQUIRE_MESSAGE(result != nullptr, reg);
    return *result;
  }
  MatchState state(std::string_view reg, HashAlgorithm bank) const {
    REQUIRE(at(reg, bank).against.size() == 1);
    return at(reg, bank).against[0].state;
  }
  ReplayVerdict verdict() const { return verdict_of(results, true); }
};

inline RegisterValues values(const std::vector<std::tuple<std::string_view, HashAlgorithm, Digest>>& list) {
  RegisterValues made;
  for (const auto& [reg, bank, value] : list) {
    made.values.emplace(RegisterKey{reg_of(reg), bank}, value);
  }
  return made;
}

inline Outcome run(const std::vector<const Log*>& logs, std::vector<RegisterValues> against = {},
                   ReplayOptions options = {}) {
  Outcome outcome;
  Replay replay(std::move(options), outcome.sink);
  replay.compare_with(std::move(against));
  for (std::size_t i = 0; i < logs.size(); ++i) {
    replay.begin_log(logs[i]->info, i);
    for (const Record& record : logs[i]->records) {
      replay.add(record);
    }
  }
  outcome.results = replay.finish();
  return outcome;
}

inline Outcome run(const Log& log, std::vector<RegisterValues> against = {}, ReplayOptions options = {}) {
  return run(std::vector<const Log*>{&log}, std::move(against), std::move(options));
}

}  // namespace mrtool::replay_test
