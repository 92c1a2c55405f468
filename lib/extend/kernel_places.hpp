// Which of the kernel's files a register is, for those backends that extend by a file.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "lib/base/host.hpp"
#include "lib/sources/register_places.hpp"

namespace mrtool::extend {

// A register in the one bank that is to be extended.
struct KernelPlace {
  Register reg;
  HashAlgorithm bank = HashAlgorithm::none;
  std::string file;             // that holds its value, and that a digest is written to
  std::string state_directory;  // ExtendTarget::state_directory
};

// The place of `reg` among those of these shapes; nothing where it has none, and `looked_for` gets what could not be
// looked at. Fails: usage, where the name has several hashes and `banks` does not name one, or it has not that one;
// malformed, as sources::find_register_places.
Result<std::optional<KernelPlace>> find_kernel_place(const Register& reg, std::span<const HashAlgorithm> banks,
                                                     std::span<const sources::TreeShape> shapes, Host& host,
                                                     std::vector<std::string>& looked_for);

// The registers' own file of the RFC that takes lines (3.1).
inline constexpr std::string_view kAppendFile = "append_event";
std::string file_beside(const std::string& file, std::string_view name);

// Do the file's permissions let anybody write? The kernel asks that even of root.
bool is_writable(const std::string& file, Host& host);

// Every register of the kernel's trees that can be extended, and its banks: more than one where its name stands for
// several. `looked_for` gets the trees.
std::map<Register, std::set<HashAlgorithm>> extendable_registers(Host& host, std::vector<std::string>& looked_for);

// Is the register one of a TPM, which no tree of the kernel has?
bool is_of_tpm(const Register& reg);
// How a path of looked_for names the register and its provider: "rtmr3" and "*".
std::string file_name_of(const Register& reg);
std::string provider_pattern(const Register& reg);

}  // namespace mrtool::extend
