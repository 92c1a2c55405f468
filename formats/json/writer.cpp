#include <fmt/format.h>

#include <algorithm>

#include "formats/json/carried_log.hpp"
#include "lib/base/json_text.hpp"
#include "lib/content/contents.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::carried {
namespace {

// Of the carried log, in one part: its hexadecimal digits stay well below what a reader takes as one item.
constexpr std::size_t kPartBytes = 8 * 1024 * 1024;

// What people want to know of a record. No reader uses it.
void describe(const Record& record, JsonText& part) {
  part["record"] = record.number;
  part["register"] = to_string(record.reg);
  part["type"] = content_row(record.content).type_name(record);
  part["type_value"] = record.type;
  part["content"] = to_string(record.content);
  part["extends"] = record.extends;
  JsonText& digests = part["digests"] = JsonText::array();
  for (const DigestEntry& digest : record.digests) {
    if (digest.origin == DigestOrigin::logged) {
      digests.push_back({{"bank", to_string(digest.algorithm)}, {"digest", to_hex(digest.value)}});
    }
  }
}

// The record is about the PCR that it names: nobody said otherwise when it was read.
bool is_own_register(const Record& record) {
  Register own;
  own.kind = RegisterKind::pcr;
  own.index = static_cast<std::uint32_t>(record.raw_index);
  return record.reg == own && record.raw_index == own.index;
}

class CarriedWriter final : public Writer {
 public:
  CarriedWriter(ByteSink& sink, WriteOptions options)
      : sink_(sink), options_(std::move(options)), inner_sink_(bytes_) {}

  Status begin(const LogInfo& info) override;
  Status write(const Record& record) override;
  Status trailing(ByteView bytes) override;
  Status finish() override;

 private:
  Status put(std::string_view text) { return sink_.write(as_bytes(text)); }
  // The document up to the first part: what it says of the log may need its first record.
  Status put_header(const Record* first);
  // The bytes at hand as parts; `part` has all but `raw`.
  Status put_parts(JsonText part);
  Status put_plain(std::string_view name);

  ByteSink& sink_;
  WriteOptions options_;
  LogInfo info_;
  Bytes bytes_;  // of the carried log, for the next parts
  MemorySink inner_sink_;
  std::unique_ptr<Writer> inner_;  // the carried format's own; none where it only reads
  bool header_is_out_ = false;
  bool part_is_out_ = false;
};

Status CarriedWriter::begin(const LogInfo& info) {
  info_ = info;
  const FormatRow* row = find_format(info.format);
  if (row == nullptr || row->make_writer == make_writer) {
    return fail(ErrorKind::unsupported, fmt::format("there is no format {} that could be carried", info.format));
  }
  if (row->names_registers) {
    options_.reg.reset();
  }
  if (row->make_writer != nullptr) {
    WriteOptions inner = options_;
    inner.dialect = std::ranges::find(row->dialects, info.dialect) == row->dialects.end() ? "" : info.dialect;
    inner_ = row->make_writer(inner_sink_, inner);
    return inner_->begin(info);
  }
  return inner_sink_.write(info.preamble);
}

Status CarriedWriter::put_header(const Record* first) {
  if (std::exchange(header_is_out_, true)) {
    return {};
  }
  const FormatRow* row = find_format(info_.format);
  Header header{.format = info_.format,
                .dialect = info_.dialect,
                .byte_order = info_.byte_order,
                .platform = info_.platform,
                .reg = options_.reg,
                .bank = options_.bank,
                .algorithms = info_.algorithms};
  if (needs_register(*row) && !header.reg && first != nullptr && !(row->names_registers && is_own_register(*first))) {
    header.reg = first->reg;
  }
  if (!row->names_registers && header.bank == HashAlgorithm::none && info_.algorithms.size() == 1) {
    header.bank = info_.algorithms[0].algorithm;
  }
  return put(write_header(header));
}

Status CarriedWriter::put_parts(JsonText part) {
  for (std::size_t begin = 0; begin < bytes_.size(); begin += kPartBytes) {
    if (begin > 0) {
      part = {{"part", "more"}};
    }
    part["raw"] = to_hex(ByteView(bytes_).subspan(begin, std::min(kPartBytes, bytes_.size() - begin)));
    std::string text = std::exchange(part_is_out_, true) ? ",\n" : "\n";
    text += to_text(part);
    if (auto status = put(text); !status) {
      return status;
    }
  }
  bytes_.clear();
  return {};
}

Status CarriedWriter::put_plain(std::string_view name) {
  return put_parts({{"part", name}});
}

Status CarriedWriter::write(const Record& record) {
  if (auto status = put_header(&record); !status) {
    return status;
  }
  if (!part_is_out_) {
    if (auto status = put_plain("preamble"); !status) {
      return status;
    }
  }
  Status status;
  if (inner_ != nullptr) {
    status = inner_->write(record);
  } else if (record.raw.empty()) {
    status =
        fail(ErrorKind::unsupported, fmt::format("the record's bytes are gone, and {} has no writer", info_.format));
  } else {
    bytes_.insert(bytes_.end(), record.raw.begin(), record.raw.end());
    bytes_.insert(bytes_.end(), record.suffix.begin(), record.suffix.end());
  }
  if (!status) {
    return status;
  }
  JsonText part{{"part", "record"}};
  describe(record, part);
  return put_parts(std::move(part));
}

Status CarriedWriter::trailing(ByteView bytes) {
  if (auto status = put_header(nullptr); !status) {
    return status;
  }
  if (auto status = inner_ == nullptr ? inner_sink_.write(bytes) : inner_->trailing(bytes); !status) {
    return status;
  }
  return put_plain("trailing");
}

Status CarriedWriter::finish() {
  if (auto status = put_header(nullptr); !status) {
    return status;
  }
  if (inner_ != nullptr) {
    if (auto status = inner_->finish(); !status) {
      return status;
    }
  }
  if (auto status = put_plain("trailing"); !status) {
    return status;
  }
  return put("\n]}\n");
}

}  // namespace

std::unique_ptr<Writer> make_writer(ByteSink& sink, const WriteOptions& options) {
  return std::make_unique<CarriedWriter>(sink, options);
}

Carried carry(const Record& record, const LogInfo& info, const WriteOptions& /*options*/) {
  const FormatRow* row = find_format(info.format);
  if (row == nullptr || (row->make_writer == nullptr && record.raw.empty())) {
    return {.carriage = Carriage::lost, .field = "record", .reason = "its format has no writer for it"};
  }
  return {};
}

}  // namespace mrtool::carried
