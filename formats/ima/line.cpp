#include "formats/ima/line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

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

// "sha256:aabb" to "sha256:" NUL AA BB. What comes before the last colon is kept as it is.
std::optional<Bytes> tagged_digest(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  const auto digest = from_hex(text.substr(colon + 1));
  if (!digest) {
    return std::nullopt;
  }
  Bytes bytes = to_bytes(as_bytes(text.substr(0, colon + 1)));
  bytes.push_back(0);
  bytes.insert(bytes.end(), digest->begin(), digest->end());
  return bytes;
}

Bytes with_nul(std::string_view text) {
  Bytes bytes = to_bytes(as_bytes(text));
  bytes.push_back(0);
  return bytes;
}

// The bytes of a field from its text.
std::optional<Bytes> field_bytes(FieldId id, std::string_view text, ByteOrder order) {
  if (text.empty() && may_be_empty(id)) {
    return Bytes{};
  }
  ByteWriter number(order);
  switch (id) {
    case FieldId::n:
    case FieldId::n_ng:
    case FieldId::xattrnames:
      return with_nul(text);
    case FieldId::d_ng:
    case FieldId::d_ngv2:
    case FieldId::d_modsig:
      return tagged_digest(text);
    case FieldId::iuid:
    case FieldId::igid:
      if (const auto value = parse_number<std::uint32_t>(text)) {
        return number.u32(*value).take();
      }
      return std::nullopt;
    case FieldId::imode:
      if (const auto value = parse_number<std::uint16_t>(text)) {
        return number.u16(*value).take();
      }
      return std::nullopt;
    default:
      return from_hex(text);
  }
}

struct Words {
  std::vector<std::string_view> words;  // one for each field that is there
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
    result.words.push_back(fields.substr(0, end));
    fields.remove_prefix(std::min(end, fields.size()));
  }
  if (!fields.empty()) {
    result.words.clear();
  }
  return result;
}

Rebuilt failed(std::string problem) {
  return {.data = {}, .missing_blanks = 0, .blank_in_name = false, .problem = std::move(problem)};
}

Rebuilt rebuild_legacy(const Words& words) {
  const auto digest = from_hex(words.words[0]);
  const std::string_view name = words.words[1];
  // MD5 digests are filled up with zeros where they are logged.
  if (!digest || digest->size() > kLegacyDigestBytes || name.size() >= kLegacyNameBytes) {
    return failed("expected a file digest of at most 20 bytes and a file name of at most 255, found others");
  }
  return {.data = legacy_data(*digest, as_bytes(name)),
          .missing_blanks = 0,
          .blank_in_name = words.blank_in_name,
          .problem = {}};
}

std::string field_text(const FieldPart& part, ByteOrder order) {
  switch (part.id) {
    case FieldId::n:
    case FieldId::n_ng:
    case FieldId::xattrnames:
      return std::string(as_text(without_nul(part.bytes)));
    case FieldId::d_ng:
    case FieldId::d_ngv2:
    case FieldId::d_modsig:
      if (const auto digest = parse_file_digest(FieldId::d_ng, part.bytes)) {
        return fmt::format("{}:{}", digest->algorithm, to_hex(digest->digest));
      }
      return {};
    case FieldId::iuid:
    case FieldId::igid:
      return part.bytes.size() == sizeof(std::uint32_t) ? fmt::format("{}", ByteReader(part.bytes, 0, order).u32())
                                                        : std::string();
    case FieldId::imode:
      return part.bytes.size() == sizeof(std::uint16_t) ? fmt::format("{}", ByteReader(part.bytes, 0, order).u16())
                                                        : std::string();
    default:
      return to_hex(part.bytes);
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
  if (words.words.empty()) {
    return failed(fmt::format("expected {} fields, found others", ids.size()));
  }
  if (!std::ranges::all_of(ids.subspan(words.words.size()), may_be_empty)) {
    return failed(fmt::format("expected {} fields, found {}", ids.size(), words.words.size()));
  }
  if (kind.legacy) {
    return rebuild_legacy(words);
  }
  ByteWriter data(order);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto bytes = field_bytes(ids[i], i < words.words.size() ? words.words[i] : std::string_view{}, order);
    if (!bytes) {
      return failed(fmt::format("field {} of {} is not in its form", i + 1, ids.size()));
    }
    data.u32(static_cast<std::uint32_t>(bytes->size())).bytes(*bytes);
  }
  return {.data = data.take(),
          .missing_blanks = static_cast<std::uint8_t>(ids.size() - words.words.size()),
          .blank_in_name = words.blank_in_name,
          .problem = {}};
}

std::string format_fields(const Fields& fields, ByteOrder order) {
  std::string text;
  for (const FieldPart& part : fields.parts()) {
    text += ' ';
    text += field_text(part, order);
  }
  return text;
}

}  // namespace mrtool::ima
