#include "lib/content/raw.hpp"

#include <fmt/format.h>

#include "lib/base/text.hpp"
#include "lib/content/decoders.hpp"

namespace mrtool {

std::optional<std::string> printable_text(ByteView bytes) {
  while (!bytes.empty() && bytes.back() == 0) {
    bytes = bytes.first(bytes.size() - 1);
  }
  if (!is_printable_ascii(bytes)) {
    return {};
  }
  return std::string(as_text(bytes));
}

std::string hex_preview(ByteView bytes) {
  constexpr std::size_t kShown = 24;
  if (bytes.empty()) {
    return "no data";
  }
  if (bytes.size() <= kShown) {
    return to_hex(bytes);
  }
  return fmt::format("{}... ({} bytes)", to_hex(bytes.first(kShown)), bytes.size());
}

namespace pcclient {

Decoded decode_raw(const Context& context) {
  const ByteView data = context.data;
  if (auto text = printable_text(data)) {
    return {.kind = "text", .summary = *text, .fields = {{"text", *text, {0, data.size()}}}, .problem = {}};
  }
  return {.kind = {}, .summary = hex_preview(data), .fields = {}, .problem = {}};
}

}  // namespace pcclient

}  // namespace mrtool
