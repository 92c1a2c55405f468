// The crypto library's side of certificates, for the files that work with it.
#pragma once

#include <openssl/types.h>
#include <openssl/x509.h>

#include <memory>

#include "lib/crypto/certificate_chain.hpp"

namespace mrtool {

struct X509Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_CRL* list) const { X509_CRL_free(list); }
};

using OwnedX509 = std::unique_ptr<X509, X509Free>;
using OwnedCrl = std::unique_ptr<X509_CRL, X509Free>;

struct Certificate::Native {
  OwnedX509 x509;
  Bytes der;
  CertificateSummary summary;
};

// `der` is the encoding of the certificate.
CertificateSummary summarize_certificate(const X509* certificate, ByteView der);

// 2011-06-24T20:41:29Z; empty for a time that cannot be read.
std::string time_text(const ASN1_TIME* time);

// RFC 2253, but characters beyond ASCII are UTF-8 rather than escapes.
std::string name_text(const X509_NAME* name);

}  // namespace mrtool
