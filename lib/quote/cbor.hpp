// Small signed documents in CBOR (RFC 8949), as a tree of bounded size. Nothing is allocated by a count or a length
// that the document states.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace mrtool {

struct CborLimits {
  std::size_t bytes = 1024 * 1024;  // of the document
  std::size_t items = 16384;        // heads, keys of maps included
  unsigned depth = 16;              // arrays, maps and tags inside one another
};

enum class CborKind : std::uint8_t { unsigned_integer, negative_integer, bytes, text, array, map, tag, simple, other };
std::string_view to_string(CborKind kind);  // "an array", "a text string"

struct CborItem {
  CborKind kind = CborKind::other;  // other: undefined and floating-point numbers
  // An unsigned integer; n of the negative integer -1 - n; the number of a tag; 0, 1, 2 for false, true, null.
  std::uint64_t number = 0;
  ByteView bytes;               // of a string; chunks are put together. Text is UTF-8
  ByteView raw;                 // the whole item as it is encoded
  std::vector<CborItem> items;  // of an array; of a map: key, value, key, value; of a tag: what it is about

  bool is_null() const;
  std::optional<bool> boolean() const;
  std::optional<std::int64_t> integer() const;   // of either sign, where 64 bits hold it
  std::optional<std::string_view> text() const;  // valid as long as the document and its bytes
  std::optional<ByteView> byte_string() const;   // likewise
  const CborItem* find(std::int64_t key) const;  // the value of a map; nullptr where there is none
  const CborItem* find(std::string_view key) const;
};

// Views of `root` are into the bytes that were parsed, or into the document.
struct CborDocument {
  CborDocument() = default;
  CborDocument(CborDocument&&) = default;
  CborDocument& operator=(CborDocument&&) = default;
  CborDocument(const CborDocument&) = delete;
  CborDocument& operator=(const CborDocument&) = delete;

  CborItem root;
  std::deque<Bytes> joined;  // chunked strings in one piece
};

// Exactly one item. Fails (malformed; Error::offset counts from the start of `bytes`) where it is not well-formed, is
// followed by more bytes, breaks a limit, or holds a map with a key twice or with a key that is neither an integer nor
// a string, or text that is not UTF-8.
Result<CborDocument> parse_cbor(ByteView bytes, const CborLimits& limits = {});

}  // namespace mrtool
