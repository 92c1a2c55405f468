#include "formats/tcg/writer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "formats/tcg/frame.hpp"
#include "lib/base/byte_writer.hpp"
#include "lib/base/limits.hpp"

namespace mrtool::tcg {
namespace {

class TcgWriter final : public Writer {
 public:
  explicit TcgWriter(ByteSink& sink) : sink_(sink) {}

  Status begin(const LogInfo& info) override {
    order_ = info.byte_order;
    algorithms_ = info.algorithms;
    return put(info.preamble);
  }
  Status write(const Record& record) override;
  Status trailing(ByteView bytes) override { return put(bytes); }
  Status finish() override { return {}; }

 private:
  Status put(ByteView bytes) { return bytes.empty() ? Status{} : sink_.write(bytes); }
  Result<Bytes> encode(const Record& record) const;
  Status encode_digests(const Record& record, ByteWriter& out) const;

  ByteSink& sink_;
  ByteOrder order_ = ByteOrder::little;
  std::vector<AlgorithmSize> algorithms_;
};

std::unexpected<Error> cannot(const Record& record, std::string message) {
  return std::unexpected(Error{.kind = ErrorKind::unsupported,
                               .message = std::move(message),
                               .file = {},
                               .offset = {},
                               .record = record.number});
}

Status TcgWriter::write(const Record& record) {
  if (record.raw.empty()) {
    MRTOOL_TRY(bytes, encode(record));
    if (auto status = put(bytes); !status) {
      return status;
    }
  } else if (auto status = put(record.raw); !status) {
    return status;
  }
  return put(record.suffix);
}

// PFP 1.06, sections 10.2.1 and 10.2.2.
Result<Bytes> TcgWriter::encode(const Record& record) const {
  if (record.raw_index > std::numeric_limits<std::uint32_t>::max()) {
    return cannot(record, fmt::format("expected an index of 32 bits, found {}", record.raw_index));
  }
  if (record.data.size() > limits::kRecordBytes) {
    return cannot(record, fmt::format("expected at most {} bytes of event data, found {}", limits::kRecordBytes,
                                      record.data.size()));
  }
  ByteWriter out(order_);
  out.u32(static_cast<std::uint32_t>(record.raw_index)).u32(record.type);
  if (auto status = encode_digests(record, out); !status) {
    return std::unexpected(std::move(status).error());
  }
  out.u32(static_cast<std::uint32_t>(record.data.size())).bytes(record.data);
  return out.take();
}

Status TcgWriter::encode_digests(const Record& record, ByteWriter& out) const {
  if (record.framing == static_cast<std::uint8_t>(Framing::sha1)) {
    if (record.digests.size() != 1 || record.digests[0].value.size() != kSha1DigestBytes) {
      return cannot(record, "a record of the SHA-1 layout holds exactly one digest of 20 bytes");
    }
    out.bytes(record.digests[0].value);
    return {};
  }
  if (record.digests.size() > limits::kDigestsPerRecord) {
    return cannot(
        record, fmt::format("expected at most {} digests, found {}", limits::kDigestsPerRecord, record.digests.size()));
  }
  out.u32(static_cast<std::uint32_t>(record.digests.size()));
  for (const DigestEntry& digest : record.digests) {
    const auto entry = std::ranges::find(algorithms_, digest.algorithm, &AlgorithmSize::algorithm);
    if (entry == algorithms_.end() || entry->size != digest.value.size()) {
      return cannot(record, fmt::format("the log announces no {} digests of {} bytes", to_string(digest.algorithm),
                                        digest.value.size()));
    }
    out.u16(static_cast<std::uint16_t>(digest.algorithm)).bytes(digest.value);
  }
  return {};
}

}  // namespace

std::unique_ptr<Writer> make_writer(ByteSink& sink, const WriteOptions& /*options*/) {
  return std::make_unique<TcgWriter>(sink);
}

}  // namespace mrtool::tcg
