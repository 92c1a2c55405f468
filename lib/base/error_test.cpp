#include "lib/base/error.hpp"

#include <doctest/doctest.h>

#include "lib/base/diagnostic.hpp"

using namespace mrtool;

TEST_CASE("exit statuses: every kind has its own, 1 to 6") {
  int expected = 1;
  for (const ErrorKindRow& row : error_kinds()) {
    CHECK(row.exit_status == expected++);
    CHECK(&row_of(row.kind) == &row);
  }
  CHECK(expected == 7);
}

TEST_CASE("exit statuses: precedence is 2, 5, 3, 1, 4, 6, 0, whatever the order of events") {
  const int order[] = {2, 5, 3, 1, 4, 6, 0};
  for (std::size_t i = 0; i < std::size(order); ++i) {
    for (std::size_t j = i; j < std::size(order); ++j) {
      CHECK(worse_exit_status(order[i], order[j]) == order[i]);
      CHECK(worse_exit_status(order[j], order[i]) == order[i]);
    }
  }
}

TEST_CASE("error text: says what is known and nothing else") {
  Error error{.kind = ErrorKind::malformed, .message = "cut short", .file = "a.bin", .offset = 120, .record = 3};
  CHECK(to_string(error) == "a.bin: record 3, offset 120: cut short");
  error.record.reset();
  CHECK(to_string(error) == "a.bin: offset 120: cut short");
  error.offset.reset();
  error.file.clear();
  CHECK(to_string(error) == "cut short");
}

TEST_CASE("diagnostics: a hostile log cannot make the sink grow without bound, and nothing goes uncounted") {
  DiagnosticSink sink;
  sink.set_log(0);
  for (std::uint64_t i = 0; i < 100000; ++i) {
    sink.add({.severity = Severity::warning, .code = "T03", .log = {}, .record = i, .offset = {}, .message = "m"});
  }
  sink.set_log(1);
  sink.add({.severity = Severity::warning, .code = "T03", .log = {}, .record = 7, .offset = {}, .message = "m"});
  CHECK(sink.all().size() == DiagnosticSink::kKept + 1);
  CHECK(sink.count("T03") == 100001);
  CHECK(sink.all().front().record == 0);
  CHECK(sink.all().back().log == 1);
  CHECK_FALSE(sink.has("T04"));
}
