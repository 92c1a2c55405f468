// For tests: digests as the crypto library's own interface computes them.
#pragma once

#include <openssl/evp.h>

#include <span>

#include "lib/base/bytes.hpp"
#include "lib/crypto/algorithms.hpp"

namespace mrtool::testing {

// One behind the other.
inline Bytes expected_digests(const HashAlgorithmRow& row, std::span<const ByteView> messages) {
  EVP_MD* md = EVP_MD_fetch(nullptr, row.openssl_name, nullptr);
  Bytes digests(messages.size() * row.size);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    EVP_Digest(messages[i].data(), messages[i].size(), digests.data() + i * row.size, nullptr, md, nullptr);
  }
  EVP_MD_free(md);
  return digests;
}

}  // namespace mrtool::testing
