// The table of event types of the TCG PC Client Platform Firmware Profile and its relatives, and the rules that tie an
// event's digest to its data. A new event type is one new line in pcclient.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "lib/content/content.hpp"

namespace mrtool::pcclient {

// What decoders and recipes may look at beyond the data.
struct Context {
  const Record& record;
  const LogInfo& log;
  ByteView data;  // record.data
};

// What is hashed: a part of the data, or bytes made from it, and what they cover.
struct Preimage {
  ByteView part;  // used when `made` is empty
  Bytes made;
  bool nul_after = false;    // one zero byte follows
  ByteRange covers;          // bytes of the data whose change would change the preimage
  bool padded_sha1 = false;  // the digest, in every bank, is the SHA-1 with zeros behind it
};

// A rule "digest = H(preimage)". Nothing: the rule does not apply to this record.
struct Recipe {
  std::string_view name;
  std::optional<Preimage> (*preimage)(const Context&);
};

enum class Otherwise : std::uint8_t {
  differs,       // one of the recipes must hold
  unverifiable,  // the digest may be of something outside the log
};

struct EventType {
  std::uint32_t value;
  std::string_view name;  // with EV_
  Decoded (*decode)(const Context&);
  std::span<const Recipe> (*recipes)();  // tried in order; one must hold in every bank
  // Decided per record, because several types mean different things by content.
  Otherwise (*otherwise)(const Context&);
  std::string_view outside;  // what an unverifiable digest is of: "PE image", "firmware volume"
};

inline constexpr std::uint32_t kNoAction = 3;

// Sorted by value, unique.
std::span<const EventType> event_types();
const EventType* find_event_type(std::uint32_t value);
// By its name, with or without EV_, of either case.
const EventType* find_event_type(std::string_view name);

}  // namespace mrtool::pcclient
