#include "lib/quote/cbor.hpp"

#include <cbor.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>

#include "lib/base/cbor_head.hpp"
#include "lib/base/text.hpp"

namespace mrtool {
namespace {

// RFC 8949, section 3.3.
constexpr std::uint64_t kFalse = 0;
constexpr std::uint64_t kTrue = 1;
constexpr std::uint64_t kNull = 2;

// What one call of the streaming decoder finds.
struct Head {
  CborKind kind = CborKind::other;
  std::uint64_t number = 0;  // also the count of an array or map
  ByteView bytes = {};
  bool open = false;  // of indefinite length
  bool end = false;   // a break
};

Head& head_of(void* context) {
  return *static_cast<Head*>(context);
}
template <CborKind kKind, class Integer>
void take_number(void* context, Integer value) {
  head_of(context).kind = kKind;
  head_of(context).number = value;
}
template <CborKind kKind>
void take_string(void* context, cbor_data data, std::size_t size) {
  head_of(context).kind = kKind;
  head_of(context).bytes = {data, size};
}
template <CborKind kKind>
void take_open(void* context) {
  head_of(context).kind = kKind;
  head_of(context).open = true;
}
template <class Number>
void take_float(void* context, Number /*value*/) {
  head_of(context).kind = CborKind::other;
}
void take_undefined(void* context) {
  head_of(context).kind = CborKind::other;
}
void take_null(void* context) {
  head_of(context).kind = CborKind::simple;
  head_of(context).number = kNull;
}
void take_boolean(void* context, bool value) {
  head_of(context).kind = CborKind::simple;
  head_of(context).number = value ? kTrue : kFalse;
}
void take_break(void* context) {
  head_of(context).end = true;
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
    .byte_string_start = take_open<CborKind::bytes>,
    .byte_string = take_string<CborKind::bytes>,
    .string = take_string<CborKind::text>,
    .string_start = take_open<CborKind::text>,
    .indef_array_start = take_open<CborKind::array>,
    .array_start = take_number<CborKind::array, std::size_t>,
    .indef_map_start = take_open<CborKind::map>,
    .map_start = take_number<CborKind::map, std::size_t>,
    .tag = take_number<CborKind::tag, std::uint64_t>,
    .float2 = take_float<float>,
    .float4 = take_float<float>,
    .float8 = take_float<double>,
    .undefined = take_undefined,
    .null = take_null,
    .boolean = take_boolean,
    .indef_break = take_break,
};

// Keys of a map are the same when their values are, however they are encoded.
auto key_order(const CborItem& key) {
  return std::tuple(key.kind, key.number, as_text(key.bytes));
}

class Parser {
 public:
  Parser(ByteView bytes, const CborLimits& limits, std::deque<Bytes>& joined)
      : bytes_(bytes), limits_(limits), joined_(joined) {}

  Result<CborItem> document() {
    if (bytes_.size() > limits_.bytes) {
      return refuse(fmt::format("expected at most {} bytes, found {}", limits_.bytes, bytes_.size()));
    }
    MRTOOL_TRY(item, this->item(0));
    if (position_ != bytes_.size()) {
      return refuse(fmt::format("expected the end, found {} more bytes", bytes_.size() - position_));
    }
    return item;
  }

 private:
  std::unexpected<Error> refuse(std::string message) const { return refuse(std::move(message), position_); }
  static std::unexpected<Error> refuse(std::string message, std::size_t offset) {
    return std::unexpected(Error{.kind = ErrorKind::malformed,
                                 .message = "CBOR: " + std::move(message),
                                 .file = {},
                                 .offset = offset,
                                 .record = {}});
  }

  Result<Head> head() {
    if (items_++ == limits_.items) {
      return refuse(fmt::format("expected at most {} items, found more", limits_.items));
    }
    const ByteView rest = bytes_.subspan(position_);
    if (rest.empty()) {
      return refuse("expected an item, found the end");
    }
    Head head;
    if (const auto tag = one_byte_cbor_tag(rest[0])) {
      ++position_;
      head.kind = CborKind::tag;
      head.number = *tag;
      return head;
    }
    const cbor_decoder_result result = cbor_stream_decode(rest.data(), rest.size(), &kCallbacks, &head);
    if (result.status == CBOR_DECODER_NEDATA) {
      return refuse(fmt::format("expected an item that is longer than the {} bytes that are left", rest.size()));
    }
    if (result.status != CBOR_DECODER_FINISHED) {
      return refuse(fmt::format("expected an item, found byte {:02x}", rest[0]));
    }
    position_ += result.read;
    return head;
  }

  // Recursion is bounded by the depth.
  Result<CborItem> item(unsigned depth) {
    const std::size_t begin = position_;
    MRTOOL_TRY(head, this->head());
    if (head.end) {
      return refuse("expected an item, found a break", begin);
    }
    return complete(head, begin, depth);
  }

  Result<CborItem> complete(const Head& head, std::size_t begin, unsigned depth) {
    CborItem item{.kind = head.kind, .number = head.number, .bytes = head.bytes, .raw = {}, .items = {}};
    Status done;
    switch (head.kind) {
      case CborKind::bytes:
      case CborKind::text:
        done = string(item, head, begin);
        break;
      case CborKind::array:
      case CborKind::map:
      case CborKind::tag:
        done = depth == limits_.depth
                   ? Status(refuse(fmt::format("expected at most {} levels, found more", limits_.depth), begin))
                   : children(item, head, depth + 1);
        break;
      default:
        break;
    }
    if (!done) {
      return std::unexpected(done.error());
    }
    item.raw = bytes_.subspan(begin, position_ - begin);
    return item;
  }

  Status string(CborItem& item, const Head& head, std::size_t begin) {
    if (head.open) {
      Bytes& whole = joined_.emplace_back();
      for (;;) {
        MRTOOL_TRY(chunk, this->head());
        if (chunk.end) {
          break;
        }
        if (chunk.kind != head.kind || chunk.open) {
          return refuse("expected a chunk of a string, found another item");
        }
        whole.insert(whole.end(), chunk.bytes.begin(), chunk.bytes.end());
      }
      item.bytes = whole;
    }
    if (item.kind == CborKind::text && !is_utf8(item.bytes)) {
      return refuse("expected text in UTF-8, found other bytes", begin);
    }
    return {};
  }

  Status children(CborItem& item, const Head& head, unsigned depth) {
    const bool is_map = head.kind == CborKind::map;
    const std::uint64_t count = head.kind == CborKind::tag ? 1 : head.number;
    for (std::uint64_t taken = 0; head.open || taken < count; ++taken) {
      const std::size_t begin = position_;
      MRTOOL_TRY(first, this->head());
      if (first.end) {
        if (!head.open) {
          return refuse("expected an item, found a break", begin);
        }
        break;
      }
      MRTOOL_TRY(child, complete(first, begin, depth));
      if (is_map && child.kind > CborKind::text) {
        return refuse(fmt::format("expected an integer or a string as a key, found {}", to_string(child.kind)), begin);
      }
      item.items.push_back(std::move(child));
      if (is_map) {
        MRTOOL_TRY(value, this->item(depth));
        item.items.push_back(std::move(value));
      }
    }
    if (head.kind != CborKind::tag) {
      item.number = 0;
    }
    return is_map ? refuse_same_keys(item) : Status();
  }

  Status refuse_same_keys(const CborItem& map) const {
    std::vector<const CborItem*> keys;
    for (std::size_t i = 0; i < map.items.size(); i += 2) {
      keys.push_back(&map.items[i]);
    }
    std::ranges::sort(keys, {}, [](const CborItem* key) { return key_order(*key); });
    const auto twice = std::ranges::adjacent_find(
        keys, [](const CborItem* a, const CborItem* b) { return key_order(*a) == key_order(*b); });
    if (twice != keys.end()) {
      return refuse("expected each key of a map once, found one twice",
                    static_cast<std::size_t>((*twice)->raw.data() - bytes_.data()));
    }
    return {};
  }

  ByteView bytes_;
  const CborLimits& limits_;
  std::deque<Bytes>& joined_;
  std::size_t position_ = 0;
  std::size_t items_ = 0;
};

constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();

template <class Matches>
const CborItem* find_value(const CborItem& map, const Matches& matches) {
  if (map.kind != CborKind::map) {
    return nullptr;
  }
  for (std::size_t i = 0; i + 1 < map.items.size(); i += 2) {
    if (matches(map.items[i])) {
      return &map.items[i + 1];
    }
  }
  return nullptr;
}

}  // namespace

std::string_view to_string(CborKind kind) {
  static constexpr std::array<std::string_view, 9> kNames{
      "an unsigned integer", "a negative integer",     "a byte string", "a text string", "an array", "a map", "a tag",
      "a simple value",      "a floating-point number"};
  return kNames.at(static_cast<std::size_t>(kind));
}

bool CborItem::is_null() const {
  return kind == CborKind::simple && number == kNull;
}

std::optional<bool> CborItem::boolean() const {
  return kind == CborKind::simple && number != kNull ? std::optional(number == kTrue) : std::nullopt;
}

std::optional<std::int64_t> CborItem::integer() const {
  const bool negative = kind == CborKind::negative_integer;
  if ((!negative && kind != CborKind::unsigned_integer) || number > kLargest) {
    return std::nullopt;
  }
  const auto magnitude = static_cast<std::int64_t>(number);
  return negative ? -1 - magnitude : magnitude;
}

std::optional<std::string_view> CborItem::text() const {
  return kind == CborKind::text ? std::optional(as_text(bytes)) : std::nullopt;
}

std::optional<ByteView> CborItem::byte_string() const {
  return kind == CborKind::bytes ? std::optional(bytes) : std::nullopt;
}

const CborItem* CborItem::find(std::int64_t key) const {
  return find_value(*this, [&](const CborItem& item) { return item.integer() == key; });
}

const CborItem* CborItem::find(std::string_view key) const {
  return find_value(*this, [&](const CborItem& item) { return item.text() == key; });
}

Result<CborDocument> parse_cbor(ByteView bytes, const CborLimits& limits) {
  CborDocument document;
  MRTOOL_TRY(root, Parser(bytes, limits, document.joined).document());
  document.root = std::move(root);
  return document;
}

}  // namespace mrtool
