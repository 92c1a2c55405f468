#include "lib/content/load_option.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "lib/base/limits.hpp"
#include "lib/base/text.hpp"
#include "lib/content/device_path.hpp"
#include "lib/content/field_reader.hpp"

namespace mrtool {

namespace {

constexpr std::uint32_t kActive = 1;

struct Attribute {
  std::uint32_t bit;
  std::string_view name;
};

constexpr std::array kAttributes{
    Attribute{kActive, "active"},
    Attribute{0x00000002, "force-reconnect"},
    Attribute{0x00000008, "hidden"},
    Attribute{0x00000100, "category-app"},
};

Value::List attribute_names(std::uint32_t attributes) {
  Value::List names;
  for (const Attribute& attribute : kAttributes) {
    if ((attributes & attribute.bit) != 0) {
      names.emplace_back(attribute.name);
    }
  }
  return names;
}

void read_attributes(FieldReader& fields) {
  const std::uint64_t begin = fields.position();
  const std::uint32_t attributes = fields.hex32("attributes");
  if (fields.ok()) {
    fields.add("attribute_names", attribute_names(attributes), begin);
    fields.add("enabled", (attributes & kActive) != 0, begin);
  }
}

// Bytes of the UTF-16 text up to and with its NUL; nothing when it has none.
std::optional<std::uint64_t> description_size(ByteView data) {
  for (std::uint64_t i = 0; i + 1 < data.size(); i += 2) {
    if (data[i] == 0 && data[i + 1] == 0) {
      return i + 2;
    }
  }
  return {};
}

// The list may hold further paths behind the first, which is the one that is booted.
std::string read_paths(FieldReader& fields, std::uint64_t size, std::string& problem) {
  const std::uint64_t begin = fields.position();
  ByteView list = fields.reader().take(std::min(size, fields.left()));
  DevicePathText first = format_device_path(list);
  problem = std::move(first.problem);
  fields.add("device_path", first.text, begin);
  list = list.subspan(first.bytes);
  Value::List others;
  while (!list.empty() && others.size() < limits::kListedItems) {
    DevicePathText next = format_device_path(list);
    list = list.subspan(next.bytes);
    others.emplace_back(std::move(next.text));
  }
  if (!others.empty()) {
    fields.add("other_device_paths", std::move(others), begin);
  }
  return std::move(first.text);
}

}  // namespace

Decoded decode_load_option(ByteView data) {
  FieldReader fields(data);
  read_attributes(fields);
  const std::uint16_t list_size = fields.u16("file_path_list_length");
  if (!fields.ok()) {
    return fields.finish("load-option", {});
  }
  const auto text_size = description_size(data.subspan(fields.position()));
  const std::string description = fields.utf16("description", text_size.value_or(fields.left()));
  std::string problem;
  const bool complete = list_size <= fields.left();
  const std::string path = read_paths(fields, list_size, problem);
  if (!text_size) {
    problem = "the description does not end";
  } else if (!complete) {
    problem = "the file path list is longer than the variable";
  }
  if (fields.left() > 0) {
    fields.bytes("optional_data", fields.left());
  }
  Decoded decoded = fields.finish("load-option", path.empty() ? description : description + ": " + path);
  if (decoded.problem.empty()) {
    decoded.problem = std::move(problem);
  }
  return decoded;
}

}  // namespace mrtool
