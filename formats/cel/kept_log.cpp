#include "formats/cel/kept_log.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "formats/cel/json.hpp"
#include "formats/cel/model.hpp"
#include "formats/log_scan.hpp"
#include "lib/base/limits.hpp"
#include "lib/content/tsm_line.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::cel {
namespace {

using extend::Append;
using extend::BankDigest;
using extend::Event;
using extend::LogEnd;

// What the writer of this folder puts behind the last record of an array.
constexpr std::string_view kClosing = "\n]\n";

// CEL itself does not say whose its CC measurement registers are.
Platform platform_of(const Register& reg) {
  switch (reg.kind) {
    case RegisterKind::rtmr:
      return Platform::tdx;
    case RegisterKind::rem:
      return Platform::cca;
    default:
      return Platform::tpm;
  }
}

class KeptJson final : public extend::KeptLog {
 public:
  std::string_view format() const override { return kJsonFormat; }
  std::string_view file_name() const override { return "event_log.json"; }

  Result<LogEnd> scan(std::unique_ptr<ByteSource> source, const Register& reg, HashAlgorithm bank) override;
  std::vector<Event> resume(const Register& reg, std::span<const BankDigest> present, const LogEnd& end) override;
  Result<Append> encode(const Event& event, const Register& reg, const LogEnd& end, bool first) override;
};

Result<LogEnd> KeptJson::scan(std::unique_ptr<ByteSource> source, const Register& reg, HashAlgorithm /*bank*/) {
  MRTOOL_TRY(log, scan_log(make_json_reader, std::move(source), {.platform = platform_of(reg)}));
  if (log.end.size == 0) {
    return LogEnd{};
  }
  const std::string_view opening = as_text(log.info.preamble);
  const std::size_t bracket = opening.find_first_not_of(" \t\r\n");
  if (bracket == std::string_view::npos || opening[bracket] != '[') {
    return fail(ErrorKind::malformed,
                "expected one JSON array of records, to which more can be appended, found another form of CEL-JSON: "
                "convert it with 'mrtool convert --to cel-json', or name another log");
  }
  const std::uint64_t tail = log.end.size - std::max<std::uint64_t>(log.records_end, opening.size());
  log.end.tail = log.end.records != 0 && tail == kClosing.size() ? 0 : tail;
  return std::move(log.end);
}

// The register's value as a statement that is not measured itself: to extend the register by it would change what other
// logs of the same PCR lead to.
std::vector<Event> KeptJson::resume(const Register& reg, std::span<const BankDigest> present, const LogEnd& end) {
  std::vector<Event> marks;
  for (const BankDigest& value : banks_off_the_log(reg, present, end)) {
    Event& mark = marks.emplace_back();
    mark.content = ContentType::tsm;
    mark.type = static_cast<std::uint32_t>(TsmLine::sync);
    mark.data = to_bytes(as_bytes(tsm::format_sync(value.bank, value.digest.view())));
    mark.extends = false;
  }
  return marks;
}

// Lines of a TSM log that this log's reader would take for more than what was measured.
Status make_unambiguous(Record& record) {
  if (record.content != ContentType::tsm || !record.extends) {
    return {};
  }
  const std::string_view line = as_text(record.data);
  if (line.empty() || line.contains('\n')) {
    return fail(ErrorKind::unsupported, "expected a line of text without a line feed, found none or several");
  }
  switch (tsm::classify(line)) {
    case TsmLine::extend:
      // Read as an extend that may have failed, which this one has not: the digest alone says all.
      record.content = ContentType::none;
      record.type = 0;
      record.data = {};
      return {};
    case TsmLine::sync:
      return fail(ErrorKind::unsupported,
                  "a measured line of the form 'SYNC ALG/HEX' is not logged in cel-json: it would be read as a "
                  "statement of the register's value");
    case TsmLine::comment:
      return fail(ErrorKind::unsupported,
                  "a measured line that begins with '#' is not logged in cel-json: it would be read as a comment");
    case TsmLine::record:
      break;
  }
  return {};
}

Result<Append> KeptJson::encode(const Event& event, const Register& reg, const LogEnd& end, bool /*first*/) {
  std::vector<DigestEntry> pool;
  Record record = as_record(event, reg, pool);
  if (auto status = make_unambiguous(record); !status) {
    return std::unexpected(std::move(status).error());
  }
  if (record.extends && !extends_in_cel(record, record.digests)) {
    return fail(ErrorKind::unsupported,
                "an event of this type extends nothing in a CEL log: measure another type, or name another log");
  }
  LogInfo info;
  info.format = kJsonFormat;
  info.platform = platform_of(reg);
  const auto numbered = end.next_numbers.find(reg);
  const std::uint64_t number = numbered == end.next_numbers.end() ? 0 : numbered->second;
  TextBuffer object;
  if (!put_json(object, record, info, {}, number)) {
    return fail(ErrorKind::unsupported,
                fmt::format("CEL-JSON has no name for {} or for the event's content", to_string(reg)));
  }
  if (object.size() > limits::kRecordBytes) {
    return fail(ErrorKind::unsupported,
                fmt::format("expected a record of at most {} bytes, found {}", limits::kRecordBytes, object.size()));
  }
  const std::uint64_t tail = end.size == 0 ? 0 : end.tail != 0 ? end.tail : kClosing.size();
  const std::string_view before = end.size == 0 ? "[\n" : end.records == 0 ? "\n" : ",\n";
  Append append;
  append.at = end.size - tail;
  append.bytes = to_bytes(as_bytes(fmt::format("{}{}{}", before, object.written(), kClosing)));
  append.end = end;
  append.end.size = append.at + append.bytes.size();
  append.end.tail = 0;
  ++append.end.records;
  append.end.next_numbers[reg] = number + 1;
  return append;
}

}  // namespace

std::unique_ptr<extend::KeptLog> make_kept_log() {
  return std::make_unique<KeptJson>();
}

}  // namespace mrtool::cel
