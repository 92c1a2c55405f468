// A measurement register's identity: what kind it is, which one, and who provides it.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace mrtool {

enum class RegisterKind : std::uint8_t {
  none,        // the record is about no register (index FFFFFFFF in Windows logs)
  pcr,         // TPM platform configuration register
  mrtd,        // TDX build-time measurement, not extendable
  rtmr,        // TDX run-time measurement register
  rim,         // Arm CCA realm initial measurement, not extendable
  rem,         // Arm CCA realm extensible measurement
  nv,          // TPM NV index; `index` is the handle
  virtual_mr,  // carried inside another register, or a provider's own; `name` says which
  invalid,     // an index that the log's register space does not have; `index` is the raw one
};

struct Register {
  RegisterKind kind = RegisterKind::none;
  std::uint32_t index = 0;
  std::string name;      // of a virtual_mr, else empty
  std::string provider;  // "measurement-example" in measurement-example/rtmr0; empty for the platform's usual one
  std::string carrier;   // printed name of the register that carries a virtual one; empty where the name is unambiguous

  auto operator<=>(const Register&) const = default;
};

// Whose register space a log's indices are in.
enum class Platform : std::uint8_t {
  unknown,
  tpm,  // PCRs
  tdx,  // CC measurement registers: 0 MRTD, 1-4 RTMR 0-3 (UEFI 2.10, 38.4.1)
  cca,  // CC measurement registers: 0 RIM, 1-4 REM 0-3
};

}  // namespace mrtool
