// The rounds of SHA-1 and SHA-2 (FIPS 180-4) in the lanes of vectors (lanes_kernel.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

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

  // Two states take the same words, whose schedule is worked out once. 16 rounds of one after 16 of the other: all
  // variables of both would need more registers than there are.
  template <int... kIndices>
  [[gnu::always_inline]] static inline void run_both(Vector (&s)[kState], Vector (&other)[kState], Vector (&w)[16],
                                                     std::integer_sequence<int, kIndices...> /*of 16*/) {
    const Word* constants = Sha2Constants<Word>::kRound;
    for (int t = 0; t < kRounds; t += 16) {
      if (t > 0) {
        (schedule<kIndices>(w), ...);
      }
      (round<kIndices>(s, w[kIndices], constants[t + kIndices]), ...);
      (round<kIndices>(other, w[kIndices], constants[t + kIndices]), ...);
    }
  }
  [[gnu::always_inline]] static inline void run_both(Vector (&s)[kState], Vector (&other)[kState], Vector (&w)[16]) {
    run_both(s, other, w, std::make_integer_sequence<int, 16>());
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

}  // namespace mrtool::lanes
