// Text that is put together from small pieces, a million times: each is written where it belongs without a call, and
// the room is used again.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "lib/base/hex_digits.hpp"
#include "lib/base/plain_text.hpp"

namespace mrtool {

class TextBuffer {
 public:
  // What was put; valid until the next call that isn't const.
  std::string_view written() const { return {buffer_.get(), size()}; }
  std::span<char> mutable_view() { return {buffer_.get(), size()}; }
  std::size_t size() const { return static_cast<std::size_t>(at_ - buffer_.get()); }
  // Forgets all but the first `size` characters, and keeps the room.
  void truncate(std::size_t size) { at_ = buffer_.get() + size; }
  void clear() { truncate(0); }

  void put(char letter) {
    room(1);
    *at_++ = letter;
  }
  void put(std::string_view text) {
    if (text.empty()) {
      return;  // it may be nowhere
    }
    room(text.size());
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  // Two lower-case digits for each byte.
  void put_hex(ByteView bytes) {
    room(2 * bytes.size());
    at_ = write_hex(at_, bytes);
  }
  void put_number(std::uint64_t number) {
    room(kMostDigits);
    at_ = std::to_chars(at_, end_, number).ptr;
  }
  // Text that stands for itself between the quotes of JSON. False, and nothing put, where it does not.
  bool put_plain(std::string_view text) {
    room(text.size());
    if (copy_plain(at_, text) != text.size()) {
      return false;
    }
    at_ += text.size();
    return true;
  }

 protected:
  static constexpr std::size_t kMostDigits = 20;          // of a number
  static constexpr std::size_t kSlack = 2 * kPlainChunk;  // behind all that room() is asked for

  void room(std::size_t size) {
    if (static_cast<std::size_t>(end_ - at_) < size + kSlack) {
      grow(size + kSlack);
    }
  }
  // As far as a compiler knows, any character that is written could be a part of at_: who writes several holds it in a
  // variable meanwhile.
  char* at_ = nullptr;   // behind what was put
  char* end_ = nullptr;  // of the room

 private:
  void grow(std::size_t size);

  std::unique_ptr<char[]> buffer_;  // NOLINT(modernize-avoid-c-arrays): bytes that are not initialised
};

}  // namespace mrtool
