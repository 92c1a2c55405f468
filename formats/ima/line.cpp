#include "formats/ima/line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "formats/ima/survey.hpp"
#include "lib/base/byte_writer.hpp"
#include "lib/base/text.hpp"
#include "lib/content/ima.hpp"

namespace mrtool::ima {
namespace {

template <class Integer>
std::optional<Integer> parse_number(std::string_view text) {
  Integer value = 0;
  const char* const end = text.data() + text.size();
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

// Digests and names are always there; other fields are empty where they do not apply.
bool may_be_empty(FieldId id) {
  return !is_name(id) && id != FieldId::d && id != FieldId::d_ng && id != FieldId::d_ngv2;
}

void append(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

bool append_from_hex(Bytes& out, std::string_view digits) {
  const std::size_t begin = out.size();
  out.resize(begin + digits.size() / 2);
  return decode_hex(digits, std::span(out).subspan(begin));
}

// "sha256:aabb" to "sha256:" NUL AA BB. What comes before the last colon is kept as it is.
bool append_tagged_digest(Bytes& out, std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || text.find('\0') != std::string_view::npos) {
    return false;
  }
  append(out, as_bytes(text.substr(0, colon + 1)));
  out.push_back(0);
  return append_from_hex(out, text.substr(colon + 1));
}

template <class Integer>
bool append_number(Bytes& out, std::string_view text, ByteOrder order) {
  const auto value = parse_number<Integer>(text);
  if (value) {
    append_integer(out, *value, order);
  }
  return value.has_value();
}

// The bytes of a field from its text; false where it is not in the field's form.
bool append_field(Bytes& out, FieldId id, std::string_view text, ByteOrder order) {
  if (text.empty() && may_be_empty(id)) {
    return true;
  }
  switch (id) {
    case FieldId::n:
    case FieldId::n_ng:
    case FieldId::xattrnames:
      append(out, as_bytes(text));
      out.push_back(0);
      return true;
    case FieldId::d_ng:
    case FieldId::d_ngv2:
    case FieldId::d_modsig:
      return append_tagged_digest(out, text);
    case FieldId::iuid:
    case FieldId::igid:
      return append_number<std::uint32_t>(out, text, order);
    case FieldId::imode:
      return append_number<std::uint16_t>(out, text, order);
    default:
      return append_from_hex(out, text);
  }
}

struct Words {
  std::array<std::string_view, kMaxFields> texts;  // one for each field that is there
  std::size_t count = 0;
  bool blank_in_name = false;
};

// Only names can hold blanks, so what is too much belongs to the name.
Words split_words(const Template& kind, std::string_view fields) {
  Words result;
  const std::size_t wanted = kind.fields().size();
  const auto blanks = static_cast<std::size_t>(std::ranges::count(fields, ' '));
  std::size_t surplus = blanks > wanted ? blanks - wanted : 0;
  for (std::size_t i = 0; i < wanted && !fields.empty(); ++i) {
    fields.remove_prefix(1);
    std::size_t end = fields.find(' ');
    if (is_name(kind.fields()[i])) {
      for (; surplus > 0 && end != std::string_view::npos; --surplus) {
        end = fields.find(' ', end + 1);
        result.blank_in_name = true;
      }
    }
    result.texts[result.count++] = fields.substr(0, end);
    fields.remove_prefix(std::min(end, fields.size()));
  }
  if (!fields.empty()) {
    result.count = 0;
  }
  return result;
}

Rebuilt failed(std::string problem) {
  return {.data = {}, .missing_blanks = 0, .blank_in_name = false, .problem = std::move(problem)};
}

Rebuilt rebuild_legacy(const Words& words) {
  const auto digest = from_hex(words.texts[0]);
  const std::string_view name = words.texts[1];
  // MD5 digests are filled up with zeros where they are logged.
  if (!digest || digest->size() > kLegacyDigestBytes || name.size() >= kLegacyNameBytes) {
    return failed("expected a file digest of at most 20 bytes and a file name of at most 255, found others");
  }
  return {.data = legacy_data(*digest, as_bytes(name)),
          .missing_blanks = 0,
          .blank_in_name = words.blank_in_name,
          .problem = {}};
}

void append_field_text(std::string& out, const FieldPart& part, ByteOrder order) {
  const auto append_decimal = [&out](std::uint32_t value) {
    const fmt::format_int digits(value);
    out.append(digits.data(), digits.size());
  };
  switch (part.id) {
    case FieldId::n:
    case FieldId::n_ng:
    case FieldId::xattrnames:
      out += as_text(without_nul(part.bytes));
      return;
    case FieldId::d_ng:
    case FieldId::d_ngv2:
    case FieldId::d_modsig:
      if (const auto digest = parse_file_digest(FieldId::d_ng, part.bytes)) {
        out.append(digest->algorithm).push_back(':');
        append_hex(out, digest->digest);
      }
      return;
    case FieldId::iuid:
    case FieldId::igid:
      if (part.bytes.size() == sizeof(std::uint32_t)) {
        append_decimal(ByteReader(part.bytes, 0, order).u32());
      }
      return;
    case FieldId::imode:
      if (part.bytes.size() == sizeof(std::uint16_t)) {
        append_decimal(ByteReader(part.bytes, 0, order).u16());
      }
      return;
    default:
      append_hex(out, part.bytes);
  }
}

}  // namespace

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
  auto digest = from_hex(take_word(rest));
  if (!digest || !is_digest_size(digest->size())) {
    return std::nullopt;
  }
  const std::size_t name_bytes = std::min(rest.find(' '), rest.size());
  line.name = rest.substr(0, name_bytes);
  constexpr std::size_t kLongestName = 255;
  if (!is_printable_ascii(as_bytes(line.name)) || line.name.size() > kLongestName) {
    return std::nullopt;
  }
  line.pcr = *pcr;
  line.digest = *std::move(digest);
  line.fields = rest.substr(name_bytes);
  line.unpadded_pcr = number.size() == 1 && !aligned;
  return line;
}

Rebuilt rebuild_data(const Template& kind, std::string_view fields, ByteOrder order) {
  const Words words = split_words(kind, fields);
  const std::span<const FieldId> ids = kind.fields();
  if (words.count == 0) {
    return failed(fmt::format("expected {} fields, found others", ids.size()));
  }
  if (!std::ranges::all_of(ids.subspan(words.count), may_be_empty)) {
    return failed(fmt::format("expected {} fields, found {}", ids.size(), words.count));
  }
  if (kind.legacy) {
    return rebuild_legacy(words);
  }
  Bytes data;
  data.reserve(fields.size() + ids.size() * sizeof(std::uint32_t));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::size_t begin = data.size();
    append_integer(data, std::uint32_t{0}, order);
    if (!append_field(data, ids[i], i < words.count ? words.texts[i] : std::string_view{}, order)) {
      return failed(fmt::format("field {} of {} is not in its form", i + 1, ids.size()));
    }
    const auto size = static_cast<std::uint32_t>(data.size() - begin - sizeof(std::uint32_t));
    put_integer(std::span(data).subspan(begin), size, order);
  }
  return {.data = std::move(data),
          .missing_blanks = static_cast<std::uint8_t>(ids.size() - words.count),
          .blank_in_name = words.blank_in_name,
          .problem = {}};
}

// Nothing of a field's text may be taken for a field's or a line's end; everything else follows from how append_field
// undoes append_field_text.
bool text_is_faithful(const Fields& fields) {
  const auto is_one_word = [](std::string_view text) { return !text.contains(' ') && !text.contains('\n'); };
  const auto is_faithful = [&](const FieldPart& part) {
    const ByteView bytes = part.bytes;
    if (bytes.empty() && may_be_empty(part.id)) {
      return true;
    }
    switch (part.id) {
      case FieldId::n:
      case FieldId::n_ng:
        return !bytes.empty() && bytes.back() == 0 && is_one_word(as_text(bytes));
      case FieldId::xattrnames:
        return bytes.size() > 1 && bytes.back() == 0 && is_one_word(as_text(bytes));
      case FieldId::d_ng:
      case FieldId::d_ngv2:
      case FieldId::d_modsig: {
        const auto digest = parse_file_digest(FieldId::d_ng, bytes);
        return digest && !digest->algorithm.empty() && is_one_word(digest->algorithm);
      }
      case FieldId::iuid:
      case FieldId::igid:
        return bytes.size() == sizeof(std::uint32_t);
      case FieldId::imode:
        return bytes.size() == sizeof(std::uint16_t);
      default:
        return true;  // hexadecimal
    }
  };
  return std::ranges::all_of(fields.parts(), is_faithful);
}

void append_fields(std::string& out, const Fields& fields, ByteOrder order) {
  for (const FieldPart& part : fields.parts()) {
    out += ' ';
    append_field_text(out, part, order);
  }
}

}  // namespace mrtool::ima
