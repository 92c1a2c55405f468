#include <fmt/format.h>

#include <array>

#include "formats/cel/model.hpp"
#include "formats/cel/tlv.hpp"
#include "lib/base/limits.hpp"
#include "lib/content/cel_element.hpp"

namespace mrtool::cel {
namespace {

constexpr std::array<std::string_view, 4> kElementNames{"record number", "index", "digests", "content"};
constexpr std::size_t kIndexElement = 1;
constexpr std::size_t kContentElement = 3;

// Empty when an element of that type may stand there.
std::string wrong_type(std::size_t element, std::uint8_t type) {
  constexpr std::uint8_t kPrototypeDigests = 2;
  switch (element) {
    case 0:
      return type == kRecnumField ? "" : fmt::format("expected a record number (type 0), found type {}", type);
    case kIndexElement:
      return type == kPcrField || type == kNvField || type == kCcmrField || type == kNamedField
                 ? ""
                 : fmt::format("expected an index (type 1, 2, 108 or 227), found type {}", type);
    case kContentElement:
      return type > kDigestsField ? "" : fmt::format("expected a content (type 4 or above), found type {}", type);
    default:
      break;
  }
  if (type == kPrototypeDigests) {
    return "the digests have type 2, as in an early IMA-TLV prototype, which is not CEL 1.0";
  }
  return type == kDigestsField ? "" : fmt::format("expected digests (type 3), found type {}", type);
}

}  // namespace

TlvFrame frame_tlv(ByteView bytes) {
  TlvFrame frame;
  std::uint64_t position = 0;
  for (std::size_t i = 0; i < kElementNames.size(); ++i) {
    frame.element = kElementNames[i];
    frame.at = position;
    ByteReader header(bytes.subspan(static_cast<std::size_t>(position)), 0, ByteOrder::big);
    const bool has_type = header.left() > 0;
    const std::uint8_t type = header.u8();
    if (has_type) {
      frame.message = wrong_type(i, type);
      if (!frame.message.empty()) {
        return frame;
      }
    }
    const std::uint32_t length = header.u32();
    frame.size = position + kCelHeaderBytes + (header.ok() ? length : 0);
    if (frame.size > limits::kRecordBytes) {
      frame.message = fmt::format("expected a record of at most {} bytes, found one whose {} alone has {}",
                                  limits::kRecordBytes, kElementNames[i], length);
      return frame;
    }
    if (!header.ok() || frame.size > bytes.size()) {
      frame.state = TlvFrame::State::incomplete;
      return frame;
    }
    const ByteView value = header.take(length);
    switch (i) {
      case 0:
        frame.recnum = value;
        break;
      case kIndexElement:
        frame.index_field = type;
        frame.index = value;
        break;
      case kContentElement:
        frame.content_type = type;
        frame.content = value;
        frame.content_element =
            bytes.subspan(static_cast<std::size_t>(position), static_cast<std::size_t>(frame.size - position));
        break;
      default:
        frame.digests = value;
        break;
    }
    position = frame.size;
  }
  frame.state = TlvFrame::State::complete;
  return frame;
}

TlvWidths widths_of_dialect(std::string_view name) {
  constexpr TlvWidths kSafford{.recnum = 4, .index = 4, .event_type = 4};
  constexpr TlvWidths kShortest{.recnum = 0, .index = 0, .event_type = 0};
  if (name == "safford") {
    return kSafford;
  }
  return name == "libcel" ? kShortest : TlvWidths{};
}

std::string_view dialect_of(const TlvWidths& seen, std::uint64_t recnum, std::uint64_t index) {
  for (const std::string_view name : tlv_dialects()) {
    const TlvWidths widths = widths_of_dialect(name);
    const std::uint64_t shortest_recnum = cel_integer_width(recnum);
    const std::uint64_t shortest_index = cel_integer_width(index);
    if (seen.recnum == std::max<std::uint64_t>(widths.recnum, shortest_recnum) &&
        seen.index == std::max<std::uint64_t>(widths.index, shortest_index)) {
      return name;
    }
  }
  return {};
}

std::span<const std::string_view> tlv_dialects() {
  static constexpr std::array<std::string_view, 3> kDialects{"google", "libcel", "safford"};
  return kDialects;
}

// The first four element headers are the signature: a TCG2 log begins like a record number of three bytes, and goes on
// with a type that is no index.
std::optional<Detection> detect_tlv(const Probe& probe) {
  const TlvFrame frame = frame_tlv(probe.prefix);
  constexpr std::size_t kWidestInteger = 8;
  const bool numbered = !frame.recnum.empty() && frame.recnum.size() <= kWidestInteger;
  if (frame.state == TlvFrame::State::malformed || !numbered || frame.index_field == 0) {
    return std::nullopt;
  }
  if (frame.state == TlvFrame::State::incomplete && frame.digests.empty() && frame.size > kDetectBytes) {
    return std::nullopt;
  }
  return Detection{.evidence = fmt::format("a record number of {} bytes, then an index of type {}", frame.recnum.size(),
                                           frame.index_field),
                   .note = {}};
}

}  // namespace mrtool::cel
