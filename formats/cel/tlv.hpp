// CEL in TLV form (CEL format notes, section 2).
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "formats/formats.hpp"
#include "lib/content/systemd_event.hpp"
#include "lib/record/reader.hpp"
#include "lib/record/writer.hpp"

namespace mrtool::cel {

inline constexpr std::string_view kTlvFormat = "cel-tlv";

// Bytes of the integers of a record, 0 for the shortest form. Producers differ.
struct TlvWidths {
  std::uint32_t recnum = 8;
  std::uint32_t index = 1;
  std::uint32_t event_type = 4;

  bool operator==(const TlvWidths&) const = default;
};

// What a record of a TLV log has beyond the model.
struct TlvExtras : SystemdExtras {
  TlvWidths widths;
  // The content element as it was where its nested elements are in another order than usual, or more; else empty.
  Bytes content;

  bool same_as(const TlvExtras& other) const {
    return widths == other.widths && content == other.content && event == nullptr && other.event == nullptr;
  }
};

// The widths of a dialect, the default for a name that is none.
TlvWidths widths_of_dialect(std::string_view name);
// "google" (8 and 1), "safford" (4 and 4), "libcel" (the shortest form), or empty.
std::string_view dialect_of(const TlvWidths& seen, std::uint64_t recnum, std::uint64_t index);

// How far a record reaches that starts `bytes`, by its elements' headers.
struct TlvFrame {
  enum class State : std::uint8_t { complete, incomplete, malformed };
  State state = State::malformed;
  std::uint64_t size = 0;    // complete: of the record; incomplete: at least what is needed
  std::uint64_t at = 0;      // malformed: of the element that is wrong
  std::string_view element;  // incomplete: what is cut
  std::string message{};
  std::uint8_t index_field = 0;
  ByteView recnum;
  ByteView index;
  ByteView digests;
  std::uint8_t content_type = 0;
  ByteView content;          // value
  ByteView content_element;  // header included
};
TlvFrame frame_tlv(ByteView bytes);

std::optional<Detection> detect_tlv(const Probe& probe);
std::unique_ptr<Reader> make_tlv_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                        DiagnosticSink& diagnostics);
std::unique_ptr<Writer> make_tlv_writer(ByteSink& sink, const WriteOptions& options);
std::span<const std::string_view> tlv_dialects();

}  // namespace mrtool::cel
