#include "formats/systemd/kept_log.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "formats/log_scan.hpp"
#include "formats/systemd/systemd.hpp"
#include "lib/base/text.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::systemd {
namespace {

using extend::Append;
using extend::BankDigest;
using extend::Event;
using extend::LogEnd;

constexpr std::string_view kFormat = "systemd";
constexpr std::string_view kPcrFile = "tpm2-measure.log";
constexpr std::string_view kCcFile = "cc-measure.log";

Status is_sequence(const Record& record) {
  if (record.framing == static_cast<std::uint8_t>(Framing::sequence)) {
    return {};
  }
  return fail(ErrorKind::malformed,
              "expected the byte 1e before each record, as systemd writes it, found records on lines: convert the log, "
              "or name another");
}

// In the order in which systemd writes them.
std::shared_ptr<const SystemdEvent> content_of(const Record& record, const Moment& now) {
  SystemdEvent event;
  event.boot_id = now.boot_id;
  event.timestamp = now.since_boot;
  event.members = {{.key = "string", .text = {}},
                   {.key = "bootId", .text = fmt::format("\"{}\"", now.boot_id)},
                   {.key = "timestamp", .text = fmt::format("{}", now.since_boot)}};
  if (!record.name.empty()) {
    event.event_type = std::string(as_text(record.name));
    event.members.push_back({.key = "eventType", .text = fmt::format("\"{}\"", as_text(record.name))});
  }
  return std::make_shared<const SystemdEvent>(std::move(event));
}

// The PCR that the event's register stands in for stands beside the register.
std::vector<JsonMember> members_of(const Record& record) {
  const SystemdEvent* const given = systemd_event(record);
  if (given == nullptr || !given->mapped_pcr || record.reg.kind != RegisterKind::rtmr) {
    return {};
  }
  return {{.key = "rtmr", .text = {}},
          {.key = "mapped_pcr", .text = fmt::format("{}", *given->mapped_pcr)},
          {.key = "digests", .text = {}},
          {.key = "content_type", .text = {}},
          {.key = "content", .text = {}}};
}

class KeptSequence final : public extend::KeptLog {
 public:
  KeptSequence(const Register& reg, Clock clock)
      : file_name_(reg.kind == RegisterKind::rtmr ? kCcFile : kPcrFile), clock_(std::move(clock)) {}

  std::string_view format() const override { return kFormat; }
  std::string_view file_name() const override { return file_name_; }
  bool marks_dirty() const override { return true; }

  Result<LogEnd> scan(std::unique_ptr<ByteSource> source, const Register& /*reg*/, HashAlgorithm /*bank*/) override {
    MRTOOL_TRY(log, scan_log(make_reader, std::move(source), {}, is_sequence));
    log.end.next_numbers.clear();  // its records have none
    if (log.end.size != log.records_end) {
      return fail(ErrorKind::malformed, "expected nothing behind the last record, found more");
    }
    return std::move(log.end);
  }
  std::vector<Event> resume(const Register&, std::span<const BankDigest>, const LogEnd&) override { return {}; }
  Result<Append> encode(const Event& event, const Register& reg, const LogEnd& end, bool first) override;

 private:
  std::string_view file_name_;
  Clock clock_;
};

// What is not as systemd measures it.
Status check(const Record& record) {
  if (record.content == ContentType::systemd && record.data.empty()) {
    return fail(ErrorKind::unsupported, "expected a string for systemd's log, found none");
  }
  const std::string_view type = as_text(record.name);
  if (!type.empty() && std::ranges::find(kEventTypes, type) == kEventTypes.end()) {
    return fail(ErrorKind::unsupported, fmt::format("expected an event type of systemd's ({}), found '{}'",
                                                    fmt::join(kEventTypes, ", "), escape_for_terminal(type)));
  }
  const bool of_rtmr = record.reg.kind == RegisterKind::rtmr;
  if (of_rtmr && std::ranges::any_of(record.digests, [](const DigestEntry& digest) {
        return digest.algorithm != HashAlgorithm::sha384;
      })) {
    return fail(ErrorKind::unsupported,
                fmt::format("systemd's log of RTMRs holds sha384 digests, not those of {}", to_string(record.reg)));
  }
  LogInfo other;
  other.format = "other";
  if (const Carried carried = carry(record, other, {}); carried.carriage == Carriage::lost) {
    return fail(ErrorKind::unsupported, carried.reason);
  }
  return {};
}

Result<Append> KeptSequence::encode(const Event& event, const Register& reg, const LogEnd& end, bool /*first*/) {
  std::vector<DigestEntry> pool;
  Record record = as_record(event, reg, pool);
  if (record.content == ContentType::tsm && record.type == static_cast<std::uint32_t>(TsmLine::record)) {
    record.content = ContentType::systemd;
    record.type = 0;
  }
  if (auto status = check(record); !status) {
    return std::unexpected(std::move(status).error());
  }
  MRTOOL_TRY(now, clock_());
  auto extras = std::make_shared<RecordExtras>();
  extras->event = content_of(record, now);
  extras->members = members_of(record);
  record.extras = std::move(extras);
  record.framing = static_cast<std::uint8_t>(Framing::sequence);

  Append append;
  append.at = end.size;
  MemorySink sink(append.bytes);
  const auto writer = make_writer(sink, {});
  LogInfo info;
  info.format = kFormat;
  if (auto status = writer->begin(info); !status) {
    return std::unexpected(std::move(status).error());
  }
  if (auto status = writer->write(record); !status) {
    return std::unexpected(std::move(status).error());
  }
  append.end = end;
  append.end.size += append.bytes.size();
  ++append.end.records;
  return append;
}

}  // namespace

Clock clock_of(Host& host) {
  return [&host]() -> Result<Moment> {
    constexpr const char* kBootId = "/proc/sys/kernel/random/boot_id";
    constexpr std::uint64_t kBytes = 64;
    constexpr std::size_t kDigits = 32;
    MRTOOL_TRY(text, host.read_file(kBootId, kBytes));
    std::string digits(as_text(text));
    std::erase_if(digits, [](char letter) { return letter == '-' || letter == '\n'; });
    if (digits.size() != kDigits || !from_hex(digits)) {
      Error error = fail(ErrorKind::io, "expected a boot id of 32 hexadecimal digits, found something else").error();
      error.file = kBootId;
      return std::unexpected(std::move(error));
    }
    return Moment{.boot_id = std::move(digits), .since_boot = host.since_boot()};
  };
}

std::unique_ptr<extend::KeptLog> make_kept_log(const Register& reg, Clock clock) {
  return std::make_unique<KeptSequence>(reg, std::move(clock));
}

}  // namespace mrtool::systemd
