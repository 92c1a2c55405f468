#include "formats/tcg/spec_id.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "formats/tcg/frame.hpp"
#include "lib/base/byte_reader.hpp"
#include "lib/base/byte_writer.hpp"
#include "lib/base/limits.hpp"
#include "lib/crypto/algorithms.hpp"

namespace mrtool::tcg {
namespace {

using namespace std::string_view_literals;

// uintnSize counts units of four bytes.
constexpr std::uint8_t kUintnUnit = 4;
constexpr std::uint64_t kAlgorithmBytes = 4;

void read_uintn_size(ByteReader& reader, SpecId& spec) {
  const std::uint8_t units = reader.u8();
  spec.uintn_size = units == 1 ? kUintnUnit : std::uint8_t{2 * kUintnUnit};
}

// The tail that all kinds share: vendorInfoSize and vendorInfo. The event size rules.
void read_vendor_info(ByteReader& reader, SpecId& spec) {
  if (reader.left() == 0) {
    spec.odd = "the spec-ID event ends before its vendorInfoSize";
    return;
  }
  const std::uint8_t size = reader.u8();
  if (reader.left() == 0 && size != 0) {
    spec.vendor_outside = size;
    spec.odd = fmt::format("the spec-ID event announces {} vendor bytes and holds none", size);
  } else if (reader.left() != size) {
    spec.odd = fmt::format("the spec-ID event announces {} vendor bytes and holds {}", size, reader.left());
  }
}

void read_algorithms(ByteReader& reader, SpecId& spec) {
  const std::uint32_t count = reader.u32();
  if (!reader.ok()) {
    spec.problem = "expected a spec-ID event with an algorithm table, found one that ends before it";
    return;
  }
  if (count == 0 || count > limits::kAlgorithmsPerLog) {
    spec.problem = fmt::format("expected a spec-ID event that announces 1 to {} algorithms, found {}",
                               limits::kAlgorithmsPerLog, count);
    return;
  }
  if (count * kAlgorithmBytes > reader.left()) {
    spec.problem = fmt::format("expected a spec-ID event with {} algorithms, found room for {}", count,
                               reader.left() / kAlgorithmBytes);
    return;
  }
  spec.algorithms.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto algorithm = static_cast<HashAlgorithm>(reader.u16());
    spec.algorithms.push_back({.algorithm = algorithm, .size = reader.u16()});
  }
}

// Section 10.4.5.1, TCG_EfiSpecIdEvent, from platformClass on.
void read_event03(ByteReader& reader, SpecId& spec) {
  reader.skip(4 + 1 + 1 + 1);  // platformClass, specVersionMinor, specVersionMajor, specErrata
  read_uintn_size(reader, spec);
  read_algorithms(reader, spec);
  if (spec.problem.empty()) {
    read_vendor_info(reader, spec);
  }
}

// The SHA-1 kinds differ in one byte only: what event02 calls uintnSize is reserved in event00.
void read_sha1_kind(ByteReader& reader, SpecId& spec) {
  reader.skip(4 + 1 + 1 + 1);  // platformClass, minor, major, errata
  if (spec.kind == SpecIdKind::event02) {
    read_uintn_size(reader, spec);
  } else {
    reader.skip(1);
  }
  if (!reader.ok()) {
    spec.odd = "the spec-ID event ends before its vendorInfoSize";
    return;
  }
  read_vendor_info(reader, spec);
}

// Without a signature only a table of known algorithms that fills the data exactly tells a stand-in.
bool is_stand_in(const SpecId& spec) {
  return spec.problem.empty() && spec.odd.empty() && spec.vendor_outside == 0 &&
         std::ranges::all_of(spec.algorithms, [](const AlgorithmSize& entry) {
           const HashAlgorithmRow* row = find_algorithm(entry.algorithm);
           return row != nullptr && row->size == entry.size;
         });
}

}  // namespace

SpecIdKind spec_id_kind(ByteView data) {
  if (data.size() < kSignatureBytes) {
    return SpecIdKind::none;
  }
  const ByteView signature = data.first(kSignatureBytes);
  if (equal(signature, as_bytes("Spec ID Event03\0"sv))) {
    return SpecIdKind::event03;
  }
  if (equal(signature, as_bytes("Spec ID Event02\0"sv))) {
    return SpecIdKind::event02;
  }
  if (equal(signature, as_bytes("Spec ID Event00\0"sv))) {
    return SpecIdKind::event00;
  }
  return all_equal_to(signature, 0) ? SpecIdKind::stand_in : SpecIdKind::none;
}

SpecId read_spec_id(ByteView data) {
  SpecId spec;
  spec.kind = spec_id_kind(data);
  if (spec.kind == SpecIdKind::none) {
    return spec;
  }
  ByteReader reader(data);
  reader.skip(kSignatureBytes);
  if (spec.kind == SpecIdKind::event00 || spec.kind == SpecIdKind::event02) {
    read_sha1_kind(reader, spec);
    return spec;
  }
  read_event03(reader, spec);
  if (spec.kind == SpecIdKind::stand_in && !is_stand_in(spec)) {
    return {};
  }
  return spec;
}

// PFP 1.06, section 10.4.5.1.
Bytes spec_id_record(std::uint32_t index, ByteOrder order, std::span<const AlgorithmSize> banks) {
  constexpr std::uint8_t kVersionMajor = 2;
  constexpr std::uint8_t kUintnOf64Bits = 2;
  ByteWriter data(order);
  data.bytes(as_bytes("Spec ID Event03\0"sv)).u32(0).u8(0).u8(kVersionMajor).u8(0).u8(kUintnOf64Bits);
  data.u32(static_cast<std::uint32_t>(banks.size()));
  for (const AlgorithmSize& bank : banks) {
    data.u16(static_cast<std::uint16_t>(bank.algorithm)).u16(bank.size);
  }
  data.u8(0);  // no vendor bytes
  ByteWriter out(order);
  out.u32(index).u32(kNoAction).fill(0, kSha1DigestBytes);
  out.u32(static_cast<std::uint32_t>(data.data().size())).bytes(data.data());
  return out.take();
}

}  // namespace mrtool::tcg
