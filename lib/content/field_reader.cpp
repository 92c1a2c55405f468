#include "lib/content/field_reader.hpp"

#include <fmt/format.h>

#include "lib/base/text.hpp"

namespace mrtool {

void FieldReader::add(std::string_view name, Value value, std::uint64_t begin) {
  fields_.push_back({std::string(name), std::move(value), {begin, reader_.position()}});
}

std::uint8_t FieldReader::u8(std::string_view name) {
  const auto begin = position();
  const auto value = reader_.u8();
  if (ok()) {
    add(name, Value::number(value), begin);
  }
  return value;
}

std::uint16_t FieldReader::u16(std::string_view name) {
  const auto begin = position();
  const auto value = reader_.u16();
  if (ok()) {
    add(name, Value::number(value), begin);
  }
  return value;
}

std::uint32_t FieldReader::u32(std::string_view name) {
  const auto begin = position();
  const auto value = reader_.u32();
  if (ok()) {
    add(name, Value::number(value), begin);
  }
  return value;
}

std::uint64_t FieldReader::u64(std::string_view name) {
  const auto begin = position();
  const auto value = reader_.u64();
  if (ok()) {
    add(name, Value::wide(value), begin);
  }
  return value;
}

std::uint32_t FieldReader::hex32(std::string_view name) {
  const auto begin = position();
  const auto value = reader_.u32();
  if (ok()) {
    add(name, Value::hex(value), begin);
  }
  return value;
}

std::uint64_t FieldReader::hex64(std::string_view name) {
  const auto begin = position();
  const auto value = reader_.u64();
  if (ok()) {
    add(name, Value::wide_hex(value), begin);
  }
  return value;
}

Guid FieldReader::guid(std::string_view name) {
  const auto begin = position();
  const Guid value = read_guid(reader_);
  if (ok()) {
    add(name, to_string(value), begin);
  }
  return value;
}

ByteView FieldReader::bytes(std::string_view name, std::uint64_t n) {
  const auto begin = position();
  const ByteView view = reader_.take(n);
  if (ok()) {
    add(name, to_bytes(view), begin);
  }
  return view;
}

namespace {

std::string without_trailing_nuls(std::string text) {
  text.erase(text.find_last_not_of('\0') + 1);
  return text;
}

}  // namespace

std::string FieldReader::text(std::string_view name, std::uint64_t n) {
  const auto begin = position();
  std::string value = without_trailing_nuls(std::string(as_text(reader_.take(n))));
  if (ok()) {
    add(name, value, begin);
  }
  return value;
}

std::string FieldReader::utf16(std::string_view name, std::uint64_t n) {
  const auto begin = position();
  std::string value = without_trailing_nuls(utf16le_to_utf8(reader_.take(n)));
  if (ok()) {
    add(name, value, begin);
  }
  return value;
}

Decoded FieldReader::finish(std::string kind, std::string summary) {
  Decoded decoded{.kind = std::move(kind), .summary = std::move(summary), .fields = std::move(fields_), .problem = {}};
  if (const auto& failure = reader_.failure()) {
    decoded.problem = fmt::format("cut short: {} bytes wanted at byte {} of the data, {} left", failure->wanted,
                                  failure->offset, failure->left);
  } else if (left() > 0) {
    decoded.problem = fmt::format("{} bytes follow the structure", left());
  }
  return decoded;
}

}  // namespace mrtool
