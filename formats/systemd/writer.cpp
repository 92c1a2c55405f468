#include "formats/systemd/systemd.hpp"

#include <fmt/format.h>

#include "lib/base/json_text.hpp"
#include "lib/base/text.hpp"
#include "lib/content/systemd_json.hpp"

namespace mrtool::systemd {
namespace {

constexpr std::string_view kFormat = "systemd";
constexpr std::string_view kRecordSeparator = "\x1e";

// The key of the record's register; empty where the format has none.
std::string_view register_key(const Register& reg) {
  if (!reg.name.empty() || !reg.provider.empty()) {
    return {};
  }
  switch (reg.kind) {
    case RegisterKind::pcr:
    case RegisterKind::invalid:
      return "pcr";
    case RegisterKind::nv:
      return "nv_index";
    case RegisterKind::rtmr:
      return "rtmr";
    default:
      return {};
  }
}

// What this format cannot hold of the record, in one sentence; empty when it holds all.
std::string what_is_lost(const Record& record) {
  if (record.content != ContentType::systemd) {
    return "the log of systemd holds strings that systemd measured, nothing else";
  }
  if (register_key(record.reg).empty() || !record.extends) {
    return "the log of systemd holds extends of PCRs, NV indices and RTMRs only";
  }
  if (!is_utf8(record.data)) {
    return "the measured string is not UTF-8";
  }
  for (const DigestEntry& digest : record.digests) {
    const HashAlgorithmRow* row = find_algorithm(digest.algorithm);
    if (row == nullptr || row->size != digest.value.size()) {
      return fmt::format("the log of systemd has no name for digests of {}", to_string(digest.algorithm));
    }
  }
  return {};
}

void append_member(std::string& out, std::string_view key, std::string_view text) {
  out += out.back() == '{' ? "" : ",";
  out += to_text(JsonText(std::string(key)));
  out += ':';
  out += text;
}

std::string digests_text(const Record& record) {
  std::string out = "[";
  for (const DigestEntry& digest : record.digests) {
    if (digest.origin != DigestOrigin::alternative) {
      out += out.size() > 1 ? "," : "";
      out += fmt::format(R"({{"hashAlg":"{}","digest":"{}"}})", to_string(digest.algorithm), to_hex(digest.value));
    }
  }
  out += ']';
  return out;
}

std::string content_text(const Record& record) {
  if (const SystemdEvent* event = systemd_event(record)) {
    return write_systemd_content(*event, record.data);
  }
  return write_systemd_content(plain_systemd_event(as_text(record.name)), record.data);
}

std::string encode(const Record& record) {
  const std::string_view reg = register_key(record.reg);
  std::vector<JsonMember> members = {{.key = std::string(reg), .text = {}},
                                     {.key = "digests", .text = {}},
                                     {.key = "content_type", .text = {}},
                                     {.key = "content", .text = {}}};
  if (const auto* extras = dynamic_cast<const RecordExtras*>(record.extras.get());
      extras != nullptr && !extras->members.empty()) {
    members = extras->members;
  }
  std::string out = "{";
  for (const JsonMember& member : members) {
    if (!member.text.empty()) {
      append_member(out, member.key, member.text);
    } else if (member.key == "digests") {
      append_member(out, member.key, digests_text(record));
    } else if (member.key == "content_type") {
      append_member(out, member.key, "\"systemd\"");
    } else if (member.key == "content") {
      append_member(out, member.key, content_text(record));
    } else {
      append_member(out, reg, std::to_string(record.reg.index));
    }
  }
  out += "}\n";
  return out;
}

class SystemdWriter final : public Writer {
 public:
  explicit SystemdWriter(ByteSink& sink) : sink_(sink) {}

  Status begin(const LogInfo& info) override {
    own_ = info.format == kFormat;
    return {};
  }
  Status write(const Record& record) override;
  Status trailing(ByteView bytes) override { return own_ ? sink_.write(bytes) : Status{}; }
  Status finish() override { return {}; }

 private:
  ByteSink& sink_;
  bool own_ = true;  // the records come from a log of this format
};

Status SystemdWriter::write(const Record& record) {
  if (own_ && !record.raw.empty()) {
    return sink_.write(record.raw);
  }
  // A record of this format's own log may hold other content, by its extras.
  const bool known = own_ && dynamic_cast<const RecordExtras*>(record.extras.get()) != nullptr;
  if (std::string lost = what_is_lost(record); !lost.empty() && !known) {
    return std::unexpected(Error{
        .kind = ErrorKind::unsupported, .message = std::move(lost), .file = {}, .offset = {}, .record = record.number});
  }
  std::string text;
  if (own_ && !record.prefix.empty()) {
    text = as_text(record.prefix);
  } else if (!own_ || record.framing == static_cast<std::uint8_t>(Framing::sequence)) {
    text = kRecordSeparator;
  }
  text += encode(record);
  return sink_.write(as_bytes(text));
}

}  // namespace

std::unique_ptr<Writer> make_writer(ByteSink& sink, const WriteOptions& /*options*/) {
  return std::make_unique<SystemdWriter>(sink);
}

Carried carry(const Record& record, const LogInfo& info, const WriteOptions& /*options*/) {
  if (info.format == kFormat) {
    return {};
  }
  std::string lost = what_is_lost(record);
  if (lost.empty()) {
    return {};
  }
  return {.carriage = Carriage::lost, .field = "record", .reason = std::move(lost)};
}

}  // namespace mrtool::systemd
