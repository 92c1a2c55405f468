#include <algorithm>
#include <memory>

#include "formats/ima/reader.hpp"
#include "formats/ima/test_log.hpp"

using namespace mrtool;
using namespace mrtool::ima::testing;

namespace {

// Gives the bytes before `end`, which the test moves on.
class GrowingSource final : public ByteSource {
 public:
  GrowingSource(ByteView bytes, const std::size_t& end) : bytes_(bytes), end_(end) {}

  Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
    const std::size_t count = std::min(buffer.size(), end_ - at_);
    std::ranges::copy(bytes_.subspan(at_, count), buffer.begin());
    at_ += count;
    return count;
  }

 private:
  ByteView bytes_;
  const std::size_t& end_;
  std::size_t at_ = 0;
};

struct Read {
  std::vector<Bytes> data;
  std::vector<std::size_t> seen_at;  // how long the list was when the record came
  std::optional<Error> error;
};

Read read_growing(bool ascii, ByteView list, std::size_t step, const ReadOptions& options = {}) {
  DiagnosticSink diagnostics;
  std::size_t end = 0;
  auto source = std::make_unique<GrowingSource>(list, end);
  const auto reader = ascii ? ima::make_growing_ascii_reader(std::move(source), options, diagnostics)
                            : ima::make_growing_reader(std::move(source), options, diagnostics);
  Read read;
  Batch batch;
  while (true) {
    const auto more = reader->read(batch);
    for (const Record& record : batch.records) {
      CHECK(record.number == read.data.size());
      CHECK_FALSE(record.digests.empty());
      read.data.push_back(to_bytes(record.data));
      read.seen_at.push_back(end);
    }
    if (!more) {
      read.error = more.error();
      return read;
    }
    CHECK(*more);
    if (end == list.size()) {
      return read;
    }
    end = std::min(list.size(), end + step);
  }
}

}  // namespace

TEST_CASE("a list that grows by any step gives each entry as soon as it is whole") {
  for (const bool ascii : {false, true}) {
    const Bytes list = ascii ? to_bytes(as_bytes(kAsciiSha1)) : sha1_list();
    const auto whole = read_whole(ascii ? "ima-ascii" : "ima", list);
    REQUIRE(whole);
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{100}, list.size()}) {
      CAPTURE(ascii);
      CAPTURE(step);
      const Read read = read_growing(ascii, list, step);
      CHECK_FALSE(read.error);
      REQUIRE(read.data.size() == whole->records.size());
      for (std::size_t i = 0; i < read.data.size(); ++i) {
        const Record& record = *whole->records[i];
        CHECK(equal(read.data[i], record.data));
        const std::size_t end = static_cast<std::size_t>(record.offset) + record.raw.size();
        CHECK(read.seen_at[i] < end + step);
      }
    }
  }
}

TEST_CASE("an unfinished entry at the end of a list that grows is no damage") {
  const Bytes list = sha1_list();
  const Read read = read_growing(false, ByteView(list).first(list.size() - 1), list.size());
  CHECK_FALSE(read.error);
  CHECK(read.data.size() == 5);
  const Read none = read_growing(false, ByteView(list).first(50), 50);
  CHECK_FALSE(none.error);
  CHECK(none.data.empty());
}

TEST_CASE("damage of a list that grows is damage") {
  Bytes list = sha1_list();
  list.insert(list.end(), 64, 0xEE);
  const Read read = read_growing(false, list, list.size());
  REQUIRE(read.error);
  CHECK(read.error->kind == ErrorKind::malformed);
  CHECK(read.data.size() == 6);
}

TEST_CASE("a list that grows and whose bank cannot be told is not waited for") {
  const auto whole = read_whole("ima", sha1_list());
  REQUIRE(whole);
  Bytes list = *write_whole("ima", *whole, Raw::kept, {.bank = HashAlgorithm::sha256});
  // Digests that are of nothing.
  const auto strong = read_whole("ima", list);
  for (const auto& record : strong->records) {
    list[static_cast<std::size_t>(record->offset) + 4] ^= 1;
  }
  const Read unnamed = read_growing(false, list, list.size());
  REQUIRE(unnamed.error);
  CHECK(unnamed.error->kind == ErrorKind::inconclusive);
  const Read named = read_growing(false, list, list.size(), {.bank = HashAlgorithm::sha256});
  CHECK_FALSE(named.error);
  CHECK(named.data.size() == 6);
}

TEST_CASE("a name with line feeds at the end of a list that grows is one entry") {
  const std::string name = "/tmp/a\n10 0000";
  ByteWriter data;
  const Digest file = HashEngine().hash(HashAlgorithm::sha256, as_bytes("x"));
  data.u32(40).bytes(as_bytes("sha256:")).u8(0).bytes(file.view());
  data.u32(static_cast<std::uint32_t>(name.size() + 1)).bytes(as_bytes(name)).u8(0);
  const Digest digest = HashEngine().hash(HashAlgorithm::sha1, data.data());
  const std::string entry = "10 " + digest.hex() + " ima-ng sha256:" + file.hex() + " " + name + "\n";
  const std::string list = std::string(kAsciiSha1) + entry;
  for (const std::size_t step : {std::size_t{1}, list.size()}) {
    const Read read = read_growing(true, as_bytes(list), step);
    CHECK_FALSE(read.error);
    REQUIRE(read.data.size() == 7);
    CHECK(equal(read.data.back(), data.data()));
  }
}
