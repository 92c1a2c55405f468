// One JSON text of bounded size, from an untrusted log, as a value.
#pragma once

#include <nlohmann/json.hpp>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace mrtool {

// Keeps the members of an object in their order.
using JsonText = nlohmann::ordered_json;

// Objects of logs have a handful of members, and finding one takes time in proportion to how many there are.
inline constexpr std::size_t kJsonMembers = 256;

// Fails (malformed; Error::offset counts from the start of `text`) where it is no JSON, not UTF-8, an object has a
// member twice or more than kJsonMembers members, or the text is nested deeper than limits::kNesting.
Result<JsonText> parse_json_text(ByteView text);

// The member of that name, or nullptr; of anything but an object, nullptr too.
const JsonText* find_member(const JsonText& object, std::string_view name);

// As compact as JSON gets, in UTF-8. Bytes that are not UTF-8 become U+FFFD.
std::string to_text(const JsonText& value);

}  // namespace mrtool
