// Where register values come from. One table of kinds; each is recognised by its bytes, never by its name.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/host.hpp"
#include "lib/registers/values.hpp"

namespace mrtool {

struct SourceKind {
  std::string_view name;        // "live", "direct", "sysfs", "tpm2_pcrread", "json", ...
  std::string_view summary;     // one line for help and man pages
  Authenticated authenticated;  // at best
};
std::span<const SourceKind> source_kinds();
// Those that are named by a word alone: live, tpm, tdx-guest.
std::vector<std::string_view> source_words();

struct SourceOptions {
  std::string tcti;  // how the TPM is reached, as Tpm::open has it; empty for the machine's own
};

// `spec` is one of
//   live, tpm, tdx-guest   this machine's registers
//   sha256:7=HEX,...       values given directly; a register's bank is always named
//   a directory            of sysfs PCR files, or a tree of measurement registers or a part of one
//   a file                 recognised by its bytes
//   SELECTION@FILE         a file of bare values: sha256:0-7@pcrs.bin, sha384:rtmr2@digest
// A file or directory that has a word's name is written ./live.
//
// Registers only grow: who compares a log with them reads them first and the log then, which may be ahead.
//
// `authenticated` is `live` only where the kernel itself was asked: a tree below --root that is a copy is `none`.
//
// Errors: usage for a malformed direct value or selection, unsupported for "-", io for what cannot be opened or is not
// there, malformed for what is of no known kind, check_failed for a report that contradicts itself.
Result<RegisterValues> load_register_values(const std::string& spec, Host& host, const SourceOptions& options = {});

}  // namespace mrtool
