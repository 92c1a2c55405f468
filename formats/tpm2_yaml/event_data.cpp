#include "formats/tpm2_yaml/event_data.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "lib/base/byte_writer.hpp"
#include "lib/base/guid.hpp"
#include "lib/base/text.hpp"
#include "lib/crypto/algorithms.hpp"

namespace mrtool::tpm2yaml {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kEvent = 2;  // the columns before an event's keys, and before those of its data
constexpr std::size_t kData = 4;
constexpr std::size_t kInner = 6;

// Numbers that are missing or too large leave the writer with a mark that makes the result void.
class Maker {
 public:
  explicit Maker(std::span<const Entry> entries) : entries_(entries) {}

  template <class Integer>
  Maker& number(std::string_view key, std::size_t indent = kData) {
    return number<Integer>(find(entries_, indent, key));
  }
  template <class Integer>
  Maker& number(const Entry* entry) {
    const auto value = number_of(entry);
    good_ = good_ && value && *value <= std::numeric_limits<Integer>::max();
    for (std::size_t i = 0; good_ && i < sizeof(Integer); ++i) {
      constexpr unsigned kBits = 8;
      out_.u8(static_cast<std::uint8_t>(*value >> (kBits * i)));
    }
    return *this;
  }
  Maker& bytes(const std::optional<Bytes>& bytes) {
    good_ = good_ && bytes;
    if (good_) {
      out_.bytes(*bytes);
    }
    return *this;
  }
  std::optional<Bytes> take() { return good_ ? std::optional(out_.take()) : std::nullopt; }

 private:
  std::span<const Entry> entries_;
  ByteWriter out_;
  bool good_ = true;
};

Maker& algorithm(Maker& maker, const Entry& name, const Entry* size) {
  const auto known = parse_algorithm(name.value);
  Bytes id;
  if (known) {
    id = ByteWriter().u16(static_cast<std::uint16_t>(*known)).take();
  }
  return maker.bytes(known ? std::optional(id) : std::nullopt).number<std::uint16_t>(size);
}

// PFP 1.06, section 10.4.5.1.
std::optional<Bytes> spec_id(std::span<const Entry> entries) {
  constexpr std::size_t kSignature = 16;
  auto signature = text_of(find(entries, kData, "Signature"));
  if (!signature || signature->size() >= kSignature) {
    return std::nullopt;
  }
  signature->resize(kSignature);
  Maker maker(entries);
  maker.bytes(signature)
      .number<std::uint32_t>("platformClass")
      .number<std::uint8_t>("specVersionMinor")
      .number<std::uint8_t>("specVersionMajor")
      .number<std::uint8_t>("specErrata")
      .number<std::uint8_t>("uintnSize")
      .number<std::uint32_t>("numberOfAlgorithms");
  for (std::size_t i = 0; i + 1 < entries.size(); ++i) {
    if (entries[i].indent == kInner && entries[i].key == "algorithmId") {
      algorithm(maker, entries[i], &entries[i + 1]);
    }
  }
  maker.number<std::uint8_t>("vendorInfoSize");
  if (const Entry* info = find(entries, kData, "vendorInfo")) {
    maker.bytes(hex_of(info));
  }
  return maker.take();
}

// UEFI_VARIABLE_DATA (PFP 1.06, section 10.2.6). A value that is shown decoded is not all there.
std::optional<Bytes> variable(std::span<const Entry> entries) {
  const auto guid = parse_guid(find(entries, kData, "VariableName")->value);
  const auto name = text_of(find(entries, kData, "UnicodeName"));
  if (!guid || !name || (!name->empty() && !is_printable_ascii(*name))) {
    return std::nullopt;
  }
  Bytes wide;
  for (const std::uint8_t byte : *name) {
    wide.push_back(byte);
    wide.push_back(0);
  }
  Maker maker(entries);
  maker.bytes(to_bytes(guid->wire))
      .number<std::uint64_t>("UnicodeNameLength")
      .number<std::uint64_t>("VariableDataLength")
      .bytes(wide);
  if (const Entry* data = find(entries, kData, "VariableData")) {
    maker.bytes(hex_of(data));
  }
  return maker.take();
}

std::optional<Bytes> blob(std::span<const Entry> entries) {
  Maker maker(entries);
  if (const Entry* size = find(entries, kData, "BlobDescriptionSize")) {
    maker.number<std::uint8_t>(size).bytes(hex_of(find(entries, kData, "BlobDescription")));
  }
  return maker.number<std::uint64_t>("BlobBase").number<std::uint64_t>("BlobLength").take();
}

std::optional<Bytes> startup_locality(std::span<const Entry> entries) {
  constexpr std::string_view kSignature = "StartupLocality\0"sv;
  Maker maker(entries);
  return maker.bytes(to_bytes(as_bytes(kSignature))).number<std::uint8_t>("StartupLocality").take();
}

// The types whose data is shown as text.
bool is_text(std::uint32_t type) {
  constexpr std::array<std::uint32_t, 3> kTypes{0x00000001, 0x80000007, 0x80000010};  // POST code, EFI action, H-CRTM
  return std::ranges::find(kTypes, type) != kTypes.end();
}

std::optional<Bytes> members(std::span<const Entry> entries) {
  const auto has = [&](std::string_view key) { return find(entries, kData, key) != nullptr; };
  if (has("VariableName")) {
    return variable(entries);
  }
  if (has("BlobBase")) {
    return blob(entries);
  }
  if (has("StartupLocality")) {
    return startup_locality(entries);
  }
  return text_of(find(entries, kData, "String"));
}

}  // namespace

std::optional<Bytes> event_data(std::span<const Entry> entries, std::uint32_t type, std::uint64_t size) {
  const auto at = std::ranges::find_if(entries, [](const Entry& entry) {
    return entry.indent == kEvent && (entry.key == "Event" || entry.key == "SpecID");
  });
  if (at == entries.end()) {
    return size == 0 ? std::optional<Bytes>(Bytes()) : std::nullopt;
  }
  const auto inside = below(entries, static_cast<std::size_t>(at - entries.begin()));
  std::optional<Bytes> data;
  if (at->key == "SpecID") {
    data = spec_id(inside);
  } else if (at->value.empty() && at->style == Style::plain) {
    data = members(inside);
  } else if (data = hex_of(&*at); is_text(type) && (!data || data->size() != size)) {
    data = text_of(&*at);
  }
  return data && data->size() == size ? data : std::nullopt;
}

}  // namespace mrtool::tpm2yaml
