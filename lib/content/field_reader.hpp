// Decoders read a structure and name its fields in one go; each field remembers the bytes it came from, which is how a
// digest's coverage of it is known.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/byte_reader.hpp"
#include "lib/base/guid.hpp"
#include "lib/content/content.hpp"

namespace mrtool {

class FieldReader {
 public:
  explicit FieldReader(ByteView data) : reader_(data) {}

  // Each reads the integer and adds it as a field; past the end nothing is added and zero is returned.
  std::uint8_t u8(std::string_view name);
  std::uint16_t u16(std::string_view name);
  std::uint32_t u32(std::string_view name);
  std::uint64_t u64(std::string_view name);
  std::uint32_t hex32(std::string_view name);
  std::uint64_t hex64(std::string_view name);
  Guid guid(std::string_view name);
  // The next n bytes, added as bytes. Past the end nothing is added and the view is empty.
  ByteView bytes(std::string_view name, std::uint64_t n);
  // The next n bytes as UTF-8 or UTF-16LE text without its trailing NULs.
  std::string text(std::string_view name, std::uint64_t n);
  std::string utf16(std::string_view name, std::uint64_t n);

  // A value that the caller made from bytes it read through `reader()` since `begin`.
  void add(std::string_view name, Value value, std::uint64_t begin);

  ByteReader& reader() { return reader_; }
  std::uint64_t position() const { return reader_.position(); }
  std::uint64_t left() const { return reader_.left(); }
  bool ok() const { return reader_.ok(); }

  // Ends the structure. A read past the end, or bytes left over, become the problem.
  Decoded finish(std::string kind, std::string summary);

 private:
  ByteReader reader_;
  std::vector<Field> fields_;
};

}  // namespace mrtool
