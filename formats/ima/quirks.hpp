// What IMA lists in the field do differently, by name.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "lib/base/diagnostic.hpp"
#include "lib/record/quirk.hpp"

namespace mrtool::ima {

// In the order of the table.
enum class QuirkId : std::uint8_t {
  big_endian,
  kexec_buffer,
  no_boot_aggregate,
  padded_digests,
  unknown_template,
  blank_in_name,
  kernel_instance,
  unpadded_pcr,
  kexec_fill,
  line_feed_in_name,
  missing_blank,
  kexec_count,
};

std::span<const Quirk> quirks();
// About one record, or the whole log when none is given.
void report(DiagnosticSink& sink, QuirkId id, std::uint64_t record, std::uint64_t offset, std::string message);

}  // namespace mrtool::ima
