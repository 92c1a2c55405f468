// The content object of a systemd record as JSON (systemd's user-space log, CEL-JSON).
#pragma once

#include "lib/base/json_text.hpp"
#include "lib/content/systemd_event.hpp"

namespace mrtool {

struct SystemdContent {
  SystemdEvent event;
  std::optional<std::string> measured;  // "string", if it is one
  std::string problem;                  // what is not as systemd writes it; empty when nothing is
};
// Never fails: what does not decode is kept as it is. An event type may be a number, as libcel writes it.
SystemdContent read_systemd_content(const JsonText& content);

// The object, compact, in the order of `event`. `measured` is the value of "string".
std::string write_systemd_content(const SystemdEvent& event, ByteView measured);

// As systemd orders the members, for an event that comes from a format that holds the string only.
SystemdEvent plain_systemd_event(std::string_view event_type);

}  // namespace mrtool
