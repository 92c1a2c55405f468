// X.509 certificates that vouch for keys: parsing, chains up to given roots, revocation lists (RFC 5280).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/crypto/certificate.hpp"
#include "lib/crypto/public_key.hpp"

namespace mrtool {

// Owns one parsed certificate; copies share it.
class Certificate {
 public:
  // One DER certificate without trailing bytes.
  static Result<Certificate> from_der(ByteView der);
  // Concatenated PEM certificates (text between them and a trailing NUL are passed over), or one DER certificate; at
  // least one. Fails (malformed) where a PEM block is damaged or holds anything else.
  static Result<std::vector<Certificate>> parse(ByteView pem_or_der);

  const CertificateSummary& summary() const;
  ByteView der() const;
  std::string pem() const;
  Digest sha256() const;  // of the DER
  Result<PublicKey> key() const;
  // The content of the extension with this dotted OID; nothing when it has none. Valid as long as the certificate.
  std::optional<ByteView> extension(std::string_view oid) const;
  bool self_signed() const;

  struct Native;
  explicit Certificate(std::shared_ptr<const Native> native);
  const Native& native() const { return *native_; }

 private:
  std::shared_ptr<const Native> native_;
};

struct ChainRequest {
  std::span<const Certificate> intermediates;  // untrusted
  std::span<const Certificate> roots;          // the only ones that are trusted; a path ends at a self-signed one
  std::span<const Bytes> crls;                 // PEM or DER; empty: revocation is not checked
  std::int64_t time = 0;                       // seconds since 1970, at which everything must be valid
};

struct ChainResult {
  std::vector<Certificate> path;  // leaf first, root last
  // With CRLs given: the certificates of the path for which there is none ("CN=..."), but for the root, which nobody
  // else could revoke. An incomplete set is told, not passed over.
  std::vector<std::string> without_crl;
};

// Builds and checks the path from the leaf to one of the roots: signatures, validity, CA flags, path lengths, names,
// strength of keys and signatures (112 bits), unknown critical extensions, and revocation where CRLs are given (a CRL's
// own signature and validity too). Fails (check_failed) with what is wrong and with which certificate; fails
// (malformed) for a CRL that is none.
Result<ChainResult> verify_chain(const Certificate& leaf, const ChainRequest& request);

}  // namespace mrtool
