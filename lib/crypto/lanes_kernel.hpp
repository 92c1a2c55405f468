// SHA-1 and SHA-2 (FIPS 180-4) in the lanes of vectors, for any width: included by one source file for each width,
// which is compiled with that width's instructions. Every template here has the width as a parameter, and nothing of
// the standard library that makes code is used (lanes.hpp says why).
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/crypto/lanes.hpp"
#include "lib/crypto/lanes_blocks.hpp"
#include "lib/crypto/lanes_machine.hpp"
#include "lib/crypto/lanes_rounds.hpp"
#include "lib/crypto/sha_constants.hpp"

namespace mrtool::lanes {

// Registers that are extended (TPM 2.0 part 1, 17.2), a lane for each: value = H(value ‖ digest) again and again. A
// value is the state of the hash before it, so that it never leaves the vectors.
template <class Rounds, int kWords>
class ChainMachine {
 public:
  using Of = Blocks<Rounds>;
  using Word = typename Rounds::Word;
  using Vector = typename Rounds::Vector;
  static constexpr int kLanes = Of::kLanes;
  static constexpr std::size_t kDigest = kWords * sizeof(Word);

  static void extend(const Word* initial, const Chain* chains, std::size_t count) {
    Lane lanes[kLanes];
    Vector value[Rounds::kState] = {};
    std::size_t next = 0;
    int busy = 0;
    for (int lane = 0; lane < kLanes; ++lane) {
      busy += begin(lanes[lane], value, lane, chains, count, next) ? 1 : 0;
    }
    while (busy > 0) {
      const std::uint8_t* digests[kLanes];
      for (int lane = 0; lane < kLanes; ++lane) {
        digests[lane] = take_digest(lanes[lane]);
      }
      extend(value, initial, digests);
      for (int lane = 0; lane < kLanes; ++lane) {
        Lane& here = lanes[lane];
        if (here.left == 0) {
          continue;
        }
        if (here.values != nullptr) {
          Of::store(value, lane, kWords, here.values);
          here.values += kDigest;
        }
        if (--here.left == 0) {
          Of::store(value, lane, kWords, here.value);
          busy -= begin(here, value, lane, chains, count, next) ? 0 : 1;
        }
      }
    }
  }

 private:
  static constexpr int kLoaded = (kWords + kLanes - 1) / kLanes * kLanes;  // words that loading a digest reads

  struct Lane {
    const std::uint8_t* const* digests = nullptr;  // the next one, and those behind it
    std::size_t left = 0;                          // nothing to do when there is none
    std::uint8_t* value = nullptr;
    std::uint8_t* values = nullptr;
    std::uint8_t digest[kLoaded * sizeof(Word)] = {};
  };

  // False: there are no more chains.
  static bool begin(Lane& lane, Vector (&value)[Rounds::kState], int index, const Chain* chains, std::size_t count,
                    std::size_t& next) {
    while (next < count && chains[next].count == 0) {
      ++next;
    }
    if (next == count) {
      return false;
    }
    const Chain& chain = chains[next++];
    lane.digests = chain.digests;
    lane.left = chain.count;
    lane.value = chain.value;
    lane.values = chain.values;
    for (int i = 0; i < kWords; ++i) {
      Word word = 0;
      __builtin_memcpy(&word, chain.value + static_cast<std::size_t>(i) * sizeof(word), sizeof(word));
      value[i][index] = Of::swap(word);
    }
    return true;
  }

  [[gnu::always_inline]] static inline const std::uint8_t* take_digest(Lane& lane) {
    if (lane.left != 0) {
      __builtin_memcpy(lane.digest, *lane.digests++, kDigest);
    }
    return lane.digest;  // an idle lane computes what nobody asks for
  }

  static void extend(Vector (&value)[Rounds::kState], const Word* initial,
                     const std::uint8_t* const (&digests)[kLanes]) {
    constexpr int kMessage = 2 * kWords;
    Vector loaded[kLoaded];
    Of::template load<kWords>(loaded, digests);
    Vector words[16];
    for (int i = 0; i < kWords; ++i) {
      words[i] = value[i];
      words[kWords + i] = loaded[i];
    }
    for (int i = 0; i < Rounds::kState; ++i) {
      value[i] = Vector{} + initial[i];
    }
    if constexpr (kMessage < 16) {
      pad(words, kMessage);
      Of::compress(value, words);
    } else {
      Of::compress(value, words);
      pad(words, 0);
      Of::compress(value, words);
    }
  }

  // The end of the message (5.1): a one behind the words before, and the number of its bits at the end of the block.
  static void pad(Vector (&words)[16], int before) {
    for (int i = before; i < 16; ++i) {
      words[i] = Vector{};
    }
    words[before] += Word{1} << (sizeof(Word) * 8 - 1);
    words[15] += Word{2 * kDigest * 8};
  }
};

// The first state of SHA-384, and then that of SHA-512.
struct TwinInitial {
  std::uint64_t words[16] = {};
};
inline constexpr TwinInitial kTwinInitial = [] {
  TwinInitial initial;
  for (int i = 0; i < 8; ++i) {
    initial.words[i] = kSha384Initial[i];
    initial.words[8 + i] = kSha512Initial[i];
  }
  return initial;
}();

template <int kBytes>
inline constexpr Functions kFunctions = {
    .lanes32 = kBytes / sizeof(std::uint32_t),
    .lanes64 = kBytes / sizeof(std::uint64_t),
    .sha1 = [](const Message* messages,
               std::size_t count) { Machine<Blocks<Sha1Rounds<kBytes>>>::hash(kSha1Initial, 5, messages, count); },
    .sha224 =
        [](const Message* messages, std::size_t count) {
          Machine<Blocks<Sha2Rounds<std::uint32_t, kBytes>>>::hash(kSha224Initial, 7, messages, count);
        },
    .sha256 =
        [](const Message* messages, std::size_t count) {
          Machine<Blocks<Sha2Rounds<std::uint32_t, kBytes>>>::hash(kSha256Initial, 8, messages, count);
        },
    .sha384 =
        [](const Message* messages, std::size_t count) {
          Machine<Blocks<Sha2Rounds<std::uint64_t, kBytes>>>::hash(kSha384Initial, 6, messages, count);
        },
    .sha512 =
        [](const Message* messages, std::size_t count) {
          Machine<Blocks<Sha2Rounds<std::uint64_t, kBytes>>>::hash(kSha512Initial, 8, messages, count);
        },
    .sha384_sha512 =
        [](const Message* messages, std::size_t count) {
          Machine<TwinBlocks<Sha2Rounds<std::uint64_t, kBytes>>>::hash(kTwinInitial.words, 6, messages, count);
        },
    .extend_sha1 = [](const Chain* chains,
                      std::size_t count) { ChainMachine<Sha1Rounds<kBytes>, 5>::extend(kSha1Initial, chains, count); },
    .extend_sha256 =
        [](const Chain* chains, std::size_t count) {
          ChainMachine<Sha2Rounds<std::uint32_t, kBytes>, 8>::extend(kSha256Initial, chains, count);
        },
    .extend_sha384 =
        [](const Chain* chains, std::size_t count) {
          ChainMachine<Sha2Rounds<std::uint64_t, kBytes>, 6>::extend(kSha384Initial, chains, count);
        },
    .extend_sha512 =
        [](const Chain* chains, std::size_t count) {
          ChainMachine<Sha2Rounds<std::uint64_t, kBytes>, 8>::extend(kSha512Initial, chains, count);
        },
};

}  // namespace mrtool::lanes
