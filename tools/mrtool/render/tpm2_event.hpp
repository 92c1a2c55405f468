// The part of tpm2_eventlog's document that tells what an event's data means.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "lib/content/value.hpp"
#include "tools/mrtool/commands/inspect_view.hpp"
#include "tools/mrtool/render/tpm2_yaml.hpp"

namespace mrtool {

// The name of the record's type; "Unknown event type" for those that tpm2_eventlog has no name for.
std::string tpm2_event_type(const Record& record);

// The Event member. An event that tpm2_eventlog refuses, giving up the log, is shown as its bytes. Nothing for an event
// without data.
void append_tpm2_event(std::string& out, const RecordView& view, EventlogVersion version);

// The same for data that is a UEFI variable. False, and nothing appended: it is none.
bool append_tpm2_variable(std::string& out, const RecordView& view, EventlogVersion version);

// Device paths as text, or as bytes where they do not decode. With the end of the line.
void append_tpm2_device_path(std::string& out, ByteView path);

// A member of the document and the decoded field that it shows. Numbers are hexadecimal where the field is.
struct Tpm2Member {
  std::string_view name;
  std::string_view field;
  bool quoted = false;  // text in double quotes, up to its first NUL
};

void append_tpm2_member(std::string& out, std::string_view name, const Value& value, bool quoted);

// `source` has find(): a Decoded or an object's Value. False, and nothing appended: it lacks one of the fields.
// `first`: what stands before the first name, `rest`: before the others.
template <class Source>
bool append_tpm2_members(std::string& out, const Source& source, std::span<const Tpm2Member> members,
                         std::string_view first, std::string_view rest) {
  for (const Tpm2Member& member : members) {
    if (source.find(member.field) == nullptr) {
      return false;
    }
  }
  for (const Tpm2Member& member : members) {
    out += &member == members.data() ? first : rest;
    append_tpm2_member(out, member.name, *source.find(member.field), member.quoted);
  }
  return true;
}

}  // namespace mrtool
