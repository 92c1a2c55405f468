#include "formats/cel/carry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "formats/cel/json_style.hpp"
#include "formats/cel/model.hpp"
#include "formats/cel/tlv.hpp"
#include "lib/base/limits.hpp"

namespace mrtool::cel {
namespace {

Carried lost(std::string field, std::string reason) {
  return {.carriage = Carriage::lost, .field = std::move(field), .reason = std::move(reason)};
}

// What no encoding can hold; nothing otherwise.
std::optional<Carried> common_loss(const Record& record, const LogInfo& log, const WriteOptions& options) {
  if (!index_of(record, log, options)) {
    return lost("record", "CEL has no index for the record's register");
  }
  if (record.digests.size() > limits::kDigestsPerRecord) {
    return lost("record", fmt::format("a CEL record holds at most {} digests", limits::kDigestsPerRecord));
  }
  const bool structured = record.content == ContentType::pcclient || record.content == ContentType::ima_template;
  if (!structured && !raw_content(record)) {
    return lost("record", "CEL has no content type for the record's content");
  }
  if (record.content == ContentType::unknown && !record.name.empty() && record.type != 0) {
    return lost("type", "content that has a name has no number in CEL");
  }
  if ((record.extends && !record.digests.empty()) != extends_in_cel(record, record.digests)) {
    return lost("record", record.extends ? "a CEL record with this content extends no register"
                                         : "a CEL record with this content and a digest extends its register");
  }
  return std::nullopt;
}

// Lines of text logs are CEL's own contents by now where they come from a CEL log.
Carriage carriage_of(const Record& record, const LogInfo& log) {
  const bool line = record.content == ContentType::tsm || record.content == ContentType::aael;
  return line && !log.format.starts_with("cel-") ? Carriage::encapsulated : Carriage::native;
}

// What only JSON can hold: what systemd says beside the string, and contents that have a name and no number.
std::optional<Carried> loss_in_binary(const Record& record) {
  if (record.content == ContentType::systemd && (systemd_event(record) != nullptr || !record.name.empty())) {
    return lost("eventType, bootId, timestamp", "this CEL encoding holds the measured string only");
  }
  return std::nullopt;
}

bool takes_content(const Record& record) {
  constexpr auto kTemplates = std::to_array<std::string_view>({"ima", "ima-ng", "ima-sig"});
  switch (record.content) {
    case ContentType::cel_management:
    case ContentType::pcclient:
      return true;
    case ContentType::ima_template:
      return std::ranges::find(kTemplates, as_text(record.name)) != kTemplates.end();
    default:
      return record.content == ContentType::unknown && as_text(record.name) == "tss2";
  }
}

// What readers of a dialect of JSON do not take.
std::optional<Carried> loss_in_dialect(const Record& record, const JsonStyle& style) {
  const RegisterKind kind = record.reg.kind;
  const bool standard = kind == RegisterKind::pcr || (kind == RegisterKind::nv && style.nv_indices);
  if (!style.own_indices && !standard) {
    return lost("record", fmt::format("the dialect {} has no index for the record's register", style.name));
  }
  if (style.measurements_only && !record.extends) {
    return lost("record", fmt::format("the dialect {} holds measurements only", style.name));
  }
  if (style.known_contents && !takes_content(record)) {
    return lost("record", fmt::format("the dialect {} does not have this content", style.name));
  }
  const auto nameless = std::ranges::find_if(
      record.digests, [](const DigestEntry& entry) { return find_algorithm(entry.algorithm) == nullptr; });
  if (style.named_algorithms && nameless != record.digests.end()) {
    return lost(fmt::format("digest {}", to_string(nameless->algorithm)),
                fmt::format("the dialect {} names hash algorithms", style.name));
  }
  return std::nullopt;
}

Carried binary(const Record& record, const LogInfo& log) {
  const bool wrapped =
      record.content == ContentType::none || (record.content == ContentType::unknown && !record.name.empty());
  return {.carriage = wrapped ? Carriage::encapsulated : carriage_of(record, log), .field = {}, .reason = {}};
}

}  // namespace

Carried carry_tlv(const Record& record, const LogInfo& log, const WriteOptions& options) {
  if (auto loss = common_loss(record, log, options)) {
    return *std::move(loss);
  }
  constexpr std::uint16_t kWidestAlgorithm = 0xFF;
  const auto wide = std::ranges::find_if(record.digests, [](const DigestEntry& entry) {
    return entry.origin != DigestOrigin::alternative && static_cast<std::uint16_t>(entry.algorithm) > kWidestAlgorithm;
  });
  if (wide != record.digests.end()) {
    return lost(fmt::format("digest {}", to_string(wide->algorithm)), "CEL-TLV has no number for the algorithm");
  }
  const bool libcel_form = dynamic_cast<const TlvExtras*>(record.extras.get()) != nullptr;
  if (auto loss = loss_in_binary(record); loss && !libcel_form) {
    return *std::move(loss);
  }
  return binary(record, log);
}

Carried carry_json(const Record& record, const LogInfo& log, const WriteOptions& options) {
  if (auto loss = common_loss(record, log, options)) {
    return *std::move(loss);
  }
  if (auto loss = loss_in_dialect(record, json_style(options.dialect))) {
    return *std::move(loss);
  }
  return {.carriage = carriage_of(record, log), .field = {}, .reason = {}};
}

Carried carry_cbor(const Record& record, const LogInfo& log, const WriteOptions& options) {
  if (auto loss = common_loss(record, log, options)) {
    return *std::move(loss);
  }
  if (auto loss = loss_in_binary(record)) {
    return *std::move(loss);
  }
  return binary(record, log);
}

}  // namespace mrtool::cel
