// PFP 1.06, 10.4 (event types) and 10.2.3 (UEFI_PLATFORM_FIRMWARE_BLOB): what firmware says of its own code and
// configuration.
#include <fmt/format.h>

#include <algorithm>

#include "lib/content/decoders.hpp"
#include "lib/content/event_text.hpp"
#include "lib/content/field_reader.hpp"
#include "lib/content/firmware.hpp"
#include "lib/content/raw.hpp"

namespace mrtool::pcclient {

namespace {

constexpr std::uint64_t kBlobSize = 16;        // u64 base, u64 length
constexpr std::uint64_t kDescriptorSize = 16;  // of td-shim's blocks, NUL-padded
constexpr std::uint64_t kQemuNameOffset = 12;  // "QEMU FW CFG\0"
constexpr std::uint64_t kQemuEventSize = 68;

Decoded text_of(ByteView data, std::string kind, std::string text) {
  Decoded decoded{.kind = std::move(kind), .summary = text, .fields = {}, .problem = {}};
  decoded.fields.push_back({"text", std::move(text), {0, data.size()}});
  return decoded;
}

// Labels are text; sixteen bytes that are not are a base and a length.
Decoded text_or_blob(const Context& context, std::string_view kind) {
  if (auto text = printable_text(context.data)) {
    return text_of(context.data, std::string(kind), std::move(*text));
  }
  return context.data.size() == kBlobSize ? decode_firmware_blob(context) : decode_raw(context);
}

std::string blob_summary(std::uint64_t base, std::uint64_t length) {
  return fmt::format("{} bytes at 0x{:x}", length, base);
}

Decoded decode_qemu_fw_cfg(ByteView data) {
  FieldReader reader(data);
  reader.text("label", kQemuNameOffset);
  const std::string file = reader.text("file", kQemuEventSize - kQemuNameOffset);
  return reader.finish("qemu-fw-cfg", "QEMU FW CFG " + file);
}

Decoded decode_td_shim_block(ByteView data) {
  FieldReader reader(data);
  const std::string descriptor = reader.text("descriptor", kDescriptorSize);
  const std::uint32_t length = reader.u32("info_length");
  reader.bytes("info", length);
  return reader.finish("td-shim-config", fmt::format("{}: {} bytes", descriptor, length));
}

}  // namespace

bool is_td_shim_block(ByteView data) {
  if (data.size() < kTdShimInfoOffset || data[0] == 0) {
    return false;
  }
  ByteReader reader(data);
  const bool labelled = printable_text(reader.take(kDescriptorSize)).has_value();
  return labelled && reader.u32() == reader.left();
}

Decoded decode_firmware_blob(const Context& context) {
  if (context.data.size() < kBlobSize) {
    Decoded decoded = decode_raw(context);
    decoded.problem = fmt::format("{} bytes of base and length expected, {} found", kBlobSize, context.data.size());
    return decoded;
  }
  FieldReader reader(context.data);
  const std::uint64_t base = reader.hex64("blob_base");
  const std::uint64_t length = reader.hex64("blob_length");
  return reader.finish("firmware-blob", blob_summary(base, length));
}

Decoded decode_firmware_blob2(const Context& context) {
  FieldReader reader(context.data);
  const std::uint8_t size = reader.u8("description_size");
  const std::string description = reader.text("description", size);
  const std::uint64_t base = reader.hex64("blob_base");
  const std::uint64_t length = reader.hex64("blob_length");
  return reader.finish("firmware-blob2", reader.ok() ? description + ", " + blob_summary(base, length) : description);
}

Decoded decode_post_code(const Context& context) {
  return text_or_blob(context, "post-code");
}

Decoded decode_s_crtm_contents(const Context& context) {
  return text_or_blob(context, "s-crtm-contents");
}

// A version as UTF-16 or ASCII text, or a GUID; both bytes of an empty UTF-16 text are common.
Decoded decode_s_crtm_version(const Context& context) {
  constexpr std::string_view kKind = "s-crtm-version";
  const ByteView data = context.data;
  if (auto text = utf16_text(data)) {
    return text_of(data, std::string(kKind), std::move(*text));
  }
  if (auto text = printable_text(data)) {
    return text_of(data, std::string(kKind), std::move(*text));
  }
  if (data.size() == 2 && all_equal_to(data, 0)) {
    Decoded decoded = text_of(data, std::string(kKind), {});
    decoded.summary = "empty text";
    return decoded;
  }
  if (data.size() == kGuidSize) {
    FieldReader reader(data);
    const Guid guid = reader.guid("guid");
    return reader.finish(std::string(kKind), to_string(guid));
  }
  return decode_raw(context);
}

Decoded decode_config_flags(const Context& context) {
  constexpr std::string_view kQemuLabel{"QEMU FW CFG\0", kQemuNameOffset};
  const ByteView data = context.data;
  if (data.size() == kQemuEventSize && as_text(data).starts_with(kQemuLabel)) {
    return decode_qemu_fw_cfg(data);
  }
  if (auto text = printable_text(data)) {
    return text_of(data, "config-flags", std::move(*text));
  }
  return is_td_shim_block(data) ? decode_td_shim_block(data) : decode_raw(context);
}

Decoded decode_hcrtm(const Context& context) {
  if (auto text = printable_text(context.data)) {
    return text_of(context.data, "h-crtm", std::move(*text));
  }
  return decode_raw(context);
}

}  // namespace mrtool::pcclient
