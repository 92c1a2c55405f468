// EV_NO_ACTION: informative records, told apart by the signature that their data starts with (PFP 1.06, 10.4.5).
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "lib/base/text.hpp"
#include "lib/content/decoders.hpp"
#include "lib/content/event_text.hpp"
#include "lib/content/field_reader.hpp"
#include "lib/content/raw.hpp"
#include "lib/content/spdm.hpp"
#include "lib/content/spec_id.hpp"
#include "lib/content/value_mark.hpp"
#include "lib/content/wbcl.hpp"
#include "lib/crypto/algorithms.hpp"

namespace mrtool::pcclient {

namespace {

using namespace std::string_view_literals;

constexpr std::size_t kSignatureSize = 16;

FieldReader read_signature(const Context& context) {
  FieldReader reader(context.data);
  reader.text("signature", kSignatureSize);
  return reader;
}

// A text behind the byte that is its length, NUL included.
std::string short_text(FieldReader& reader, std::string_view name) {
  const std::uint8_t size = reader.reader().u8();
  return reader.text(name, size);
}

// coreboot's entries are of one size, and Google's are rounded up.
void skip_padding(FieldReader& reader, const Context& context) {
  const std::uint64_t padding = reader.left();
  if (reader.ok() && all_equal_to(context.data.last(padding), 0)) {
    reader.reader().skip(padding);
  }
}

// TCG_EfiStartupLocalityEvent.
Decoded decode_startup_locality(const Context& context) {
  constexpr std::array<std::uint8_t, 3> kLocalities{0, 3, 4};
  FieldReader reader = read_signature(context);
  const std::uint8_t locality = reader.u8("startup_locality");
  skip_padding(reader, context);
  Decoded decoded = reader.finish("startup-locality", fmt::format("StartupLocality {}", locality));
  if (decoded.problem.empty() && std::ranges::find(kLocalities, locality) == kLocalities.end()) {
    decoded.problem = fmt::format("expected locality 0, 3 or 4, found {}", locality);
  }
  return decoded;
}

// TCG_Sp800_155_PlatformId_Event.
Decoded decode_sp800_155(const Context& context) {
  FieldReader reader = read_signature(context);
  const std::uint32_t vendor = reader.u32("vendor_id");
  const Guid manifest = reader.guid("reference_manifest_guid");
  return reader.finish("sp800-155", fmt::format("reference manifest {} of vendor {}", to_string(manifest), vendor));
}

// The fields of TCG_Sp800_155_PlatformId_Event2; gives the summary.
std::string read_platform(FieldReader& reader) {
  reader.u32("platform_manufacturer_id");
  reader.guid("reference_manifest_guid");
  const std::string manufacturer = short_text(reader, "platform_manufacturer");
  const std::string model = short_text(reader, "platform_model");
  short_text(reader, "platform_version");
  short_text(reader, "firmware_manufacturer");
  reader.u32("firmware_manufacturer_id");
  const std::string version = short_text(reader, "firmware_version");
  return fmt::format("reference manifest of {}, {}, firmware {}", manufacturer, model, version);
}

Decoded decode_sp800_155_2(const Context& context) {
  FieldReader reader = read_signature(context);
  std::string summary = read_platform(reader);
  return reader.finish("sp800-155", std::move(summary));
}

// Where a manifest or certificate lies: a type, a length and that many bytes. Gives the URI where it is one.
std::string read_locator(FieldReader& reader, std::string_view name) {
  static constexpr std::array kTypes = {"raw"sv, "uri"sv, "device-path"sv, "uefi-variable"sv};
  constexpr std::uint32_t kUri = 1;
  constexpr std::uint32_t kVariable = 3;
  const std::uint64_t type_begin = reader.position();
  const std::uint32_t type = reader.reader().u32();
  if (!reader.ok()) {
    return {};
  }
  const std::string type_name = type < kTypes.size() ? std::string(kTypes[type]) : fmt::format("{}", type);
  reader.add(fmt::format("{}_type", name), Value(type_name), type_begin);
  const std::uint32_t length = reader.reader().u32();
  if (type == kUri) {
    return reader.text(name, length);
  }
  if (type != kVariable || length < kGuidSize) {
    if (length > 0) {
      reader.bytes(name, length);
    }
    return {};
  }
  const std::uint64_t begin = reader.position();
  const Guid guid = read_guid(reader.reader());
  const ByteView variable = reader.reader().take(length - kGuidSize);
  if (reader.ok()) {
    std::string text = utf16le_to_utf8(variable);
    text.erase(text.find_last_not_of('\0') + 1);
    reader.add(name, Value::Object{{"guid", Value(to_string(guid))}, {"name", Value(std::move(text))}}, begin);
  }
  return {};
}

Decoded decode_sp800_155_3(const Context& context) {
  FieldReader reader = read_signature(context);
  std::string summary = read_platform(reader);
  const std::string uri = read_locator(reader, "rim_locator");
  read_locator(reader, "platform_certificate_locator");
  if (!uri.empty()) {
    summary += ", " + uri;
  }
  skip_padding(reader, context);
  return reader.finish("sp800-155", std::move(summary));
}

// TPMT_HA. Firmware writes the algorithm in its own byte order, the TPM specification has the other one: the size
// tells.
std::optional<Value> tagged_hash(ByteView bytes) {
  for (const ByteOrder order : {ByteOrder::little, ByteOrder::big}) {
    ByteReader reader(bytes, 0, order);
    const HashAlgorithmRow* row = find_algorithm(static_cast<HashAlgorithm>(reader.u16()));
    if (row != nullptr && row->size == reader.left()) {
      return Value(Value::Object{{"algorithm", Value(row->name)}, {"digest", Value(to_bytes(reader.rest()))}});
    }
  }
  return std::nullopt;
}

// TCG_HCRTMComponentEvent.
Decoded decode_hcrtm_component(const Context& context) {
  constexpr std::uint8_t kDigest = 0;
  constexpr std::uint8_t kRawContent = 0x80;
  FieldReader reader = read_signature(context);
  const std::string description = short_text(reader, "component_description");
  const std::uint64_t format_begin = reader.position();
  const std::uint8_t format = reader.reader().u8();
  if (reader.ok()) {
    reader.add("measurement_format",
               format == kDigest       ? Value("digest")
               : format == kRawContent ? Value("raw-content")
                                       : Value(fmt::format("0x{:02x}", format)),
               format_begin);
  }
  const std::uint16_t size = reader.reader().u16();
  const std::uint64_t begin = reader.position();
  const ByteView measurement = reader.reader().take(size);
  if (reader.ok()) {
    auto hash = format == kDigest ? tagged_hash(measurement) : std::nullopt;
    reader.add("measurement", hash ? std::move(*hash) : Value(to_bytes(measurement)), begin);
  }
  return reader.finish("hcrtm-component", "H-CRTM component: " + description);
}

constexpr std::uint64_t kNvReserved = 6;

// NV_INDEX_INSTANCE_EVENT_LOG_DATA.
Decoded decode_nv_index_instance(const Context& context) {
  FieldReader reader = read_signature(context);
  reader.u16("nv_version");
  reader.bytes("nv_reserved", kNvReserved);
  Decoded decoded = finish_device_event(reader, "device_signature");
  decoded.kind = "nv-index-instance";
  return decoded;
}

// NV_INDEX_DYNAMIC_EVENT_LOG_DATA.
Decoded decode_nv_index_dynamic(const Context& context) {
  FieldReader reader = read_signature(context);
  reader.u16("nv_version");
  reader.bytes("nv_reserved", kNvReserved);
  reader.hex64("uid");
  const std::uint16_t description_size = reader.reader().u16();
  const std::string description = reader.text("description", description_size);
  const std::uint16_t data_size = reader.reader().u16();
  reader.bytes("data", data_size);
  return reader.finish("nv-index-dynamic", "NV index: " + description);
}

// The last record of a Windows log: a quote over the log's own registers.
Decoded decode_trust_point(const Context& context) {
  SipaItems sipa = read_sipa_items(context.data);
  Decoded decoded{
      .kind = "windows-trust-point", .summary = "Windows trust point", .fields = {}, .problem = sipa.problem};
  decoded.fields.push_back({"items", Value(std::move(sipa.items)), {0, context.data.size()}});
  return decoded;
}

bool is_trust_point(ByteView data) {
  ByteReader reader(data);
  return reader.u32() == kSipaTrustPoint;
}

Decoded decode_unknown(const Context& context) {
  constexpr std::size_t kShortestSignature = 4;
  const std::string_view signature = first_string(context.data.first(std::min(context.data.size(), kSignatureSize)));
  if (signature.size() < kShortestSignature || !is_printable_ascii(as_bytes(signature)) ||
      printable_text(context.data)) {
    return decode_raw(context);
  }
  FieldReader reader = read_signature(context);
  if (reader.left() > 0) {
    reader.bytes("data", reader.left());
  }
  return reader.finish("no-action", std::string(signature));
}

struct Signature {
  std::string_view text;  // as the data starts
  Decoded (*decode)(const Context&);
};

constexpr std::array kSignatures = {
    Signature{"StartupLocality\0"sv, decode_startup_locality},   // 10.4.5.3
    Signature{"SP800-155 Event\0"sv, decode_sp800_155},          // 10.4.5.2
    Signature{"SP800-155 Event2"sv, decode_sp800_155_2},         // 10.4.5.2
    Signature{"SP800-155 Event3"sv, decode_sp800_155_3},         // 10.4.5.2
    Signature{"H-CRTM CompMeas\0"sv, decode_hcrtm_component},    // 10.4.5.4
    Signature{"NvIndexInstance\0"sv, decode_nv_index_instance},  // 10.4.5.5
    Signature{"NvIndexDynamic \0"sv, decode_nv_index_dynamic},   // 10.4.5.5
};

}  // namespace

Decoded decode_no_action(const Context& context) {
  if (is_spec_id(context.data)) {
    return decode_spec_id(context);
  }
  if (is_value_mark(context.data)) {
    return decode_value_mark(context);
  }
  const std::string_view text = as_text(context.data);
  for (const Signature& signature : kSignatures) {
    if (text.starts_with(signature.text)) {
      return signature.decode(context);
    }
  }
  return is_trust_point(context.data) ? decode_trust_point(context) : decode_unknown(context);
}

}  // namespace mrtool::pcclient
