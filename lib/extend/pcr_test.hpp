// For tests: PCRs of a software TPM as targets.
#pragma once

#include <doctest/doctest.h>

#include <fstream>
#include <memory>

#include "lib/base/bytes.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/extend/backends.hpp"
#include "lib/extend/event.hpp"
#include "lib/registers/names.hpp"
#include "lib/tpm/swtpm_test.hpp"

namespace mrtool::extend::testing {

using mrtool::testing::SwTpm;

inline const std::vector<HashAlgorithm> kFourBanks{HashAlgorithm::sha1, HashAlgorithm::sha256, HashAlgorithm::sha384,
                                                   HashAlgorithm::sha512};

// A running software TPM; nullptr, with the reason, where there is none.
inline std::unique_ptr<SwTpm> make_tpm(SwTpm::Startup startup = SwTpm::Startup::clear) {
  if (!SwTpm::installed()) {
    MESSAGE("skipped: swtpm is not installed");
    return nullptr;
  }
  auto swtpm = std::make_unique<SwTpm>(startup);
  REQUIRE(swtpm->running());
  return swtpm;
}

inline OpenedTarget open_named(const std::string& reg, const TargetOptions& options, Host& host) {
  std::vector<std::string> looked_for;
  return open_tpm(*parse_register(reg), options, host, looked_for);
}

inline std::unique_ptr<ExtendTarget> must_open(const std::string& reg, const TargetOptions& options, Host& host) {
  auto target = open_named(reg, options, host);
  REQUIRE_MESSAGE(target, (target ? std::string() : to_string(target.error())));
  REQUIRE(*target);
  return *std::move(target);
}

inline std::string error_of(const OpenedTarget& target, ErrorKind kind = ErrorKind::io) {
  REQUIRE_FALSE(target);
  CHECK(target.error().kind == kind);
  return to_string(target.error());
}

inline std::string error_of(const Status& status, ErrorKind kind = ErrorKind::io) {
  REQUIRE_FALSE(status);
  CHECK(status.error().kind == kind);
  return to_string(status.error());
}

inline std::vector<BankDigest> must_read(ExtendTarget& target) {
  const auto values = target.read();
  REQUIRE_MESSAGE(values, (values ? std::string() : to_string(values.error())));
  return *values;
}

// What `count` extends by `digests` make of `values`.
inline std::vector<BankDigest> extended(std::vector<BankDigest> values, const std::vector<BankDigest>& digests,
                                        int count = 1) {
  HashEngine engine;
  REQUIRE(values.size() == digests.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    REQUIRE(values[i].bank == digests[i].bank);
    for (int n = 0; n < count; ++n) {
      engine.extend(values[i].bank, values[i].digest, digests[i].digest.view());
    }
  }
  return values;
}

// As tpm2_pcrread says.
inline std::vector<BankDigest> tpm2_pcrread(const SwTpm& swtpm, int pcr, const std::vector<HashAlgorithm>& banks) {
  std::vector<BankDigest> values;
  for (const HashAlgorithm bank : banks) {
    REQUIRE(swtpm.run("tpm2_pcrread " + to_string(bank) + ":" + std::to_string(pcr) + " -o value.bin"));
    std::ifstream in(swtpm.directory() + "/value.bin", std::ios::binary);
    const std::string value{std::istreambuf_iterator<char>(in), {}};
    values.push_back({.bank = bank, .digest = Digest(as_bytes(value))});
  }
  return values;
}

}  // namespace mrtool::extend::testing
