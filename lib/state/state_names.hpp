// The members of mrtool.state/1 whose values are words.
#pragma once

#include <array>
#include <string_view>

#include "lib/base/diagnostic.hpp"
#include "lib/quote/quote.hpp"
#include "lib/record/record.hpp"
#include "lib/replay/replay.hpp"

namespace mrtool::state {

template <class Value>
struct Word {
  Value value;
  std::string_view word;
};

inline constexpr auto kSeverities = std::to_array<Word<Severity>>(
    {{Severity::note, "note"}, {Severity::warning, "warning"}, {Severity::error, "error"}});
inline constexpr auto kVerdicts = std::to_array<Word<Verdict>>({{Verdict::pass, "pass"},
                                                                {Verdict::fail, "fail"},
                                                                {Verdict::inconclusive, "inconclusive"},
                                                                {Verdict::skipped, "skipped"}});
inline constexpr auto kByteOrders =
    std::to_array<Word<ByteOrder>>({{ByteOrder::little, "little"}, {ByteOrder::big, "big"}});
inline constexpr auto kRules = std::to_array<Word<DigestRule>>({{DigestRule::only, "only"},
                                                                {DigestRule::per_bank, "per-bank"},
                                                                {DigestRule::padded_sha1, "padded-sha1"},
                                                                {DigestRule::padded_before, "padded-before"}});

template <class Value, std::size_t N>
constexpr std::string_view word_of(const std::array<Word<Value>, N>& words, Value value) {
  for (const Word<Value>& entry : words) {
    if (entry.value == value) {
      return entry.word;
    }
  }
  return {};
}

// Behind the last member: the checksum, and the end of the text.
inline constexpr std::string_view kSchema = "mrtool.state/1";
// What every state begins with, of whatever version.
inline constexpr std::string_view kBeginning = "{\n  \"schema\": \"mrtool.state/";
inline constexpr std::string_view kChecksumMember = ",\n  \"checksum\": \"";
inline constexpr std::string_view kEnd = "\"\n}\n";

}  // namespace mrtool::state
