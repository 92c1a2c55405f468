// Reading and replaying a crypto-agile log of three banks, against the bare hash operations that its replay needs, and
// the memory that a log ten times as long takes. The log is repeated from one block, so that the log itself takes none.
#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "formats/formats.hpp"
#include "lib/base/byte_writer.hpp"
#include "lib/replay/replay.hpp"

using namespace mrtool;

namespace {

constexpr std::array kBanks{HashAlgorithm::sha1, HashAlgorithm::sha256, HashAlgorithm::sha384};
constexpr std::uint64_t kRecords = 100'000;
constexpr std::uint64_t kBlockRecords = 1000;
constexpr std::uint32_t kPcrs = 8;
constexpr std::uint32_t kNoAction = 3;  // EV_NO_ACTION
constexpr std::uint32_t kEvent = 5;     // EV_ACTION
constexpr std::string_view kEventText = "Calling EFI Application from Boot Option";

template <class T>
T expect(Result<T> result) {
  if (!result) {
    throw std::runtime_error(to_string(result.error()));
  }
  return std::move(result).value();
}
void expect(const Status& status) {
  if (!status) {
    throw std::runtime_error(to_string(status.error()));
  }
}

LogInfo log_info() {
  LogInfo info;
  info.format = "tcg2";
  for (const HashAlgorithm bank : kBanks) {
    info.algorithms.push_back({bank, static_cast<std::uint16_t>(find_algorithm(bank)->size)});
  }
  return info;
}

// The spec-ID event of the three banks (PFP 1.06, 10.4.5.1), in the shape of a SHA-1 record.
Bytes spec_id_record() {
  constexpr std::size_t kAlgorithmBytes = 4;
  constexpr std::size_t kFixedBytes = 29;
  constexpr std::size_t kSha1Bytes = 20;
  ByteWriter out;
  out.u32(0).u32(kNoAction).fill(0, kSha1Bytes).u32(kFixedBytes + kAlgorithmBytes * kBanks.size());
  out.bytes(as_bytes("Spec ID Event03")).u8(0).u32(0).u8(0).u8(2).u8(0).u8(2).u32(kBanks.size());
  for (const HashAlgorithm bank : kBanks) {
    out.u16(static_cast<std::uint16_t>(bank)).u16(static_cast<std::uint16_t>(find_algorithm(bank)->size));
  }
  return out.u8(0).take();
}

// kBlockRecords records as tcg2's own writer encodes them.
Bytes record_block() {
  HashEngine engine;
  Bytes block;
  MemorySink sink(block);
  const auto writer = find_format("tcg2")->make_writer(sink, {});
  expect(writer->begin(log_info()));
  std::array<Digest, kBanks.size()> digests;
  std::array<DigestEntry, kBanks.size()> entries;
  for (std::size_t i = 0; i < kBanks.size(); ++i) {
    digests[i] = engine.hash(kBanks[i], as_bytes(kEventText));
    entries[i] = {kBanks[i], digests[i].view()};
  }
  for (std::uint64_t number = 0; number < kBlockRecords; ++number) {
    Record record;
    record.number = number + 1;
    record.raw_index = number % kPcrs;
    record.reg.kind = RegisterKind::pcr;
    record.reg.index = static_cast<std::uint32_t>(record.raw_index);
    record.type = kEvent;
    record.content = ContentType::pcclient;
    record.extends = true;
    record.digests = entries;
    record.data = as_bytes(kEventText);
    expect(writer->write(record));
  }
  expect(writer->finish());
  return block;
}

// A log of any length that is held nowhere.
class RepeatedLog final : public ByteSource {
 public:
  explicit RepeatedLog(std::uint64_t records) : blocks_(records / kBlockRecords) {}

  Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
    static const Bytes header = spec_id_record();
    static const Bytes block = record_block();
    if (!begun_) {
      begun_ = true;
      rest_ = header;
    }
    if (rest_.empty() && blocks_ > 0) {
      rest_ = block;
      --blocks_;
    }
    const std::size_t count = std::min(buffer.size(), rest_.size());
    std::ranges::copy(rest_.first(count), buffer.begin());
    rest_ = rest_.subspan(count);
    return count;
  }

 private:
  std::uint64_t blocks_;
  bool begun_ = false;
  ByteView rest_;
};

struct Totals {
  std::uint64_t records = 0;
  std::uint64_t extends = 0;
};

Totals read_log(std::uint64_t records, Replay* replay) {
  DiagnosticSink sink;
  const auto reader = find_format("tcg2")->make_reader(std::make_unique<RepeatedLog>(records), {}, sink);
  Totals totals;
  Batch batch;
  bool begun = false;
  for (bool more = true; more;) {
    more = expect(reader->read(batch));
    totals.records += batch.records.size();
    if (replay != nullptr) {
      if (!begun) {
        replay->begin_log(reader->info());
        begun = true;
      }
      replay->add(batch);
    }
  }
  return totals;
}

Totals replay_log(std::uint64_t records) {
  DiagnosticSink sink;
  Replay replay({}, sink);
  Totals totals = read_log(records, &replay);
  for (const RegisterResult& result : replay.finish()) {
    totals.extends += result.records;
  }
  return totals;
}

// The extends that the replay of a log needs, and nothing around them.
void hash_only(std::uint64_t records) {
  HashEngine engine;
  for (const HashAlgorithm bank : kBanks) {
    const Digest digest = engine.hash(bank, as_bytes(kEventText));
    std::array<Digest, kPcrs> values;
    values.fill(Digest::filled(digest.size(), 0));
    for (std::uint64_t number = 0; number < records; ++number) {
      engine.extend(bank, values[number % kPcrs], digest.view());
    }
    benchmark::DoNotOptimize(values);
  }
}

// Of the processor, so that what else runs on the machine doesn't count.
template <class Work>
double seconds(Work&& work) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  const double start = now();
  std::forward<Work>(work)();
  return now() - start;
}

double peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss);
}

// Counters: `ratio`, the replay's time by the bare hashes' (best of the run, taken in turns); `hash_ms` and
// `replay_ms`.
void parse_and_replay(benchmark::State& state) {
  double hashes = 1e9;
  double replay = 1e9;
  for ([[maybe_unused]] auto _ : state) {
    hashes = std::min(hashes, seconds([] { hash_only(kRecords); }));
    const double taken = seconds([&] {
      if (replay_log(kRecords).extends != kRecords * kBanks.size()) {
        state.SkipWithError("not every record was folded");
      }
    });
    replay = std::min(replay, taken);
    state.SetIterationTime(taken);
  }
  state.counters["ratio"] = replay / hashes;
  state.counters["hash_ms"] = hashes * 1e3;
  state.counters["replay_ms"] = replay * 1e3;
}
BENCHMARK(parse_and_replay)->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(10);

void parse(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(read_log(kRecords, nullptr).records);
  }
}
BENCHMARK(parse)->Unit(benchmark::kMillisecond);

// Counters: the process's peak after a log, and after one ten times as long.
void peak_memory(benchmark::State& state) {
  constexpr std::uint64_t kTimes = 10;
  for ([[maybe_unused]] auto _ : state) {
    replay_log(kRecords);
    const double once = peak_kib();
    replay_log(kTimes * kRecords);
    const double longer = peak_kib();
    state.counters["peak_kib"] = once;
    state.counters["peak_kib_10x"] = longer;
    constexpr double kAllowedGrowth = 1024;
    if (longer - once > kAllowedGrowth) {
      state.SkipWithError("peak memory grows with the log");
    }
  }
}
BENCHMARK(peak_memory)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
