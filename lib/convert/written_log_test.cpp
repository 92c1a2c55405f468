#include "lib/convert/written_log.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "lib/base/limits.hpp"

namespace mrtool {
namespace {

Bytes all_of(ByteSource& source) {
  Bytes bytes;
  Bytes piece(10'007);
  for (;;) {
    const auto got = source.read(piece);
    REQUIRE(got);
    if (*got == 0) {
      return bytes;
    }
    bytes.insert(bytes.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(*got));
  }
}

std::unique_ptr<Spool> a_spool() {
  return make_host({}, {})->spool();
}

TEST_CASE("whoever follows a log while it is written reads all of it") {
  for (const std::size_t size : {0UL, 1UL, 100'000UL, 5'000'000UL}) {
    WrittenLog log(a_spool());
    Bytes expected(size);
    for (std::size_t i = 0; i < size; ++i) {
      expected[i] = static_cast<std::uint8_t>(i * 31 + i / 251);
    }
    const auto follower = log.follow();
    Bytes followed;
    std::jthread thread([&] { followed = all_of(*follower); });
    for (std::size_t at = 0, step = 1; at < size; at += step, step = step % 9'973 + 1) {
      step = std::min(step, size - at);
      REQUIRE(log.write(ByteView(expected).subspan(at, step)));
    }
    REQUIRE(log.close());
    thread.join();
    CHECK(followed == expected);
    CHECK(all_of(*log.spool().open()) == expected);
  }
}

TEST_CASE("whoever waits for the rest of a log that is abandoned is told so") {
  WrittenLog log(a_spool());
  const Bytes some(limits::kReadPiece, 7);
  REQUIRE(log.write(some));
  const auto follower = log.follow();
  bool failed = false;
  std::jthread thread([&] {
    Bytes piece(some.size());
    auto got = follower->read(piece);
    while (got && *got != 0) {
      got = follower->read(piece);
    }
    failed = !got;
  });
  log.abandon();
  thread.join();
  CHECK(failed);
}

TEST_CASE("a front that is put before a log comes first, and is told of") {
  WrittenLog log(a_spool());
  REQUIRE(log.write(Bytes{3, 4}));
  CHECK_FALSE(log.has_new_front());
  REQUIRE(log.write_first(Bytes{1, 2}));
  CHECK(log.has_new_front());
  REQUIRE(log.close());
  CHECK(all_of(*log.spool().open()) == Bytes{1, 2, 3, 4});
}

}  // namespace
}  // namespace mrtool
