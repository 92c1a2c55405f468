// What a record's content means, and how its digests relate to it. Never fails a log: what does not decode is shown
// raw.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/content/value.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/record/record.hpp"

namespace mrtool {

// A part of a record's data, in bytes from its start.
struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  bool contains(ByteRange other) const { return begin <= other.begin && other.end <= end; }
  bool operator==(const ByteRange&) const = default;
};

// One decoded field and the bytes it was read from.
struct Field {
  std::string name;  // snake_case
  Value value;
  ByteRange range;
};

struct Decoded {
  std::string kind;           // what it was decoded as: "uefi-variable", "gpt", "separator"...; empty: shown raw
  std::string summary;        // one line for people; may hold text from the log
  std::vector<Field> fields;  // in the structure's order
  std::string problem;        // why it, or its end, did not decode; empty when all is well

  const Value* find(std::string_view name) const;
};

enum class Check : std::uint8_t {
  matches,       // the digest is the hash of (a known part of) the content
  unverifiable,  // the measured bytes are not in the log
  differs,       // it should be, and is not
  none,          // the record is not measured, or the bank cannot be computed here
};
std::string_view to_string(Check check);

struct DigestJudgement {
  Check check = Check::none;
  std::string_view recipe;  // which rule held, or why it cannot be checked; a word or a few, static
};

struct Judgement {
  std::vector<DigestJudgement> digests;  // one for each of the record's, in their order
  // The bytes of the data that every matching digest covers; nothing when none matches.
  std::optional<ByteRange> covered;
  bool error_separator = false;  // the firmware reported that a measurement failed (PFP 1.06, 3.3.2.2)
};

// The names of the fields that lie within the covered bytes.
std::vector<std::string_view> covered_fields(const Decoded& decoded, const Judgement& judgement);

Decoded decode(const Record& record, const LogInfo& log);
Judgement judge(const Record& record, const LogInfo& log, HashEngine& engine);

// "EV_SEPARATOR", or "0x0000040e" for a type that the table does not have.
std::string event_type_name(const Record& record);
// What is said of a digest that should be that of its record's content and is not.
std::string digest_differs(const Record& record, HashAlgorithm bank);

}  // namespace mrtool
