#include <fmt/format.h>

#include <array>

#include "formats/json/carried_log.hpp"
#include "lib/base/json_text.hpp"
#include "lib/base/limits.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::carried {
namespace {

constexpr std::array<std::string_view, 4> kPlatforms{"unknown", "tpm", "tdx", "cca"};
constexpr std::array<std::string_view, 2> kByteOrders{"little", "big"};

// The member's value, empty where it is missing; nothing where it is no string.
std::optional<std::string> text_of(const JsonText& object, std::string_view key) {
  const JsonText* value = find_member(object, key);
  if (value == nullptr) {
    return std::string();
  }
  const auto* text = value->get_ptr<const std::string*>();
  return text == nullptr ? std::nullopt : std::optional(*text);
}

// A word of a table; `out` keeps its value where the member is missing.
template <class Enum, std::size_t kCount>
bool take_word(const JsonText& object, std::string_view key, const std::array<std::string_view, kCount>& words,
               Enum& out) {
  const auto text = text_of(object, key);
  if (!text || text->empty()) {
    return text.has_value();
  }
  const auto word = std::ranges::find(words, *text);
  out = static_cast<Enum>(word - words.begin());
  return word != words.end();
}

bool take_algorithms(const JsonText& object, std::vector<AlgorithmSize>& out) {
  const JsonText* list = find_member(object, "algorithms");
  if (list == nullptr) {
    return true;
  }
  if (!list->is_array() || list->size() > limits::kAlgorithmsPerLog) {
    return false;
  }
  for (const JsonText& entry : *list) {
    const auto name = text_of(entry, "bank");
    const auto bank = name ? parse_algorithm(*name) : std::nullopt;
    const JsonText* size = find_member(entry, "size");
    if (!bank || size == nullptr || !size->is_number_unsigned() || size->get<std::uint64_t>() > kMaxDigestSize) {
      return false;
    }
    out.push_back({.algorithm = *bank, .size = size->get<std::uint16_t>()});
  }
  return true;
}

}  // namespace

Result<Header> read_header(ByteView text) {
  Bytes closed = to_bytes(text);
  closed.push_back(']');
  closed.push_back('}');
  MRTOOL_TRY(object, parse_json_text(closed));
  const auto schema = text_of(object, "schema");
  if (!schema || *schema != kSchema) {
    return fail(ErrorKind::malformed, fmt::format("expected the schema {} before the records, found {}", kSchema,
                                                  schema.value_or("no string")));
  }
  Header header;
  const auto format = text_of(object, "format");
  const auto dialect = text_of(object, "dialect");
  const auto reg = text_of(object, "register");
  const auto bank = text_of(object, "bank");
  if (!format || format->empty() || !dialect || !reg || !bank) {
    return fail(ErrorKind::malformed, "expected the name of a format, and strings for dialect, register and bank");
  }
  header.format = *format;
  header.dialect = *dialect;
  if (!reg->empty()) {
    header.reg = parse_register(*reg);
  }
  if (!bank->empty()) {
    header.bank = parse_algorithm(*bank).value_or(HashAlgorithm::none);
  }
  const bool register_is_known = reg->empty() || header.reg.has_value();
  const bool bank_is_known = bank->empty() || header.bank != HashAlgorithm::none;
  if (!register_is_known || !bank_is_known || !take_word(object, "byte_order", kByteOrders, header.byte_order) ||
      !take_word(object, "platform", kPlatforms, header.platform) || !take_algorithms(object, header.algorithms)) {
    return fail(ErrorKind::malformed, "expected known values for register, bank, byte_order, platform and algorithms");
  }
  return header;
}

std::string write_header(const Header& header) {
  JsonText object;
  object["schema"] = kSchema;
  object["format"] = header.format;
  object["dialect"] = header.dialect;
  object["byte_order"] = kByteOrders[static_cast<std::size_t>(header.byte_order)];
  object["platform"] = kPlatforms[static_cast<std::size_t>(header.platform)];
  if (header.reg) {
    object["register"] = to_string(*header.reg);
  }
  if (header.bank != HashAlgorithm::none) {
    object["bank"] = to_string(header.bank);
  }
  object["algorithms"] = JsonText::array();
  for (const AlgorithmSize& entry : header.algorithms) {
    // A size that no algorithm has is of a bank that cannot be used, and stands in the carried bytes.
    if (entry.size <= kMaxDigestSize) {
      object["algorithms"].push_back({{"bank", to_string(entry.algorithm)}, {"size", entry.size}});
    }
  }
  std::string text = to_text(object);
  text.pop_back();
  return text.append(",\"").append(kArray).append("\":[");
}

}  // namespace mrtool::carried
