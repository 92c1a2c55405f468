#include "lib/content/tpm_quote.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/byte_reader.hpp"

namespace mrtool {

namespace {

constexpr std::uint16_t kQuoteTag = 0x8018;  // TPM_ST_ATTEST_QUOTE

struct AttestType {
  std::uint16_t tag;
  std::string_view name;
};
constexpr std::array kAttestTypes{
    AttestType{0x8014, "nv"},       AttestType{0x8015, "command audit"}, AttestType{0x8016, "session audit"},
    AttestType{0x8017, "certify"},  AttestType{kQuoteTag, "quote"},      AttestType{0x8019, "time"},
    AttestType{0x801A, "creation"}, AttestType{0x801C, "nv digest"},
};

std::unexpected<Error> malformed(std::uint64_t offset, std::string message) {
  auto error = fail(ErrorKind::malformed, std::move(message));
  error.error().offset = offset;
  return error;
}

ByteView sized_bytes(ByteReader& reader) {
  const std::uint16_t size = reader.u16();
  return reader.take(size);
}

Value selection_value(const PcrSelection& selection) {
  Value::List registers;
  for (std::uint32_t pcr = 0; pcr < PcrSelection::kPcrs; ++pcr) {
    if (selection.contains(pcr)) {
      registers.push_back(Value::number(pcr));
    }
  }
  return Value::Object{{"bank", Value(to_string(selection.bank))}, {"registers", Value(std::move(registers))}};
}

}  // namespace

bool is_tpm_attest(ByteView bytes) {
  return ByteReader(bytes, 0, ByteOrder::big).u32() == kTpmGenerated;
}

ByteView tpm_attest_of(ByteView bytes) {
  ByteReader reader(bytes, 0, ByteOrder::big);
  const std::uint16_t size = reader.u16();
  const bool sized = reader.ok() && size == reader.left() && is_tpm_attest(bytes.subspan(sizeof(size)));
  return sized && !is_tpm_attest(bytes) ? bytes.subspan(sizeof(size)) : bytes;
}

std::string tpm_attest_type(ByteView bytes) {
  ByteReader reader(bytes, 0, ByteOrder::big);
  reader.skip(sizeof(kTpmGenerated));
  const std::uint16_t tag = reader.u16();
  const auto* const row = std::ranges::find(kAttestTypes, tag, &AttestType::tag);
  return row != kAttestTypes.end() ? std::string(row->name) : fmt::format("0x{:04x}", tag);
}

Result<TpmQuote> parse_tpm_quote(ByteView bytes) {
  ByteReader reader(bytes, 0, ByteOrder::big);
  if (const std::uint32_t magic = reader.u32(); magic != kTpmGenerated) {
    return malformed(0, fmt::format("a TPM's attestation starts with ff544347; found {:08x}", magic));
  }
  if (const std::uint16_t tag = reader.u16(); tag != kQuoteTag) {
    return malformed(4, fmt::format("expected a TPM's quote (0x8018), found an attestation of type {:#06x}", tag));
  }
  TpmQuote quote;
  quote.qualified_signer = sized_bytes(reader);
  quote.extra_data = sized_bytes(reader);
  quote.clock = reader.u64();
  quote.reset_count = reader.u32();
  quote.restart_count = reader.u32();
  const std::uint64_t safe_offset = reader.offset();
  const std::uint8_t safe = reader.u8();
  if (safe > 1) {
    return malformed(safe_offset, fmt::format("a TPM's \"safe\" is 0 or 1; found {}", safe));
  }
  quote.safe = safe != 0;
  quote.firmware_version = reader.u64();
  MRTOOL_TRY(selections, read_pcr_selections(reader));
  quote.selections = std::move(selections);
  quote.pcr_digest = sized_bytes(reader);
  if (!reader.ok()) {
    return malformed(reader.failure()->offset, "a TPM's quote is cut short");
  }
  if (reader.left() != 0) {
    return malformed(reader.offset(), fmt::format("{} bytes follow a TPM's quote; expected none", reader.left()));
  }
  return quote;
}

Value::Object quote_fields(const TpmQuote& quote) {
  Value::List selections;
  for (const PcrSelection& selection : quote.selections) {
    selections.push_back(selection_value(selection));
  }
  return {{"magic", Value::hex(kTpmGenerated)},
          {"type", Value("quote")},
          {"qualified_signer", to_bytes(quote.qualified_signer)},
          {"qualifying_data", to_bytes(quote.extra_data)},
          {"clock", Value::wide(quote.clock)},
          {"reset_count", Value::number(quote.reset_count)},
          {"restart_count", Value::number(quote.restart_count)},
          {"safe", Value(quote.safe)},
          {"firmware_version", Value::wide_hex(quote.firmware_version)},
          {"selection", Value(std::move(selections))},
          {"pcr_digest", to_bytes(quote.pcr_digest)}};
}

namespace pcclient {

std::optional<Value> decode_tpm_quote(ByteView data) {
  const auto quote = parse_tpm_quote(data);
  return quote ? std::optional<Value>(quote_fields(*quote)) : std::nullopt;
}

}  // namespace pcclient
}  // namespace mrtool
