// The spec-ID event: the first record of most logs, which says how the others are framed.
// TCG PC Client Platform Firmware Profile 1.06, section 10.4.5.1; EFI Platform Specification 1.22, section 7.4.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/record/record.hpp"

namespace mrtool::tcg {

inline constexpr std::uint64_t kSignatureBytes = 16;
inline constexpr std::uint32_t kNoAction = 3;  // EV_NO_ACTION

enum class SpecIdKind : std::uint8_t {
  none,      // the record is an ordinary one
  event00,   // legacy BIOS, SHA-1
  event02,   // EFI, SHA-1
  event03,   // crypto-agile
  stand_in,  // 16 zero bytes, then the fields of event03: evidence of guests without a firmware log
};

struct SpecId {
  SpecIdKind kind = SpecIdKind::none;
  std::uint8_t uintn_size = 8;            // bytes
  std::vector<AlgorithmSize> algorithms;  // of event03 and stand_in
  // Vendor bytes that the event announces but does not hold; they may lie behind it.
  std::uint8_t vendor_outside = 0;
  std::string odd;      // sizes that contradict each other, as a sentence; empty when none do
  std::string problem;  // why the log cannot be framed; empty when it can

  bool agile() const { return kind == SpecIdKind::event03 || kind == SpecIdKind::stand_in; }
};

// By the signature alone; `data` may be cut short behind it. A stand-in is told by all of the data: see read_spec_id.
SpecIdKind spec_id_kind(ByteView data);
// The record that announces these banks, in the SHA-1 layout that begins every log; `index` is its register's.
Bytes spec_id_record(std::uint32_t index, ByteOrder order, std::span<const AlgorithmSize> banks);

// `data` is all of an EV_NO_ACTION record's.
SpecId read_spec_id(ByteView data);

}  // namespace mrtool::tcg
