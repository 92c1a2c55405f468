#include "formats/ima/line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "formats/ima/survey.hpp"
#include "lib/base/byte_writer.hpp"
#include "lib/base/text.hpp"

namespace mrtool::ima {
namespace {

template <class Integer>
std::optional<Integer> parse_number(std::string_view text) {
  Integer value = 0;
  const char* const end = text.data() + text.size();
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): as far as `end`
  const auto result = std::from_chars(text.data(), end, value);
  // Only one spelling of a number gives the line back.
  if (result.ec != std::errc{} || result.ptr != end || (text.size() > 1 && text.front() == '0')) {
    return std::nullopt;
  }
  return value;
}

// Takes the text up to the next blank, and the blank.
std::string_view take_word(std::string_view& text) {
  const std::size_t blank = text.find(' ');
  const std::string_view word = text.substr(0, blank);
  text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
  return word;
}

bool is_name(FieldId id) {
  return id == FieldId::n || id == FieldId::n_ng;
}

// Room that is large enough for the data of the fields of a line.
class Room {
 public:
  Room(std::span<std::uint8_t> room, ByteOrder order) : room_(room), order_(order) {}

  std::size_t used() const { return used_; }
  void append(std::string_view text) {
    std::ranges::copy(as_bytes(text), room_.subspan(used_).begin());
    used_ += text.size();
  }
  void append_nul() { room_[used_++] = 0; }
  bool append_from_hex(std::string_view digits) {
    const std::size_t size = digits.size() / 2;
    used_ += size;
    return decode_hex(digits, room_.subspan(used_ - size, size));
  }
  template <class Integer>
  void append_integer(Integer value) {
    put_integer(room_.subspan(used_), value, order_);
    used_ += sizeof(Integer);
  }
  template <class Integer>
  bool append_number(std::string_view text) {
    const auto value = parse_number<Integer>(text);
    append_integer(value.value_or(0));
    return value.has_value();
  }
  // How much was appended behind a size, in its place.
  void settle_size(std::size_t place) {
    const auto size = static_cast<std::uint32_t>(used_ - place - sizeof(std::uint32_t));
    put_integer(room_.subspan(place), size, order_);
  }

 private:
  std::span<std::uint8_t> room_;
  std::size_t used_ = 0;
  ByteOrder order_;
};

// More than the text of the fields, which have a blank each: a size, and what is larger than its text: a number, or the
// NUL of a name.
std::size_t most_data(std::string_view fields, std::size_t count) {
  return fields.size() + 2 * sizeof(std::uint32_t) * count;
}

// The last one, where there is mostly but one: searched from the front, as that is faster.
std::size_t find_last_colon(std::string_view text) {
  std::size_t found = text.find(':');
  for (std::size_t next = found; next != std::string_view::npos; next = text.find(':', next + 1)) {
    found = next;
  }
  return found;
}

// "sha256:aabb" to "sha256:" NUL AA BB. What comes before the last colon is kept as it is.
bool append_tagged_digest(Room& out, std::string_view text) {
  const std::size_t colon = find_last_colon(text);
  if (colon == std::string_view::npos || colon == 0 || text.substr(0, colon).contains('\0')) {
    return false;
  }
  out.append(text.substr(0, colon + 1));
  out.append_nul();
  return out.append_from_hex(text.substr(colon + 1));
}

// The bytes of a field from its text; false where it is not in the field's form.
bool append_field(Room& out, FieldId id, std::string_view text) {
  if (text.empty() && may_be_empty(id)) {
    return true;
  }
  switch (id) {
    case FieldId::n:
    case FieldId::n_ng:
    case FieldId::xattrnames:
      out.append(text);
      out.append_nul();
      return true;
    case FieldId::d_ng:
    case FieldId::d_ngv2:
    case FieldId::d_modsig:
      return append_tagged_digest(out, text);
    case FieldId::iuid:
    case FieldId::igid:
      return out.append_number<std::uint32_t>(text);
    case FieldId::imode:
      return out.append_number<std::uint16_t>(text);
    default:
      return out.append_from_hex(text);
  }
}

// Behind its size.
bool append_sized_field(Room& out, FieldId id, std::string_view text) {
  const std::size_t place = out.used();
  out.append_integer(std::uint32_t{0});
  const bool appended = append_field(out, id, text);
  out.settle_size(place);
  return appended;
}

struct Words {
  std::array<std::string_view, kMaxFields> texts;  // one for each field that is there
  std::size_t count = 0;
  bool blank_in_name = false;
};

// Takes words from the front of `fields`; `surplus`: blanks that do not end one.
Words take_words(std::span<const FieldId> ids, std::string_view& fields, std::size_t surplus) {
  Words result;
  for (std::size_t i = 0; i < ids.size() && !fields.empty(); ++i) {
    fields.remove_prefix(1);
    std::size_t end = fields.find(' ');
    if (is_name(ids[i])) {
      for (; surplus > 0 && end != std::string_view::npos; --surplus) {
        end = fields.find(' ', end + 1);
        result.blank_in_name = true;
      }
    }
    result.texts[result.count++] = fields.substr(0, end);
    fields.remove_prefix(std::min(end, fields.size()));
  }
  return result;
}

// Only names can hold blanks, so what is too much belongs to the name.
Words split_words(const Template& kind, std::string_view fields) {
  std::string_view rest = fields;
  Words result = take_words(kind.fields(), rest, 0);
  if (!rest.empty()) {
    const auto surplus = static_cast<std::size_t>(std::ranges::count(rest, ' '));
    rest = fields;
    result = take_words(kind.fields(), rest, surplus);
  }
  if (!rest.empty()) {
    result.count = 0;
  }
  return result;
}

// Why the data is not to be had; empty where it is now in `out`.
std::string rebuild_legacy(const Words& words, Bytes& out) {
  const auto digest = from_hex(words.texts[0]);
  const std::string_view name = words.texts[1];
  // MD5 digests are filled up with zeros where they are logged.
  if (!digest || digest->size() > kLegacyDigestBytes || name.size() >= kLegacyNameBytes) {
    return "expected a file digest of at most 20 bytes and a file name of at most 255, found others";
  }
  out = legacy_data(*digest, as_bytes(name));
  return {};
}

std::string rebuild(const Template& kind, std::string_view fields, const Words& words, ByteOrder order, Bytes& out) {
  const std::span<const FieldId> ids = kind.fields();
  if (words.count == 0) {
    return fmt::format("expected {} fields, found others", ids.size());
  }
  if (!std::ranges::all_of(ids.subspan(words.count), may_be_empty)) {
    return fmt::format("expected {} fields, found {}", ids.size(), words.count);
  }
  if (kind.legacy) {
    return rebuild_legacy(words, out);
  }
  out.resize(most_data(fields, ids.size()));
  Room room(out, order);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!append_sized_field(room, ids[i], i < words.count ? words.texts[i] : std::string_view{})) {
      return fmt::format("field {} of {} is not in its form", i + 1, ids.size());
    }
  }
  out.resize(room.used());
  return {};
}

// The same of the fields of nearly every line: as many as the template has, and no blank in any. False, and anything in
// `out`, where it takes more thought.
bool rebuild_plain(const Template& kind, std::string_view fields, ByteOrder order, Bytes& out) {
  const std::span<const FieldId> ids = kind.fields();
  out.resize(most_data(fields, ids.size()));
  Room room(out, order);
  for (const FieldId id : ids) {
    if (fields.empty()) {
      return false;
    }
    fields.remove_prefix(1);
    const std::string_view text = fields.substr(0, fields.find(' '));
    fields.remove_prefix(text.size());
    if (!append_sized_field(room, id, text)) {
      return false;
    }
  }
  out.resize(room.used());
  return fields.empty();
}

}  // namespace

bool may_be_empty(FieldId id) {
  return !is_name(id) && id != FieldId::d && id != FieldId::d_ng && id != FieldId::d_ngv2;
}

std::optional<Line> parse_line(std::string_view text) {
  Line line;
  std::string_view rest = text;
  const bool aligned = rest.starts_with(' ');
  rest.remove_prefix(aligned ? 1 : 0);
  const std::string_view number = take_word(rest);
  const auto pcr = parse_number<std::uint32_t>(number);
  if (!pcr || pcr > static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max()) ||
      (aligned && number.size() != 1)) {
    return std::nullopt;
  }
  const std::string_view digits = take_word(rest);
  if (!is_digest_size(digits.size() / 2)) {
    return std::nullopt;
  }
  line.digest = Digest::filled(digits.size() / 2, 0);
  if (!decode_hex(digits, line.digest.mutable_view())) {
    return std::nullopt;
  }
  const std::size_t name_bytes = std::min(rest.find(' '), rest.size());
  line.name = rest.substr(0, name_bytes);
  constexpr std::size_t kLongestName = 255;
  if (!is_printable_ascii(as_bytes(line.name)) || line.name.size() > kLongestName) {
    return std::nullopt;
  }
  line.pcr = *pcr;
  line.fields = rest.substr(name_bytes);
  line.unpadded_pcr = number.size() == 1 && !aligned;
  return line;
}

Rebuilt rebuild_data(const Template& kind, std::string_view fields, ByteOrder order) {
  Rebuilt out;
  rebuild_data(kind, fields, order, out);
  return out;
}

void rebuild_data(const Template& kind, std::string_view fields, ByteOrder order, Rebuilt& out) {
  if (!kind.legacy && rebuild_plain(kind, fields, order, out.data)) {
    out.problem.clear();
    out.missing_blanks = 0;
    out.blank_in_name = false;
    return;
  }
  const Words words = split_words(kind, fields);
  out.problem = rebuild(kind, fields, words, order, out.data);
  out.missing_blanks = static_cast<std::uint8_t>(kind.fields().size() - words.count);
  out.blank_in_name = words.blank_in_name;
}

}  // namespace mrtool::ima
