// A cursor over CBOR (RFC 8949) that may be cut anywhere: libcbor's streaming decoder, one head at a time, so that
// nothing is allocated by a count or a length that the input states.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/bytes.hpp"

namespace mrtool::cel {

enum class CborKind : std::uint8_t {
  none,
  unsigned_integer,
  negative_integer,
  bytes,
  text,
  bytes_begin,  // of chunks, up to the break
  text_begin,
  array,
  map,
  array_begin,  // of items up to the break
  map_begin,
  tag,
  simple,  // also floating-point numbers
  end,     // the break
};

struct CborHead {
  CborKind kind = CborKind::none;
  std::uint64_t number = 0;  // the integer, or the count of an array or map
  ByteView bytes;            // of a string
  bool shortest = true;      // its number or length has the shortest form
};

class CborCursor {
 public:
  explicit CborCursor(ByteView bytes) : bytes_(bytes) {}

  // The next head, strings with their bytes. After a failure it has kind none, and every further one too.
  CborHead next();
  // The next head that is no tag: what tags say of an item does not change its value here.
  CborHead untagged();
  // True, and past it, when the next head is a break.
  bool take_break();

  // Expect something; a failure otherwise. `what` names it.
  std::uint64_t integer(std::string_view what) {
    constexpr std::uint8_t kOneByte = 24;  // an initial byte below it is the number: nearly all, keys above all
    if (!failed_ && position_ < bytes_.size() && bytes_[position_] < kOneByte) {
      return bytes_[position_++];
    }
    return wide_integer(what);
  }
  // A string of either kind; chunks are put together in `chunks`.
  ByteView string(CborKind kind, std::string_view what, Bytes& chunks);
  struct Count {
    bool definite = false;
    std::uint64_t left = 0;  // items, or pairs of a map
  };
  Count begin(CborKind kind, std::string_view what);
  // Is there another item? Counts it.
  bool more(Count& count) {
    if (failed_) {
      return false;
    }
    if (!count.definite) {
      return !take_break() && ok();
    }
    return count.left != 0 && count.left-- != 0;
  }
  // Past one item of any kind, nested no deeper than limits::kNesting.
  void skip();

  void refuse(std::string message);

  bool ok() const { return !failed_; }
  // The bytes ended where more were due: at least so many from the start, else the failure is a message.
  const std::optional<std::uint64_t>& need() const { return need_; }
  const std::string& message() const { return message_; }
  std::size_t position() const { return position_; }
  ByteView read_since(std::size_t begin) const { return bytes_.subspan(begin, position_ - begin); }
  // All that was read is in the form that deterministic encoding prescribes, as far as heads tell.
  bool deterministic() const { return deterministic_; }
  void not_deterministic() { deterministic_ = false; }

 private:
  CborHead unusual();
  std::uint64_t wide_integer(std::string_view what);

  ByteView bytes_;
  std::size_t position_ = 0;
  bool failed_ = false;
  bool deterministic_ = true;
  std::optional<std::uint64_t> need_;
  std::string message_;
};

}  // namespace mrtool::cel
