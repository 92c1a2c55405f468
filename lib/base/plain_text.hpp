// Text that stands for itself between the quotes of JSON: printable ASCII without " and \.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace mrtool {

inline constexpr std::size_t kPlainChunk = 16;  // bytes that are looked at together

// True for all other bytes.
constexpr bool needs_escape(char c) {
  return c < ' ' || c > '~' || c == '"' || c == '\\';  // of whatever sign: bytes from 0x80 on are none of ASCII
}

namespace plain {

using Chunk = std::uint8_t __attribute__((vector_size(kPlainChunk)));
using Halves = std::uint64_t __attribute__((vector_size(kPlainChunk)));

inline bool is_plain(Chunk chunk) {
  const auto found = std::bit_cast<Halves>((chunk < ' ') | (chunk > '~') | (chunk == '"') | (chunk == '\\'));
  return (found[0] | found[1]) == 0;
}

inline bool copy_chunk(char* to, const char* from) {
  Chunk chunk;
  std::memcpy(&chunk, from, sizeof(chunk));
  std::memcpy(to, &chunk, sizeof(chunk));
  return is_plain(chunk);
}

// Of a text that is as long as one or two Integers: its front and its end, which overlap.
template <class Integer>
bool copy_ends(char* to, std::string_view text) {
  const std::size_t last = text.size() - sizeof(Integer);
  Integer front = 0;
  Integer end = 0;
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): as many bytes as there are at least
  std::memcpy(&front, text.data(), sizeof(Integer));
  std::memcpy(&end, text.data() + last, sizeof(Integer));
  std::memcpy(to, &front, sizeof(Integer));
  std::memcpy(to + last, &end, sizeof(Integer));
  constexpr std::size_t kBits = 32;
  const std::uint64_t short_text = front | std::uint64_t{end} << kBits;
  return is_plain(std::bit_cast<Chunk>(sizeof(Integer) == sizeof(std::uint64_t) ? Halves{front, end}
                                                                                : Halves{short_text, short_text}));
}

}  // namespace plain

// Copies the plain text that `text` begins with to `to`, and returns how much that is. There is room for all of `text`
// and kPlainChunk bytes more, whose contents are lost.
inline std::size_t copy_plain(char* to, std::string_view text) {
  const std::size_t size = text.size();
  std::size_t done = 0;
  if (size >= kPlainChunk) {
    const std::size_t last = size - kPlainChunk;
    while (done < last && plain::copy_chunk(to + done, text.data() + done)) {
      done += kPlainChunk;
    }
    if (done >= last && plain::copy_chunk(to + last, text.data() + last)) {
      return size;
    }
  } else if ((size >= sizeof(std::uint64_t) && plain::copy_ends<std::uint64_t>(to, text)) ||
             (size >= sizeof(std::uint32_t) && size < sizeof(std::uint64_t) &&
              plain::copy_ends<std::uint32_t>(to, text))) {
    return size;
  }
  while (done < size && !needs_escape(text[done])) {
    to[done] = text[done];
    ++done;
  }
  return done;
}

}  // namespace mrtool
