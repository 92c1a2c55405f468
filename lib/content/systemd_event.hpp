// What systemd logs about a string that it measured, beside the string itself: shared by the formats that hold such
// records, the user-space log and CEL.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/record/record.hpp"

namespace mrtool {

// By the numbers that libcel writes for them (CEL format notes, 5.5); systemd writes names, newer ones too.
inline constexpr std::array<std::string_view, 4> kSystemdEventTypes{"phase", "filesystem", "volume-key", "machine-id"};

// A member of a JSON object as the log has it.
struct JsonMember {
  std::string key;
  std::string text;  // the value's JSON text, compact

  bool operator==(const JsonMember&) const = default;
};

// The members of a record's `content`, unknown ones included, in the log's order. Record::data is the value of
// "string": its member has an empty text, and is missing where the log does not have it (data is empty then).
// Record::name is the event type where it is known.
struct SystemdEvent {
  std::vector<JsonMember> members;

  // What the members say, where they say it well.
  std::optional<std::string> boot_id;        // 32 hexadecimal digits
  std::optional<std::uint64_t> timestamp;    // microseconds of CLOCK_BOOTTIME
  std::optional<std::string> event_type;     // "phase"; of "eventType" or "event_type", a name or libcel's number
  std::optional<std::string> nv_index_name;  // of a record about an NV index
  std::optional<std::uint64_t> mapped_pcr;   // of a record about an RTMR: the PCR that it stands in for

  bool operator==(const SystemdEvent&) const = default;
};

// The extras of every record with ContentType::systemd, whatever its format; formats derive from it to keep more.
struct SystemdExtras : FormatExtras {
  std::shared_ptr<const SystemdEvent> event;  // nothing: the format holds the string only
};

// The event of a record, or nullptr.
inline const SystemdEvent* systemd_event(const Record& record) {
  const auto* extras = dynamic_cast<const SystemdExtras*>(record.extras.get());
  return extras == nullptr ? nullptr : extras->event.get();
}

}  // namespace mrtool
