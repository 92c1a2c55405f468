// Where register values come from. One table of kinds; each is recognised by its bytes, never by its name.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "lib/base/host.hpp"
#include "lib/registers/values.hpp"

namespace mrtool {

struct SourceKind {
  std::string_view name;     // "direct", "sysfs", "tpm2_pcrread", "json"
  std::string_view summary;  // one line for help and man pages
  Authenticated authenticated;
};
std::span<const SourceKind> source_kinds();

// `spec`: values given directly (sha256:7=HEX[,sha256:8=HEX...]; a register's bank is always named), a directory of PCR
// files in sysfs shape (itself pcr-sha256/, or a parent that holds pcr-*/ directories), or a file.
// Errors: usage for a malformed direct value, unsupported for "live" and "-" (a file of such a name is ./live), io for
// what cannot be opened, malformed for what is of no known kind.
Result<RegisterValues> load_register_values(const std::string& spec, Host& host);

}  // namespace mrtool
