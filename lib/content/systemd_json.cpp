#include "lib/content/systemd_json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mrtool {
namespace {

constexpr std::string_view kString = "string";
constexpr std::size_t kBootIdDigits = 32;

bool is_boot_id(std::string_view text) {
  return text.size() == kBootIdDigits && from_hex(text).has_value();
}

// Takes the value where it is of the kind expected, else says so.
void take_text(const JsonText& value, std::string_view key, std::optional<std::string>& out, std::string& problem) {
  if (const auto* text = value.get_ptr<const std::string*>()) {
    out = *text;
  } else {
    problem = fmt::format("\"{}\" is not a string", key);
  }
}

void take_number(const JsonText& value, std::string_view key, std::optional<std::uint64_t>& out, std::string& problem) {
  if (value.is_number_unsigned()) {
    out = value.get<std::uint64_t>();
  } else {
    problem = fmt::format("\"{}\" is not a number of 64 bits", key);
  }
}

// Systemd writes names, of which newer ones are more.
void take_event_type(const JsonText& value, std::string_view key, SystemdContent& out) {
  if (!value.is_number_unsigned()) {
    take_text(value, key, out.event.event_type, out.problem);
  } else if (const auto number = value.get<std::uint64_t>(); number < kSystemdEventTypes.size()) {
    out.event.event_type = kSystemdEventTypes[number];
  } else {
    out.problem = fmt::format("\"{}\" is {}, the number of no event type", key, number);
  }
}

void take_member(const std::string& key, const JsonText& value, SystemdContent& out) {
  SystemdEvent& event = out.event;
  if (key == kString) {
    take_text(value, key, out.measured, out.problem);
  } else if (key == "bootId") {
    take_text(value, key, event.boot_id, out.problem);
    if (event.boot_id && !is_boot_id(*event.boot_id)) {
      event.boot_id.reset();
      out.problem = "\"bootId\" is not 32 hexadecimal digits";
    }
  } else if (key == "timestamp") {
    take_number(value, key, event.timestamp, out.problem);
  } else if (key == "eventType" || key == "event_type") {
    take_event_type(value, key, out);
  } else if (key == "nvIndexName") {
    take_text(value, key, event.nv_index_name, out.problem);
  } else if (key == "mapped_pcr") {
    take_number(value, key, event.mapped_pcr, out.problem);
  }
}

}  // namespace

SystemdContent read_systemd_content(const JsonText& content) {
  SystemdContent out;
  if (!content.is_object()) {
    out.problem = "the content is not an object";
    return out;
  }
  for (const auto& [key, value] : content.items()) {
    take_member(key, value, out);
    const bool is_measured = key == kString && out.measured.has_value();
    out.event.members.push_back({.key = key, .text = is_measured ? std::string() : to_text(value)});
  }
  return out;
}

std::string write_systemd_content(const SystemdEvent& event, ByteView measured) {
  std::string out = "{";
  for (const JsonMember& member : event.members) {
    out += out.size() > 1 ? "," : "";
    out += to_text(JsonText(member.key));
    out += ':';
    out += member.text.empty() ? to_text(JsonText(std::string(as_text(measured)))) : member.text;
  }
  out += '}';
  return out;
}

SystemdEvent plain_systemd_event(std::string_view event_type) {
  SystemdEvent event;
  event.members.push_back({.key = std::string(kString), .text = {}});
  if (!event_type.empty()) {
    event.event_type = std::string(event_type);
    event.members.push_back({.key = "eventType", .text = to_text(JsonText(*event.event_type))});
  }
  return event;
}

}  // namespace mrtool
