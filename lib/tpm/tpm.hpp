// The one TPM 2.0 client: a session with a TPM, over libtss2's ESAPI.
//
// libtss2 writes its own messages to standard error unless the environment says TSS2_LOG=all+NONE; a program sets that
// before it opens a TPM. Calls wait as long as the TPM does.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/host.hpp"
#include "lib/tpm/pcr_read.hpp"

namespace mrtool {

class Tpm {
 public:
  // `tcti` as tpm2-tools has it: "device:/dev/tpm0", "swtpm:path=SOCKET", "tabrmd:", "mssim:host=H,port=P". Empty or
  // "device": /dev/tpmrm0, else /dev/tpm0, under the host's root. Nothing is written to what is no device.
  // Errors: io, with the reason in words: no TPM, busy, not permitted, a library that is not installed.
  // As long as one is open, a TPM without a resource manager refuses others (/dev/tpm0) or lets them wait (swtpm).
  static Result<std::unique_ptr<Tpm>> open(const std::string& tcti, Host& host);
  ~Tpm();
  Tpm(const Tpm&) = delete;
  Tpm& operator=(const Tpm&) = delete;

  const std::string& tcti() const;  // what was opened

  // The banks that are allocated and known here, with the PCRs that each has.
  Result<std::vector<PcrBank>> banks();
  // The same with those whose algorithm is not known here.
  Result<std::vector<PcrBank>> all_banks();
  // All of them, of one moment (but for PCR 16 and 23, which the TPM does not count changes of).
  Result<std::map<RegisterKey, Digest>> read_pcrs(const std::vector<PcrBank>& selection);

  // Both authorise by the empty password. A failure says by its words what the TPM did not do; where the connection
  // failed, it may have been done. Errors: io.

  // TPM2_PCR_Extend: value = H(value ‖ digest) in each bank of `digests`, each of its bank's size, in one step. Banks
  // that the TPM does not have are passed over by it.
  Status extend(std::uint32_t pcr, const std::map<HashAlgorithm, Digest>& digests);
  // TPM2_PCR_Event: the TPM hashes `data` and extends every bank that it has; returns what it extended them by. Fails
  // (unsupported) for more than kMaxEventSize bytes.
  Result<std::map<HashAlgorithm, Digest>> event(std::uint32_t pcr, ByteView data);
  static constexpr std::size_t kMaxEventSize = 1024;

 private:
  struct State;
  explicit Tpm(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mrtool
