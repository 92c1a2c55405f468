// How producers and consumers of CEL-JSON spell it (CEL format notes, sections 3, 8.1 and 9): the dialects that are
// written.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace mrtool::cel {

struct JsonStyle {
  std::string_view name;
  bool upper_types = false;          // EV_EFI_ACTION, else ev_efi_action
  bool type_numbers_quoted = false;  // of event types without a name
  bool index_first = false;          // before the record number
  bool compact = false;              // no blanks
  bool counts_all = false;           // record numbers count over the whole log, from 1
  bool wraps_notes = false;          // a note's value is an object; firmware_end has an empty one
  bool spells_event_type = false;    // "event_type" in systemd's content, not "eventType"
  // What else its readers do not take.
  bool measurements_only = false;  // no records that do not extend
  bool nv_indices = true;
  bool own_indices = true;        // registers of confidential machines, and those that have a name only
  bool named_algorithms = false;  // no hash algorithm by its number
  bool known_contents = false;    // notes, PC client events, IMA's first templates and "tss2"
};

// That of the default for a name that is none.
const JsonStyle& json_style(std::string_view dialect);
// The default first.
std::span<const std::string_view> json_dialects();

}  // namespace mrtool::cel
