// Between memory, where each lane's words lie one behind the other, and vectors, which hold one word of every lane.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "lib/crypto/lanes_rounds.hpp"

namespace mrtool::lanes {

template <class Rounds>
struct Blocks {
  using Word = typename Rounds::Word;
  using Vector = typename Rounds::Vector;
  static constexpr int kLanes = static_cast<int>(sizeof(Vector) / sizeof(Word));
  static constexpr std::size_t kBlock = 16 * sizeof(Word);
  using Indices = std::make_integer_sequence<int, kLanes>;
  using State = Vector[Rounds::kState];

  // The hash's first state, in the lanes whose bit is set.
  [[gnu::always_inline]] static inline void set_initial(State& state, const Word* initial, std::uint32_t lanes) {
    if (lanes != 0) {
      set_initial(state, initial, lanes, Indices());
    }
  }

  // A block of each lane.
  [[gnu::always_inline]] static inline void compress(State& state, const std::uint8_t* const (&blocks)[kLanes]) {
    Vector words[16];
    load<16>(words, blocks);
    compress(state, words);
  }

  // One block into the state. The words are used up.
  static void compress(State& state, Vector (&w)[16]) {
    Vector s[Rounds::kState];
    __builtin_memcpy(s, state, sizeof(s));
    Rounds::run(s, w);
    for (int i = 0; i < Rounds::kState; ++i) {
      state[i] += s[i];
    }
  }

  // The first words of each lane's state, big-endian.
  static void store(const State& state, int lane, int words, std::uint8_t* digest) {
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

  // kWords words of each lane's bytes, of which kWords rounded up to a multiple of kLanes are read.
  template <int kWords>
  [[gnu::always_inline]] static inline void load(Vector* rows, const std::uint8_t* const (&bytes)[kLanes]) {
    for (int part = 0; part < kWords; part += kLanes) {
      load(rows + part, bytes, static_cast<std::size_t>(part) * sizeof(Word), Indices());
    }
  }

 private:
  template <int... kIndices>
  [[gnu::always_inline]] static inline void set_initial(State& state, const Word* initial, std::uint32_t lanes,
                                                        std::integer_sequence<int, kIndices...> /*lanes*/) {
    const Vector chosen = -(((Vector{} + lanes) >> Vector{kIndices...}) & 1);
    for (int i = 0; i < Rounds::kState; ++i) {
      state[i] = (state[i] & ~chosen) | (initial[i] & chosen);
    }
  }

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

// Two hashes that differ in their first states and the sizes of their digests only, of the same messages: SHA-384 and
// SHA-512. `initial` is the first state of one and then of the other, a digest that of one and then of the other.
template <class Rounds>
struct TwinBlocks {
  using One = Blocks<Rounds>;
  using Word = typename One::Word;
  using Vector = typename One::Vector;
  static constexpr int kLanes = One::kLanes;
  static constexpr std::size_t kBlock = One::kBlock;
  struct State {
    typename One::State first;
    typename One::State second;
  };

  [[gnu::always_inline]] static inline void set_initial(State& state, const Word* initial, std::uint32_t lanes) {
    One::set_initial(state.first, initial, lanes);
    One::set_initial(state.second, initial + Rounds::kState, lanes);
  }

  [[gnu::always_inline]] static inline void compress(State& state, const std::uint8_t* const (&blocks)[kLanes]) {
    Vector words[16];
    One::template load<16>(words, blocks);
    compress(state, words);
  }
  static void compress(State& state, Vector (&w)[16]) {
    State s = state;
    Rounds::run_both(s.first, s.second, w);
    for (int i = 0; i < Rounds::kState; ++i) {
      state.first[i] += s.first[i];
      state.second[i] += s.second[i];
    }
  }

  // `words` of the first; all of the second.
  static void store(const State& state, int lane, int words, std::uint8_t* digest) {
    One::store(state.first, lane, words, digest);
    One::store(state.second, lane, Rounds::kState, digest + static_cast<std::size_t>(words) * sizeof(Word));
  }
};

}  // namespace mrtool::lanes
