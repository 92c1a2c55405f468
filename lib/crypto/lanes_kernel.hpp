// SHA-1 and SHA-2 (FIPS 180-4) in the lanes of vectors, for any width: included by one source file for each width,
// which is compiled with that width's instructions. Every template here has the width as a parameter, and nothing of
// the standard library that makes code is used (lanes.hpp says why).
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "lib/crypto/lanes.hpp"
#include "lib/crypto/sha_constants.hpp"

namespace mrtool::lanes {

template <class Word, int kBytes>
struct VectorOf {
  typedef Word Type __attribute__((vector_size(kBytes)));  // NOLINT(modernize-use-using): g++ 12 drops it from a using
};

template <int kBits, class Vector>
[[gnu::always_inline]] inline Vector rotate_right(Vector x) {
  return (x >> kBits) | (x << (static_cast<int>(sizeof(x[0])) * 8 - kBits));
}
template <class Vector>
[[gnu::always_inline]] inline Vector choose(Vector which, Vector ones, Vector zeros) {
  return (which & ones) ^ (~which & zeros);
}
template <class Vector>
[[gnu::always_inline]] inline Vector majority(Vector a, Vector b, Vector c) {
  return (a & b) | (c & (a | b));
}

// The six functions of SHA-2 (4.1.2, 4.1.3): "sum" of the working variables, "mix" of the schedule.
template <class Vector, int kA, int kB, int kC>
[[gnu::always_inline]] inline Vector sum(Vector x) {
  return rotate_right<kA>(x) ^ rotate_right<kB>(x) ^ rotate_right<kC>(x);
}
template <class Vector, int kA, int kB, int kShift>
[[gnu::always_inline]] inline Vector mix(Vector x) {
  return rotate_right<kA>(x) ^ rotate_right<kB>(x) ^ (x >> kShift);
}

// The rounds keep the 16 words of the schedule and the working variables in arrays whose indices are constants, so that
// nothing moves: variable v of round t is s[(v - t) mod 8].
template <class SomeWord, int kBytes>
struct Sha2Rounds {
  using Word = SomeWord;
  using Vector = typename VectorOf<Word, kBytes>::Type;
  static constexpr int kState = 8;
  static constexpr bool kWide = sizeof(Word) == sizeof(std::uint64_t);
  static constexpr int kRounds = kWide ? 80 : 64;

  template <int kIndex>
  [[gnu::always_inline]] static inline void schedule(Vector (&w)[16]) {
    const Vector early = w[(kIndex + 1) % 16];
    const Vector late = w[(kIndex + 14) % 16];
    if constexpr (kWide) {
      w[kIndex] += mix<Vector, 1, 8, 7>(early) + w[(kIndex + 9) % 16] + mix<Vector, 19, 61, 6>(late);
    } else {
      w[kIndex] += mix<Vector, 7, 18, 3>(early) + w[(kIndex + 9) % 16] + mix<Vector, 17, 19, 10>(late);
    }
  }

  template <int kIndex>
  [[gnu::always_inline]] static inline void round(Vector (&s)[kState], Vector word, Word constant) {
    const Vector a = s[(16 - kIndex) % 8];
    const Vector b = s[(17 - kIndex) % 8];
    const Vector c = s[(18 - kIndex) % 8];
    const Vector e = s[(20 - kIndex) % 8];
    const Vector f = s[(21 - kIndex) % 8];
    const Vector g = s[(22 - kIndex) % 8];
    Vector& d = s[(19 - kIndex) % 8];
    Vector& h = s[(23 - kIndex) % 8];
    h += choose(e, f, g) + (word + constant);
    if constexpr (kWide) {
      h += sum<Vector, 14, 18, 41>(e);
      d += h;
      h += sum<Vector, 28, 34, 39>(a) + majority(a, b, c);
    } else {
      h += sum<Vector, 6, 11, 25>(e);
      d += h;
      h += sum<Vector, 2, 13, 22>(a) + majority(a, b, c);
    }
  }

  template <int... kIndices>
  [[gnu::always_inline]] static inline void run(Vector (&s)[kState], Vector (&w)[16],
                                                std::integer_sequence<int, kIndices...> /*of 16*/) {
    const Word* constants = Sha2Constants<Word>::kRound;
    (round<kIndices>(s, w[kIndices], constants[kIndices]), ...);
    for (int t = 16; t < kRounds; t += 16) {
      ((schedule<kIndices>(w), round<kIndices>(s, w[kIndices], constants[t + kIndices])), ...);
    }
  }
  [[gnu::always_inline]] static inline void run(Vector (&s)[kState], Vector (&w)[16]) {
    run(s, w, std::make_integer_sequence<int, 16>());
  }
};

template <int kBytes>
struct Sha1Rounds {
  using Word = std::uint32_t;
  using Vector = typename VectorOf<Word, kBytes>::Type;
  static constexpr int kState = 5;

  template <int kRound>
  [[gnu::always_inline]] static inline void round(Vector (&s)[kState], Vector (&w)[16]) {
    Vector& word = w[kRound % 16];
    if constexpr (kRound >= 16) {
      word = rotate_right<31>(word ^ w[(kRound + 2) % 16] ^ w[(kRound + 8) % 16] ^ w[(kRound + 13) % 16]);
    }
    const Vector a = s[(80 - kRound) % 5];
    Vector& b = s[(81 - kRound) % 5];
    const Vector c = s[(82 - kRound) % 5];
    const Vector d = s[(83 - kRound) % 5];
    Vector& e = s[(84 - kRound) % 5];
    e += rotate_right<27>(a) + (word + kSha1Round[kRound / 20]);
    if constexpr (kRound < 20) {
      e += choose(b, c, d);
    } else if constexpr (kRound >= 40 && kRound < 60) {
      e += majority(b, c, d);
    } else {
      e += b ^ c ^ d;
    }
    b = rotate_right<2>(b);
  }

  template <int... kRounds>
  [[gnu::always_inline]] static inline void run(Vector (&s)[kState], Vector (&w)[16],
                                                std::integer_sequence<int, kRounds...> /*of 80*/) {
    (round<kRounds>(s, w), ...);
  }
  [[gnu::always_inline]] static inline void run(Vector (&s)[kState], Vector (&w)[16]) {
    run(s, w, std::make_integer_sequence<int, 80>());
  }
};

// Messages of any lengths: a lane that has finished one begins the next.
template <class Rounds>
class Machine {
 public:
  using Word = typename Rounds::Word;
  using Vector = typename Rounds::Vector;
  static constexpr int kLanes = static_cast<int>(sizeof(Vector) / sizeof(Word));

  static void hash(const Word* initial, int digest_words, const Message* messages, std::size_t count) {
    Lane lanes[kLanes];
    Vector state[Rounds::kState] = {};
    std::size_t next = 0;
    int busy = 0;
    for (int lane = 0; lane < kLanes && next < count; ++lane, ++busy) {
      begin(lanes[lane], state, lane, initial, messages[next++]);
    }
    while (busy > 0) {
      const std::uint8_t* blocks[kLanes];
      for (int lane = 0; lane < kLanes; ++lane) {
        blocks[lane] = take_block(lanes[lane]);
      }
      compress(state, blocks);
      for (int lane = 0; lane < kLanes; ++lane) {
        Lane& here = lanes[lane];
        if (here.digest == nullptr || here.blocks != 0 || here.last_blocks != 0) {
          continue;
        }
        store(state, lane, digest_words, here.digest);
        if (next < count) {
          begin(here, state, lane, initial, messages[next++]);
        } else {
          here.digest = nullptr;
          --busy;
        }
      }
    }
  }

 private:
  static constexpr std::size_t kBlock = 16 * sizeof(Word);
  static constexpr std::size_t kLength = 2 * sizeof(Word);  // of the number of bits that ends the padding

  struct Lane {
    const std::uint8_t* block = nullptr;  // the next one
    std::size_t blocks = 0;               // whole ones that the message still has
    std::size_t last_blocks = 0;          // of `last` that are still to come
    std::uint8_t* digest = nullptr;       // nothing to do when it is null
    std::uint8_t last[2 * kBlock] = {};   // the rest of the message and the padding (5.1)
  };

  static void begin(Lane& lane, Vector (&state)[Rounds::kState], int index, const Word* initial,
                    const Message& message) {
    for (int i = 0; i < Rounds::kState; ++i) {
      state[i][index] = initial[i];
    }
    lane.block = message.data;
    lane.blocks = message.size / kBlock;
    lane.digest = message.digest;
    const std::size_t rest = message.size % kBlock;
    lane.last_blocks = rest + 1 + kLength <= kBlock ? 1 : 2;
    __builtin_memset(lane.last, 0, sizeof(lane.last));
    if (rest != 0) {
      __builtin_memcpy(lane.last, message.data + message.size - rest, rest);
    }
    lane.last[rest] = 0x80;
    const std::uint64_t bits = __builtin_bswap64(std::uint64_t{message.size} * 8);
    __builtin_memcpy(lane.last + lane.last_blocks * kBlock - sizeof(bits), &bits, sizeof(bits));
    if (lane.blocks == 0) {
      lane.block = lane.last;
    }
  }

  [[gnu::always_inline]] static inline const std::uint8_t* take_block(Lane& lane) {
    if (lane.digest == nullptr) {
      return lane.last;  // an idle lane computes what nobody asks for
    }
    const std::uint8_t* block = lane.block;
    lane.block += kBlock;
    if (lane.blocks == 0) {
      --lane.last_blocks;
    } else if (--lane.blocks == 0) {
      lane.block = lane.last;
    }
    return block;
  }

  static void store(const Vector (&state)[Rounds::kState], int lane, int words, std::uint8_t* digest) {
    for (int i = 0; i < words; ++i) {
      const Word word = swap(state[i][lane]);
      __builtin_memcpy(digest + static_cast<std::size_t>(i) * sizeof(word), &word, sizeof(word));
    }
  }
  static Word swap(Word word) {
    if constexpr (sizeof(Word) == sizeof(std::uint64_t)) {
      return __builtin_bswap64(word);
    } else {
      return __builtin_bswap32(word);
    }
  }

  static void compress(Vector (&state)[Rounds::kState], const std::uint8_t* const (&blocks)[kLanes]) {
    Vector w[16];
    for (int part = 0; part < 16; part += kLanes) {
      load(w + part, blocks, static_cast<std::size_t>(part) * sizeof(Word), Indices());
    }
    Vector s[Rounds::kState];
    __builtin_memcpy(s, state, sizeof(s));
    Rounds::run(s, w);
    for (int i = 0; i < Rounds::kState; ++i) {
      state[i] += s[i];
    }
  }

  using Indices = std::make_integer_sequence<int, kLanes>;

  // kLanes words of each lane's block, from `offset` on: rows[i] becomes the words i of all lanes.
  template <int... kIndices>
  [[gnu::always_inline]] static inline void load(Vector* rows, const std::uint8_t* const (&blocks)[kLanes],
                                                 std::size_t offset,
                                                 std::integer_sequence<int, kIndices...> /*lanes*/) {
    (load_row(rows[kIndices], blocks[kIndices] + offset, std::make_integer_sequence<int, sizeof(Vector)>()), ...);
    if constexpr (kLanes > 8) {
      (exchange<8, kIndices>(rows), ...);
    }
    if constexpr (kLanes > 4) {
      (exchange<4, kIndices>(rows), ...);
    }
    (exchange<2, kIndices>(rows), ...);
    (exchange<1, kIndices>(rows), ...);
  }

  // Words are big-endian.
  template <int... kIndices>
  [[gnu::always_inline]] static inline void load_row(Vector& row, const std::uint8_t* bytes,
                                                     std::integer_sequence<int, kIndices...> /*bytes*/) {
    constexpr int kSwap = sizeof(Word) - 1;
    typename VectorOf<std::uint8_t, sizeof(Vector)>::Type loaded;
    __builtin_memcpy(&loaded, bytes, sizeof(loaded));
    loaded = __builtin_shufflevector(loaded, loaded, (kIndices ^ kSwap)...);
    __builtin_memcpy(&row, &loaded, sizeof(row));
  }

  // One step of transposing: of the rows i and i + kStep, the second halves of one change places with the first of the
  // other, where a half is kStep words.
  template <int kStep, int kRow>
  [[gnu::always_inline]] static inline void exchange(Vector* rows) {
    if constexpr ((kRow & kStep) == 0) {
      exchange_halves<kStep>(rows[kRow], rows[kRow + kStep], Indices());
    }
  }
  template <int kStep, int... kIndices>
  [[gnu::always_inline]] static inline void exchange_halves(Vector& first, Vector& second,
                                                            std::integer_sequence<int, kIndices...> /*lanes*/) {
    const Vector low =
        __builtin_shufflevector(first, second, ((kIndices & kStep) != 0 ? kLanes + (kIndices ^ kStep) : kIndices)...);
    second =
        __builtin_shufflevector(first, second, ((kIndices & kStep) != 0 ? kLanes + kIndices : (kIndices ^ kStep))...);
    first = low;
  }
};

template <int kBytes>
inline constexpr Functions kFunctions = {
    .lanes32 = kBytes / sizeof(std::uint32_t),
    .lanes64 = kBytes / sizeof(std::uint64_t),
    .sha1 = [](const Message* messages,
               std::size_t count) { Machine<Sha1Rounds<kBytes>>::hash(kSha1Initial, 5, messages, count); },
    .sha224 =
        [](const Message* messages, std::size_t count) {
          Machine<Sha2Rounds<std::uint32_t, kBytes>>::hash(kSha224Initial, 7, messages, count);
        },
    .sha256 =
        [](const Message* messages, std::size_t count) {
          Machine<Sha2Rounds<std::uint32_t, kBytes>>::hash(kSha256Initial, 8, messages, count);
        },
    .sha384 =
        [](const Message* messages, std::size_t count) {
          Machine<Sha2Rounds<std::uint64_t, kBytes>>::hash(kSha384Initial, 6, messages, count);
        },
    .sha512 =
        [](const Message* messages, std::size_t count) {
          Machine<Sha2Rounds<std::uint64_t, kBytes>>::hash(kSha512Initial, 8, messages, count);
        },
};

}  // namespace mrtool::lanes
