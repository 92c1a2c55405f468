#include "lib/record/pcr_selection.hpp"

#include <fmt/format.h>

#include <bit>

namespace mrtool {

namespace {

constexpr unsigned kBitsPerByte = 8;

std::unexpected<Error> malformed(std::uint64_t offset, std::string message) {
  auto error = fail(ErrorKind::malformed, std::move(message));
  error.error().offset = offset;
  return error;
}

}  // namespace

std::size_t count_pcrs(std::span<const PcrSelection> selections) {
  std::size_t count = 0;
  for (const PcrSelection& selection : selections) {
    count += static_cast<std::size_t>(std::popcount(selection.pcrs));
  }
  return count;
}

Result<PcrSelections> read_pcr_selections(ByteReader& reader) {
  const std::uint64_t start = reader.offset();
  const std::uint32_t count = reader.u32();
  if (count > kMaxPcrSelections) {
    return malformed(start,
                     fmt::format("a PCR selection states {} banks; expected at most {}", count, kMaxPcrSelections));
  }
  PcrSelections selections;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint64_t offset = reader.offset();
    PcrSelection selection{.bank = static_cast<HashAlgorithm>(reader.u16()), .pcrs = 0, .size = reader.u8()};
    if (selection.size > PcrSelection::kMaxBitmapSize) {
      return malformed(offset, fmt::format("a PCR bitmap states {} bytes; expected at most {}", selection.size,
                                           PcrSelection::kMaxBitmapSize));
    }
    const ByteView bitmap = reader.take(selection.size);
    for (std::size_t byte = 0; byte < bitmap.size(); ++byte) {
      selection.pcrs |= std::uint32_t{bitmap[byte]} << (byte * kBitsPerByte);
    }
    selections.push_back(selection);
  }
  if (!reader.ok()) {
    return malformed(reader.failure()->offset, "a PCR selection is cut short");
  }
  return selections;
}

void write_pcr_selections(ByteWriter& writer, std::span<const PcrSelection> selections) {
  writer.u32(static_cast<std::uint32_t>(selections.size()));
  for (const PcrSelection& selection : selections) {
    writer.u16(static_cast<std::uint16_t>(selection.bank)).u8(selection.size);
    for (unsigned byte = 0; byte < selection.size; ++byte) {
      writer.u8(static_cast<std::uint8_t>(selection.pcrs >> (byte * kBitsPerByte)));
    }
  }
}

}  // namespace mrtool
