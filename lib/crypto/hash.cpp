// The SHA-1 and SHA-2 functions are called below OpenSSL's EVP layer: for messages of a block or two, which is what
// registers and most events are, EVP costs more than the compression function. They are deprecated, not removed.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "lib/crypto/hash.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "lib/base/workers.hpp"
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

// Those that need no context, and nothing of the library that has to be asked for.
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

template <class Word>
std::array<std::uint8_t, sizeof(Word)> big_endian_bytes(Word word) {
  if constexpr (std::endian::native == std::endian::little) {
    word = std::byteswap(word);
  }
  return std::bit_cast<std::array<std::uint8_t, sizeof(Word)>>(word);
}

// The words of a state, which are an array of one function's and not of another's.
std::array<SHA_LONG, 5> words_of(const SHA_CTX& state) {
  return {state.h0, state.h1, state.h2, state.h3, state.h4};
}
std::span<const SHA_LONG> words_of(const SHA256_CTX& state) {
  return state.h;
}
std::span<const SHA_LONG64> words_of(const SHA512_CTX& state) {
  return state.h;
}

// value = H(value ‖ digest), or false where one is not of kSize bytes. They are of one length, so that padding and
// length are always the same (FIPS 180-4, 5.1): the blocks are put together here, which costs less than having Update
// and Final do it.
template <class State, int (*kInit)(State*), void (*kTransform)(State*, const unsigned char*), std::size_t kBlock,
          std::size_t kSize>
bool extend_blocks(std::span<std::uint8_t> value, ByteView digest) {
  if (value.size() != kSize || digest.size() != kSize) {
    return false;
  }
  constexpr std::size_t kMessage = 2 * kSize;
  constexpr std::size_t kLengthField = kBlock / 8;
  constexpr std::size_t kPadded = (kMessage + 1 + kLengthField + kBlock - 1) / kBlock * kBlock;
  constexpr std::size_t kBits = kMessage * 8;
  constexpr std::uint8_t kEndMark = 0x80;
  std::array<std::uint8_t, kPadded> message{};
  std::copy_n(value.begin(), kSize, message.begin());
  std::copy_n(digest.begin(), kSize, message.begin() + kSize);
  message[kMessage] = kEndMark;
  message[kPadded - 2] = static_cast<std::uint8_t>(kBits >> 8U);
  message[kPadded - 1] = static_cast<std::uint8_t>(kBits & 0xFFU);
  State state;  // NOLINT(cppcoreguidelines-pro-type-member-init): the next line does
  check(kInit(&state));
  for (std::size_t i = 0; i < kPadded; i += kBlock) {
    kTransform(&state, message.data() + i);
  }
  std::size_t written = 0;
  for (const auto word : words_of(state)) {
    if (written == kSize) {
      break;
    }
    const auto bytes = big_endian_bytes(word);
    std::ranges::copy(bytes, value.subspan(written).begin());
    written += bytes.size();
  }
  return true;
}

// False: another function, or a digest that is not of its size.
bool extend_low_level(HashAlgorithm id, std::span<std::uint8_t> value, ByteView digest) {
  constexpr std::size_t kBlock32 = 64;
  constexpr std::size_t kBlock64 = 128;
  switch (id) {
    case HashAlgorithm::sha1:
      return extend_blocks<SHA_CTX, SHA1_Init, SHA1_Transform, kBlock32, SHA_DIGEST_LENGTH>(value, digest);
    case HashAlgorithm::sha256:
      return extend_blocks<SHA256_CTX, SHA256_Init, SHA256_Transform, kBlock32, SHA256_DIGEST_LENGTH>(value, digest);
    case HashAlgorithm::sha384:
      return extend_blocks<SHA512_CTX, SHA384_Init, SHA512_Transform, kBlock64, SHA384_DIGEST_LENGTH>(value, digest);
    case HashAlgorithm::sha512:
      return extend_blocks<SHA512_CTX, SHA512_Init, SHA512_Transform, kBlock64, SHA512_DIGEST_LENGTH>(value, digest);
    default:
      return false;
  }
}

// How many messages of an algorithm are hashed, or registers extended, at once, from how many on; none where it doesn't
// pay.
struct Lanes {
  lanes::Hash hash = nullptr;
  std::size_t at_least = 0;
  lanes::Extend extend = nullptr;
  std::size_t extend_at_least = 0;
};

#ifdef __x86_64__
// By measurement (hash_bench.cpp). A vector takes as long for one message as for all its lanes, so that it pays from
// some number on. The CPU's own instructions for SHA-1 and SHA-256 are as fast as 8 lanes, two messages at a time twice
// as fast.
Lanes choose_lanes(HashAlgorithm id, const CpuFeatures& features) {
  const bool wide = id == HashAlgorithm::sha384 || id == HashAlgorithm::sha512;
  const bool pairs = features.sha && !features.avx512 && !wide;
  if (!pairs && !features.avx2 && !features.avx512) {
    return {};
  }
  const lanes::Functions& functions = pairs ? lanes::kSha : features.avx512 ? lanes::kAvx512 : lanes::kAvx2;
  constexpr std::size_t kPair = 2;
  constexpr std::size_t kWide = 3;
  const std::size_t narrow = pairs ? kPair : features.sha ? 10 : 4;
  // One register's extends wait for each other, which the CPU's own instructions suffer more from than lanes do.
  const std::size_t sha1_extends = pairs ? 1 : 4;
  const std::size_t sha256_extends = pairs ? 1 : features.sha ? 6 : 4;
  switch (id) {
    case HashAlgorithm::sha1:
      return {functions.sha1, narrow, functions.extend_sha1, sha1_extends};
    case HashAlgorithm::sha224:
      return {.hash = functions.sha224, .at_least = narrow};
    case HashAlgorithm::sha256:
      return {functions.sha256, narrow, functions.extend_sha256, sha256_extends};
    case HashAlgorithm::sha384:
      return {functions.sha384, kWide, functions.extend_sha384, kWide};
    case HashAlgorithm::sha512:
      return {functions.sha512, kWide, functions.extend_sha512, kWide};
    default:
      return {};
  }
}
lanes::Hash choose_twins(const CpuFeatures& features) {
  return features.avx512 ? lanes::kAvx512.sha384_sha512 : features.avx2 ? lanes::kAvx2.sha384_sha512 : nullptr;
}
#else
Lanes choose_lanes(HashAlgorithm /*id*/, const CpuFeatures& /*features*/) {
  return {};
}
lanes::Hash choose_twins(const CpuFeatures& /*features*/) {
  return nullptr;
}
#endif

// Messages that are worth handing to another thread.
constexpr std::size_t kShared = 128;
// Blocks of a message that is hashed by itself: at the end of a batch it would keep a whole vector for one lane.
constexpr std::size_t kLongBlocks = 16;

}  // namespace

struct HashEngine::Contexts {
  Contexts(const CpuFeatures& given_features, Workers* given_workers)
      : features(given_features), workers(given_workers) {}

  CpuFeatures features;
  Workers* workers;

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

  // Has `work` done from the first message to the last, by whoever helps where several threads may.
  template <class Work>
  void share(bool by_several, std::size_t messages, const Work& work) {
    if (messages == 0) {
      return;
    }
    if (workers == nullptr || !by_several) {
      work(0, messages);
      return;
    }
    workers->split(messages, kShared, work);
  }

  // `size` bytes of `digests` are each message's. Those that `together` does not take, `one` does.
  template <class One>
  void hash_each(lanes::Hash together, std::size_t at_least, std::size_t block, std::size_t size,
                 std::span<const ByteView> messages, std::uint8_t* digests, const One& one) {
    const std::size_t longest = together != nullptr ? kLongBlocks * block : 0;
    std::vector<lanes::Message> batch;
    batch.reserve(together != nullptr ? messages.size() : 0);
    for (const ByteView message : messages) {
      if (together != nullptr && message.size() <= longest) {
        batch.push_back({.data = message.data(), .size = message.size(), .digest = digests});
      } else {
        one(message, digests);
      }
      digests += size;
    }
    if (batch.size() >= at_least && !batch.empty()) {
      together(batch.data(), batch.size());
      return;
    }
    for (const lanes::Message& message : batch) {
      one(ByteView(message.data, message.size), message.digest);
    }
  }

  void hash_each(const HashAlgorithmRow& row, std::span<const ByteView> messages, std::uint8_t* digests) {
    const Lanes together = choose_lanes(row.id, features);
    hash_each(together.hash, together.at_least, row.block, row.size, messages, digests,
              [&](ByteView message, std::uint8_t* digest) { hash(row.id, message, {}, digest); });
  }

  void hash_each_sha384_sha512(std::span<const ByteView> messages, std::uint8_t* digests) {
    const HashAlgorithmRow& first = *find_algorithm(HashAlgorithm::sha384);
    hash_each(choose_twins(features), choose_lanes(first.id, features).at_least, first.block, kSha384Sha512Size,
              messages, digests, [&](ByteView message, std::uint8_t* digest) {
                hash(first.id, message, {}, digest);
                hash(HashAlgorithm::sha512, message, {}, digest + first.size);
              });
  }
};

HashEngine::HashEngine(const CpuFeatures& features, Workers* workers)
    : contexts_(std::make_unique<Contexts>(features, workers)) {}
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

namespace {

void check_room(std::span<const ByteView> messages, std::size_t size, std::span<const std::uint8_t> digests) {
  if (digests.size() != messages.size() * size) {
    throw std::invalid_argument("room for digests that is not that of the messages");
  }
}

}  // namespace

void HashEngine::hash_many(HashAlgorithm algorithm, std::span<const ByteView> messages,
                           std::span<std::uint8_t> digests) {
  const HashAlgorithmRow* row = find_algorithm(algorithm);
  const std::size_t size = row != nullptr ? row->size : 0;
  check_room(messages, size, digests);
  if (row == nullptr) {
    return;
  }
  Contexts& contexts = *contexts_;
  const auto hash = [&](std::size_t begin, std::size_t end) {
    contexts.hash_each(*row, messages.subspan(begin, end - begin), digests.subspan(begin * size).data());
  };
  // Something of the contexts is written for other algorithms.
  contexts.share(has_low_level(algorithm), messages.size(), hash);
}

void HashEngine::hash_many_sha384_sha512(std::span<const ByteView> messages, std::span<std::uint8_t> digests) {
  check_room(messages, kSha384Sha512Size, digests);
  Contexts& contexts = *contexts_;
  contexts.share(true, messages.size(), [&](std::size_t begin, std::size_t end) {
    contexts.hash_each_sha384_sha512(messages.subspan(begin, end - begin),
                                     digests.subspan(begin * kSha384Sha512Size).data());
  });
}

void HashEngine::extend(HashAlgorithm algorithm, Digest& value, ByteView digest) {
  if (extend_low_level(algorithm, value.mutable_view(), digest)) {
    return;
  }
  // The functions write their result only after they have taken all input, so that it may replace the value in place.
  contexts_->hash(algorithm, value.view(), digest, value.mutable_view().data());
}

std::size_t HashEngine::extend_together(HashAlgorithm algorithm) const {
  const Lanes together = choose_lanes(algorithm, contexts_->features);
  return together.extend != nullptr ? together.extend_at_least : std::numeric_limits<std::size_t>::max();
}

namespace {

// That of the algorithm's digests, which the chain is of.
std::size_t size_of(HashAlgorithm algorithm, const HashEngine::Chain& chain) {
  const HashAlgorithmRow* row = find_algorithm(algorithm);
  const std::size_t size = row != nullptr ? row->size : 0;
  if (chain.value->size() != size || (!chain.values.empty() && chain.values.size() != chain.digests.size() * size)) {
    throw std::invalid_argument("a value, or room for values, that is not of the algorithm's size");
  }
  return size;
}

// The chain's first `count` digests.
lanes::Chain front_of(const HashEngine::Chain& chain, std::size_t count) {
  return {.value = chain.value->mutable_view().data(),
          .digests = chain.digests.data(),
          .count = count,
          .values = chain.values.empty() ? nullptr : chain.values.data()};
}

}  // namespace

void HashEngine::extend_many(HashAlgorithm algorithm, std::span<const Chain> chains) {
  std::size_t size = 0;
  std::size_t longest = 0;
  std::size_t links = 0;
  for (const Chain& chain : chains) {
    size = size_of(algorithm, chain);
    longest = std::max(longest, chain.digests.size());
    links += chain.digests.size();
  }
  const Lanes together = choose_lanes(algorithm, contexts_->features);
  if (together.extend == nullptr || links / together.extend_at_least < longest) {
    for (const Chain& chain : chains) {
      extend_one(algorithm, size, chain);
    }
    return;
  }
  std::vector<lanes::Chain> batch;
  batch.reserve(chains.size());
  for (const Chain& chain : chains) {
    batch.push_back(front_of(chain, chain.digests.size()));
  }
  together.extend(batch.data(), batch.size());
}

bool HashEngine::extends_beside(HashAlgorithm first, HashAlgorithm second) const {
  const bool pair = (first == HashAlgorithm::sha1 && second == HashAlgorithm::sha256) ||
                    (first == HashAlgorithm::sha256 && second == HashAlgorithm::sha1);
  return pair && contexts_->features.sha;
}

void HashEngine::extend_beside(HashAlgorithm first, const Chain& one, HashAlgorithm second, const Chain& other) {
  if (first > second) {
    extend_beside(second, other, first, one);
    return;
  }
  const std::size_t first_size = size_of(first, one);
  const std::size_t second_size = size_of(second, other);
  std::size_t begin = 0;
#ifdef __x86_64__
  if (extends_beside(first, second)) {
    begin = std::min(one.digests.size(), other.digests.size());
    lanes::kSha.extend_sha1_beside_sha256(front_of(one, begin), front_of(other, begin));
  }
#endif
  extend_one(first, first_size, one, begin);
  extend_one(second, second_size, other, begin);
}

void HashEngine::extend_one(HashAlgorithm algorithm, std::size_t size, const Chain& chain, std::size_t begin) {
  std::uint8_t* behind = chain.values.empty() ? nullptr : chain.values.data() + begin * size;
  for (const std::uint8_t* digest : chain.digests.subspan(begin)) {
    extend(algorithm, *chain.value, {digest, size});
    if (behind != nullptr) {
      behind = std::ranges::copy(chain.value->view(), behind).out;
    }
  }
}

}  // namespace mrtool
