#include "formats/tcg/writer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "formats/tcg/acpi_table.hpp"
#include "formats/tcg/carry.hpp"
#include "formats/tcg/frame.hpp"
#include "formats/tcg/spec_id.hpp"
#include "lib/base/byte_writer.hpp"
#include "lib/base/limits.hpp"

namespace mrtool::tcg {
namespace {

constexpr std::uint32_t kAction = 5;  // EV_ACTION

class TcgWriter final : public Writer {
 public:
  TcgWriter(Row row, ByteSink& sink) : row_(row), sink_(sink) {}

  Status begin(const LogInfo& info) override;
  Status write(const Record& record) override;
  Status trailing(ByteView bytes) override { return put(bytes); }
  Status finish() override;

 private:
  Status put(ByteView bytes) { return bytes.empty() ? Status{} : sink_.write(bytes); }
  void see_first(const Record& record);
  void collect_banks(const Record& record);
  Result<Bytes> encode(const Record& record) const;
  Status encode_digests(const Record& record, ByteWriter& out) const;
  static void encode_sha1(const Record& record, ByteWriter& out);
  Bytes spec_id_event() const;

  Row row_;
  ByteSink& sink_;
  LogInfo info_;
  ByteOrder order_ = ByteOrder::little;
  bool own_ = true;
  bool started_ = false;
  bool at_spec_id_ = false;     // the record being written is the spec-ID event
  bool makes_spec_id_ = false;  // the log comes without one
  std::vector<AlgorithmSize> algorithms_;
};

std::unexpected<Error> cannot(const Record& record, std::string message) {
  return std::unexpected(Error{.kind = ErrorKind::unsupported,
                               .message = std::move(message),
                               .file = {},
                               .offset = {},
                               .record = record.number});
}

bool is_tcg_format(std::string_view format) {
  return format == "tcg" || format == "tcg2" || format == "ccel";
}

Status TcgWriter::begin(const LogInfo& info) {
  info_ = info;
  own_ = is_own(row_, info);
  if (own_ || is_tcg_format(info.format)) {
    order_ = info.byte_order;
  }
  if (!own_) {
    return {};
  }
  algorithms_ = info.algorithms;
  return put(info.preamble);
}

// What comes first says whether a spec-ID event is to be made. A final-events table has none, but a header of its own;
// the attestation agent's log has neither.
void TcgWriter::see_first(const Record& record) {
  started_ = true;
  const bool final_events = own_ && !info_.preamble.empty() && !starts_acpi_table(info_.preamble);
  const bool headerless = own_ && record.number == 0 && record.framing == static_cast<std::uint8_t>(Framing::agile);
  if (row_ == Row::tcg || final_events || headerless || (own_ && info_.format.empty())) {
    return;
  }
  if (announces_banks(record)) {
    at_spec_id_ = true;
    algorithms_ = read_spec_id(record.data).algorithms;
    return;
  }
  makes_spec_id_ = true;
  algorithms_.clear();
}

void TcgWriter::collect_banks(const Record& record) {
  for (const DigestEntry& digest : record.digests) {
    const bool taken = digest.origin != DigestOrigin::alternative && can_hold(row_, digest, info_);
    if (taken && algorithms_.size() < limits::kAlgorithmsPerLog &&
        std::ranges::find(algorithms_, digest.algorithm, &AlgorithmSize::algorithm) == algorithms_.end()) {
      algorithms_.push_back({digest.algorithm, static_cast<std::uint16_t>(digest.value.size())});
    }
  }
}

Status TcgWriter::write(const Record& record) {
  at_spec_id_ = false;
  if (row_ == Row::tcg && !own_ && announces_sha1_only(record)) {
    return {};
  }
  if (!started_) {
    see_first(record);
  }
  if (makes_spec_id_) {
    collect_banks(record);
  }
  if (!record.raw.empty()) {
    if (auto status = put(record.raw); !status) {
      return status;
    }
    return put(record.suffix);
  }
  MRTOOL_TRY(bytes, encode(record));
  if (auto status = put(bytes); !status) {
    return status;
  }
  return own_ ? put(record.suffix) : Status{};
}

// PFP 1.06, sections 10.2.1 and 10.2.2.
Result<Bytes> TcgWriter::encode(const Record& record) const {
  const auto index = index_of(row_, record, info_);
  if (!index) {
    return cannot(record, fmt::format("expected a register that a {} log has an index for", to_string(row_)));
  }
  if (*index > std::numeric_limits<std::uint32_t>::max()) {
    return cannot(record, fmt::format("expected an index of 32 bits, found {}", *index));
  }
  if (record.data.size() > limits::kRecordBytes) {
    return cannot(record, fmt::format("expected at most {} bytes of event data, found {}", limits::kRecordBytes,
                                      record.data.size()));
  }
  const bool event = own_ || record.content == ContentType::pcclient;
  ByteWriter out(order_);
  out.u32(static_cast<std::uint32_t>(*index)).u32(event ? record.type : kAction);
  if (auto status = encode_digests(record, out); !status) {
    return std::unexpected(std::move(status).error());
  }
  out.u32(static_cast<std::uint32_t>(record.data.size())).bytes(record.data);
  return out.take();
}

// The SHA-1 digest of a record of another format; zeros where it has none, as informational events do.
void TcgWriter::encode_sha1(const Record& record, ByteWriter& out) {
  const auto found = std::ranges::find_if(record.digests, [](const DigestEntry& digest) {
    return digest.algorithm == HashAlgorithm::sha1 && digest.value.size() == kSha1DigestBytes;
  });
  if (found == record.digests.end()) {
    out.fill(0, kSha1DigestBytes);
  } else {
    out.bytes(found->value);
  }
}

Status TcgWriter::encode_digests(const Record& record, ByteWriter& out) const {
  if (own_ && record.framing == static_cast<std::uint8_t>(Framing::sha1)) {
    if (record.digests.size() != 1 || record.digests[0].value.size() != kSha1DigestBytes) {
      return cannot(record, "a record of the SHA-1 layout holds exactly one digest of 20 bytes");
    }
    out.bytes(record.digests[0].value);
    return {};
  }
  if (row_ == Row::tcg || at_spec_id_) {
    encode_sha1(record, out);
    return {};
  }
  std::vector<const DigestEntry*> taken;
  for (const DigestEntry& digest : record.digests) {
    if (digest.origin != DigestOrigin::alternative && (own_ || can_hold(row_, digest, info_))) {
      taken.push_back(&digest);
    }
  }
  if (taken.size() > limits::kDigestsPerRecord) {
    return cannot(record,
                  fmt::format("expected at most {} digests, found {}", limits::kDigestsPerRecord, taken.size()));
  }
  out.u32(static_cast<std::uint32_t>(taken.size()));
  for (const DigestEntry* digest : taken) {
    const auto entry = std::ranges::find(algorithms_, digest->algorithm, &AlgorithmSize::algorithm);
    if (entry == algorithms_.end() || entry->size != digest->value.size()) {
      return cannot(record, fmt::format("the log announces no {} digests of {} bytes",
                                        mrtool::to_string(digest->algorithm), digest->value.size()));
    }
    out.u16(static_cast<std::uint16_t>(digest->algorithm)).bytes(digest->value);
  }
  return {};
}

// CCELs in the field give it index 1, which is also what tells them from other logs.
Bytes TcgWriter::spec_id_event() const {
  std::vector<AlgorithmSize> banks = algorithms_;
  if (banks.empty()) {
    banks.push_back({HashAlgorithm::sha256, 32});  // a log must announce one
  }
  return spec_id_record(row_ == Row::ccel ? 1 : 0, order_, banks);
}

Status TcgWriter::finish() {
  return makes_spec_id_ ? sink_.write_first(spec_id_event()) : Status{};
}

}  // namespace

std::unique_ptr<Writer> make_writer(Row row, ByteSink& sink, const WriteOptions& /*options*/) {
  return std::make_unique<TcgWriter>(row, sink);
}

}  // namespace mrtool::tcg
