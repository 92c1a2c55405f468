#include "lib/base/guid.hpp"

#include <algorithm>

namespace mrtool {

namespace {

// Where the wire bytes stand in the text form; -1 is a hyphen.
constexpr std::array<int, 20> kTextOrder = {3, 2, 1, 0, -1, 5, 4, -1, 7, 6, -1, 8, 9, -1, 10, 11, 12, 13, 14, 15};
constexpr std::size_t kTextLength = 36;

}  // namespace

Guid read_guid(ByteReader& reader) {
  Guid guid;
  std::ranges::copy(reader.take(guid.wire.size()), guid.wire.begin());
  return guid;
}

std::string to_string(const Guid& guid) {
  std::string out;
  out.reserve(kTextLength);
  for (const int at : kTextOrder) {
    if (at < 0) {
      out += '-';
    } else {
      append_hex(out, ByteView(guid.wire).subspan(static_cast<std::size_t>(at), 1));
    }
  }
  return out;
}

std::optional<Guid> parse_guid(std::string_view text) {
  if (text.size() != kTextLength) {
    return std::nullopt;
  }
  Guid guid;
  std::size_t position = 0;
  for (const int at : kTextOrder) {
    if (at < 0) {
      if (text[position++] != '-') {
        return std::nullopt;
      }
      continue;
    }
    const auto byte = from_hex(text.substr(position, 2));
    if (!byte) {
      return std::nullopt;
    }
    guid.wire[static_cast<std::size_t>(at)] = (*byte)[0];
    position += 2;
  }
  return guid;
}

}  // namespace mrtool
