#include "lib/base/spool.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "lib/base/host.hpp"
#include "lib/base/limits.hpp"

using namespace mrtool;

namespace {

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  }
  return bytes;
}

Bytes content_of(const Spool& spool) {
  const auto source = spool.open();
  return *read_all(*source, limits::kSmallFile);
}

const std::string kDirectory = std::filesystem::temp_directory_path();

}  // namespace

TEST_CASE("a spool gives back what was appended, in memory and past it") {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, Spool::kMemory, Spool::kMemory + 1, 3 * Spool::kMemory + 17}) {
    CAPTURE(size);
    const Bytes bytes = pattern(size);
    Spool spool(kDirectory);
    for (ByteView rest = bytes; !rest.empty();) {
      const ByteView piece = rest.first(std::min<std::size_t>(rest.size(), 100'003));
      REQUIRE(spool.append(piece));
      rest = rest.subspan(piece.size());
    }
    CHECK(spool.size() == size);
    CHECK(content_of(spool) == bytes);
    CHECK(content_of(spool) == bytes);
  }
}

TEST_CASE("what is put first comes first") {
  Spool spool(kDirectory);
  const Bytes bytes = pattern(Spool::kMemory + 5);
  REQUIRE(spool.append(bytes));
  spool.put_first(as_bytes("head"));
  const Bytes content = content_of(spool);
  CHECK(spool.size() == bytes.size() + 4);
  CHECK(as_text(ByteView(content).first(4)) == "head");
  CHECK(equal(ByteView(content).subspan(4), bytes));
}

TEST_CASE("a spool leaves no name behind") {
  const auto directory = std::filesystem::path(kDirectory) / "mrtool-spool-test";
  std::filesystem::create_directory(directory);
  Spool spool(directory.string());
  REQUIRE(spool.append(pattern(2 * Spool::kMemory)));
  CHECK(std::filesystem::is_empty(directory));
  std::filesystem::remove_all(directory);
}

TEST_CASE("a spool fails where its directory is not, and only once it needs it") {
  Spool spool("/dev/null/no-directory");
  CHECK(spool.append(pattern(10)));
  const Status status = spool.append(pattern(Spool::kMemory));
  REQUIRE_FALSE(status);
  CHECK(status.error().kind == ErrorKind::io);
}
