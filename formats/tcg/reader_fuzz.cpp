// Any bytes: what the reader hands over is the front of the input, all of it where it saw no error, whether raw records
// or their fields are written; and what was written from fields reads as the same records. The same through a chain.
#include <cstdint>
#include <cstdlib>
#include <map>

#include "formats/chain.hpp"
#include "formats/tcg/test_log.hpp"

using namespace mrtool;
using namespace mrtool::tcg;
using namespace mrtool::tcg::testing;

namespace {

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

bool same(const Record& a, const Record& b) {
  return a.number == b.number && a.offset == b.offset && equal(a.raw, b.raw) && a.reg == b.reg &&
         a.raw_index == b.raw_index && a.type == b.type && a.extends == b.extends &&
         a.asserts.has_value() == b.asserts.has_value() && equal(a.data, b.data) && a.framing == b.framing &&
         equal(a.suffix, b.suffix) &&
         std::ranges::equal(a.digests, b.digests, [](const DigestEntry& x, const DigestEntry& y) {
           return x.algorithm == y.algorithm && equal(x.value, y.value);
         });
}

void check_row(Row row, ByteView input) {
  const auto log = read_whole(row, input);
  const auto raw = write_whole(*log, Raw::kept);
  const auto fields = write_whole(*log, Raw::dropped);
  require(raw.has_value() && fields.has_value());
  require(*raw == *fields);
  require(raw->size() <= input.size() && equal(*raw, input.first(raw->size())));
  require(log->error || raw->size() == input.size());

  // Pieces of any size make no difference.
  constexpr std::size_t kStep = 7;
  const auto again = read_whole(row, std::make_unique<SlowSource>(input, kStep));
  require(again->error.has_value() == log->error.has_value());
  require(again->trailing == log->trailing);
  require(again->records.size() == log->records.size());
  for (std::size_t i = 0; i < log->records.size(); ++i) {
    require(same(*log->records[i], *again->records[i]));
  }
}

// The input twice, as a log and as what follows it, whatever it is.
class TwiceHost final : public Host {
 public:
  explicit TwiceHost(ByteView input) : input_(input) {}
  std::string system_path(const std::string& path) const override { return path; }
  Result<std::unique_ptr<ByteSource>> open(const std::string& path) override {
    const std::size_t half = input_.size() / 2;
    return make_memory_source(path == "first" ? input_.first(half) : path == "second" ? input_.subspan(half) : input_);
  }
  std::unique_ptr<ByteSource> standard_input() override { return make_memory_source(input_); }
  FileKind kind(const std::string&) override { return FileKind::regular; }
  Result<std::vector<std::string>> list(const std::string&) override { return std::vector<std::string>{}; }
  Status write_file(const std::string&, ByteView) override { return {}; }

 private:
  ByteView input_;
};

void check_chain(ByteView input) {
  TwiceHost host(input);
  DiagnosticSink diagnostics;
  std::vector<LogName> names;
  for (const char* path : {"first", "second", "all", "all"}) {
    names.push_back({.format = nullptr, .reg = {}, .path = path});
  }
  LogChain chain(std::move(names), host, diagnostics);
  LogChain::Step step;
  std::map<std::size_t, std::uint64_t> records;
  while (chain.next(step)) {
    records[step.log] += step.batch->records.size();
  }
  for (std::size_t i = 0; i < chain.logs().size(); ++i) {
    require(chain.logs()[i].records == records[i]);
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  for (const Row row : {Row::tcg, Row::tcg2, Row::ccel}) {
    check_row(row, input);
  }
  check_chain(input);
  return 0;
}
