// Logs that are cut and changed: every one is an error with a position, or comes back byte for byte.
#include <doctest/doctest.h>

#include <algorithm>

#include "formats/formats.hpp"
#include "formats/tcg/test_log.hpp"
#include "formats/test_mutation.hpp"

using namespace mrtool;
using namespace mrtool::tcg;
using namespace mrtool::tcg::testing;

namespace {

struct Vector {
  Row row;
  Bytes bytes;
};

std::vector<Vector> vectors() {
  return {{Row::tcg2, *from_hex(kVectorA)}, {Row::tcg, *from_hex(kVectorB)}, {Row::ccel, *from_hex(kVectorC)}};
}

// What was handed over is the front of the input, exactly all of it where there was no error.
void check_error_or_round_trip(Row row, ByteView bytes) {
  const auto log = read_whole(row, bytes);
  for (const Raw raw : {Raw::kept, Raw::dropped}) {
    const auto written = write_whole(*log, raw);
    REQUIRE(written);
    REQUIRE(written->size() <= bytes.size());
    if (log->error) {
      REQUIRE(log->error->kind == ErrorKind::malformed);
      REQUIRE(log->error->record == log->records.size());
      REQUIRE(log->error->offset <= bytes.size());
      REQUIRE(equal(*written, bytes.first(written->size())));
    } else {
      REQUIRE(equal(*written, bytes));
    }
  }
}

}  // namespace

TEST_CASE("vectors cut at every byte") {
  for (const Vector& vector : vectors()) {
    std::vector<std::uint64_t> ends{0};
    const auto whole = read_whole(vector.row, vector.bytes);
    for (const Record* record : whole->records) {
      ends.push_back(record->offset + record->raw.size());
    }
    const std::uint64_t log_end = ends.back();
    for (std::size_t size = 0; size <= vector.bytes.size(); ++size) {
      CAPTURE(size);
      const ByteView cut = ByteView(vector.bytes).first(size);
      const auto log = read_whole(vector.row, cut);
      const bool at_boundary = std::ranges::find(ends, size) != ends.end();
      const bool in_fill = size >= log_end + 8;
      CHECK(log->error.has_value() == !(at_boundary || in_fill));
      const auto expected = std::ranges::upper_bound(ends, size) - ends.begin() - 1;
      CHECK(log->records.size() == static_cast<std::size_t>(expected));
      check_error_or_round_trip(vector.row, cut);
    }
  }
}

TEST_CASE("vectors cut at every byte are never a log without records when their format is guessed") {
  for (const Vector& vector : vectors()) {
    for (std::size_t size = 0; size < vector.bytes.size(); ++size) {
      CAPTURE(size);
      const ByteView cut = ByteView(vector.bytes).first(size);
      const auto found = detect_format({.prefix = cut, .complete = true});
      if (!found) {
        CHECK(found.error().kind == ErrorKind::malformed);
        continue;
      }
      DiagnosticSink diagnostics;
      const auto reader = found->format->make_reader(make_memory_source(cut), {}, diagnostics);
      Batch batch;
      const auto result = reader->read(batch);
      CHECK((!result || !batch.records.empty()));
    }
  }
}

TEST_CASE("vectors with one byte changed, taken away or added") {
  for (const Vector& vector : vectors()) {
    mrtool::testing::for_each_mutation(vector.bytes, vector.bytes.size(),
                                       [&](const mrtool::testing::Mutation& changed) {
                                         INFO(changed.kind, " at ", changed.at);
                                         check_error_or_round_trip(vector.row, changed.bytes);
                                       });
  }
}

TEST_CASE("vectors with every field of four bytes set to FFFFFFFF") {
  for (const Vector& vector : vectors()) {
    for (std::size_t at = 0; at + 4 <= vector.bytes.size(); ++at) {
      CAPTURE(at);
      Bytes bytes = vector.bytes;
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), 4, std::uint8_t{0xFF});
      check_error_or_round_trip(vector.row, bytes);
    }
  }
}

TEST_CASE("vector C with fill of zeros, and with a Windows trailer before its fill") {
  Bytes zeros = *from_hex(kVectorC);
  std::fill(zeros.end() - kVectorCFill, zeros.end(), std::uint8_t{0});
  const auto log = read_whole(Row::ccel, zeros);
  CHECK_FALSE(log->error);
  CHECK(log->records.size() == 6);
  CHECK(log->diagnostics.has("V01"));

  Bytes front = *from_hex(kVectorC);
  front.resize(front.size() - kVectorCFill);
  const Bytes windows =
      LogBuilder().bytes(front).agile(0xFFFFFFFF, 3, "trailer", {{0x0C, 48, 0xFF}}).fill(0xFF, 16).take();
  const auto trailer = read_whole(Row::ccel, windows);
  CHECK_FALSE(trailer->error);
  REQUIRE(trailer->records.size() == 7);
  CHECK(trailer->records[6]->reg.kind == RegisterKind::none);
  CHECK(trailer->trailing.size() == 16);
}

TEST_CASE("fill of another byte is no fill") {
  Bytes bytes = *from_hex(kVectorC);
  std::fill(bytes.end() - kVectorCFill, bytes.end(), std::uint8_t{0x20});
  CHECK(read_whole(Row::ccel, bytes)->error);
}
