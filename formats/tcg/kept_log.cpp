#include "formats/tcg/kept_log.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "formats/log_scan.hpp"
#include "formats/tcg/carry.hpp"
#include "formats/tcg/frame.hpp"
#include "formats/tcg/spec_id.hpp"
#include "formats/tcg/writer.hpp"
#include "lib/content/value_mark.hpp"

namespace mrtool::tcg {
namespace {

using extend::Append;
using extend::BankDigest;
using extend::Event;
using extend::LogEnd;

constexpr std::string_view kFormat = "tcg2";
constexpr std::uint32_t kAction = 5;  // EV_ACTION

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorKind::unsupported, std::move(message));
}

std::unique_ptr<Reader> make_tcg2_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                         DiagnosticSink& diagnostics) {
  return make_reader(Row::tcg2, std::move(source), options, diagnostics);
}

Status begins_with_spec_id(const Record& record) {
  if (record.number != 0 || announces_banks(record)) {
    return {};
  }
  return fail(ErrorKind::malformed, "expected the log to begin with a spec-ID event 03, found another record");
}

class KeptAgile final : public extend::KeptLog {
 public:
  explicit KeptAgile(std::span<const HashAlgorithm> banks) {
    for (const HashAlgorithm bank : banks) {
      banks_.push_back({.algorithm = bank, .size = static_cast<std::uint16_t>(find_algorithm(bank)->size)});
    }
  }

  std::string_view format() const override { return kFormat; }
  std::string_view file_name() const override { return "event_log.bin"; }

  Result<LogEnd> scan(std::unique_ptr<ByteSource> source, const Register& reg, HashAlgorithm bank) override;
  std::vector<Event> resume(const Register& reg, std::span<const BankDigest> present, const LogEnd& end) override;
  Result<Append> encode(const Event& event, const Register& reg, const LogEnd& end, bool first) override;

 private:
  std::vector<AlgorithmSize> banks_;
};

Result<LogEnd> KeptAgile::scan(std::unique_ptr<ByteSource> source, const Register& /*reg*/, HashAlgorithm /*bank*/) {
  MRTOOL_TRY(log, scan_log(make_tcg2_reader, std::move(source), {}, begins_with_spec_id));
  if (log.end.size == 0) {
    return LogEnd{};
  }
  if (!log.info.preamble.empty()) {
    return fail(ErrorKind::malformed, "expected a log alone, found a table before it");
  }
  if (log.end.size != log.records_end) {
    return fail(ErrorKind::malformed, "expected the log to end with its last record, found bytes behind it");
  }
  for (const AlgorithmSize& bank : banks_) {
    if (std::ranges::find(log.info.algorithms, bank) == log.info.algorithms.end()) {
      return refuse(fmt::format("the log announces no {} digests and the TPM has that bank: name another log",
                                mrtool::to_string(bank.algorithm)));
    }
  }
  log.end.next_numbers.clear();  // its records have none
  return std::move(log.end);
}

std::vector<Event> KeptAgile::resume(const Register& reg, std::span<const BankDigest> present, const LogEnd& end) {
  std::vector<Event> marks;
  for (const BankDigest& value : banks_off_the_log(reg, present, end)) {
    Event& mark = marks.emplace_back();
    mark.content = ContentType::pcclient;
    mark.type = kNoAction;
    mark.data = pcclient::format_value_mark(value.bank, value.digest.view());
    mark.extends = false;
  }
  return marks;
}

Result<Append> KeptAgile::encode(const Event& event, const Register& reg, const LogEnd& end, bool /*first*/) {
  std::vector<DigestEntry> pool;
  Record record = as_record(event, reg, pool);
  LogInfo info;
  info.format = "other";
  info.algorithms = banks_;
  if (Carried carried = carry(Row::tcg2, record, info); carried.carriage == Carriage::lost) {
    return refuse(std::move(carried.reason));
  }
  if (record.content == ContentType::tsm) {
    record.content = ContentType::pcclient;
    record.type = kAction;
  }
  if (record.extends && record.type == kNoAction) {
    return refuse("an event of the type EV_NO_ACTION extends nothing: measure another type");
  }
  // PFP 1.06, section 10.4.5: a record that extends nothing has digests of zeros.
  std::vector<Digest> zeros;
  if (!record.extends) {
    zeros.reserve(banks_.size());
    for (const AlgorithmSize& bank : banks_) {
      zeros.push_back(Digest::filled(bank.size, 0));
      pool.push_back({.algorithm = bank.algorithm, .value = zeros.back().view()});
    }
    record.digests = pool;
  }
  record.number = end.records == 0 ? 1 : end.records;
  record.framing = static_cast<std::uint8_t>(Framing::agile);
  info.format = kFormat;

  Append append;
  append.at = end.size;
  append.end = end;
  if (end.size == 0) {
    append.bytes = spec_id_record(0, ByteOrder::little, banks_);
    ++append.end.records;
  }
  MemorySink sink(append.bytes);
  const auto writer = make_writer(Row::tcg2, sink, {});
  auto status = writer->begin(info);
  if (status) {
    status = writer->write(record);
  }
  if (!status) {
    return std::unexpected(std::move(status).error());
  }
  ++append.end.records;
  append.end.size += append.bytes.size();
  return append;
}

}  // namespace

std::unique_ptr<extend::KeptLog> make_kept_log(std::span<const HashAlgorithm> banks) {
  return std::make_unique<KeptAgile>(banks);
}

}  // namespace mrtool::tcg
