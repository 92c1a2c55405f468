// Two messages, or the chains of two registers, at once with the CPU's own instructions for SHA-1 and SHA-256 (Intel's
// manual, volume 1, 5.18). Each waits for the one before it, so that one message leaves the unit idle half of the time.
// Compiled with these instructions (CMakeLists.txt).
#ifdef __x86_64__

#include <immintrin.h>

#include <type_traits>
#include <utility>

#include "lib/crypto/lanes_machine.hpp"
#include "lib/crypto/sha_constants.hpp"

namespace mrtool::lanes {
namespace {

constexpr int kPair = 2;
constexpr std::size_t kShaBlock = 64;
constexpr int kReversed = 0x1B;  // of the four words of a vector

[[gnu::always_inline]] inline __m128i load(const void* from) {
  return _mm_loadu_si128(static_cast<const __m128i*>(from));
}
[[gnu::always_inline]] inline void store(void* to, __m128i words) {
  _mm_storeu_si128(static_cast<__m128i*>(to), words);
}
// The four vectors of a block, each with its bytes in the order that `order` gives.
[[gnu::always_inline]] inline void load_block(__m128i (&words)[4], const std::uint8_t* block, __m128i order) {
  for (int i = 0; i < 4; ++i) {
    words[i] = _mm_shuffle_epi8(load(block + static_cast<std::size_t>(i) * sizeof(__m128i)), order);
  }
}

struct Sha256 {
  using Word = std::uint32_t;
  static constexpr int kGroups = 16;  // of four rounds

  // As the instructions have the variables, the last one lowest.
  struct Lane {
    __m128i abef;
    __m128i cdgh;
  };
  // A lane, and the schedule's last 16 words.
  struct Work {
    Lane lane;
    __m128i words[4];
  };

  [[gnu::always_inline]] static inline Lane initial_lane(const Word* initial) {
    const __m128i dcba = _mm_shuffle_epi32(load(initial), kReversed);
    const __m128i hgfe = _mm_shuffle_epi32(load(initial + 4), kReversed);
    return {.abef = _mm_unpackhi_epi64(hgfe, dcba), .cdgh = _mm_unpacklo_epi64(hgfe, dcba)};
  }
  [[gnu::always_inline]] static inline void words_of(const Lane& lane, Word (&words)[8]) {
    store(words, _mm_shuffle_epi32(_mm_unpackhi_epi64(lane.cdgh, lane.abef), kReversed));
    store(words + 4, _mm_shuffle_epi32(_mm_unpacklo_epi64(lane.cdgh, lane.abef), kReversed));
  }

  [[gnu::always_inline]] static inline Work begin(const Lane& lane, const std::uint8_t* block) {
    Work work;
    work.lane = lane;
    load_block(work.words, block, _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
    return work;
  }
  [[gnu::always_inline]] static inline void add(Lane& to, const Work& work) {
    to.abef = _mm_add_epi32(to.abef, work.lane.abef);
    to.cdgh = _mm_add_epi32(to.cdgh, work.lane.cdgh);
  }

  template <int kGroup>
  [[gnu::always_inline]] static inline void four_rounds(Work& work) {
    __m128i& words = work.words[kGroup % 4];
    if constexpr (kGroup >= 4) {
      const __m128i late = work.words[(kGroup + 3) % 4];
      words = _mm_sha256msg1_epu32(words, work.words[(kGroup + 1) % 4]);
      words = _mm_add_epi32(words, _mm_alignr_epi8(late, work.words[(kGroup + 2) % 4], sizeof(Word)));
      words = _mm_sha256msg2_epu32(words, late);
    }
    four_rounds(work.lane, _mm_add_epi32(words, load(Sha2Constants<Word>::kRound + std::size_t{4} * kGroup)));
  }
  // `sums`: of the words and the constants.
  [[gnu::always_inline]] static inline void four_rounds(Lane& lane, __m128i sums) {
    lane.cdgh = _mm_sha256rnds2_epu32(lane.cdgh, lane.abef, sums);
    lane.abef = _mm_sha256rnds2_epu32(lane.abef, lane.cdgh, _mm_unpackhi_epi64(sums, sums));
  }
};

struct Sha1 {
  using Word = std::uint32_t;
  static constexpr int kGroups = 20;  // of four rounds

  struct Lane {
    __m128i abcd;  // the first variable highest
    __m128i e;     // highest, zeros below
  };
  struct Work {
    __m128i abcd;
    __m128i before;  // abcd of four rounds ago; at first, e
    __m128i words[4];
  };

  [[gnu::always_inline]] static inline Lane initial_lane(const Word* initial) {
    return {.abcd = _mm_shuffle_epi32(load(initial), kReversed),
            .e = _mm_set_epi32(static_cast<int>(initial[4]), 0, 0, 0)};
  }
  [[gnu::always_inline]] static inline void words_of(const Lane& lane, Word (&words)[8]) {
    store(words, _mm_shuffle_epi32(lane.abcd, kReversed));
    store(words + 4, _mm_shuffle_epi32(lane.e, kReversed));
  }

  [[gnu::always_inline]] static inline Work begin(const Lane& lane, const std::uint8_t* block) {
    Work work;
    work.abcd = lane.abcd;
    work.before = lane.e;
    load_block(work.words, block, _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f));
    return work;
  }
  [[gnu::always_inline]] static inline void add(Lane& to, const Work& work) {
    to.abcd = _mm_add_epi32(to.abcd, work.abcd);
    to.e = _mm_sha1nexte_epu32(work.before, to.e);
  }

  template <int kGroup>
  [[gnu::always_inline]] static inline void four_rounds(Work& work) {
    __m128i& words = work.words[kGroup % 4];
    if constexpr (kGroup >= 4) {
      words = _mm_sha1msg1_epu32(words, work.words[(kGroup + 1) % 4]);
      words = _mm_xor_si128(words, work.words[(kGroup + 2) % 4]);
      words = _mm_sha1msg2_epu32(words, work.words[(kGroup + 3) % 4]);
    }
    const __m128i sums = kGroup == 0 ? _mm_add_epi32(work.before, words) : _mm_sha1nexte_epu32(work.before, words);
    work.before = work.abcd;
    work.abcd = _mm_sha1rnds4_epu32(work.abcd, sums, kGroup / 5);
  }
};

template <int kGroup>
using Group = std::integral_constant<int, kGroup>;
template <class Rounds, int... kGroups>
[[gnu::always_inline]] inline void each_group(Rounds rounds, std::integer_sequence<int, kGroups...> /*of 4 rounds*/) {
  (rounds(Group<kGroups>()), ...);
}

// All rounds of a block of each, side by side.
template <class Sha>
[[gnu::always_inline]] inline void rounds_of_both(typename Sha::Work& one, typename Sha::Work& two) {
  each_group(
      [&]<int kGroup>(Group<kGroup> /*group*/) {
        Sha::template four_rounds<kGroup>(one);
        Sha::template four_rounds<kGroup>(two);
      },
      std::make_integer_sequence<int, Sha::kGroups>());
}

// The first words of a lane, big-endian.
template <class Sha>
inline void store_digest(const typename Sha::Lane& lane, int count, std::uint8_t* digest) {
  typename Sha::Word words[8];
  Sha::words_of(lane, words);
  for (int i = 0; i < count; ++i) {
    const typename Sha::Word word = __builtin_bswap32(words[i]);
    __builtin_memcpy(digest + static_cast<std::size_t>(i) * sizeof(word), &word, sizeof(word));
  }
}

// For Machine: two messages.
template <class Sha>
struct Pair {
  using Word = typename Sha::Word;
  using State = typename Sha::Lane[kPair];
  static constexpr int kLanes = kPair;
  static constexpr std::size_t kBlock = kShaBlock;

  [[gnu::always_inline]] static inline void set_initial(State& state, const Word* initial, std::uint32_t lanes) {
    for (int lane = 0; lane < kPair; ++lane) {
      if ((lanes >> static_cast<unsigned>(lane) & 1) != 0) {
        state[lane] = Sha::initial_lane(initial);
      }
    }
  }
  [[gnu::always_inline]] static inline void compress(State& state, const std::uint8_t* const (&blocks)[kPair]) {
    typename Sha::Work one = Sha::begin(state[0], blocks[0]);
    typename Sha::Work two = Sha::begin(state[1], blocks[1]);
    rounds_of_both<Sha>(one, two);
    Sha::add(state[0], one);
    Sha::add(state[1], two);
  }
  static void store(const State& state, int lane, int words, std::uint8_t* digest) {
    store_digest<Sha>(state[lane], words, digest);
  }
};

// Registers that are extended (TPM 2.0 part 1, 17.2), one in SHA-1 and one in SHA-256, each with its value in the form
// of the hash's state.
struct Sha1Value {
  using Of = Sha1;
  static constexpr int kWords = 5;
  Of::Lane lane;

  explicit Sha1Value(const std::uint8_t* value) {
    std::uint32_t last = 0;
    __builtin_memcpy(&last, value + 16, sizeof(last));
    lane = {.abcd = _mm_shuffle_epi8(load(value), reversed()),
            .e = _mm_set_epi32(static_cast<int>(__builtin_bswap32(last)), 0, 0, 0)};
  }
  static __m128i reversed() { return _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f); }

  // Of value and digest, which with their padding are one block.
  [[gnu::always_inline]] Of::Work begin(const std::uint8_t* digest, const Of::Lane& initial) const {
    constexpr int kEndMark = static_cast<int>(0x80000000);
    constexpr int kBits = 2 * kWords * 32;
    std::uint32_t last = 0;
    __builtin_memcpy(&last, digest + 16, sizeof(last));
    const __m128i four = _mm_shuffle_epi8(load(digest), reversed());
    Of::Work work;
    work.abcd = initial.abcd;
    work.before = initial.e;
    work.words[0] = lane.abcd;
    work.words[1] = _mm_or_si128(lane.e, _mm_srli_si128(four, 4));
    work.words[2] = _mm_or_si128(_mm_slli_si128(four, 12),
                                 _mm_set_epi32(0, static_cast<int>(__builtin_bswap32(last)), kEndMark, 0));
    work.words[3] = _mm_set_epi32(0, 0, 0, kBits);
    return work;
  }
};

struct Sha256Value {
  using Of = Sha256;
  static constexpr int kWords = 8;
  Of::Lane lane;

  explicit Sha256Value(const std::uint8_t* value) {
    const __m128i dcba = _mm_shuffle_epi8(load(value), Sha1Value::reversed());
    const __m128i hgfe = _mm_shuffle_epi8(load(value + sizeof(__m128i)), Sha1Value::reversed());
    lane = {.abef = _mm_unpackhi_epi64(hgfe, dcba), .cdgh = _mm_unpacklo_epi64(hgfe, dcba)};
  }

  // Of value and digest, which are a block.
  [[gnu::always_inline]] Of::Work begin(const std::uint8_t* digest, const Of::Lane& initial) const {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    Of::Work work;
    work.lane = initial;
    work.words[0] = _mm_shuffle_epi32(_mm_unpackhi_epi64(lane.cdgh, lane.abef), kReversed);
    work.words[1] = _mm_shuffle_epi32(_mm_unpacklo_epi64(lane.cdgh, lane.abef), kReversed);
    work.words[2] = _mm_shuffle_epi8(load(digest), swap);
    work.words[3] = _mm_shuffle_epi8(load(digest + sizeof(__m128i)), swap);
    return work;
  }
};

// The padding of 64 bytes is a block of SHA-256 that is always the same: its words (FIPS 180-4, 6.2.2) and the
// constants.
struct PaddingSums {
  std::uint32_t sums[64] = {};

  static constexpr std::uint32_t rotated(std::uint32_t word, unsigned bits) {
    return word >> bits | word << (32 - bits);
  }
  constexpr PaddingSums() {
    std::uint32_t words[64] = {0x80000000};
    words[15] = 64 * 8;
    for (unsigned t = 0; t < 64; ++t) {
      if (t >= 16) {
        const std::uint32_t early = words[t - 15];
        const std::uint32_t late = words[t - 2];
        words[t] = words[t - 16] + words[t - 7] + (rotated(early, 7) ^ rotated(early, 18) ^ early >> 3) +
                   (rotated(late, 17) ^ rotated(late, 19) ^ late >> 10);
      }
      sums[t] = words[t] + Sha2Constants<std::uint32_t>::kRound[t];
    }
  }
};
constexpr PaddingSums kPadding;

// Two registers of one function, a digest of each.
[[gnu::always_inline]] inline void extend_both(Sha1Value (&values)[kPair], const std::uint8_t* const (&digests)[kPair],
                                               const Sha1::Lane& initial) {
  Sha1::Work one = values[0].begin(digests[0], initial);
  Sha1::Work two = values[1].begin(digests[1], initial);
  rounds_of_both<Sha1>(one, two);
  values[0].lane = values[1].lane = initial;
  Sha1::add(values[0].lane, one);
  Sha1::add(values[1].lane, two);
}
[[gnu::always_inline]] inline void extend_both(Sha256Value (&values)[kPair],
                                               const std::uint8_t* const (&digests)[kPair],
                                               const Sha256::Lane& initial) {
  Sha256::Work one = values[0].begin(digests[0], initial);
  Sha256::Work two = values[1].begin(digests[1], initial);
  rounds_of_both<Sha256>(one, two);
  values[0].lane = values[1].lane = initial;
  Sha256::add(values[0].lane, one);
  Sha256::add(values[1].lane, two);
  one.lane = values[0].lane;
  two.lane = values[1].lane;
  each_group(
      [&]<int kGroup>(Group<kGroup> /*group*/) {
        const __m128i sums = load(kPadding.sums + std::size_t{4} * kGroup);
        Sha256::four_rounds(one.lane, sums);
        Sha256::four_rounds(two.lane, sums);
      },
      std::make_integer_sequence<int, Sha256::kGroups>());
  Sha256::add(values[0].lane, one);
  Sha256::add(values[1].lane, two);
}

// Groups of four rounds: a half of SHA-1's 20, and SHA-256's 16 for a block.
template <int kFirst, class Sha256Rounds>
[[gnu::always_inline]] inline void rounds_beside(Sha1::Work& sha1, Sha256Rounds sha256_rounds) {
  each_group(
      [&]<int kGroup>(Group<kGroup> group) {
        sha256_rounds(group);
        if constexpr (kGroup < 10) {
          Sha1::four_rounds<kFirst + kGroup>(sha1);
        }
      },
      std::make_integer_sequence<int, Sha256::kGroups>());
}

template <class Value>
void store_value(const Value& value, std::uint8_t* to) {
  store_digest<typename Value::Of>(value.lane, Value::kWords, to);
}

// Any number of registers, two at a time: who is done makes place for the next one.
template <class Value>
void extend_pairs(const std::uint32_t* initial, const Chain* chains, std::size_t count) {
  constexpr std::size_t kDigest = std::size_t{Value::kWords} * sizeof(std::uint32_t);
  const typename Value::Of::Lane first_lane = Value::Of::initial_lane(initial);
  const Chain* const end = chains + count;
  const std::uint8_t idle[kDigest] = {};  // of a lane without a register, which computes what nobody asks for
  Value values[kPair] = {Value(idle), Value(idle)};
  const Chain* of[kPair] = {};
  std::size_t done[kPair] = {};
  const std::uint8_t* digests[kPair] = {idle, idle};
  const auto begin_next = [&](int lane) {
    while (chains != end && chains->count == 0) {
      ++chains;
    }
    of[lane] = chains == end ? nullptr : chains++;
    done[lane] = 0;
    digests[lane] = idle;
    if (of[lane] != nullptr) {
      values[lane] = Value(of[lane]->value);
      digests[lane] = of[lane]->digests[0];
    }
  };
  begin_next(0);
  begin_next(1);
  while (of[0] != nullptr || of[1] != nullptr) {
    extend_both(values, digests, first_lane);
    for (int lane = 0; lane < kPair; ++lane) {
      const Chain* const chain = of[lane];
      if (chain == nullptr) {
        continue;
      }
      if (chain->values != nullptr) {
        store_value(values[lane], chain->values + done[lane] * kDigest);
      }
      if (++done[lane] == chain->count) {
        store_value(values[lane], chain->value);
        begin_next(lane);
      } else {
        digests[lane] = chain->digests[done[lane]];
      }
    }
  }
}

void extend_beside(const Chain& first, const Chain& second) {
  constexpr std::size_t kSha1Digest = std::size_t{Sha1Value::kWords} * sizeof(std::uint32_t);
  constexpr std::size_t kSha256Digest = std::size_t{Sha256Value::kWords} * sizeof(std::uint32_t);
  const Sha1::Lane sha1_initial = Sha1::initial_lane(kSha1Initial);
  const Sha256::Lane sha256_initial = Sha256::initial_lane(kSha256Initial);
  Sha1Value sha1(first.value);
  Sha256Value sha256(second.value);
  for (std::size_t i = 0; i < first.count; ++i) {
    Sha1::Work one = sha1.begin(first.digests[i], sha1_initial);
    Sha256::Work two = sha256.begin(second.digests[i], sha256_initial);
    rounds_beside<0>(one, [&two]<int kGroup>(Group<kGroup> /*group*/) { Sha256::four_rounds<kGroup>(two); });
    sha256.lane = sha256_initial;
    Sha256::add(sha256.lane, two);
    two.lane = sha256.lane;
    rounds_beside<10>(one, [&two]<int kGroup>(Group<kGroup> /*group*/) {
      Sha256::four_rounds(two.lane, load(kPadding.sums + std::size_t{4} * kGroup));
    });
    sha1.lane = sha1_initial;
    Sha1::add(sha1.lane, one);
    Sha256::add(sha256.lane, two);
    if (first.values != nullptr) {
      store_value(sha1, first.values + i * kSha1Digest);
    }
    if (second.values != nullptr) {
      store_value(sha256, second.values + i * kSha256Digest);
    }
  }
  store_value(sha1, first.value);
  store_value(sha256, second.value);
}

}  // namespace

constinit const Functions kSha = {
    .lanes32 = kPair,
    .sha1 = [](const Message* messages,
               std::size_t count) { Machine<Pair<Sha1>>::hash(kSha1Initial, 5, messages, count); },
    .sha224 = [](const Message* messages,
                 std::size_t count) { Machine<Pair<Sha256>>::hash(kSha224Initial, 7, messages, count); },
    .sha256 = [](const Message* messages,
                 std::size_t count) { Machine<Pair<Sha256>>::hash(kSha256Initial, 8, messages, count); },
    .extend_sha1 = [](const Chain* chains, std::size_t count) { extend_pairs<Sha1Value>(kSha1Initial, chains, count); },
    .extend_sha256 = [](const Chain* chains,
                        std::size_t count) { extend_pairs<Sha256Value>(kSha256Initial, chains, count); },
    .extend_sha1_beside_sha256 = extend_beside,
};

}  // namespace mrtool::lanes

#endif
