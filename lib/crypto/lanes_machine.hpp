// Many messages in the lanes of something that hashes a block of each at once. `Of` says what: its Word, State, kLanes
// and kBlock, set_initial(), compress() and store(). Included only where lanes_kernel.hpp may be (it says why).
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/crypto/lanes.hpp"

namespace mrtool::lanes {

// Messages of any lengths: a lane that has finished one begins the next.
template <class Of>
class Machine {
 public:
  using Word = typename Of::Word;
  static constexpr int kLanes = Of::kLanes;

  static void hash(const Word* initial, int digest_words, const Message* messages, std::size_t count) {
    Lane lanes[kLanes];
    typename Of::State state = {};
    std::size_t next = 0;
    std::uint32_t begun = 0;  // a bit for each lane whose next block is a message's first
    int busy = 0;
    for (; busy < kLanes && next < count; ++busy) {
      begin(lanes[busy], messages[next++]);
      begun |= 1U << static_cast<unsigned>(busy);
    }
    while (busy > 0) {
      const std::uint8_t* blocks[kLanes];
      for (int lane = 0; lane < kLanes; ++lane) {
        blocks[lane] = take_block(lanes[lane]);
      }
      Of::set_initial(state, initial, begun);
      Of::compress(state, blocks);
      begun = 0;
      for (int lane = 0; lane < kLanes; ++lane) {
        Lane& here = lanes[lane];
        if (here.blocks != 0 || here.digest == nullptr) {
          continue;
        }
        Of::store(state, lane, digest_words, here.digest);
        if (next < count) {
          begin(here, messages[next++]);
          begun |= 1U << static_cast<unsigned>(lane);
        } else {
          here.digest = nullptr;
          --busy;
        }
      }
    }
  }

 private:
  static constexpr std::size_t kBlock = Of::kBlock;
  static constexpr std::size_t kLength = 2 * sizeof(Word);  // of the number of bits that ends the padding

  struct Lane {
    const std::uint8_t* block = nullptr;  // the next one
    std::size_t whole = 0;                // blocks that the message itself still has
    std::size_t blocks = 0;               // all that are still to come
    std::uint8_t* digest = nullptr;       // nothing to do when it is null
    // Room for what is copied together with the rest of the message; then that rest and the padding (5.1).
    std::uint8_t room[3 * kBlock] = {};

    std::uint8_t* last() { return room + kBlock; }
  };

  static void begin(Lane& lane, const Message& message) {
    std::uint8_t* const last = lane.last();
    const std::size_t rest = message.size % kBlock;
    const std::size_t padded = rest + 1 + kLength <= kBlock ? 1 : 2;
    lane.whole = message.size / kBlock;
    lane.blocks = lane.whole + padded;
    lane.block = lane.whole == 0 ? last : message.data;
    lane.digest = message.digest;
    if (lane.whole != 0) {
      __builtin_memcpy(last + rest - kBlock, message.data + message.size - kBlock, kBlock);
    } else {
      copy_short(last, message.data, rest);
    }
    __builtin_memset(last + rest, 0, kBlock);
    if (padded == 2) {
      __builtin_memset(last + kBlock, 0, kBlock);
    }
    last[rest] = 0x80;
    const std::uint64_t bits = __builtin_bswap64(std::uint64_t{message.size} * 8);
    __builtin_memcpy(last + padded * kBlock - sizeof(bits), &bits, sizeof(bits));
  }

  // Less than a block. The halves overlap where they are more than it.
  [[gnu::always_inline]] static inline void copy_short(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {
    if (copy_halves<kBlock / 2>(to, from, size) || copy_halves<kBlock / 4>(to, from, size) ||
        copy_halves<kBlock / 8>(to, from, size) || copy_halves<kBlock / 16>(to, from, size)) {
      return;
    }
    for (std::size_t i = 0; i < size; ++i) {
      to[i] = from[i];
    }
  }
  template <std::size_t kHalf>
  [[gnu::always_inline]] static inline bool copy_halves(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {
    if (size < kHalf) {
      return false;
    }
    std::uint8_t halves[2][kHalf];
    __builtin_memcpy(halves[0], from, kHalf);
    __builtin_memcpy(halves[1], from + size - kHalf, kHalf);
    __builtin_memcpy(to, halves[0], kHalf);
    __builtin_memcpy(to + size - kHalf, halves[1], kHalf);
    return true;
  }

  [[gnu::always_inline]] static inline const std::uint8_t* take_block(Lane& lane) {
    if (lane.digest == nullptr) {
      return lane.last();  // an idle lane computes what nobody asks for
    }
    const std::uint8_t* const block = lane.block;
    --lane.blocks;
    lane.block = lane.whole == 1 ? lane.last() : block + kBlock;
    --lane.whole;  // below zero while the last blocks are taken
    return block;
  }
};

}  // namespace mrtool::lanes
