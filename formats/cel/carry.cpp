#include "formats/cel/carry.hpp"

#include <fmt/format.h>

#include <algorithm>

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
  return std::nullopt;
}

Carriage carriage_of(const Record& record) {
  switch (record.content) {
    case ContentType::tsm:
    case ContentType::aael:
      return Carriage::encapsulated;
    default:
      return Carriage::native;
  }
}

// What only JSON can hold: what systemd says beside the string, and contents that have a name and no number.
std::optional<Carried> loss_in_binary(const Record& record) {
  if (record.content == ContentType::systemd && (systemd_event(record) != nullptr || !record.name.empty())) {
    return lost("eventType, bootId, timestamp", "this CEL encoding holds the measured string only");
  }
  return std::nullopt;
}

Carried binary(const Record& record) {
  const bool wrapped =
      record.content == ContentType::none || (record.content == ContentType::unknown && !record.name.empty());
  return {.carriage = wrapped ? Carriage::encapsulated : carriage_of(record), .field = {}, .reason = {}};
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
  return binary(record);
}

Carried carry_json(const Record& record, const LogInfo& log, const WriteOptions& options) {
  if (auto loss = common_loss(record, log, options)) {
    return *std::move(loss);
  }
  return {.carriage = carriage_of(record), .field = {}, .reason = {}};
}

Carried carry_cbor(const Record& record, const LogInfo& log, const WriteOptions& options) {
  if (auto loss = common_loss(record, log, options)) {
    return *std::move(loss);
  }
  if (auto loss = loss_in_binary(record)) {
    return *std::move(loss);
  }
  return binary(record);
}

}  // namespace mrtool::cel
