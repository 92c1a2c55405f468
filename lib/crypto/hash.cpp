// The SHA-1 and SHA-2 functions are called below OpenSSL's EVP layer: for messages of a block or two, which is what
// registers and most events are, EVP costs more than the compression function. They are deprecated, not removed.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "lib/crypto/hash.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <stdexcept>
#include <string>

namespace mrtool {

namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeAlgorithm {
  void operator()(EVP_MD* algorithm) const { EVP_MD_free(algorithm); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;
using Algorithm = std::unique_ptr<EVP_MD, FreeAlgorithm>;

// A crypto library that refuses to hash is no state to go on from.
void check(int success) {
  if (success != 1) {
    throw std::runtime_error("the crypto library failed to hash");
  }
}

template <class State, int (*kInit)(State*), int (*kUpdate)(State*, const void*, std::size_t),
          int (*kFinal)(unsigned char*, State*)>
void hash_low_level(ByteView first, ByteView second, std::uint8_t* out) {
  State state;  // NOLINT(cppcoreguidelines-pro-type-member-init): the next line does
  check(kInit(&state));
  check(kUpdate(&state, first.data(), first.size()));
  check(kUpdate(&state, second.data(), second.size()));
  check(kFinal(out, &state));
}

}  // namespace

struct HashEngine::Contexts {
  // One for each row of the table that has no low-level path, made at its first use.
  struct Entry {
    HashAlgorithm id = HashAlgorithm::none;
    Algorithm algorithm;
    Context context;
  };
  std::array<Entry, 8> entries;

  Entry& get(HashAlgorithm id) {
    for (Entry& entry : entries) {
      if (entry.id == id) {
        return entry;
      }
      if (entry.id == HashAlgorithm::none) {
        const HashAlgorithmRow* row = find_algorithm(id);
        if (row == nullptr) {
          break;
        }
        entry.algorithm.reset(EVP_MD_fetch(nullptr, row->openssl_name, nullptr));
        entry.context.reset(EVP_MD_CTX_new());
        if (!entry.algorithm || !entry.context) {
          break;
        }
        entry.id = id;
        return entry;
      }
    }
    throw std::invalid_argument("a hash algorithm that cannot be computed: " + to_string(id));
  }

  void hash(HashAlgorithm id, ByteView first, ByteView second, std::uint8_t* out) {
    switch (id) {
      case HashAlgorithm::sha1:
        return hash_low_level<SHA_CTX, SHA1_Init, SHA1_Update, SHA1_Final>(first, second, out);
      case HashAlgorithm::sha256:
        return hash_low_level<SHA256_CTX, SHA256_Init, SHA256_Update, SHA256_Final>(first, second, out);
      case HashAlgorithm::sha384:
        return hash_low_level<SHA512_CTX, SHA384_Init, SHA384_Update, SHA384_Final>(first, second, out);
      case HashAlgorithm::sha512:
        return hash_low_level<SHA512_CTX, SHA512_Init, SHA512_Update, SHA512_Final>(first, second, out);
      default:
        break;
    }
    Entry& entry = get(id);
    check(EVP_DigestInit_ex2(entry.context.get(), entry.algorithm.get(), nullptr));
    check(EVP_DigestUpdate(entry.context.get(), first.data(), first.size()));
    check(EVP_DigestUpdate(entry.context.get(), second.data(), second.size()));
    check(EVP_DigestFinal_ex(entry.context.get(), out, nullptr));
  }
};

HashEngine::HashEngine() : contexts_(std::make_unique<Contexts>()) {}
HashEngine::~HashEngine() = default;
HashEngine::HashEngine(HashEngine&&) noexcept = default;
HashEngine& HashEngine::operator=(HashEngine&&) noexcept = default;

bool HashEngine::can_compute(HashAlgorithm algorithm) {
  const HashAlgorithmRow* row = find_algorithm(algorithm);
  return row != nullptr && Algorithm(EVP_MD_fetch(nullptr, row->openssl_name, nullptr)) != nullptr;
}

Digest HashEngine::hash(HashAlgorithm algorithm, ByteView first, ByteView second) {
  const HashAlgorithmRow* row = find_algorithm(algorithm);
  Digest digest = Digest::filled(row != nullptr ? row->size : 0, 0);
  contexts_->hash(algorithm, first, second, digest.mutable_view().data());
  return digest;
}

void HashEngine::extend(HashAlgorithm algorithm, Digest& value, ByteView digest) {
  // The functions write their result only after they have taken all input, so that it may replace the value in place.
  contexts_->hash(algorithm, value.view(), digest, value.mutable_view().data());
}

}  // namespace mrtool
