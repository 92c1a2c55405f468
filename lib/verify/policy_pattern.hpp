// Patterns on decoded values, and answers that may be unknown.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/content/content.hpp"

namespace mrtool::policy {

// In order of certainty, so that "and" is the smaller and "or" the greater (Kleene's logic).
enum class Answer : std::uint8_t { no, unknown, yes };
Answer negated(Answer answer);

// `*` stands for any bytes, `?` for one, a backslash takes its special meaning from the next. All of `text` must match.
bool matches_glob(std::string_view pattern, std::string_view text);

struct Pattern {
  enum class Kind : std::uint8_t {
    text,      // a value's text matches the glob, or is the number, the boolean, the bytes in hexadecimal
    equals,    // the same without the special characters
    any_of,    // of `options`
    none_of,   // of `options`; the field is there all the same
    range,     // a number from min to max
    contains,  // each of `set` is among the values
    within,    // each value is in `set`
  };
  using Set = std::unordered_set<std::string>;

  Kind kind = Kind::text;
  std::string text;
  std::uint64_t min = 0;
  std::uint64_t max = ~std::uint64_t{0};
  std::vector<Pattern> options;
  std::shared_ptr<const Set> set;
};

// Does a value, or one of the values of a list, match?
bool matches(const Pattern& pattern, const std::vector<const Value*>& values);

// A number as policies write it: decimal, or hexadecimal after 0x.
std::optional<std::uint64_t> parse_number(std::string_view text);
// The spelling by which `contains` and `within` compare: digests in lower case, everything else as it is.
std::string canonical(std::string_view text);

struct FieldPattern {
  std::vector<std::string> path;  // "signature_lists", "keys", "hash"
  Pattern pattern;
};

inline constexpr std::string_view kMeasured = "measured";  // the text, or "hex:" and the bytes, that were hashed
inline constexpr std::string_view kKind = "kind";          // what the record was decoded as

// What may be read of a record.
struct Evidence {
  const Decoded* decoded = nullptr;
  // A digest vouches for the data from its first byte to here: how a field is to be read depends on what is before it.
  std::uint64_t covered_end = 0;
  bool whole = false;                   // and for all of it, so that it is known what is not there
  std::optional<std::string> measured;  // nothing: not known
};

// A field of that name: unknown where there are several, or no digest vouches for it or for its absence.
struct FoundField {
  Answer there = Answer::unknown;
  const Value* value = nullptr;  // where `there` is yes
};
FoundField find_field(const Evidence& evidence, std::string_view name);

// Do all of the patterns hold? A field that no digest vouches for is unknown.
Answer all_hold(const std::vector<FieldPattern>& patterns, const Evidence& evidence);

}  // namespace mrtool::policy
