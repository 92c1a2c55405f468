#include "formats/systemd/systemd.hpp"
#include "lib/base/json_items.hpp"
#include "lib/base/json_text.hpp"

namespace mrtool::systemd {
namespace {

constexpr std::uint8_t kRecordSeparator = 0x1E;

// A record that no other format writes: systemd's content, and no number of its own as every CEL record has.
bool is_systemd_record(ByteView text) {
  const auto record = parse_json_text(text);
  if (!record || find_member(*record, "recnum") != nullptr) {
    return false;
  }
  const JsonText* type = find_member(*record, "content_type");
  return type != nullptr && type->is_string() && type->get_ref<const std::string&>() == "systemd";
}

}  // namespace

std::optional<Detection> detect(const Probe& probe) {
  JsonItems items("records");
  const auto step = items.next(probe.prefix, probe.complete);
  if (step.state == JsonItems::State::item && is_systemd_record(probe.prefix.subspan(step.prefix, step.text))) {
    const bool sequence = items.shape() == JsonShape::sequence;
    return Detection{.evidence = sequence ? "JSON text sequence with content_type systemd"
                                          : "JSON object with content_type systemd and no recnum",
                     .note = {}};
  }
  // Only systemd begins a log with this byte; a first record that is damaged or very long is its reader's business.
  if (step.state != JsonItems::State::item && !probe.prefix.empty() && probe.prefix[0] == kRecordSeparator) {
    return Detection{.evidence = "record separator 1E", .note = "the first record is not whole"};
  }
  return std::nullopt;
}

}  // namespace mrtool::systemd
