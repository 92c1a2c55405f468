#include "formats/aael/writer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "formats/aael/reader.hpp"
#include "lib/base/limits.hpp"
#include "lib/content/aael_line.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::aael {
namespace {

constexpr std::string_view kFormat = "aael";

const DigestEntry* digest_of(const Record& record, HashAlgorithm bank) {
  const auto entry = std::ranges::find(record.digests, bank, &DigestEntry::algorithm);
  return entry == record.digests.end() ? nullptr : &*entry;
}

HashAlgorithm choose_bank(const WriteOptions& options, const Record& record) {
  if (options.bank != HashAlgorithm::none) {
    return options.bank;
  }
  if (const auto init = parse_init(as_text(record.data))) {
    return init->bank;
  }
  return record.digests.empty() ? HashAlgorithm::none : record.digests.front().algorithm;
}

// One engine for each thread: carry() is asked for every record.
HashEngine& engine() {
  thread_local HashEngine instance;
  return instance;
}

// Why the record cannot be in a log of that register and bank; empty when it can.
std::string obstacle(const Record& record, HashAlgorithm bank, const std::optional<Register>& reg) {
  const std::string_view line = as_text(record.data);
  if (record.content != ContentType::aael) {
    return "an AAEL text log holds nothing but the attestation agent's own lines";
  }
  if (reg && record.reg != *reg) {
    return fmt::format("the log is about {}, and this record is about {}", to_string(*reg), to_string(record.reg));
  }
  if (line.empty() || line.contains('\n') || line.size() >= limits::kRecordBytes || !record.suffix.empty() ||
      record.extends == line.starts_with('#')) {
    return "this record is no line of an AAEL text log";
  }
  if (record.asserts) {
    const auto init = parse_init(line);
    if (!init || record.asserts->kind != AssertionKind::initial || !(init->value == record.asserts->value)) {
      return "what the record states about its register is not what its line says";
    }
  }
  if (!record.extends) {
    return {};
  }
  const DigestEntry* digest = digest_of(record, bank);
  if (digest == nullptr) {
    return fmt::format("the log's bank is {}, and this record has no digest for it", to_string(bank));
  }
  if (!HashEngine::can_compute(bank) || !equal(engine().hash(bank, record.data).view(), digest->value)) {
    return "the digest of a line of an AAEL text log is that of the line, which this record's is not";
  }
  return {};
}

class AaelWriter final : public Writer {
 public:
  AaelWriter(ByteSink& sink, const WriteOptions& options) : sink_(sink), options_(options), reg_(options.reg) {}

  Status begin(const LogInfo& info) override {
    own_ = info.format == kFormat;
    return {};
  }
  Status write(const Record& record) override;
  Status trailing(ByteView bytes) override { return own_ && !bytes.empty() ? sink_.write(bytes) : Status{}; }
  Status finish() override { return {}; }

 private:
  ByteSink& sink_;
  WriteOptions options_;
  std::optional<Register> reg_;
  HashAlgorithm bank_ = HashAlgorithm::none;
  bool own_ = false;  // the records come from a log of this format
};

Status AaelWriter::write(const Record& record) {
  if (!record.raw.empty()) {
    return sink_.write(record.raw);
  }
  if (!reg_) {
    reg_ = record.reg;
  }
  if (bank_ == HashAlgorithm::none) {
    bank_ = choose_bank(options_, record);
  }
  if (std::string reason = obstacle(record, bank_, reg_); !reason.empty()) {
    return std::unexpected(Error{.kind = ErrorKind::unsupported,
                                 .message = std::move(reason),
                                 .file = {},
                                 .offset = {},
                                 .record = record.number});
  }
  Bytes out = to_bytes(record.prefix);
  out.insert(out.end(), record.data.begin(), record.data.end());
  if (!own_ || record.framing != kWithoutLineFeed) {
    out.push_back('\n');
  }
  return sink_.write(out);
}

}  // namespace

std::unique_ptr<Writer> make_writer(ByteSink& sink, const WriteOptions& options) {
  return std::make_unique<AaelWriter>(sink, options);
}

Carried carry(const Record& record, const LogInfo& info, const WriteOptions& options) {
  const HashAlgorithm bank = options.bank == HashAlgorithm::none && info.algorithms.size() == 1
                                 ? info.algorithms.front().algorithm
                                 : choose_bank(options, record);
  if (std::string reason = obstacle(record, bank, options.reg); !reason.empty()) {
    return {.carriage = Carriage::lost, .field = "record", .reason = std::move(reason)};
  }
  std::string lost;
  for (const DigestEntry& entry : record.digests) {
    if (entry.algorithm != bank && entry.origin != DigestOrigin::alternative) {
      lost.append(lost.empty() ? "digest " : ", ").append(to_string(entry.algorithm));
    }
  }
  if (!lost.empty()) {
    return {.carriage = Carriage::lost,
            .field = std::move(lost),
            .reason = fmt::format("an AAEL text log has one bank, here {}", to_string(bank))};
  }
  return {};
}

}  // namespace mrtool::aael
