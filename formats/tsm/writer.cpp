#include "formats/tsm/writer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "formats/tsm/carried.hpp"
#include "lib/base/limits.hpp"
#include "lib/content/tsm_line.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::tsm {
namespace {

constexpr std::string_view kFormat = "tsm";

void consider(HashAlgorithm candidate, HashAlgorithm& best) {
  const HashAlgorithmRow* row = find_algorithm(candidate);
  const HashAlgorithmRow* known = find_algorithm(best);
  if (row != nullptr && HashEngine::can_compute(candidate) && (known == nullptr || row->size > known->size)) {
    best = candidate;
  }
}

// The one that is asked for, or the strongest that the log announces, or that the record has.
HashAlgorithm choose_bank(const WriteOptions& options, const LogInfo& info, const Record* record) {
  HashAlgorithm best = options.bank;
  if (best == HashAlgorithm::none) {
    for (const AlgorithmSize& stated : info.algorithms) {
      consider(stated.algorithm, best);
    }
  }
  if (best == HashAlgorithm::none && record != nullptr) {
    for (const DigestEntry& entry : record->digests) {
      consider(entry.algorithm, best);
    }
  }
  return best;
}

// One engine for each thread: carry() is asked for every record.
HashEngine& engine() {
  thread_local HashEngine instance;
  return instance;
}

// The reader makes the same record of its line.
bool reads_as_itself(const Record& record, HashAlgorithm bank) {
  const std::string_view line = as_text(record.data);
  const bool fits = record.content == ContentType::tsm && !line.empty() && !line.contains('\n') &&
                    line.size() < limits::kRecordBytes && record.suffix.empty() && !record.violation &&
                    static_cast<std::uint32_t>(classify(line, bank)) == record.type &&
                    record.extends == (record.type != static_cast<std::uint32_t>(TsmLine::comment));
  if (!fits || !record.extends) {
    return fits;
  }
  const DigestEntry* digest = digest_of(record, bank);
  if (digest == nullptr) {
    return false;
  }
  if (record.type == static_cast<std::uint32_t>(TsmLine::extend)) {
    return equal(parse_extend(line)->value.view(), digest->value);
  }
  return equal(engine().hash(bank, record.data).view(), digest->value);
}

// Why the record cannot be in a log of that register and bank; empty when it can.
std::string obstacle(const Record& record, HashAlgorithm bank, const std::optional<Register>& reg) {
  if (record.reg.kind == RegisterKind::none || record.reg.kind == RegisterKind::invalid) {
    return "a TSM log is about one register, and this record is about none";
  }
  if (reg && record.reg != *reg) {
    return fmt::format("the log is about {}, and this record is about {}", to_string(*reg), to_string(record.reg));
  }
  if (record.extends && (kernel_name(bank).empty() || !HashEngine::can_compute(bank))) {
    return "the log has one bank, and the record gives none that can be it";
  }
  if (record.extends && digest_of(record, bank) == nullptr) {
    return fmt::format("the log's bank is {}, and this record has no digest for it", to_string(bank));
  }
  constexpr std::size_t kFraming = 4096;  // of the comment, around the hexadecimal
  const std::size_t bytes = record.data.size() + record.name.size() + record.suffix.size() + details_of(record).size();
  if (2 * bytes + kFraming > limits::kRecordBytes) {
    return fmt::format("a comment of at most {} bytes cannot hold it", limits::kRecordBytes);
  }
  return {};
}

class TsmWriter final : public Writer {
 public:
  TsmWriter(ByteSink& sink, const WriteOptions& options) : sink_(sink), options_(options), reg_(options.reg) {}

  Status begin(const LogInfo& info) override {
    info_ = info;
    if (info.format != kFormat || info.preamble.empty()) {
      return {};
    }
    carries_ = true;
    started_ = true;
    return sink_.write(info.preamble);
  }
  Status write(const Record& record) override;
  Status trailing(ByteView bytes) override {
    return info_.format == kFormat && !bytes.empty() ? sink_.write(bytes) : Status{};
  }
  Status finish() override;

 private:
  Status write_line(const Record& record);
  Status write_carried(const Record& record);
  bool is_plain(const Record& record) const;
  bool wants_blank(TsmLine kind) const;

  ByteSink& sink_;
  WriteOptions options_;
  LogInfo info_;
  std::optional<Register> reg_;
  HashAlgorithm bank_ = HashAlgorithm::none;
  bool carries_ = false;         // the log has carried records
  bool header_missing_ = false;  // and not yet their header
  bool started_ = false;         // something is written
  bool shadowed_ = false;        // comments are, that would be carried records behind a header
  TsmLine last_ = TsmLine::record;
};

std::unexpected<Error> cannot(const Record& record, std::string message) {
  return std::unexpected(Error{.kind = ErrorKind::unsupported,
                               .message = std::move(message),
                               .file = {},
                               .offset = {},
                               .record = record.number});
}

Status TsmWriter::write(const Record& record) {
  if (!record.raw.empty()) {
    started_ = true;
    shadowed_ = shadowed_ || (!carries_ && starts_carried(as_text(record.data)));
    return sink_.write(record.raw);
  }
  if (bank_ == HashAlgorithm::none) {
    bank_ = choose_bank(options_, info_, &record);
  }
  if (!reg_) {
    reg_ = record.reg;
  }
  if (std::string reason = obstacle(record, bank_, reg_); !reason.empty()) {
    return cannot(record, std::move(reason));
  }
  return is_plain(record) ? write_line(record) : write_carried(record);
}

// Comments that the reader would take for more than comments are carried; a log without carried records stays one.
bool TsmWriter::is_plain(const Record& record) const {
  if (!reads_as_itself(record, bank_)) {
    return false;
  }
  const std::string_view line = as_text(record.data);
  const bool carried_nowhere = info_.format == kFormat && !carries_;
  return (carried_nowhere || !starts_carried(line)) && (started_ || !record.prefix.empty() || !parse_log_header(line));
}

// Where the record does not come with its empty lines: those of the kernel, were each SYNC and each block of .EXTEND
// lines the work of a write of its own (3.3, 3.4).
bool TsmWriter::wants_blank(TsmLine kind) const {
  const bool extend = kind == TsmLine::extend;
  return started_ && !carries_ && info_.format != kFormat &&
         (kind == TsmLine::sync || last_ == TsmLine::sync || extend != (last_ == TsmLine::extend));
}

Status TsmWriter::write_line(const Record& record) {
  const auto kind = static_cast<TsmLine>(record.type);
  Bytes out = to_bytes(record.prefix);
  if (out.empty() && wants_blank(kind)) {
    out.push_back('\n');
  }
  out.insert(out.end(), record.data.begin(), record.data.end());
  out.push_back('\n');
  started_ = true;
  shadowed_ = shadowed_ || starts_carried(as_text(record.data));
  last_ = kind;
  return sink_.write(out);
}

Status TsmWriter::write_carried(const Record& record) {
  if (!carries_) {
    if (shadowed_) {
      return cannot(record, "a comment before it would be taken for a record of another format too");
    }
    carries_ = true;
    header_missing_ = true;
  }
  started_ = true;
  std::string out(as_text(record.prefix));
  out.append(format_carried(record, bank_)).append("\n");
  if (record.extends) {
    out.append(format_extend(digest_of(record, bank_)->value)).append("\n");
  }
  return sink_.write(as_bytes(out));
}

// The header names the bank, which the first records may not tell.
Status TsmWriter::finish() {
  return header_missing_ ? sink_.write_first(as_bytes(format_log_header(bank_) + "\n")) : Status{};
}

// The digests that the log's bank does not take.
std::string lost_digests(const Record& record, HashAlgorithm bank) {
  std::string lost;
  const DigestEntry* kept = digest_of(record, bank);
  for (const DigestEntry& entry : record.digests) {
    if (&entry != kept && entry.origin != DigestOrigin::alternative) {
      lost.append(lost.empty() ? "digest " : ", ").append(to_string(entry.algorithm));
    }
  }
  return lost;
}

}  // namespace

std::unique_ptr<Writer> make_writer(ByteSink& sink, const WriteOptions& options) {
  return std::make_unique<TsmWriter>(sink, options);
}

Carried carry(const Record& record, const LogInfo& info, const WriteOptions& options) {
  const HashAlgorithm bank = choose_bank(options, info, &record);
  if (std::string reason = obstacle(record, bank, options.reg); !reason.empty()) {
    return {.carriage = Carriage::lost, .field = "record", .reason = std::move(reason)};
  }
  if (std::string lost = lost_digests(record, bank); !lost.empty()) {
    return {.carriage = Carriage::lost,
            .field = std::move(lost),
            .reason = fmt::format("a TSM log has one bank, here {}", to_string(bank))};
  }
  return {
      .carriage = reads_as_itself(record, bank) ? Carriage::native : Carriage::encapsulated, .field = {}, .reason = {}};
}

}  // namespace mrtool::tsm
