// X.509 certificates as far as people want to see them.
#pragma once

#include <optional>
#include <string>

#include "lib/base/bytes.hpp"

namespace mrtool {

struct CertificateSummary {
  std::string subject;  // RFC 2253, UTF-8
  std::string issuer;
  std::string serial;      // hex
  std::string not_before;  // 2011-06-24T20:41:29Z
  std::string not_after;
  std::string sha256;       // of the DER, hex
  std::string common_name;  // the subject's last CN; empty when it has none
};

// One DER certificate; nothing when it cannot be parsed. Bytes after it are not an error. Each thread remembers the
// last few, in at most half a megabyte.
std::optional<CertificateSummary> summarize_certificate(ByteView der);

}  // namespace mrtool
