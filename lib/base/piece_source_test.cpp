#include "lib/base/piece_source.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "lib/base/limits.hpp"

using namespace mrtool;

namespace {

// Gives what is asked for, `most` bytes at a time, and counts the reads.
class CountedSource final : public ByteSource {
 public:
  CountedSource(std::uint64_t left, std::size_t most, std::size_t& reads) : left_(left), most_(most), reads_(reads) {}

  Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
    ++reads_;
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>({left_, buffer.size(), most_}));
    left_ -= count;
    std::fill_n(buffer.begin(), count, std::uint8_t{1});
    return count;
  }

 private:
  std::uint64_t left_;
  std::size_t most_;
  std::size_t& reads_;
};

}  // namespace

TEST_CASE("who asks for one byte more each time reads in pieces all the same") {
  constexpr std::uint64_t kBytes = 8 * 1024 * 1024;
  std::size_t reads = 0;
  PieceSource source(std::make_unique<CountedSource>(kBytes, kBytes, reads));
  PieceBuffer buffer;
  while (!source.exhausted()) {
    source.fill(buffer, buffer.size() + 1);
  }
  CHECK(buffer.size() == kBytes);
  CHECK(reads < 2 * kBytes / limits::kReadPiece);
}

TEST_CASE("a small source is read into little room, and a large one soon in whole pieces") {
  class Room final : public ByteSource {
   public:
    Room(std::uint64_t left, std::vector<std::size_t>& sizes) : left_(left), sizes_(sizes) {}
    Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
      sizes_.push_back(buffer.size());
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer.size()));
      left_ -= count;
      return count;
    }

   private:
    std::uint64_t left_;
    std::vector<std::size_t>& sizes_;
  };
  constexpr std::uint64_t kTarget = 4 * limits::kReadPiece;
  std::vector<std::size_t> sizes;
  PieceBuffer buffer;
  PieceSource small(std::make_unique<Room>(limits::kFirstPiece / 2, sizes));
  small.fill(buffer, kTarget);
  CHECK(small.ended());
  CHECK(buffer.size() == limits::kFirstPiece / 2);
  CHECK(std::ranges::max(sizes) == limits::kFirstPiece);

  sizes.clear();
  PieceSource large(std::make_unique<Room>(2 * kTarget, sizes));
  for (int i = 0; i < 4; ++i) {
    buffer.resize(0);
    large.fill(buffer, limits::kReadPiece);
    CHECK(buffer.size() == limits::kReadPiece);
  }
  CHECK(sizes.front() == limits::kFirstPiece);
  CHECK(sizes.back() == limits::kReadPiece);
}

TEST_CASE("a source that gives little is read no further than to the target") {
  std::size_t reads = 0;
  PieceSource source(std::make_unique<CountedSource>(1000, 1, reads));
  PieceBuffer buffer;
  source.fill(buffer, 10);
  CHECK(buffer.size() == 10);
  CHECK(reads == 10);
  source.fill(buffer, 11);
  CHECK(reads == 11);
  source.fill(buffer, 5000);
  CHECK(buffer.size() == 1000);
  CHECK(source.ended());
}

TEST_CASE("a piece buffer gives its room away with its bytes") {
  PieceBuffer buffer;
  buffer.assign(as_bytes("measured"));
  buffer.drop_front(4);
  CHECK(as_text(buffer.view()) == "ured");
  buffer.resize(2);
  CHECK(as_text(buffer.view()) == "ur");
  CHECK(buffer.room() >= 8);
  PieceBuffer other(std::move(buffer));
  CHECK(as_text(other.view()) == "ur");
  CHECK(buffer.view().empty());  // NOLINT(bugprone-use-after-move): what it is left with
  CHECK(buffer.room() == 0);
  buffer = std::move(other);
  CHECK(as_text(buffer.view()) == "ur");
  CHECK(other.view().empty());  // NOLINT(bugprone-use-after-move)
}
