// The SHA-1 and SHA-2 functions are called below OpenSSL's EVP layer: for messages of a block or two, which is what
// registers and most events are, EVP costs more than the compression function. They are deprecated, not removed.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "lib/crypto/hash.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "lib/crypto/lanes.hpp"

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
  if (!second.empty()) {
    check(kUpdate(&state, second.data(), second.size()));
  }
  check(kFinal(out, &state));
}

bool has_low_level(HashAlgorithm id) {
  switch (id) {
    case HashAlgorithm::sha1:
    case HashAlgorithm::sha224:
    case HashAlgorithm::sha256:
    case HashAlgorithm::sha384:
    case HashAlgorithm::sha512:
      return true;
    default:
      return false;
  }
}

// How many messages of an algorithm are hashed at once, from how many on; none where it doesn't pay.
struct Lanes {
  lanes::Hash hash = nullptr;
  std::size_t at_least = 0;
};

#ifdef __x86_64__
// By measurement (hash_bench.cpp). A vector takes as long for one message as for all its lanes, so that it pays from
// some number on; and OpenSSL's SHA-1 and SHA-256 with the CPU's own instructions are as fast as 8 lanes.
Lanes choose_lanes(HashAlgorithm id, const CpuFeatures& features) {
  if (!features.avx2 && !features.avx512) {
    return {};
  }
  const lanes::Functions& functions = features.avx512 ? lanes::kAvx512 : lanes::kAvx2;
  constexpr std::size_t kWide = 3;
  const std::size_t narrow = features.sha ? 10 : 4;
  if (id == HashAlgorithm::sha384) {
    return {functions.sha384, kWide};
  }
  if (id == HashAlgorithm::sha512) {
    return {functions.sha512, kWide};
  }
  if (features.sha && !features.avx512) {
    return {};
  }
  switch (id) {
    case HashAlgorithm::sha1:
      return {functions.sha1, narrow};
    case HashAlgorithm::sha224:
      return {functions.sha224, narrow};
    case HashAlgorithm::sha256:
      return {functions.sha256, narrow};
    default:
      return {};
  }
}
#else
Lanes choose_lanes(HashAlgorithm /*id*/, const CpuFeatures& /*features*/) {
  return {};
}
#endif

// Blocks of a message that is hashed by itself: at the end of a batch it would keep a whole vector for one lane.
constexpr std::size_t kLongBlocks = 16;

}  // namespace

struct HashEngine::Contexts {
  explicit Contexts(const CpuFeatures& given_features) : features(given_features) {}

  CpuFeatures features;
  std::vector<lanes::Message> batch;  // of hash_many, kept for the next one

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
      case HashAlgorithm::sha224:
        return hash_low_level<SHA256_CTX, SHA224_Init, SHA224_Update, SHA224_Final>(first, second, out);
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

HashEngine::HashEngine(const CpuFeatures& features) : contexts_(std::make_unique<Contexts>(features)) {}
HashEngine::~HashEngine() = default;
HashEngine::HashEngine(HashEngine&&) noexcept = default;
HashEngine& HashEngine::operator=(HashEngine&&) noexcept = default;

// Asked for every digest of every record, so that the crypto library is asked once; and not at all where it needn't be,
// because its first answer takes longer than all that a small log does.
bool HashEngine::can_compute(HashAlgorithm algorithm) {
  const HashAlgorithmRow* row = find_algorithm(algorithm);
  if (row == nullptr || has_low_level(algorithm)) {
    return row != nullptr;
  }
  static const auto kComputable = [] {
    std::array<bool, kAlgorithmCount> computable{};
    std::ranges::transform(hash_algorithms(), computable.begin(), [](const HashAlgorithmRow& one) {
      return has_low_level(one.id) || Algorithm(EVP_MD_fetch(nullptr, one.openssl_name, nullptr)) != nullptr;
    });
    return computable;
  }();
  return kComputable[static_cast<std::size_t>(row - hash_algorithms().data())];
}

Digest HashEngine::hash(HashAlgorithm algorithm, ByteView first, ByteView second) {
  const HashAlgorithmRow* row = find_algorithm(algorithm);
  Digest digest = Digest::filled(row != nullptr ? row->size : 0, 0);
  contexts_->hash(algorithm, first, second, digest.mutable_view().data());
  return digest;
}

void HashEngine::hash_many(HashAlgorithm algorithm, std::span<const ByteView> messages,
                           std::span<std::uint8_t> digests) {
  const HashAlgorithmRow* row = find_algorithm(algorithm);
  const std::size_t size = row != nullptr ? row->size : 0;
  if (digests.size() != messages.size() * size) {
    throw std::invalid_argument("room for digests that is not that of the messages");
  }
  const Lanes together = choose_lanes(algorithm, contexts_->features);
  const std::size_t longest = together.hash != nullptr ? kLongBlocks * row->block : 0;
  std::vector<lanes::Message>& batch = contexts_->batch;
  batch.clear();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    std::uint8_t* out = digests.subspan(i * size, size).data();
    if (together.hash != nullptr && messages[i].size() <= longest) {
      batch.push_back({.data = messages[i].data(), .size = messages[i].size(), .digest = out});
    } else {
      contexts_->hash(algorithm, messages[i], {}, out);
    }
  }
  if (batch.size() >= together.at_least && !batch.empty()) {
    together.hash(batch.data(), batch.size());
    return;
  }
  for (const lanes::Message& message : batch) {
    contexts_->hash(algorithm, {message.data, message.size}, {}, message.digest);
  }
}

void HashEngine::extend(HashAlgorithm algorithm, Digest& value, ByteView digest) {
  // The functions write their result only after they have taken all input, so that it may replace the value in place.
  contexts_->hash(algorithm, value.view(), digest, value.mutable_view().data());
}

}  // namespace mrtool
