#include "formats/cel/cbor_cursor.hpp"

#include <cbor.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/cbor_head.hpp"
#include "lib/base/limits.hpp"

namespace mrtool::cel {
namespace {

CborHead& head_of(void* context) {
  return *static_cast<CborHead*>(context);
}

template <CborKind kKind, class Integer>
void take_number(void* context, Integer value) {
  head_of(context).kind = kKind;
  head_of(context).number = value;
}
template <CborKind kKind>
void take_string(void* context, cbor_data data, std::size_t size) {
  head_of(context).kind = kKind;
  head_of(context).number = size;
  head_of(context).bytes = {data, size};
}
template <CborKind kKind>
void take_mark(void* context) {
  head_of(context).kind = kKind;
}
template <class Number>
void take_simple(void* context, Number /*value*/) {
  head_of(context).kind = CborKind::simple;
}

constexpr cbor_callbacks kCallbacks{
    .uint8 = take_number<CborKind::unsigned_integer, std::uint8_t>,
    .uint16 = take_number<CborKind::unsigned_integer, std::uint16_t>,
    .uint32 = take_number<CborKind::unsigned_integer, std::uint32_t>,
    .uint64 = take_number<CborKind::unsigned_integer, std::uint64_t>,
    .negint64 = take_number<CborKind::negative_integer, std::uint64_t>,
    .negint32 = take_number<CborKind::negative_integer, std::uint32_t>,
    .negint16 = take_number<CborKind::negative_integer, std::uint16_t>,
    .negint8 = take_number<CborKind::negative_integer, std::uint8_t>,
    .byte_string_start = take_mark<CborKind::bytes_begin>,
    .byte_string = take_string<CborKind::bytes>,
    .string = take_string<CborKind::text>,
    .string_start = take_mark<CborKind::text_begin>,
    .indef_array_start = take_mark<CborKind::array_begin>,
    .array_start = take_number<CborKind::array, std::size_t>,
    .indef_map_start = take_mark<CborKind::map_begin>,
    .map_start = take_number<CborKind::map, std::size_t>,
    .tag = take_number<CborKind::tag, std::uint64_t>,
    .float2 = take_simple<float>,
    .float4 = take_simple<float>,
    .float8 = take_simple<double>,
    .undefined = take_mark<CborKind::simple>,
    .null = take_mark<CborKind::simple>,
    .boolean = take_simple<bool>,
    .indef_break = take_mark<CborKind::end>,
};

// RFC 8949, section 3: the low five bits are the number, or say in how many bytes it follows.
constexpr std::uint8_t kInfoMask = 0x1F;
constexpr std::uint8_t kOneByte = 24;
constexpr std::uint8_t kEightBytes = 27;

std::size_t number_bytes(std::uint8_t initial) {
  const std::uint8_t info = initial & kInfoMask;
  return info >= kOneByte && info <= kEightBytes ? std::size_t{1} << (info - kOneByte) : 0;
}

std::size_t shortest_bytes(std::uint64_t number) {
  constexpr std::uint64_t kByte = 0xFF;
  constexpr std::uint64_t kShort = 0xFFFF;
  constexpr std::uint64_t kWord = 0xFFFFFFFF;
  if (number < kOneByte) {
    return 0;
  }
  return number <= kByte ? 1 : number <= kShort ? 2 : number <= kWord ? 4 : 8;
}

// The length that the head of a string states; 0 where it is another head, or cut.
std::uint64_t string_bytes(ByteView bytes) {
  constexpr unsigned kMajorShift = 5;
  constexpr std::uint8_t kBytesMajor = 2;
  constexpr std::uint8_t kTextMajor = 3;
  constexpr unsigned kByteBits = 8;
  const unsigned major = bytes[0] >> kMajorShift;
  const std::size_t size = number_bytes(bytes[0]);
  if ((major != kBytesMajor && major != kTextMajor) || bytes.size() <= size) {
    return 0;
  }
  std::uint64_t length = 0;
  for (const std::uint8_t byte : bytes.subspan(1, size)) {
    length = (length << kByteBits) | byte;
  }
  return length;
}

// The bytes of a head, and of its string, that is one of nearly all: an integer, string, array or map whose number is
// in the initial byte, or in its shortest form in the next one. 0 for others, and for those that are cut: libcbor's.
std::size_t read_everyday_head(ByteView bytes, CborHead& head) {
  constexpr unsigned kMajorShift = 5;
  constexpr std::array kKinds{CborKind::unsigned_integer,
                              CborKind::none,
                              CborKind::bytes,
                              CborKind::text,
                              CborKind::array,
                              CborKind::map,
                              CborKind::none,
                              CborKind::none};
  const CborKind kind = kKinds[bytes[0] >> kMajorShift];
  std::size_t number = bytes[0] & kInfoMask;
  std::size_t size = 1;
  if (number >= kOneByte) {
    if (number != kOneByte || bytes.size() < 2 || bytes[1] < kOneByte) {
      return 0;
    }
    number = bytes[1];
    size = 2;
  }
  if (kind == CborKind::bytes || kind == CborKind::text) {
    if (bytes.size() - size < number) {
      return 0;
    }
    head.bytes = bytes.subspan(size, number);
    size += number;
  }
  head.kind = kind;
  head.number = number;
  return kind == CborKind::none ? 0 : size;
}

bool is_counted(CborKind kind) {
  switch (kind) {
    case CborKind::unsigned_integer:
    case CborKind::bytes:
    case CborKind::text:
    case CborKind::array:
    case CborKind::map:
      return true;
    default:
      return false;
  }
}

}  // namespace

void CborCursor::refuse(std::string message) {
  if (!failed_) {
    failed_ = true;
    message_ = std::move(message);
  }
}

CborHead CborCursor::next() {
  CborHead head;
  if (!failed_ && position_ < bytes_.size()) {
    if (const std::size_t size = read_everyday_head(bytes_.subspan(position_), head); size != 0) {
      position_ += size;
      return head;
    }
  }
  return unusual();
}

CborHead CborCursor::unusual() {
  if (failed_) {
    return {};
  }
  const ByteView rest = bytes_.subspan(position_);
  const auto cut = [&](std::uint64_t missing_at_least) {
    failed_ = true;
    need_ = std::max<std::uint64_t>(bytes_.size() + 1, position_ + missing_at_least);
    return CborHead{};
  };
  if (rest.empty()) {
    return cut(1);
  }
  CborHead head;
  if (const auto tag = one_byte_cbor_tag(rest[0])) {
    ++position_;
    head.kind = CborKind::tag;
    head.number = *tag;
    return head;
  }
  const cbor_decoder_result result = cbor_stream_decode(rest.data(), rest.size(), &kCallbacks, &head);
  if (result.status == CBOR_DECODER_NEDATA) {
    // The decoder adds the length of a string to that of its head, which may overflow.
    const std::uint64_t required = std::max<std::uint64_t>(result.required, string_bytes(rest));
    if (required > limits::kRecordBytes) {
      refuse(fmt::format("expected at most {} bytes, found an item of {}", limits::kRecordBytes, required));
      return {};
    }
    return cut(required);
  }
  if (result.status != CBOR_DECODER_FINISHED || head.kind == CborKind::none) {
    refuse(fmt::format("expected a CBOR item, found byte {:02x}", rest[0]));
    return {};
  }
  position_ += result.read;
  head.shortest = !is_counted(head.kind) || number_bytes(rest[0]) == shortest_bytes(head.number);
  deterministic_ = deterministic_ && head.shortest;
  return head;
}

CborHead CborCursor::untagged() {
  CborHead head = next();
  while (head.kind == CborKind::tag) {
    deterministic_ = false;
    head = next();
  }
  return head;
}

bool CborCursor::take_break() {
  constexpr std::uint8_t kBreak = 0xFF;
  if (failed_) {
    return false;
  }
  if (position_ == bytes_.size()) {
    (void)next();
    return false;
  }
  if (bytes_[position_] != kBreak) {
    return false;
  }
  ++position_;
  return true;
}

std::uint64_t CborCursor::wide_integer(std::string_view what) {
  const CborHead head = untagged();
  if (head.kind != CborKind::unsigned_integer) {
    refuse(fmt::format("expected an unsigned integer for {}, found something else", what));
    return 0;
  }
  return head.number;
}

ByteView CborCursor::string(CborKind kind, std::string_view what, Bytes& chunks) {
  const CborHead head = untagged();
  if (head.kind == kind) {
    return head.bytes;
  }
  const CborKind begin = kind == CborKind::bytes ? CborKind::bytes_begin : CborKind::text_begin;
  if (head.kind != begin) {
    refuse(fmt::format("expected a {} string for {}, found something else", kind == CborKind::bytes ? "byte" : "text",
                       what));
    return {};
  }
  deterministic_ = false;
  chunks.clear();
  while (ok() && !take_break()) {
    const CborHead chunk = next();
    if (ok() && chunk.kind != kind) {
      refuse(fmt::format("expected a chunk of the string for {}, found something else", what));
    }
    chunks.insert(chunks.end(), chunk.bytes.begin(), chunk.bytes.end());
  }
  return chunks;
}

CborCursor::Count CborCursor::begin(CborKind kind, std::string_view what) {
  const CborHead head = untagged();
  const CborKind open = kind == CborKind::array ? CborKind::array_begin : CborKind::map_begin;
  if (head.kind == kind) {
    return {.definite = true, .left = head.number};
  }
  if (head.kind != open) {
    refuse(
        fmt::format("expected {} for {}, found something else", kind == CborKind::array ? "an array" : "a map", what));
    return {.definite = true, .left = 0};
  }
  deterministic_ = false;
  return {};
}

// Items are counted on a stack of our own: a count of zero left closes a level, chunks and indefinite levels end with a
// break.
void CborCursor::skip() {
  struct Level {
    Count count;
    bool pairs = false;
    bool value_due = false;
  };
  std::array<Level, limits::kNesting> levels{};
  std::size_t depth = 0;
  do {
    const CborHead head = next();
    Level opened;
    bool opens = true;
    switch (head.kind) {
      case CborKind::array:
        opened.count = {.definite = true, .left = head.number};
        break;
      case CborKind::map:
        opened.count = {.definite = true, .left = head.number};
        opened.pairs = true;
        break;
      case CborKind::tag:
        opened.count = {.definite = true, .left = 1};
        break;
      case CborKind::map_begin:
        opened.pairs = true;
        break;
      case CborKind::array_begin:
      case CborKind::bytes_begin:
      case CborKind::text_begin:
        break;
      case CborKind::end:
        refuse("expected an item, found a break");
        return;
      default:
        opens = false;
        break;
    }
    if (opens && ok()) {
      if (depth == levels.size()) {
        refuse(fmt::format("expected at most {} levels of nesting, found more", limits::kNesting));
        return;
      }
      levels[depth++] = opened;
    }
    // Close the levels that have no further item.
    while (ok() && depth > 0) {
      Level& level = levels[depth - 1];
      if (level.pairs && level.value_due) {
        level.value_due = false;
        break;
      }
      if (more(level.count)) {
        level.value_due = level.pairs;
        break;
      }
      --depth;
    }
  } while (ok() && depth > 0);
}

}  // namespace mrtool::cel
