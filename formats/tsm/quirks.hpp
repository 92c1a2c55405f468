// What TSM text logs may hold that the kernel's prose or code does not foresee, by name.
#pragma once

#include <cstdint>
#include <span>

#include "lib/base/diagnostic.hpp"
#include "lib/record/quirk.hpp"

namespace mrtool::tsm {

// In the order of the table.
enum class QuirkId : std::uint8_t {
  sync_like,
  extend_like,
  upper_case_hex,
  not_as_kernel,
  carried_records,
};

std::span<const Quirk> quirks();

// Adds what was noticed at the record of that number, whose line starts at `offset`. `detail` follows the quirk's
// meaning where it is not empty.
void report(DiagnosticSink& sink, QuirkId id, std::uint64_t record, std::uint64_t offset, std::string_view detail = {});

}  // namespace mrtool::tsm
