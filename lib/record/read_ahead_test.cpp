#include "lib/record/read_ahead.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <string>

using namespace mrtool;

namespace {

constexpr std::uint64_t kPieceBytes = 100;

enum class Ending : std::uint8_t { whole, damaged, thrown };

// Batches of a record each, with something to say about most of them.
class Counted final : public Reader {
 public:
  Counted(std::uint64_t batches, Ending ending, DiagnosticSink& diagnostics, std::uint64_t& bytes)
      : batches_(batches), ending_(ending), diagnostics_(diagnostics), bytes_(bytes) {
    info_.format = "counted";
    say("made");
  }

  Result<bool> read(Batch& batch) override {
    batch.records.clear();
    batch.buffer.assign(Bytes(kPieceBytes, static_cast<std::uint8_t>(number_)));
    batch.records.emplace_back().number = number_;
    batch.records.back().raw = batch.buffer.view();
    bytes_ += kPieceBytes;
    if (number_ % 3 != 0) {
      say(fmt::format("of {}", number_ % 2));
    }
    ++number_;
    if (number_ < batches_) {
      return true;
    }
    info_.dialect = "read to its end";
    if (ending_ == Ending::thrown) {
      throw std::runtime_error("no memory");
    }
    if (ending_ == Ending::damaged) {
      return fail(ErrorKind::malformed, "damaged");
    }
    return false;
  }
  const LogInfo& info() const override { return info_; }
  Result<ReadPosition> position() const override {
    ReadPosition position;
    position.record = number_;
    return position;
  }

 private:
  void say(std::string code) {
    diagnostics_.add({.severity = Severity::note,
                      .code = std::move(code),
                      .log = {},
                      .record = number_,
                      .offset = {},
                      .message = {}});
  }

  std::uint64_t batches_;
  Ending ending_;
  DiagnosticSink& diagnostics_;
  std::uint64_t& bytes_;
  LogInfo info_;
  std::uint64_t number_ = 0;
};

// What who reads it to its end sees at each step.
std::string seen_in(Reader& reader, const DiagnosticSink& diagnostics, const std::uint64_t& bytes) {
  std::string seen;
  Batch batch;
  for (bool more = true; more;) {
    try {
      const auto result = reader.read(batch);
      more = result && *result;
      seen += result ? "" : result.error().message;
    } catch (const std::runtime_error& error) {
      return seen + error.what();
    }
    for (const Record& record : batch.records) {
      seen += fmt::format("{}:{}x{} ", record.number, record.raw.size(), record.raw.front());
    }
    seen += fmt::format("bytes {} info {}/{} said", bytes, reader.info().format, reader.info().dialect);
    for (const Diagnostic& diagnostic : diagnostics.all()) {
      seen += fmt::format(" {}@{}*{} in {}", diagnostic.code, *diagnostic.record, diagnostic.count,
                          diagnostic.log.value_or(99));
    }
    seen += '\n';
  }
  return seen + fmt::format("at {}", reader.position()->record);
}

}  // namespace

TEST_CASE("what is read ahead is what would be read, step by step") {
  for (const std::uint64_t batches : {1U, 2U, 3U, 4U, 5U, 90U}) {
    for (const Ending ending : {Ending::whole, Ending::damaged, Ending::thrown}) {
      CAPTURE(batches);
      CAPTURE(static_cast<int>(ending));
      DiagnosticSink said;
      said.set_log(7);
      std::uint64_t bytes = 11;
      Counted reader(batches, ending, said, bytes);
      const std::string expected = seen_in(reader, said, bytes);
      for (const unsigned threads : {1U, 2U, 3U, 8U}) {
        CAPTURE(threads);
        Workers workers(threads);
        DiagnosticSink said_ahead;
        said_ahead.set_log(7);
        std::uint64_t bytes_ahead = 11;
        const auto make = [&](DiagnosticSink& sink, std::uint64_t& count) {
          return std::make_unique<Counted>(batches, ending, sink, count);
        };
        ReadAhead ahead(make, workers, said_ahead, bytes_ahead);
        CHECK(seen_in(ahead, said_ahead, bytes_ahead) == expected);
      }
    }
  }
}

TEST_CASE("a log that nobody reads on ends in order") {
  Workers workers(3);
  for (int round = 0; round < 20; ++round) {
    DiagnosticSink said;
    std::uint64_t bytes = 0;
    const auto make = [](DiagnosticSink& sink, std::uint64_t& count) {
      return std::make_unique<Counted>(50, Ending::whole, sink, count);
    };
    ReadAhead ahead(make, workers, said, bytes);
    Batch batch;
    for (int read = 0; read < round; ++read) {
      CHECK(ahead.read(batch));
    }
  }
}
