#include "lib/base/json_items.hpp"

#include <fmt/format.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace mrtool {
namespace {

constexpr std::uint8_t kRecordSeparator = 0x1E;  // RFC 7464, section 2.2

bool is_blank(std::uint8_t byte) {
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

bool ends_scalar(std::uint8_t byte) {
  return is_blank(byte) || byte == ',' || byte == ']' || byte == '}' || byte == '[' || byte == '{' || byte == '"' ||
         byte == kRecordSeparator;
}

std::size_t first_set_byte(std::uint64_t word) {
  constexpr int kBits = 8;
  return static_cast<std::size_t>(
      (std::endian::native == std::endian::little ? std::countr_zero(word) : std::countl_zero(word)) / kBits);
}

// The first byte from `at` on that means something inside a string; the end where there is none. Strings are most of a
// log, so many bytes are looked at together.
std::size_t find_special(ByteView bytes, std::size_t at) {
  constexpr auto kEach = std::to_array<std::uint8_t>({'"', '\\', kRecordSeparator});
  constexpr std::size_t kTogether = 16;
  typedef std::uint8_t Vector __attribute__((vector_size(kTogether)));  // NOLINT(modernize-use-using): g++ 12 drops it
  for (; bytes.size() - at >= kTogether; at += kTogether) {
    Vector here;
    std::memcpy(&here, bytes.data() + at, sizeof(here));
    const auto special = (here == kEach[0]) | (here == kEach[1]) | (here == kEach[2]);
    std::array<std::uint64_t, kTogether / sizeof(std::uint64_t)> words{};
    std::memcpy(words.data(), &special, sizeof(special));
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i] != 0) {
        return at + i * sizeof(std::uint64_t) + first_set_byte(words[i]);
      }
    }
  }
  while (at < bytes.size() && std::ranges::find(kEach, bytes[at]) == kEach.end()) {
    ++at;
  }
  return at;
}

#ifdef __SSE2__
// What 64 bytes hold, by the bits of a word: the first byte's is the lowest.
struct Marks {
  std::uint64_t quotes = 0;
  std::uint64_t backslashes = 0;
  std::uint64_t brackets = 0;  // and braces
  std::uint64_t separators = 0;
};

Marks marks_of(const std::uint8_t* bytes) {
  constexpr std::size_t kVectors = 4;
  constexpr std::size_t kVectorBytes = sizeof(__m128i);
  constexpr char kCaseBit = 0x20;  // all that '[' and '{' differ in, and ']' and '}'
  Marks marks;
  for (std::size_t i = 0; i < kVectors; ++i) {
    const __m128i here = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + i * kVectorBytes));
    const auto bits = [i](__m128i equal) {
      return std::uint64_t{static_cast<std::uint16_t>(_mm_movemask_epi8(equal))} << (i * kVectorBytes);
    };
    const auto where = [here](char byte) { return _mm_cmpeq_epi8(here, _mm_set1_epi8(byte)); };
    const __m128i folded = _mm_or_si128(here, _mm_set1_epi8(kCaseBit));
    marks.quotes |= bits(where('"'));
    marks.backslashes |= bits(where('\\'));
    marks.separators |= bits(where(static_cast<char>(kRecordSeparator)));
    marks.brackets |=
        bits(_mm_or_si128(_mm_cmpeq_epi8(folded, _mm_set1_epi8('{')), _mm_cmpeq_epi8(folded, _mm_set1_epi8('}'))));
  }
  return marks;
}

constexpr std::size_t kWordBits = 64;

bool is_last_set(std::uint64_t word) {
  return word >> (kWordBits - 1) != 0;
}

// Each bit is the parity of those of the word up to it: between an odd quote and the next one it is set.
std::uint64_t running_parity(std::uint64_t word) {
  for (std::size_t shift = 1; shift < kWordBits; shift *= 2) {
    word ^= word << shift;
  }
  return word;
}

// The bytes that a backslash before them, none that was escaped itself, takes the meaning from.
std::uint64_t behind_backslashes(std::uint64_t backslashes, bool first) {
  std::uint64_t behind = first ? 1 : 0;
  for (std::uint64_t left = backslashes & ~behind; left != 0;) {
    const std::uint64_t lowest = left & (~left + 1);
    behind |= lowest << 1;
    left &= ~(lowest | lowest << 1);
  }
  return behind;
}
#endif

// The bytes that mean something outside strings.
constexpr auto kStructural = [] {
  std::array<bool, 256> structural{};
  for (const char byte : std::string_view("\"{}[]:")) {
    structural[static_cast<std::uint8_t>(byte)] = true;
  }
  structural[kRecordSeparator] = true;
  return structural;
}();

std::string shown(std::uint8_t byte) {
  constexpr std::uint8_t kFirstPrintable = 0x21;
  constexpr std::uint8_t kLastPrintable = 0x7E;
  return byte >= kFirstPrintable && byte <= kLastPrintable ? fmt::format("'{}'", static_cast<char>(byte))
                                                           : fmt::format("the byte {:02x}", byte);
}

}  // namespace

void JsonValueScan::start(std::size_t begin, std::string_view member) {
  *this = JsonValueScan();
  position_ = begin;
  member_ = member;
}

JsonValueScan::State JsonValueScan::refuse(std::string message) {
  message_ = std::move(message);
  return State::malformed;
}

JsonValueScan::State JsonValueScan::scan(ByteView bytes) {
  if (position_ == bytes.size()) {
    return State::more;
  }
  if (kind_ == Kind::unknown) {
    const std::uint8_t first = bytes[position_];
    kind_ = first == '{' || first == '[' ? Kind::nested : first == '"' ? Kind::string : Kind::scalar;
    if (kind_ == Kind::string) {
      in_string_ = true;
      ++position_;
    } else if (kind_ == Kind::scalar && ends_scalar(first)) {
      return refuse(fmt::format("expected a JSON value, found {}", shown(first)));
    }
  }
  switch (kind_) {
    case Kind::string:
      return scan_string(bytes);
    case Kind::scalar:
      return scan_scalar(bytes);
    default:
      return scan_nested(bytes);
  }
}

// Up to and including the quote that ends it.
JsonValueScan::State JsonValueScan::scan_string(ByteView bytes) {
  std::size_t at = position_;
  for (; at < bytes.size(); ++at) {
    at = escaped_ ? at : find_special(bytes, at);
    if (at == bytes.size()) {
      break;
    }
    const std::uint8_t byte = bytes[at];
    if (byte == kRecordSeparator) {
      position_ = at;
      return refuse("a record separator lies inside a string: the item is cut short");
    }
    if (escaped_) {
      escaped_ = false;
    } else if (byte == '\\') {
      escaped_ = true;
    } else if (byte == '"') {
      in_string_ = false;
      string_end_ = at;
      position_ = at + 1;
      return State::done;
    }
  }
  position_ = at;
  return State::more;
}

JsonValueScan::State JsonValueScan::scan_scalar(ByteView bytes) {
  while (position_ < bytes.size()) {
    if (ends_scalar(bytes[position_])) {
      return State::done;
    }
    ++position_;
  }
  return State::more;
}

JsonValueScan::State JsonValueScan::scan_nested(ByteView bytes) {
  if (member_.empty()) {
    if (const auto state = scan_blocks(bytes)) {
      return *state;
    }
  }
  while (position_ < bytes.size()) {
    if (in_string_) {
      const State state = scan_string(bytes);
      if (state != State::done) {
        return state;
      }
      continue;
    }
    const std::uint8_t byte = bytes[position_];
    if (!kStructural[byte]) {
      member_is_next_ = member_is_next_ && is_blank(byte);
      ++position_;
      continue;
    }
    if (const auto state = structural(bytes, byte)) {
      return *state;
    }
  }
  return State::more;
}

// As far as whole blocks go in which nothing is wrong. What is left is gone on with from its start.
std::optional<JsonValueScan::State> JsonValueScan::scan_blocks([[maybe_unused]] ByteView bytes) {
#ifdef __SSE2__
  for (; bytes.size() - position_ >= kWordBits; position_ += kWordBits) {
    const Marks marks = marks_of(bytes.data() + position_);
    const std::uint64_t escaped = behind_backslashes(marks.backslashes, escaped_);
    const std::uint64_t strings = running_parity(marks.quotes & ~escaped) ^ (in_string_ ? ~std::uint64_t{0} : 0);
    if (marks.separators != 0 || (marks.backslashes & ~strings) != 0) {
      return std::nullopt;
    }
    const std::size_t block = position_;
    for (std::uint64_t left = marks.brackets & ~strings; left != 0; left &= left - 1) {
      position_ = block + static_cast<std::size_t>(std::countr_zero(left));
      if (const auto state = bracket(bytes[position_])) {
        return state;
      }
    }
    position_ = block;
    in_string_ = is_last_set(strings);
    escaped_ = is_last_set(marks.backslashes & ~escaped);
  }
#endif
  return std::nullopt;
}

// One byte outside strings that is structural.
std::optional<JsonValueScan::State> JsonValueScan::structural(ByteView bytes, std::uint8_t byte) {
  switch (byte) {
    case '"':
      in_string_ = true;
      string_begin_ = position_ + 1;
      break;
    case '{':
    case '[':
    case '}':
    case ']':
      if (const auto state = bracket(byte)) {
        return state;
      }
      break;
    case ':':
      member_is_next_ = depth_ == 1 && !member_.empty() && string_end_ > string_begin_ &&
                        as_text(bytes.subspan(string_begin_, string_end_ - string_begin_)) == member_;
      break;
    default:
      return refuse("a record separator lies inside an item: the item is cut short");
  }
  ++position_;
  return std::nullopt;
}

std::optional<JsonValueScan::State> JsonValueScan::bracket(std::uint8_t byte) {
  if (byte == '{' || byte == '[') {
    if (depth_ == limits::kNesting) {
      return refuse(fmt::format("more than {} brackets inside each other", limits::kNesting));
    }
    objects_ &= ~(std::uint64_t{1} << depth_);
    objects_ |= std::uint64_t{byte == '{'} << depth_;
    ++depth_;
    if (std::exchange(member_is_next_, false) && byte == '[') {
      ++position_;
      return State::member;
    }
    return std::nullopt;
  }
  const bool brace = (objects_ >> (depth_ - 1) & 1) != 0;
  if (brace != (byte == '}')) {
    return refuse(fmt::format("expected '{}', found {}", brace ? '}' : ']', shown(byte)));
  }
  --depth_;
  if (depth_ == 0) {
    ++position_;
    return State::done;
  }
  return std::nullopt;
}

void JsonValueScan::leave_array(std::size_t behind_bracket) {
  position_ = behind_bracket;
  --depth_;
  member_ = {};
}

JsonItems::Step JsonItems::need_more(ByteView rest) const {
  return {.state = State::need_more, .need = rest.size() + limits::kReadPiece};
}

JsonItems::Step JsonItems::malformed(std::size_t at, std::string message) {
  return {.state = State::malformed, .at = at, .message = std::move(message)};
}

// Everything of rest that is known so far is handed out.
JsonItems::Step JsonItems::take(State state, std::size_t size) {
  scanned_ -= size;
  return {.state = state, .text = size};
}

JsonItems::Step JsonItems::next(ByteView rest, bool complete) {
  while (true) {
    std::optional<Step> step;
    switch (phase_) {
      case Phase::start:
        step = start(rest, complete);
        break;
      case Phase::first_object:
        step = look_for_member(rest, complete);
        break;
      case Phase::before_item:
        step = before_item(rest, complete);
        break;
      case Phase::in_item:
        step = in_item(rest, complete);
        break;
      case Phase::after_item:
        step = after_item(rest, complete);
        break;
      case Phase::behind_array:
        step = behind_array(rest, complete);
        break;
      case Phase::tail:
        step = tail(rest, complete);
        break;
    }
    if (!step) {
      continue;
    }
    const std::size_t held = step->state == State::need_more ? rest.size() : step->size();
    if (held > limits::kRecordBytes && step->state != State::trailing) {
      return malformed(0,
                       fmt::format("an item and what lies before it are larger than {} bytes", limits::kRecordBytes));
    }
    return *std::move(step);
  }
}

std::optional<JsonItems::Step> JsonItems::start(ByteView rest, bool complete) {
  while (scanned_ < rest.size() && is_blank(rest[scanned_])) {
    ++scanned_;
  }
  if (scanned_ == rest.size()) {
    return complete ? end_of_text(rest) : need_more(rest);
  }
  switch (rest[scanned_]) {
    case kRecordSeparator:
      shape_ = JsonShape::sequence;
      separated_ = false;
      break;
    case '[':
      shape_ = JsonShape::array;
      phase_ = Phase::before_item;
      ++scanned_;
      return take(State::leading, scanned_);
    case '{':
      if (!member_.empty()) {
        phase_ = Phase::first_object;
        value_.start(scanned_, member_);
        return std::nullopt;
      }
      shape_ = JsonShape::objects;
      break;
    default:
      return malformed(scanned_,
                       fmt::format("expected a JSON array, object or sequence, found {}", shown(rest[scanned_])));
  }
  phase_ = Phase::before_item;
  return std::nullopt;
}

// The object around the array, or the first item.
std::optional<JsonItems::Step> JsonItems::look_for_member(ByteView rest, bool complete) {
  const JsonValueScan::State state = value_.scan(rest);
  if (state == JsonValueScan::State::member) {
    shape_ = JsonShape::member;
    phase_ = Phase::before_item;
    outer_ = value_;
    scanned_ = value_.position();
    return take(State::leading, scanned_);
  }
  if (state == JsonValueScan::State::more && !complete) {
    return need_more(rest);
  }
  shape_ = JsonShape::objects;
  prefix_ = scanned_;
  phase_ = Phase::in_item;
  if (state != JsonValueScan::State::done) {
    return in_item(rest, complete);
  }
  text_ = value_.position() - prefix_;
  scanned_ = value_.position();
  phase_ = Phase::after_item;
  return std::nullopt;
}

// A comma or a record separator; anything else but a blank begins the item.
std::optional<JsonItems::Step> JsonItems::separator(std::uint8_t byte) {
  if (in_array() && byte == ',') {
    if (separated_) {
      return malformed(scanned_, "expected an item, found ','");
    }
    separated_ = true;
    comma_ = true;
    return std::nullopt;
  }
  if (shape_ == JsonShape::sequence && byte == kRecordSeparator) {
    separated_ = true;
    return std::nullopt;
  }
  const std::string_view wanted = in_array()                      ? "',' or ']'"
                                  : shape_ == JsonShape::sequence ? "a record separator (1e)"
                                                                  : "an item";
  return malformed(scanned_, fmt::format("expected {}, found {}", wanted, shown(byte)));
}

std::optional<JsonItems::Step> JsonItems::before_item(ByteView rest, bool complete) {
  for (; scanned_ < rest.size(); ++scanned_) {
    const std::uint8_t byte = rest[scanned_];
    if (is_blank(byte)) {
      continue;
    }
    if (in_array() && byte == ']') {
      trailing_comma_ = comma_;
      ++scanned_;
      phase_ = Phase::tail;
      if (shape_ == JsonShape::member) {
        phase_ = Phase::behind_array;
        outer_.leave_array(scanned_);
      }
      return std::nullopt;
    }
    const bool separates = byte == ',' || byte == kRecordSeparator;
    if (separated_ && !separates) {
      prefix_ = scanned_;
      text_ = known_length_ ? known_length_(rest.subspan(scanned_)) : 0;
      if (text_ != 0) {
        scanned_ += text_;
        phase_ = Phase::after_item;
      } else {
        value_.start(scanned_);
        phase_ = Phase::in_item;
      }
      return std::nullopt;
    }
    if (auto problem = separator(byte)) {
      return problem;
    }
  }
  return complete ? end_of_text(rest) : need_more(rest);
}

// At the end of the text, between items.
JsonItems::Step JsonItems::end_of_text(ByteView rest) {
  if (in_array()) {
    return malformed(rest.size(), "expected ']' behind the last item, found the end");
  }
  if (shape_ == JsonShape::sequence && separated_) {
    return malformed(rest.size(), "expected an item behind the record separator, found the end");
  }
  return rest.empty() ? Step{.state = State::ended} : take(State::trailing, rest.size());
}

std::optional<JsonItems::Step> JsonItems::in_item(ByteView rest, bool complete) {
  const JsonValueScan::State state = value_.scan(rest);
  if (state == JsonValueScan::State::malformed) {
    return malformed(value_.position(), value_.message());
  }
  if (state == JsonValueScan::State::more) {
    if (!complete) {
      return need_more(rest);
    }
    if (in_array() || !value_.is_scalar()) {
      return malformed(rest.size(), "expected the rest of an item, found the end");
    }
  }
  scanned_ = value_.position();
  text_ = scanned_ - prefix_;
  phase_ = Phase::after_item;
  return std::nullopt;
}

JsonItems::Step JsonItems::give_item(std::size_t after) {
  const Step step{.state = State::item, .prefix = prefix_, .text = text_, .after = after};
  scanned_ = 0;
  phase_ = Phase::before_item;
  separated_ = shape_ == JsonShape::objects;
  comma_ = false;
  return step;
}

std::optional<JsonItems::Step> JsonItems::after_item(ByteView rest, bool complete) {
  const std::size_t behind = prefix_ + text_;
  if (in_array()) {
    return give_item(0);
  }
  for (; scanned_ < rest.size(); ++scanned_) {
    if (rest[scanned_] == '\n') {
      return give_item(scanned_ + 1 - behind);
    }
    if (!is_blank(rest[scanned_])) {
      return give_item(0);
    }
  }
  return complete ? give_item(0) : need_more(rest);
}

// The rest of the object that the array is a member of.
std::optional<JsonItems::Step> JsonItems::behind_array(ByteView rest, bool complete) {
  const JsonValueScan::State state = outer_.scan(rest);
  if (state == JsonValueScan::State::malformed) {
    return malformed(outer_.position(), outer_.message());
  }
  scanned_ = outer_.position();
  if (state == JsonValueScan::State::done) {
    phase_ = Phase::tail;
    return std::nullopt;
  }
  if (complete) {
    return malformed(rest.size(), "expected '}' at the end, found the end");
  }
  if (scanned_ == 0) {
    return need_more(rest);
  }
  outer_.moved(scanned_);
  return take(State::trailing, scanned_);
}

// Nothing but blanks follows.
std::optional<JsonItems::Step> JsonItems::tail(ByteView rest, bool complete) {
  while (scanned_ < rest.size()) {
    if (!is_blank(rest[scanned_])) {
      return malformed(scanned_, fmt::format("expected the end, found {}", shown(rest[scanned_])));
    }
    ++scanned_;
  }
  if (scanned_ > 0) {
    return take(State::trailing, scanned_);
  }
  return complete ? Step{.state = State::ended} : need_more(rest);
}

}  // namespace mrtool
