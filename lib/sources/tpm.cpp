#include "lib/tpm/tpm.hpp"

#include "lib/sources/kinds.hpp"

namespace mrtool::sources {

Result<RegisterValues> read_tpm(Host& host, const SourceOptions& options) {
  MRTOOL_TRY(tpm, Tpm::open(options.tcti, host));
  MRTOOL_TRY(banks, tpm->banks());
  MRTOOL_TRY(read, tpm->read_pcrs(banks));
  if (read.empty()) {
    return fail(ErrorKind::io, "the TPM has no bank of PCRs allocated");
  }
  return RegisterValues{.source = {}, .kind = "tpm", .authenticated = Authenticated::live, .values = std::move(read)};
}

}  // namespace mrtool::sources
