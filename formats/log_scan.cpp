#include "formats/log_scan.hpp"

#include <utility>

#include "formats/opened_log.hpp"
#include "lib/registers/initial.hpp"
#include "lib/replay/replay.hpp"

namespace mrtool {
namespace {

// Numbers go on behind the last one of the register, or count where the log has none.
void count(extend::LogEnd& end, const Record& record) {
  std::uint64_t& next = end.next_numbers[record.reg];
  next = record.stated_number.value_or(next) + 1;
  ++end.records;
}

}  // namespace

Result<LogScan> scan_log(MakeReader make_reader, std::unique_ptr<ByteSource> source, const ReadOptions& options,
                         const std::function<Status(const Record&)>& see) {
  LogScan scan;
  DiagnosticSink diagnostics;
  const auto reader = make_reader(make_counting_source(std::move(source), scan.end.size), options, diagnostics);
  Replay replay({}, diagnostics);
  bool begun = false;
  for (bool more = true; more;) {
    Batch batch;
    MRTOOL_TRY(goes_on, reader->read(batch));
    more = goes_on;
    if (!std::exchange(begun, true)) {
      replay.begin_log(reader->info());
    }
    replay.add(batch);
    for (const Record& record : batch.records) {
      if (auto fine = see ? see(record) : Status{}; !fine) {
        Error error = std::move(fine).error();
        error.record = record.number;
        error.offset = record.offset;
        return std::unexpected(std::move(error));
      }
      count(scan.end, record);
      scan.records_end = record.offset + record.raw.size() + record.suffix.size();
    }
  }
  scan.info = reader->info();
  for (const RegisterResult& result : replay.finish()) {
    if (result.complete && result.carried_by.empty()) {
      scan.end.values.emplace(RegisterKey{.reg = result.reg, .bank = result.bank}, result.value);
    }
  }
  return scan;
}

std::vector<extend::BankDigest> banks_off_the_log(const Register& reg, std::span<const extend::BankDigest> present,
                                                  const extend::LogEnd& end) {
  std::vector<extend::BankDigest> off;
  for (const extend::BankDigest& value : present) {
    const auto left = end.values.find({.reg = reg, .bank = value.bank});
    // As replay starts a register that a record extends.
    const Digest expected =
        left != end.values.end() ? left->second : platform_initial_value(reg, value.digest.size(), true).value;
    if (!(value.digest == expected)) {
      off.push_back(value);
    }
  }
  return off;
}

}  // namespace mrtool
