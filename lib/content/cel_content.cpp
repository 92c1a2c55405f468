#include "lib/content/cel_content.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/limits.hpp"
#include "lib/content/cel_element.hpp"
#include "lib/content/decoders.hpp"
#include "lib/content/raw.hpp"
#include "lib/content/recipes.hpp"
#include "lib/content/systemd_event.hpp"

namespace mrtool::cel {

using pcclient::Context;
using pcclient::EventType;
using pcclient::Otherwise;
using pcclient::Preimage;
using pcclient::Recipe;

namespace {

constexpr std::array<std::string_view, 3> kStateTransitions{"suspend", "hibernate", "kexec"};

std::uint8_t element_type(const Record& record) {
  switch (record.content) {
    case ContentType::ima_tlv:
      return kImaTlv;
    case ContentType::cel_management:
      return kManagement;
    case ContentType::cos:
      return kCos;
    default:
      return static_cast<std::uint8_t>(record.type);
  }
}

constexpr Recipe kElement{"content-element", content_element};
constexpr auto kElementOrData = std::to_array<Recipe>({kElement, pcclient::kExact});
constexpr auto kElementOnly = std::to_array<Recipe>({kElement});

std::span<const Recipe> element_only() {
  return kElementOnly;
}

ByteRange range_of(const CelElement& element) {
  return {.begin = element.begin, .end = element.end};
}

// What is said of content whose nested elements do not fill it.
Decoded not_nested(std::string kind, ByteView data) {
  Decoded decoded;
  decoded.kind = std::move(kind);
  decoded.summary = hex_preview(data);
  decoded.problem = "the nested elements do not fill the content";
  return decoded;
}

std::string text_of(ByteView value) {
  return std::string(as_text(value));
}

// Section 5.1: one content holds one note, or several.
void decode_note(const CelElement& element, Decoded& decoded) {
  const auto add = [&](std::string name, Value value, const std::string& words) {
    decoded.fields.push_back({std::move(name), std::move(value), range_of(element)});
    decoded.summary.append(decoded.summary.empty() ? "" : ", ").append(words);
  };
  const auto number = cel_integer(element.value);
  switch (static_cast<Note>(element.tag)) {
    case Note::version: {
      const auto parts = split_cel_elements(element.value, 2);
      const bool fits = parts && parts->size() == 2 && (*parts)[0].tag == 0 && (*parts)[1].tag == 1;
      const auto major = fits ? cel_integer((*parts)[0].value) : std::nullopt;
      const auto minor = fits ? cel_integer((*parts)[1].value) : std::nullopt;
      if (!major || !minor) {
        decoded.problem = "expected a major and a minor number in cel_version";
        return;
      }
      const std::string version = fmt::format("{}.{}", *major, *minor);
      add("cel_version", version, fmt::format("CEL version {}", version));
      return;
    }
    case Note::firmware_end:
      add("firmware_end", true, "end of the firmware's records");
      return;
    case Note::timestamp:
      if (!number) {
        decoded.problem = "expected an integer of one to eight bytes in cel_timestamp";
        return;
      }
      add("cel_timestamp", Value::wide(*number), fmt::format("timestamp {}", *number));
      return;
    case Note::state_transition: {
      const std::string_view name = number ? state_transition_name(*number) : std::string_view{};
      if (name.empty()) {
        decoded.problem = "expected a state transition from 0 to 2";
        return;
      }
      add("state_trans", name, fmt::format("state transition: {}", name));
      return;
    }
  }
  add(fmt::format("note_{}", element.tag), to_bytes(element.value), fmt::format("note {}", element.tag));
}

Decoded decode_management(const Context& context) {
  const auto notes = split_cel_elements(context.data, limits::kListedItems);
  if (!notes) {
    return not_nested("cel-management", context.data);
  }
  Decoded decoded;
  decoded.kind = "cel-management";
  for (const CelElement& note : *notes) {
    decode_note(note, decoded);
  }
  if (notes->empty()) {
    decoded.summary = "no note";
  }
  return decoded;
}

// Section 5.4.
Decoded decode_ima_tlv(const Context& context) {
  constexpr std::array<std::string_view, 8> kNames{"path",  "data_hash", "signature", "owner",
                                                   "group", "mode",      "timestamp", "label"};
  constexpr std::size_t kPath = 0;
  constexpr std::size_t kLabel = 7;
  constexpr std::size_t kFirstNumber = 3;
  const auto parts = split_cel_elements(context.data, limits::kListedItems);
  if (!parts) {
    return not_nested("ima-tlv", context.data);
  }
  Decoded decoded;
  decoded.kind = "ima-tlv";
  for (const CelElement& part : *parts) {
    const std::string name =
        part.tag < kNames.size() ? std::string(kNames[part.tag]) : fmt::format("field_{}", part.tag);
    Value value = to_bytes(part.value);
    if (part.tag == kPath || part.tag == kLabel) {
      value = text_of(part.value);
    } else if (part.tag >= kFirstNumber && part.tag < kLabel) {
      if (const auto number = cel_integer(part.value)) {
        value = Value::wide(*number);
      }
    }
    if (part.tag == kPath) {
      decoded.summary = text_of(part.value);
    }
    decoded.fields.push_back({name, std::move(value), range_of(part)});
  }
  return decoded;
}

constexpr std::array<std::string_view, 12> kCosNames{
    "image_ref",      "image_digest", "restart_policy",
    "image_id",       "arg",          "env_var",
    "override_arg",   "override_env", "launch_separator",
    "memory_monitor", "gpu_cc_mode",  "gpu_device_attestation_binding"};
constexpr std::uint8_t kMemoryMonitor = 9;
constexpr std::uint8_t kGpuBinding = 11;
constexpr std::uint8_t kLaunchSeparator = 8;

std::string cos_event_name(std::uint8_t tag) {
  return tag < kCosNames.size() ? std::string(kCosNames[tag]) : fmt::format("cos_{}", tag);
}

// Section 5.6.
Decoded decode_cos(const Context& context) {
  const auto parts = split_cel_elements(context.data, 1);
  if (!parts || parts->empty()) {
    return not_nested("cos", context.data);
  }
  const CelElement& part = parts->front();
  const std::string name = cos_event_name(part.tag);
  Decoded decoded;
  decoded.kind = "cos";
  Value value = text_of(part.value);
  if (part.tag == kMemoryMonitor && part.value.size() == 1) {
    value = part.value[0] == 1;
    decoded.summary = part.value[0] == 1 ? "memory monitoring only" : "no memory-only monitoring";
  } else if (part.tag >= kGpuBinding) {
    value = to_bytes(part.value);
    decoded.summary = fmt::format("{}: {}", name, hex_preview(part.value));
  } else if (part.tag == kLaunchSeparator && part.value.empty()) {
    decoded.summary = "launch phase ended";
  } else {
    decoded.summary = fmt::format("{}: {}", name, text_of(part.value));
  }
  decoded.fields.push_back({name, std::move(value), range_of(part)});
  return decoded;
}

Decoded decode_systemd(const Context& context) {
  Decoded decoded;
  decoded.kind = "systemd";
  decoded.summary = text_of(context.data);
  decoded.fields.push_back({"string", decoded.summary, {0, context.data.size()}});
  // What follows is not measured: an empty range behind the data.
  const ByteRange outside{context.data.size(), context.data.size() + 1};
  if (!context.record.name.empty()) {
    decoded.fields.push_back({"event_type", text_of(context.record.name), outside});
  }
  if (const SystemdEvent* event = systemd_event(context.record)) {
    const auto add = [&](std::string name, const auto& member, const auto& value) {
      if (member) {
        decoded.fields.push_back({std::move(name), value(*member), outside});
      }
    };
    const auto text = [](const std::string& value) { return Value(value); };
    const auto number = [](std::uint64_t value) { return Value::wide(value); };
    add("boot_id", event->boot_id, text);
    add("timestamp", event->timestamp, number);
    add("nv_index_name", event->nv_index_name, text);
    add("mapped_pcr", event->mapped_pcr, number);
  }
  return decoded;
}

// Secrets are measured as HMAC(secret, string), which the log alone cannot confirm (section 8). Without an event type
// nothing tells them apart but the string.
Otherwise systemd_otherwise(const Context& context) {
  constexpr auto kPlain = std::to_array<std::string_view>(
      {"phase", "filesystem", "machine-id", "product-id", "nvpcr-separator", "os-separator", "dm-verity"});
  return std::ranges::find(kPlain, as_text(context.record.name)) != kPlain.end() ? Otherwise::differs
                                                                                 : Otherwise::unverifiable;
}

const EventType kManagementRule{.value = kManagement,
                                .name = "cel",
                                .decode = decode_management,
                                .recipes = private_recipes,
                                .otherwise = pcclient::always_unverifiable,
                                .outside = "unspecified-preimage"};
const EventType kImaTlvRule{.value = kImaTlv,
                            .name = "ima_tlv",
                            .decode = decode_ima_tlv,
                            .recipes = element_only,
                            .otherwise = pcclient::always_differs,
                            .outside = {}};
const EventType kSystemdRule{.value = kSystemd,
                             .name = "systemd",
                             .decode = decode_systemd,
                             .recipes = pcclient::exact_recipe,
                             .otherwise = systemd_otherwise,
                             .outside = "keyed-hash-of-a-secret"};
const EventType kCosRule{.value = kCos,
                         .name = "cos",
                         .decode = decode_cos,
                         .recipes = element_only,
                         .otherwise = pcclient::always_differs,
                         .outside = {}};

}  // namespace

std::string_view state_transition_name(std::uint64_t number) {
  return number < kStateTransitions.size() ? kStateTransitions[static_cast<std::size_t>(number)] : std::string_view{};
}

bool is_measured_management(ByteView data) {
  const auto notes = split_cel_elements(data, limits::kListedItems);
  return !notes || std::ranges::any_of(*notes, [](const CelElement& note) {
    return note.tag != static_cast<std::uint8_t>(Note::version) &&
           note.tag != static_cast<std::uint8_t>(Note::firmware_end);
  });
}

std::optional<Preimage> content_element(const Context& context) {
  if (context.record.content == ContentType::unknown &&
      (!context.record.name.empty() || !context.log.format.starts_with("cel-"))) {
    return std::nullopt;
  }
  Preimage preimage;
  append_cel_element(preimage.made, element_type(context.record), context.data);
  preimage.covers = {0, context.data.size()};
  return preimage;
}

std::span<const Recipe> private_recipes() {
  return kElementOrData;
}

const EventType& management_rule(const Record& /*record*/) {
  return kManagementRule;
}
const EventType& ima_tlv_rule(const Record& /*record*/) {
  return kImaTlvRule;
}
const EventType& systemd_rule(const Record& /*record*/) {
  return kSystemdRule;
}
const EventType& cos_rule(const Record& /*record*/) {
  return kCosRule;
}

std::string management_name(const Record& record) {
  constexpr std::array<std::pair<Note, std::string_view>, 4> kNames{{{Note::version, "cel_version"},
                                                                     {Note::firmware_end, "firmware_end"},
                                                                     {Note::timestamp, "cel_timestamp"},
                                                                     {Note::state_transition, "state_trans"}}};
  const auto name = record.data.empty() ? kNames.end()
                                        : std::ranges::find(kNames, static_cast<Note>(record.data[0]),
                                                            [](const auto& row) { return row.first; });
  return name == kNames.end() ? "cel" : std::string(name->second);
}

std::string ima_tlv_name(const Record& /*record*/) {
  return "ima_tlv";
}

std::string systemd_name(const Record& record) {
  return record.name.empty() ? "systemd" : text_of(record.name);
}

std::string cos_name(const Record& record) {
  return record.data.empty() ? "cos" : fmt::format("cos:{}", cos_event_name(record.data[0]));
}

}  // namespace mrtool::cel
