#include "lib/quote/tdx_quote.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/byte_reader.hpp"

namespace mrtool::quotes {

namespace {

constexpr std::uint16_t kVersionSgx = 3;  // enclaves only
constexpr std::uint16_t kVersion4 = 4;
constexpr std::uint16_t kVersion5 = 5;
constexpr std::uint16_t kKeyEcdsaP256 = 2;
constexpr std::uint16_t kKeyEcdsaP384 = 3;
constexpr std::size_t kVendorIdSize = 16;
constexpr std::size_t kUserDataSize = 20;

// Of Intel's quoting enclaves; the only mark of a version 3 quote, which has no TEE type.
constexpr std::array<std::uint8_t, kVendorIdSize> kIntelVendorId{0x93, 0x9A, 0x72, 0x33, 0xF7, 0x9C, 0x4C, 0xA9,
                                                                 0x94, 0x0A, 0x0D, 0xB3, 0x95, 0x7F, 0x06, 0x07};

struct BodyRow {
  QuoteBody type;
  std::size_t size;  // bytes
};
constexpr std::array kBodies{
    BodyRow{QuoteBody::sgx_enclave, kEnclaveReportSize},
    BodyRow{QuoteBody::td_1_0, 584},
    BodyRow{QuoteBody::td_1_5, 648},
};

std::unexpected<Error> malformed(std::uint64_t offset, std::string message) {
  Error error{.kind = ErrorKind::malformed,
              .message = "TDX quote: " + std::move(message),
              .file = {},
              .offset = offset,
              .record = {}};
  return std::unexpected(std::move(error));
}

Status complete(const ByteReader& reader, std::string_view part) {
  if (const auto& failure = reader.failure()) {
    return malformed(failure->offset,
                     fmt::format("{} is cut short: {} bytes expected, {} left", part, failure->wanted, failure->left));
  }
  return {};
}

const BodyRow* find_body(std::uint16_t type) {
  const auto* row = std::ranges::find(kBodies, static_cast<QuoteBody>(type), &BodyRow::type);
  return row == kBodies.end() ? nullptr : row;
}

// Version 5 puts type and size in front of the body.
Result<BodyRow> read_body_row(ByteReader& reader, const TdxQuote& quote) {
  if (quote.version != kVersion5) {
    const bool td = quote.version == kVersion4 && quote.tee_type == kTeeTypeTdx;
    return *find_body(static_cast<std::uint16_t>(td ? QuoteBody::td_1_0 : QuoteBody::sgx_enclave));
  }
  const std::uint64_t offset = reader.offset();
  const std::uint16_t type = reader.u16();
  const std::uint32_t size = reader.u32();
  if (Status read = complete(reader, "the body's type and size"); !read) {
    return std::unexpected(read.error());
  }
  const BodyRow* row = find_body(type);
  if (row == nullptr) {
    return malformed(offset, fmt::format("a body of type 1, 2 or 3 expected, {} found", type));
  }
  if (size != row->size) {
    return malformed(offset + sizeof type,
                     fmt::format("a body of type {} has {} bytes, {} found", type, row->size, size));
  }
  return *row;
}

Result<TdxQuote> read_header_and_body(ByteReader& reader, ByteView bytes) {
  constexpr std::size_t kReserved = 4;
  TdxQuote quote;
  quote.version = reader.u16();
  const std::uint16_t key_type = reader.u16();
  quote.tee_type = reader.u32();
  reader.skip(kReserved);
  quote.qe_vendor_id = reader.take(kVendorIdSize);
  quote.user_data = reader.take(kUserDataSize);
  if (Status read = complete(reader, "the header"); !read) {
    return std::unexpected(read.error());
  }
  if (quote.version == kVersionSgx) {
    quote.tee_type = kTeeTypeSgx;
  }
  if (key_type != kKeyEcdsaP256) {
    return fail(ErrorKind::unsupported,
                fmt::format("TDX quote: attestation keys of type 2 (ECDSA P-256) are supported, {} found", key_type));
  }
  MRTOOL_TRY(row, read_body_row(reader, quote));
  quote.body_type = row.type;
  quote.body = reader.take(row.size);
  if (Status read = complete(reader, "the body"); !read) {
    return std::unexpected(read.error());
  }
  quote.signed_part = bytes.first(static_cast<std::size_t>(reader.position()));
  return quote;
}

EnclaveReport read_enclave_report(ByteReader& outer) {
  constexpr std::size_t kReservedBeforeAttributes = 28;
  constexpr std::size_t kReservedBeforeSigner = 32;
  constexpr std::size_t kReservedBeforeProduct = 96;
  constexpr std::size_t kReservedBeforeData = 60;
  constexpr std::size_t kMeasurement = 32;
  constexpr std::size_t kMiscSelect = 4;
  constexpr std::size_t kSixteen = 16;  // CPUSVN and ATTRIBUTES
  EnclaveReport report;
  report.bytes = outer.take(kEnclaveReportSize);
  ByteReader reader(report.bytes);
  report.cpu_svn = reader.take(kSixteen);
  report.misc_select = reader.take(kMiscSelect);
  reader.skip(kReservedBeforeAttributes);
  report.attributes = reader.take(kSixteen);
  report.mr_enclave = reader.take(kMeasurement);
  reader.skip(kReservedBeforeSigner);
  report.mr_signer = reader.take(kMeasurement);
  reader.skip(kReservedBeforeProduct);
  report.isv_prod_id = reader.u16();
  report.isv_svn = reader.u16();
  reader.skip(kReservedBeforeData);
  report.report_data = reader.take(kReportDataSize);
  return report;
}

// A type and a size in front of data that fill what is left of `reader`.
Result<CertificationData> read_certification_head(ByteReader& reader, std::string_view part) {
  const std::uint16_t type = reader.u16();
  const std::uint64_t offset = reader.offset();
  const std::uint32_t size = reader.u32();
  if (Status read = complete(reader, part); !read) {
    return std::unexpected(read.error());
  }
  if (size != reader.left()) {
    return malformed(offset, fmt::format("{} has {} bytes, and {} are left for it", part, size, reader.left()));
  }
  return static_cast<CertificationData>(type);
}

Result<QuoteSignature> read_signature(ByteReader reader) {
  constexpr std::string_view kSignature = "the signature data";
  constexpr std::string_view kOuter = "the certification data";
  constexpr std::string_view kInner = "the certification data behind the QE report";
  QuoteSignature signature;
  signature.signature = reader.take(kP256Signature);
  signature.attestation_key = reader.take(kP256Point);
  const std::uint64_t offset = reader.offset();
  if (Status read = complete(reader, kSignature); !read) {
    return std::unexpected(read.error());
  }
  MRTOOL_TRY(outer, read_certification_head(reader, kOuter));
  if (outer != CertificationData::qe_report) {
    return malformed(offset, fmt::format("certification data of type 6 (a QE report) expected, {} found",
                                         static_cast<unsigned>(outer)));
  }
  signature.qe_report = read_enclave_report(reader);
  signature.qe_report_signature = reader.take(kP256Signature);
  signature.authentication_data = reader.take(reader.u16());
  if (Status read = complete(reader, kOuter); !read) {
    return std::unexpected(read.error());
  }
  MRTOOL_TRY(inner, read_certification_head(reader, kInner));
  signature.type = inner;
  signature.certification_data = reader.rest();
  return signature;
}

}  // namespace

bool is_tdx_quote(ByteView bytes) {
  ByteReader reader(bytes);
  const std::uint16_t version = reader.u16();
  const std::uint16_t key_type = reader.u16();
  const std::uint32_t tee_type = reader.u32();
  reader.skip(sizeof tee_type);
  const ByteView vendor_id = reader.take(kVendorIdSize);
  if (!reader.ok() || (key_type != kKeyEcdsaP256 && key_type != kKeyEcdsaP384)) {
    return false;
  }
  if (version == kVersionSgx) {
    return equal(vendor_id, kIntelVendorId);
  }
  return (version == kVersion4 || version == kVersion5) && (tee_type == kTeeTypeTdx || tee_type == kTeeTypeSgx);
}

Result<TdxQuote> parse_tdx_quote(ByteView bytes) {
  ByteReader reader(bytes);
  MRTOOL_TRY(quote, read_header_and_body(reader, bytes));
  if (quote.body_type == QuoteBody::sgx_enclave) {
    return quote;
  }
  const std::uint64_t offset = reader.offset();
  const std::uint32_t size = reader.u32();
  ByteReader signature_data = reader.sub(size);
  if (!reader.ok()) {
    return malformed(offset, fmt::format("{} bytes of signature data expected, {} left", size, reader.left()));
  }
  MRTOOL_TRY(signature, read_signature(signature_data));
  quote.signature = signature;
  quote.trailing = reader.rest();
  return quote;
}

}  // namespace mrtool::quotes
