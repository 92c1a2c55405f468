#include "lib/content/tpm_quote.hpp"

#include "lib/base/byte_reader.hpp"
#include "lib/base/limits.hpp"
#include "lib/crypto/algorithms.hpp"

namespace mrtool::pcclient {

namespace {

constexpr std::uint32_t kMagic = 0xFF544347;  // TPM_GENERATED_VALUE
constexpr std::uint16_t kQuoteTag = 0x8018;   // TPM_ST_ATTEST_QUOTE

Value sized_bytes(ByteReader& reader) {
  const std::uint16_t size = reader.u16();
  return to_bytes(reader.take(size));
}

// TPML_PCR_SELECTION: per bank a bitmap whose lowest bit is the lowest PCR.
Value read_selection(ByteReader& reader) {
  const std::uint32_t count = reader.u32();
  Value::List selections;
  for (std::uint32_t i = 0; i < count && i < limits::kDigestsPerRecord && reader.ok(); ++i) {
    const std::string algorithm = to_string(static_cast<HashAlgorithm>(reader.u16()));
    const ByteView bitmap = reader.take(reader.u8());
    Value::List registers;
    constexpr unsigned kBits = 8;
    for (std::size_t bit = 0; bit < bitmap.size() * kBits; ++bit) {
      if (((bitmap[bit / kBits] >> (bit % kBits)) & 1U) != 0) {
        registers.push_back(Value::number(bit));
      }
    }
    selections.emplace_back(Value::Object{{"bank", Value(algorithm)}, {"registers", Value(std::move(registers))}});
  }
  return selections;
}

}  // namespace

std::optional<Value> decode_tpm_quote(ByteView data) {
  ByteReader reader(data, 0, ByteOrder::big);
  const std::uint32_t magic = reader.u32();
  const std::uint16_t tag = reader.u16();
  if (magic != kMagic || tag != kQuoteTag) {
    return std::nullopt;
  }
  Value::Object quote{{"magic", Value::hex(magic)}, {"type", Value("quote")}};
  quote.push_back({"qualified_signer", sized_bytes(reader)});
  quote.push_back({"qualifying_data", sized_bytes(reader)});
  quote.push_back({"clock", Value::wide(reader.u64())});
  quote.push_back({"reset_count", Value::number(reader.u32())});
  quote.push_back({"restart_count", Value::number(reader.u32())});
  quote.push_back({"safe", Value(reader.u8() != 0)});
  quote.push_back({"firmware_version", Value::wide_hex(reader.u64())});
  quote.push_back({"selection", read_selection(reader)});
  quote.push_back({"pcr_digest", sized_bytes(reader)});
  if (!reader.ok() || reader.left() != 0) {
    return std::nullopt;
  }
  return quote;
}

}  // namespace mrtool::pcclient
