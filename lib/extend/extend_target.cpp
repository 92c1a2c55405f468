#include "lib/extend/extend_target.hpp"

namespace mrtool::extend {

Status ExtendTarget::extend_by_event(ByteView /*data*/) {
  return fail(ErrorKind::unsupported, "only a TPM hashes an event's data itself");
}

Status ExtendTarget::append(ByteView /*line*/) {
  return fail(ErrorKind::unsupported, "the kernel keeps no log of this register");
}

Result<Bytes> ExtendTarget::read_kernel_log(std::uint64_t /*offset*/) {
  return fail(ErrorKind::unsupported, "the kernel keeps no log of this register");
}

}  // namespace mrtool::extend
