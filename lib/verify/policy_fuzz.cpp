// Policies from any bytes, and files of digests: refused with a place, or loaded within bounds.
#include <cstdlib>

#include "lib/verify/policy.hpp"
#include "lib/verify/policy_digests.hpp"

using namespace mrtool;

namespace {

// Every file holds the fuzz bytes.
class FuzzHost final : public Host {
 public:
  explicit FuzzHost(ByteView bytes) : bytes_(bytes) {}
  std::string system_path(const std::string& path) const override { return path; }
  Result<std::unique_ptr<ByteSource>> open(const std::string& /*path*/) override { return make_memory_source(bytes_); }
  std::unique_ptr<ByteSource> standard_input() override { return make_memory_source(bytes_); }
  FileKind kind(const std::string& /*path*/) override { return FileKind::regular; }
  Result<std::vector<std::string>> list(const std::string& /*directory*/) override {
    return fail(ErrorKind::io, "no directories");
  }
  Status write_file(const std::string& /*path*/, ByteView /*content*/) override {
    return fail(ErrorKind::io, "nothing is written");
  }

 private:
  ByteView bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  FuzzHost host(bytes);
  const auto policy = load_policy("policy.yaml", host);
  if (!policy && policy.error().message.empty()) {
    std::abort();
  }
  if (policy) {
    struct Nothing final : BoundRecords {
      std::uint64_t count(const Register& /*reg*/, HashAlgorithm /*bank*/) const override { return 0; }
      bool vouched(const Register& /*reg*/, HashAlgorithm /*bank*/) const override { return false; }
    };
    // Nothing is known, so nothing passes.
    for (const QuoteCheck& check : PolicyRun(*policy).finish({}, Nothing()).checks) {
      if (check.verdict == Verdict::pass) {
        std::abort();
      }
    }
  }
  const auto digests = policy::parse_digest_file(bytes);
  return digests || !digests.error().message.empty() ? 0 : (std::abort(), 0);
}
