#include "lib/content/content.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/content/contents.hpp"

namespace mrtool {

std::string_view to_string(Check check) {
  switch (check) {
    case Check::matches:
      return "matches";
    case Check::unverifiable:
      return "unverifiable";
    case Check::differs:
      return "differs";
    case Check::none:
      return "none";
  }
  return {};
}

const Value* Decoded::find(std::string_view name) const {
  const auto field = std::ranges::find_if(fields, [&](const Field& item) { return item.name == name; });
  return field == fields.end() ? nullptr : &field->value;
}

std::vector<std::string_view> covered_fields(const Decoded& decoded, const Judgement& judgement) {
  std::vector<std::string_view> names;
  if (judgement.covered) {
    for (const Field& field : decoded.fields) {
      if (judgement.covered->contains(field.range)) {
        names.emplace_back(field.name);
      }
    }
  }
  return names;
}

Decoded decode(const Record& record, const LogInfo& log) {
  return content_row(record.content).rule(record).decode({.record = record, .log = log, .data = record.data});
}

std::string digest_differs(const Record& record, HashAlgorithm bank) {
  return fmt::format("the {} digest of this {} is not the hash of its content", to_string(bank),
                     event_type_name(record));
}

std::string event_type_name(const Record& record) {
  return content_row(record.content).type_name(record);
}

}  // namespace mrtool
