// Intel's certificates for provisioning and attestation, and chains of them up to Intel's root (Intel SGX PCK
// Certificate and CRL Profile Specification).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/content/value.hpp"
#include "lib/quote/common.hpp"

namespace mrtool::quotes {

inline constexpr std::size_t kTcbComponents = 16;

// The SGX extensions of a PCK certificate (1.2.840.113741.1.13.1). Views live as long as the certificate.
struct PckExtensions {
  ByteView ppid;     // 16 bytes; of one platform: it identifies it
  ByteView cpu_svn;  // 16 bytes
  std::array<std::uint8_t, kTcbComponents> components{};
  std::uint16_t pce_svn = 0;
  ByteView pce_id;  // 2 bytes
  ByteView fmspc;   // 6 bytes: family, model, stepping, platform, custom SKU
};
// Fails (malformed) where one is absent or of another form.
Result<PckExtensions> read_pck_extensions(const Certificate& certificate);
Value::Object fields_of(const PckExtensions& extensions);

// What may end a chain: the certificates of `evidence.roots`, or, where there are none, Intel's SGX root CA, taken from
// `presented` by its fingerprint.
struct TrustedRoots {
  std::vector<Certificate> certificates;
  bool built_in = false;
};
Result<TrustedRoots> trusted_roots(const QuoteEvidence& evidence, std::span<const Certificate> presented);

// Leaf first. "certificate-chain": up to one of the roots at `evidence.time`, and every certificate that is presented
// is part of the path. "revocation": with the CRLs that were given.
void check_pck_chain(std::vector<QuoteCheck>& checks, std::span<const Certificate> presented, const TrustedRoots& roots,
                     const QuoteEvidence& evidence);
// "pck-certificate": the first is one, and the second a CA that issues such.
QuoteCheck check_pck_certificate(std::span<const Certificate> presented, const Result<PckExtensions>& extensions);

}  // namespace mrtool::quotes
