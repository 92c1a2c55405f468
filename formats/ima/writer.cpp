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
    out_.clear();
    if (auto encoded = encode(record, pcr); !encoded) {
      return encoded;
    }
    return put(as_bytes(out_));
  }
  Status trailing(ByteView bytes) final { return put(same_format_ && same_bank_ ? bytes : ByteView{}); }
  Status finish() final { return {}; }

 protected:
  // Appends the record to out_.
  virtual Status encode(const Record& record, std::optional<std::uint32_t> pcr) = 0;

  std::string_view format_;
  LogInfo info_;
  bool same_format_ = false;
  HashAlgorithm bank_ = HashAlgorithm::none;
  HashEngine engine_;
  std::string out_;  // a record at a time

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
  Status encode(const Record& record, std::optional<std::uint32_t> pcr) override;
};

Status BinaryWriter::encode(const Record& record, std::optional<std::uint32_t> pcr) {
  if (auto why = obstacle(engine_, record, info_, bank_); !why.reason.empty()) {
    return cannot(record, std::move(why.reason));
  }
  ByteWriter out(info_.byte_order);
  out.u32(*pcr).bytes(entry_digest(engine_, record, bank_).view());
  out.u32(static_cast<std::uint32_t>(record.name.size())).bytes(record.name);
  if (as_text(record.name) != kLegacyName) {
    out.u32(static_cast<std::uint32_t>(record.data.size())).bytes(record.data);
    out_ += as_text(out.data());
    return {};
  }
  const Fields fields = *split_fields(*find_template(kLegacyName), record.data, info_.byte_order);
  const std::size_t nuls = same_format_ ? record.framing : 0;
  const std::size_t name = std::min(fields.name().size() + nuls, kLegacyNameBytes - 1);
  out.bytes(record.data.first(kLegacyDigestBytes));
  out.u32(static_cast<std::uint32_t>(name)).bytes(record.data.subspan(kLegacyDigestBytes, name));
  out_ += as_text(out.data());
  return {};
}

class AsciiWriter final : public ListWriter {
 public:
  AsciiWriter(ByteSink& sink, const WriteOptions& options) : ListWriter("ima-ascii", sink, options) {}

 private:
  Status encode(const Record& record, std::optional<std::uint32_t> pcr) override;
};

// An entry of an unknown template, as the reader of this form keeps it.
bool is_kept_line(const Record& record, const LogInfo& info) {
  return info.format == "ima-ascii" && record.content == ContentType::unknown;
}

// Appends the text of an entry's fields; false when it does not give the same data back.
bool append_faithful_fields(std::string& out, HashEngine& engine, const Record& record, HashAlgorithm bank,
                            ByteOrder order) {
  const auto& kind = recent_template(as_text(record.name));
  // That spares nearly every entry to be made from its text again.
  if (kind && append_faithful_text(out, *kind, record.data, order)) {
    return true;
  }
  const auto fields = kind ? split_fields(*kind, record.data, order) : std::nullopt;
  if (!fields) {
    return false;
  }
  const std::size_t begin = out.size();
  append_fields(out, *fields, order);
  const std::string_view text = std::string_view(out).substr(begin);
  if (const auto feeds = static_cast<std::size_t>(std::ranges::count(text, '\n')); feeds > 0) {
    const bool told = confirm(engine, entry_digest(engine, record, bank).view(), record.data).has_value();
    if (!told || feeds > kMostLineFeeds || text.size() >= kMostJoinedBytes) {
      return false;
    }
  }
  const Rebuilt rebuilt = rebuild_data(*kind, text, order);
  return rebuilt.problem.empty() && equal(rebuilt.data, record.data);
}

constexpr std::string_view kNotText = "the text of its fields would not give its data back";

Status AsciiWriter::encode(const Record& record, std::optional<std::uint32_t> pcr) {
  const std::uint8_t framing = same_format_ ? record.framing : 0;
  const bool kept = is_kept_line(record, info_);
  if (kept) {
    const bool whole =
        std::ranges::any_of(record.digests, [this](const DigestEntry& entry) { return entry.algorithm == bank_; });
    if (!pcr || !whole) {
      return cannot(record, "the data of an unknown template, and so its digest in another bank, is not known");
    }
  } else if (auto why = obstacle(engine_, record, info_, bank_); !why.reason.empty()) {
    return cannot(record, std::move(why.reason));
  }
  constexpr std::uint32_t kFirstWide = 10;
  const fmt::format_int number(*pcr);
  out_.append(*pcr < kFirstWide && (framing & kUnpaddedPcr) == 0 ? " " : "").append(number.data(), number.size());
  out_ += ' ';
  append_hex(out_, entry_digest(engine_, record, bank_).view());
  out_.append(" ").append(as_text(record.name));
  const std::size_t begin = out_.size();
  if (kept) {
    out_ += as_text(record.data);
  } else if (!append_faithful_fields(out_, engine_, record, bank_, info_.byte_order)) {
    return cannot(record, std::string(kNotText));
  } else {
    const std::size_t missing = framing & kMissingBlanks;
    out_.resize(out_.size() - std::min(missing, out_.size() - begin));
  }
  out_ += '\n';
  return {};
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
  const auto& kind = recent_template(as_text(record.name));
  if (kind && text_is_faithful(*kind, record.data, info.byte_order)) {
    return {};
  }
  const HashAlgorithm bank = target_bank(info, options, record);
  std::string text;
  return append_faithful_fields(text, engine(), record, bank, info.byte_order) ? Carried{}
                                                                               : lost("data", std::string(kNotText));
}

}  // namespace mrtool::ima
