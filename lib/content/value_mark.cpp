#include "lib/content/value_mark.hpp"

#include <fmt/format.h>

#include "lib/content/field_reader.hpp"

namespace mrtool::pcclient {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kSignature = "mrtool SYNC\0\0\0\0\0"sv;

}  // namespace

Bytes format_value_mark(HashAlgorithm bank, ByteView value) {
  return to_bytes(as_bytes(std::string(kSignature) + tsm::format_named_digest(bank, value)));
}

std::optional<tsm::NamedDigest> parse_value_mark(std::uint32_t type, ByteView data) {
  if (type != kNoAction || !is_value_mark(data)) {
    return std::nullopt;
  }
  return tsm::parse_named_digest(as_text(data.subspan(kSignature.size())));
}

bool is_value_mark(ByteView data) {
  return as_text(data).starts_with(kSignature);
}

Decoded decode_value_mark(const Context& context) {
  FieldReader reader(context.data);
  reader.text("signature", kSignature.size());
  const std::string value = reader.text("value", reader.left());
  Decoded decoded = reader.finish("value-mark", fmt::format("the register holds {} here", value));
  if (!tsm::parse_named_digest(value)) {
    decoded.problem = "expected a digest with its algorithm, found something else";
  }
  return decoded;
}

}  // namespace mrtool::pcclient
