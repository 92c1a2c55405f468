// What AAEL text logs in the field do differently, by name.
#pragma once

#include <cstdint>
#include <span>

#include "lib/base/diagnostic.hpp"
#include "lib/record/quirk.hpp"

namespace mrtool::aael {

// In the order of the table.
enum class QuirkId : std::uint8_t {
  no_last_line_feed,
  init_as_specified,
  unmeasured_lines,
  later_init,
  init_size,
  no_init,
};

std::span<const Quirk> quirks();

void report(DiagnosticSink& sink, QuirkId id, std::uint64_t record, std::uint64_t offset);

}  // namespace mrtool::aael
