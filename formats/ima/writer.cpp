#include "formats/ima/writer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "formats/ima/encode.hpp"
#include "formats/ima/line.hpp"
#include "formats/ima/reader.hpp"
#include "formats/ima/survey.hpp"
#include "lib/base/byte_writer.hpp"
#include "lib/content/ima.hpp"

namespace mrtool::ima {
namespace {

std::unexpected<Error> cannot(const Record& record, std::string message) {
  return std::unexpected(Error{.kind = ErrorKind::unsupported,
                               .message = std::move(message),
                               .file = {},
                               .offset = {},
                               .record = record.number});
}

// What both forms share: the bank, and whether the bytes that were read are those to be written.
class ListWriter : public Writer {
 public:
  ListWriter(std::string_view format, ByteSink& sink, const WriteOptions& options)
      : format_(format), sink_(sink), options_(options) {}

  Status begin(const LogInfo& info) final {
    info_ = info;
    same_format_ = info.format == format_;
    same_bank_ = is_list(info) && (options_.bank == HashAlgorithm::none || info.algorithms.empty() ||
                                   options_.bank == info.algorithms.front().algorithm);
    // A kexec header counts the bytes of the list that it was made for.
    return put(same_format_ && same_bank_ ? ByteView(info.preamble) : ByteView{});
  }
  Status write(const Record& record) final {
    const auto pcr = entry_pcr(record, info_);
    if (same_format_ && same_bank_ && !record.raw.empty() && pcr == record.raw_index) {
      return put(record.raw);
    }
    if (bank_ == HashAlgorithm::none) {
      bank_ = target_bank(info_, options_, record);
    }
    MRTOOL_TRY(bytes, encode(record, pcr));
    return put(bytes);
  }
  Status trailing(ByteView bytes) final { return put(same_format_ && same_bank_ ? bytes : ByteView{}); }
  Status finish() final { return {}; }

 protected:
  virtual Result<Bytes> encode(const Record& record, std::optional<std::uint32_t> pcr) = 0;

  std::string_view format_;
  LogInfo info_;
  bool same_format_ = false;
  HashAlgorithm bank_ = HashAlgorithm::none;
  HashEngine engine_;

 private:
  Status put(ByteView bytes) { return bytes.empty() ? Status{} : sink_.write(bytes); }

  ByteSink& sink_;
  WriteOptions options_;
  bool same_bank_ = false;
};

class BinaryWriter final : public ListWriter {
 public:
  BinaryWriter(ByteSink& sink, const WriteOptions& options) : ListWriter("ima", sink, options) {}

 private:
  Result<Bytes> encode(const Record& record, std::optional<std::uint32_t> pcr) override;
};

Result<Bytes> BinaryWriter::encode(const Record& record, std::optional<std::uint32_t> pcr) {
  if (auto why = obstacle(engine_, record, info_, bank_); !why.reason.empty()) {
    return cannot(record, std::move(why.reason));
  }
  ByteWriter out(info_.byte_order);
  out.u32(*pcr).bytes(entry_digest(engine_, record, bank_).view());
  out.u32(static_cast<std::uint32_t>(record.name.size())).bytes(record.name);
  if (as_text(record.name) != kLegacyName) {
    out.u32(static_cast<std::uint32_t>(record.data.size())).bytes(record.data);
    return out.take();
  }
  const Fields fields = *split_fields(*find_template(kLegacyName), record.data, info_.byte_order);
  const std::size_t nuls = same_format_ ? record.framing : 0;
  const std::size_t name = std::min(fields.name().size() + nuls, kLegacyNameBytes - 1);
  out.bytes(record.data.first(kLegacyDigestBytes));
  out.u32(static_cast<std::uint32_t>(name)).bytes(record.data.subspan(kLegacyDigestBytes, name));
  return out.take();
}

class AsciiWriter final : public ListWriter {
 public:
  AsciiWriter(ByteSink& sink, const WriteOptions& options) : ListWriter("ima-ascii", sink, options) {}

 private:
  Result<Bytes> encode(const Record& record, std::optional<std::uint32_t> pcr) override;
};

// An entry of an unknown template, as the reader of this form keeps it.
bool is_kept_line(const Record& record, const LogInfo& info) {
  return info.format == "ima-ascii" && record.content == ContentType::unknown;
}

// The text of an entry's fields; nothing when it does not give the same data back.
std::optional<std::string> faithful_fields(HashEngine& engine, const Record& record, HashAlgorithm bank,
                                           ByteOrder order) {
  const auto kind = find_template(as_text(record.name));
  const auto fields = kind ? split_fields(*kind, record.data, order) : std::nullopt;
  if (!fields) {
    return std::nullopt;
  }
  std::string text = format_fields(*fields, order);
  if (const auto feeds = static_cast<std::size_t>(std::ranges::count(text, '\n')); feeds > 0) {
    const bool told = confirm(engine, entry_digest(engine, record, bank).view(), record.data).has_value();
    if (!told || feeds > kMostLineFeeds || text.size() >= kMostJoinedBytes) {
      return std::nullopt;
    }
  }
  const Rebuilt rebuilt = rebuild_data(*kind, text, order);
  if (!rebuilt.problem.empty() || !equal(rebuilt.data, record.data)) {
    return std::nullopt;
  }
  return text;
}

constexpr std::string_view kNotText = "the text of its fields would not give its data back";

Result<Bytes> AsciiWriter::encode(const Record& record, std::optional<std::uint32_t> pcr) {
  const std::uint8_t framing = same_format_ ? record.framing : 0;
  std::string fields;
  if (is_kept_line(record, info_)) {
    fields = as_text(record.data);
    const bool whole =
        std::ranges::any_of(record.digests, [this](const DigestEntry& entry) { return entry.algorithm == bank_; });
    if (!pcr || !whole) {
      return cannot(record, "the data of an unknown template, and so its digest in another bank, is not known");
    }
  } else {
    if (auto why = obstacle(engine_, record, info_, bank_); !why.reason.empty()) {
      return cannot(record, std::move(why.reason));
    }
    auto text = faithful_fields(engine_, record, bank_, info_.byte_order);
    if (!text) {
      return cannot(record, std::string(kNotText));
    }
    fields = *std::move(text);
    const std::size_t missing = framing & kMissingBlanks;
    fields.resize(fields.size() - std::min(missing, fields.size()));
  }
  const std::string digest = entry_digest(engine_, record, bank_).hex();
  const std::string number = (framing & kUnpaddedPcr) != 0 ? fmt::format("{}", *pcr) : fmt::format("{:2}", *pcr);
  return to_bytes(as_bytes(fmt::format("{} {} {}{}\n", number, digest, as_text(record.name), fields)));
}

Carried lost(std::string field, std::string reason) {
  return {.carriage = Carriage::lost, .field = std::move(field), .reason = std::move(reason)};
}

// Asked for every record, in whatever thread converts.
HashEngine& engine() {
  thread_local HashEngine instance;
  return instance;
}

}  // namespace

std::unique_ptr<Writer> make_writer(ByteSink& sink, const WriteOptions& options) {
  return std::make_unique<BinaryWriter>(sink, options);
}

std::unique_ptr<Writer> make_ascii_writer(ByteSink& sink, const WriteOptions& options) {
  return std::make_unique<AsciiWriter>(sink, options);
}

Carried carry(const Record& record, const LogInfo& info, const WriteOptions& options) {
  Obstacle why = obstacle(engine(), record, info, target_bank(info, options, record));
  return why.reason.empty() ? Carried{} : lost(std::move(why.field), std::move(why.reason));
}

Carried carry_ascii(const Record& record, const LogInfo& info, const WriteOptions& options) {
  if (is_kept_line(record, info)) {
    const bool same = options.bank == HashAlgorithm::none || options.bank == info.algorithms.front().algorithm;
    return same ? Carried{} : lost("record", "the data of an unknown template is not known");
  }
  if (Carried carried = carry(record, info, options); carried.carriage != Carriage::native) {
    return carried;
  }
  const HashAlgorithm bank = target_bank(info, options, record);
  return faithful_fields(engine(), record, bank, info.byte_order) ? Carried{} : lost("data", std::string(kNotText));
}

}  // namespace mrtool::ima
