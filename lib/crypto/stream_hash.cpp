#include "lib/crypto/stream_hash.hpp"

#include <openssl/evp.h>

#include <stdexcept>

namespace mrtool {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeAlgorithm {
  void operator()(EVP_MD* algorithm) const { EVP_MD_free(algorithm); }
};

// A crypto library that refuses to hash is no state to go on from.
void check(bool success) {
  if (!success) {
    throw std::runtime_error("the crypto library failed to hash");
  }
}

}  // namespace

struct StreamHash::Context {
  std::size_t size = 0;
  std::unique_ptr<EVP_MD, FreeAlgorithm> algorithm;
  std::unique_ptr<EVP_MD_CTX, FreeContext> state;
};

StreamHash::StreamHash(std::span<const HashAlgorithm> algorithms) {
  for (const HashAlgorithm id : algorithms) {
    const HashAlgorithmRow* const row = find_algorithm(id);
    check(row != nullptr);
    Context& context = contexts_.emplace_back();
    context.size = row->size;
    context.algorithm.reset(EVP_MD_fetch(nullptr, row->openssl_name, nullptr));
    context.state.reset(EVP_MD_CTX_new());
    check(context.algorithm != nullptr && context.state != nullptr &&
          EVP_DigestInit_ex2(context.state.get(), context.algorithm.get(), nullptr) == 1);
  }
}

StreamHash::~StreamHash() = default;

void StreamHash::add(ByteView piece) {
  for (const Context& context : contexts_) {
    check(EVP_DigestUpdate(context.state.get(), piece.data(), piece.size()) == 1);
  }
}

std::vector<Digest> StreamHash::so_far() const {
  std::vector<Digest> digests;
  for (const Context& context : contexts_) {
    const std::unique_ptr<EVP_MD_CTX, FreeContext> copy(EVP_MD_CTX_new());
    check(copy != nullptr && EVP_MD_CTX_copy_ex(copy.get(), context.state.get()) == 1);
    Digest& digest = digests.emplace_back(Digest::filled(context.size, 0));
    check(EVP_DigestFinal_ex(copy.get(), digest.mutable_view().data(), nullptr) == 1);
  }
  return digests;
}

std::vector<Digest> StreamHash::finish() {
  std::vector<Digest> digests;
  for (const Context& context : contexts_) {
    Digest& digest = digests.emplace_back(Digest::filled(context.size, 0));
    check(EVP_DigestFinal_ex(context.state.get(), digest.mutable_view().data(), nullptr) == 1);
  }
  return digests;
}

}  // namespace mrtool
