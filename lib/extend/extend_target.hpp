// One measurement register as this machine lets it be extended: what the table of backends opens.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/base/host.hpp"
#include "lib/record/register.hpp"
#include "lib/registers/values.hpp"

namespace mrtool::extend {

// A digest to extend by in one bank, or the value that a register has in it.
struct BankDigest {
  HashAlgorithm bank = HashAlgorithm::none;
  Digest digest;

  bool operator==(const BankDigest&) const = default;
};

// Who keeps the register's log.
enum class LogKeeping : std::uint8_t {
  kernel,  // append() measures and logs in one step
  us,
};

// A register, reached one way. Errors are io, with what was tried, the system's or the TPM's reason in words, and what
// to do about it.
class ExtendTarget {
 public:
  virtual ~ExtendTarget() = default;

  virtual const Register& reg() const = 0;
  virtual std::string_view backend() const = 0;  // its name in the table
  virtual std::string where() const = 0;         // the file or TCTI, for messages
  // The banks that the register has, in the order of the table of algorithms. Never empty.
  virtual std::span<const HashAlgorithm> banks() const = 0;
  virtual LogKeeping log_keeping() const { return LogKeeping::us; }
  // Can extend() take a digest as it is? Not so where the kernel only takes lines.
  virtual bool takes_digests() const { return true; }

  // The directory where what mrtool remembers about the register is kept: its lock, its journal and, unless the user
  // names another place, its log. Registers that share one (all PCRs of a TPM) share these three.
  virtual std::string state_directory() const = 0;

  // The present value in every bank, in the order of banks().
  virtual Result<std::vector<BankDigest>> read() = 0;
  // value = H(value ‖ digest) in every bank, by one operation of the register's owner. `digests` has one for each of
  // banks(), in their order and of the banks' sizes; anything else is a programming mistake and never reaches the
  // kernel. A failure does not say that nothing happened: read() does.
  virtual Status extend(std::span<const BankDigest> digests) = 0;
  // The same where the owner hashes: TPM2_PCR_Event. Fails (unsupported) on others, and for more than 1024 bytes.
  virtual Status extend_by_event(ByteView data);
  // Where the kernel keeps the log: one record (or comment), as one write. Fails (unsupported) on others.
  virtual Status append(ByteView line);
  // There, too: the log's file, empty on others; and its bytes from `offset` on, for it only grows.
  virtual std::string kernel_log_path() const { return {}; }
  virtual Result<Bytes> read_kernel_log(std::uint64_t offset);
};

struct TargetOptions {
  std::string backend = {};  // a name of the table, "software:FILE"; empty: by what the machine has
  std::string tcti = {};     // of a TPM
  // The only banks to extend, where the register has others that may part from their log; empty: all that it has. Of a
  // name that has several hashes in the kernel's files, the one that is meant.
  std::vector<HashAlgorithm> banks = {};
};

struct BackendRow {
  std::string_view name;     // "append-event", "measurements", "digest", "configfs", "tpm", "software"
  std::string_view summary;  // one line, for help and the man page
  // nullptr where this backend does not have the register here; then it adds to `looked_for` the places that it looked
  // at. Fails where the register is there and cannot be used.
  Result<std::unique_ptr<ExtendTarget>> (*open)(const Register& reg, const TargetOptions& options, Host& host,
                                                std::vector<std::string>& looked_for);
  bool only_when_named = false;  // never chosen for what the machine has
};

// THE table of backends, in the order in which they are tried.
std::span<const BackendRow> backends();

// Fails: usage for a backend that is none, and for a register that has several hashes where none is named; unsupported
// for what can be no register to extend; io where the register is nowhere (with every place that was looked at) or
// cannot be used.
Result<std::unique_ptr<ExtendTarget>> open_target(const Register& reg, const TargetOptions& options, Host& host);

// The register to extend when the user names none: rtmr3, else rem3, else the last extendable one of a TSM tree that
// has but one provider. Never a PCR. Fails (usage) on a machine that has only a TPM, (io) where there is nothing, with
// every place that was looked at.
Result<Register> default_register(const TargetOptions& options, Host& host);

}  // namespace mrtool::extend
