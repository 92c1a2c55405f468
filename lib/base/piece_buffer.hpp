// The bytes that a piece of a log is read to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "lib/base/bytes.hpp"

namespace mrtool {

// Bytes in a row, at places that stay until the next call that isn't const. Room that was used once is used again as it
// is: no zeros are written to where bytes will be read to.
class PieceBuffer {
 public:
  PieceBuffer() = default;
  PieceBuffer(PieceBuffer&& other) noexcept : room_(std::move(other.room_)), size_(std::exchange(other.size_, 0)) {}
  PieceBuffer& operator=(PieceBuffer&& other) noexcept {
    room_ = std::move(other.room_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }
  PieceBuffer(const PieceBuffer&) = delete;
  PieceBuffer& operator=(const PieceBuffer&) = delete;
  ~PieceBuffer() = default;

  std::size_t size() const { return size_; }
  std::size_t room() const { return room_.size(); }  // bytes that it holds memory for
  ByteView view() const { return ByteView(room_).first(size_); }
  std::span<std::uint8_t> mutable_view() { return std::span(room_).first(size_); }

  // What is new behind the bytes that were there is whatever the room holds.
  void resize(std::size_t size) {
    if (room_.size() < size) {
      room_.resize(size);
    }
    size_ = size;
  }
  void assign(ByteView bytes) {
    resize(bytes.size());
    std::ranges::copy(bytes, room_.begin());
  }
  void drop_front(std::size_t size) {
    std::copy(room_.begin() + static_cast<std::ptrdiff_t>(size), room_.begin() + static_cast<std::ptrdiff_t>(size_),
              room_.begin());
    size_ -= size;
  }

 private:
  Bytes room_;
  std::size_t size_ = 0;
};

}  // namespace mrtool
