// Text that stands for itself between the quotes of JSON: printable ASCII without " and \.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace mrtool {

inline constexpr std::size_t kPlainChunk = 16;  // bytes that are looked at together

// True for all other bytes.
constexpr bool needs_escape(char c) {
  return c < ' ' || c > '~' || c == '"' || c == '\\';  // of whatever sign: bytes from 0x80 on are none of ASCII
}

// Copies the plain text that `text` begins with to `to`, and returns how much that is. There is room for all of `text`
// and kPlainChunk bytes more, whose contents are lost.
inline std::size_t copy_plain(char* to, std::string_view text) {
  using Chunk = std::uint8_t __attribute__((vector_size(kPlainChunk)));
  std::size_t done = 0;
  for (; text.size() - done >= kPlainChunk; done += kPlainChunk) {
    Chunk chunk;
    std::memcpy(&chunk, text.data() + done, sizeof(chunk));
    const auto found = (chunk < ' ') | (chunk > '~') | (chunk == '"') | (chunk == '\\');
    std::uint64_t halves[2];  // NOLINT(modernize-avoid-c-arrays): the two of the chunk
    std::memcpy(halves, &found, sizeof(halves));
    std::memcpy(to + done, &chunk, sizeof(chunk));
    if ((halves[0] | halves[1]) != 0) {
      break;
    }
  }
  while (done < text.size() && !needs_escape(text[done])) {
    to[done] = text[done];
    ++done;
  }
  return done;
}

}  // namespace mrtool
