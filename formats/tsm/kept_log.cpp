#include "formats/tsm/kept_log.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "formats/tsm/reader.hpp"
#include "lib/content/tsm_line.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/registers/initial.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::tsm {
namespace {

using extend::Append;
using extend::BankDigest;
using extend::Event;
using extend::LogEnd;

// Follows a log to its end: where it leaves the register, and whether a SYNC is due.
class Follower {
 public:
  Follower(const Register& reg, HashAlgorithm bank)
      : key_{.reg = reg, .bank = bank}, value_(platform_initial_value(reg, find_algorithm(bank)->size, true).value) {}

  void take(const Record& record) {
    end_.size = record.offset + record.raw.size();
    ++end_.records;
    switch (static_cast<TsmLine>(record.type)) {
      case TsmLine::comment:
        return;
      case TsmLine::extend:
        // In sync still, the kernel had failed to extend by those before (3.5).
        if (!block_ || end_.in_sync) {
          block_ = value_;
        }
        end_.in_sync = false;
        break;
      case TsmLine::sync:
        value_ = record.asserts->value;
        end_.in_sync = true;
        break;
      case TsmLine::record:
        if (!end_.in_sync && block_) {
          value_ = *block_;  // no SYNC: none of the direct extensions before it had been done (3.5)
        }
        end_.in_sync = true;
        break;
    }
    engine_.extend(key_.bank, value_, record.digests.front().value);
  }

  LogEnd end(std::uint64_t size) && {
    if (end_.records > 0) {
      end_.values[key_] = value_;
    }
    end_.size = size;
    return std::move(end_);
  }

 private:
  RegisterKey key_;
  HashEngine engine_;
  LogEnd end_;
  Digest value_;                 // before the first SYNC, where the platform starts the register
  std::optional<Digest> block_;  // before the first of the .EXTEND lines at hand
};

class TsmKeptLog final : public extend::KeptLog {
 public:
  explicit TsmKeptLog(HashAlgorithm bank) : bank_(bank) {}

  std::string_view format() const override { return "tsm"; }
  std::string_view file_name() const override { return "event_log"; }
  std::vector<extend::Companion> companions() const override {
    return {{.name = "hash_algo", .content = std::string(kernel_name(bank_))}};
  }

  Result<LogEnd> scan(std::unique_ptr<ByteSource> source, const Register& reg, HashAlgorithm bank) override;
  std::vector<Event> resume(const Register& reg, std::span<const BankDigest> present, const LogEnd& end) override;
  std::vector<Event> resume_before(const Event& next, const Register& reg, std::span<const BankDigest> present,
                                   const LogEnd& end) override;
  Result<Append> encode(const Event& event, const Register& reg, const LogEnd& end, bool first) override;

 private:
  // Somebody else extended it.
  bool has_left(const Register& reg, std::span<const BankDigest> present, const LogEnd& end) const {
    const auto value = end.values.find({.reg = reg, .bank = bank_});
    return value != end.values.end() && value->second != present.front().digest;
  }

  HashAlgorithm bank_;
};

Result<LogEnd> TsmKeptLog::scan(std::unique_ptr<ByteSource> source, const Register& reg, HashAlgorithm bank) {
  DiagnosticSink diagnostics;
  ReadOptions options;
  options.reg = reg;
  options.bank = bank;
  const auto reader = make_reader(std::move(source), options, diagnostics);
  Follower follower(reg, bank);
  std::uint64_t size = 0;
  Batch batch;
  bool more = true;
  bool first = true;  // nothing but comments was read
  while (more) {
    MRTOOL_TRY(again, reader->read(batch));
    more = again;
    if (!reader->info().preamble.empty()) {
      return fail(ErrorKind::malformed,
                  "expected a log as the kernel writes it, found one that carries records of another format");
    }
    for (const Record& record : batch.records) {
      if (first && record.type == static_cast<std::uint32_t>(TsmLine::record)) {
        return fail(ErrorKind::malformed,
                    "expected a log that begins with SYNC, as kernels and mrtool begin one, found another line");
      }
      first = first && record.type == static_cast<std::uint32_t>(TsmLine::comment);
      follower.take(record);
      size = record.offset + record.raw.size();
    }
    size += batch.trailing.size();
  }
  return std::move(follower).end(size);
}

std::vector<Event> TsmKeptLog::resume(const Register& reg, std::span<const BankDigest> present, const LogEnd& end) {
  if (end.in_sync && !has_left(reg, present, end)) {
    return {};
  }
  const std::string line = format_sync(bank_, present.front().digest.view());
  Event sync{.content = ContentType::tsm,
             .type = static_cast<std::uint32_t>(TsmLine::sync),
             .data = to_bytes(as_bytes(line)),
             .name = {},
             .digests = extend::digests_of(as_bytes(line), std::span(&bank_, 1)),
             .extras = {}};
  return {std::move(sync)};
}

// The kernel asks for no SYNC before a direct extension (3.4). One that begins a log has it where the register is not
// where the platform starts it: nothing else would say where the log goes on from.
std::vector<Event> TsmKeptLog::resume_before(const Event& next, const Register& reg,
                                             std::span<const BankDigest> present, const LogEnd& end) {
  const bool direct = next.type == static_cast<std::uint32_t>(TsmLine::extend);
  const Digest& value = present.front().digest;
  const bool goes_on =
      end.size > 0 ? !has_left(reg, present, end) : value == platform_initial_value(reg, value.size(), true).value;
  return direct && goes_on ? std::vector<Event>() : resume(reg, present, end);
}

Result<Append> TsmKeptLog::encode(const Event& event, const Register& reg, const LogEnd& end, bool first) {
  const std::string_view line = as_text(event.data);
  const auto kept = std::ranges::find(end.values, reg, [](const auto& value) { return value.first.reg; });
  if (kept != end.values.end() && kept->first.bank != bank_) {
    return fail(ErrorKind::unsupported, fmt::format("the log of {} is kept in bank {}, and a TSM log has one bank",
                                                    to_string(reg), to_string(kept->first.bank)));
  }
  if (event.content != ContentType::tsm) {
    return fail(ErrorKind::unsupported, "a TSM log holds lines of text, and this event is none");
  }
  if (!is_stored_unchanged(line)) {
    return fail(
        ErrorKind::unsupported,
        "a TSM log holds lines that are not empty, have no line break and no white space at either end, and this "
        "event is none");
  }
  const auto kind = static_cast<TsmLine>(event.type);
  const bool extends = event.extends && !event.digests.empty();
  // A comment may look like an .EXTEND line, and a record like a SYNC, as the kernel lets it: both are no less.
  const bool is_comment = line.starts_with('#');
  const bool fits = kind == TsmLine::comment  ? is_comment && !extends
                    : kind == TsmLine::extend ? classify(line, bank_) == TsmLine::extend && extends
                                              : !is_comment && extends;
  if (!fits) {
    return fail(ErrorKind::unsupported, fmt::format("a TSM log does not hold this line as what it is said to be"));
  }
  // A blank line sets apart what one write brought; direct extensions form one block (3.3, 3.4).
  const bool blank = end.size > 0 && (kind == TsmLine::extend ? end.in_sync : kind == TsmLine::sync || first);
  Append append{.at = end.size, .bytes = {}, .end = end};
  if (blank) {
    append.bytes.push_back('\n');
  }
  append.bytes.insert(append.bytes.end(), event.data.begin(), event.data.end());
  append.bytes.push_back('\n');
  append.end.size += append.bytes.size();
  ++append.end.records;
  append.end.in_sync = kind != TsmLine::extend;
  return append;
}

}  // namespace

std::unique_ptr<extend::KeptLog> make_tsm_kept_log(HashAlgorithm bank) {
  return std::make_unique<TsmKeptLog>(bank);
}

}  // namespace mrtool::tsm
