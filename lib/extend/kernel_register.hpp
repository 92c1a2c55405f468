// A register that the kernel shows as a file of its raw value, which is extended by writing a digest there.
#pragma once

#include "lib/crypto/hash.hpp"
#include "lib/extend/extend_target.hpp"
#include "lib/extend/kernel_errors.hpp"
#include "lib/extend/kernel_places.hpp"

namespace mrtool::extend {

class KernelRegister : public ExtendTarget {
 public:
  // `backend` and `advice` (of this backend's own failures) are static; `host` outlives it.
  KernelRegister(std::string_view backend, KernelPlace place, Host& host, std::span<const Advice> advice = {})
      : backend_(backend), place_(std::move(place)), host_(host), advice_(advice) {}

  const Register& reg() const override { return place_.reg; }
  std::string_view backend() const override { return backend_; }
  std::string where() const override { return place_.file; }
  std::span<const HashAlgorithm> banks() const override { return {&place_.bank, 1}; }
  std::string state_directory() const override { return place_.state_directory; }

  Result<std::vector<BankDigest>> read() override;
  // Exactly one write(2), for a second one could extend twice. Whether it was extended is what the register says then,
  // whatever the write returned: it is read before and after, and holds H(before ‖ digest) or the call fails.
  Status extend(std::span<const BankDigest> digests) override;

 protected:
  Host& host() { return host_; }
  const KernelPlace& place() const { return place_; }

 private:
  Result<Digest> read_value();

  std::string_view backend_;
  KernelPlace place_;
  Host& host_;
  std::span<const Advice> advice_;
  HashEngine engine_;
};

// Nothing but a register whose file can be written to. Fails (io) where the kernel only lets it be read.
Status check_writable(const KernelPlace& place, Host& host);

}  // namespace mrtool::extend
