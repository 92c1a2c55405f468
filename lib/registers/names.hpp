// Names of registers and selections of them: one parser, one printer.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/crypto/algorithms.hpp"
#include "lib/record/register.hpp"

namespace mrtool {

// pcr7, rtmr2, mrtd, rem0, rim, nv:0x01c40200, mr:mr_ima, mr:mr_ima@rtmr3, measurement-example/rtmr0, tpm1/pcr7;
// "-" for a record that is about no register and index:41 for an index outside the log's register space.
std::string to_string(const Register& reg);

// The reverse of to_string. A bare number is a PCR where `bare_number_is_pcr`.
std::optional<Register> parse_register(std::string_view text, bool bare_number_is_pcr = false);

// Order for display: pcr, mrtd, rtmr, rim, rem, nv, virtual; then by index and name.
bool display_before(const Register& a, const Register& b);

// Can a guest extend it at run time? Of a virtual one: by extending its carrier.
bool is_extendable(const Register& reg);
// Does what it holds come about by records of a log? Not so for measurements that are made once, and for what is no
// register.
bool can_hold_records(const Register& reg);

// The register that a provider of a kernel's measurement-register tree calls `name`: one of the platform's where the
// name is one (rtmr0, mrtd), else mr:NAME. The providers of the platforms themselves (tdx_guest, arm_cca_guest) are
// left out, and so is an empty one. Nothing where that is no name.
std::optional<Register> register_of_provider(std::string_view provider, std::string_view name);

// The register that a CC measurement register index or a PCR index of a log means on a platform.
// `mr_indexed`: the log's indices are CC measurement register indices (CCEL).
Register register_from_index(std::uint64_t raw_index, Platform platform, bool mr_indexed);
// The reverse: the index that a log of that platform uses, or nothing where it has none.
std::optional<std::uint32_t> index_from_register(const Register& reg, bool mr_indexed);

struct SelectedRegister {
  HashAlgorithm bank = HashAlgorithm::none;  // none: every bank
  Register reg;
};

// "sha256:0-7,10+sha384:rtmr2", "sha256:all", "pcr7" (every bank), as tpm2-tools users know them. Ranges are of one
// kind: "0-7", "pcr0-7", "rtmr0-rtmr2". Never empty.
struct Selection {
  std::vector<SelectedRegister> items;
  std::vector<HashAlgorithm> whole_banks;  // "sha256:all"

  bool contains(const Register& reg, HashAlgorithm bank) const;
};
Result<Selection> parse_selection(std::string_view text);
std::string to_string(const Selection& selection);

}  // namespace mrtool
