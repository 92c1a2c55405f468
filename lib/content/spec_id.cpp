#include "lib/content/spec_id.hpp"

#include <fmt/format.h>

#include "lib/base/text.hpp"
#include "lib/content/event_text.hpp"
#include "lib/content/field_reader.hpp"
#include "lib/crypto/algorithms.hpp"

namespace mrtool::pcclient {

namespace {

using namespace std::string_view_literals;

constexpr std::size_t kSignatureSize = 16;
constexpr std::uint64_t kBytesBeforeCount = 24;
constexpr std::uint64_t kAlgorithmEntrySize = 4;
constexpr auto kLegacy = "Spec ID Event00\0"sv;
constexpr auto kEfi = "Spec ID Event02\0"sv;
constexpr auto kAgile = "Spec ID Event03\0"sv;

bool is_stand_in(ByteView data) {
  if (data.size() < kBytesBeforeCount || !all_equal_to(data.first(kBytesBeforeCount), 0)) {
    return false;
  }
  ByteReader reader(data.subspan(kBytesBeforeCount));
  const std::uint64_t count = reader.u32();
  return reader.ok() && count > 0 && reader.left() == count * kAlgorithmEntrySize + 1;
}

// Reads the algorithm table; gives the banks' names for the summary.
std::string read_algorithms(FieldReader& reader) {
  const std::uint32_t count = reader.u32("number_of_algorithms");
  if (!reader.ok()) {
    return {};
  }
  const std::uint64_t begin = reader.position();
  Value::List algorithms;
  std::string banks;
  for (std::uint32_t i = 0; i < count && reader.left() >= kAlgorithmEntrySize; ++i) {
    const std::string name = to_string(static_cast<HashAlgorithm>(reader.reader().u16()));
    const std::uint16_t size = reader.reader().u16();
    algorithms.emplace_back(Value::Object{{"algorithm", Value(name)}, {"digest_size", Value::number(size)}});
    banks += (banks.empty() ? "" : ", ") + name;
  }
  const bool complete = algorithms.size() == count;
  reader.add("algorithms", Value(std::move(algorithms)), begin);
  if (!complete) {
    reader.reader().skip(kAlgorithmEntrySize);
  }
  return banks;
}

// coreboot's block: how full its log area is (src/security/tpm/tpm2_log_serialized.h).
std::optional<Value> coreboot_block(ByteView info) {
  constexpr std::uint64_t kSize = 15;
  constexpr std::uint32_t kMagic = 0x32544243;  // "CBT2"
  ByteReader reader(info);
  reader.skip(1);
  const std::uint8_t major = reader.u8();
  const std::uint8_t minor = reader.u8();
  const std::uint32_t magic = reader.u32();
  const std::uint16_t capacity = reader.u16();
  const std::uint16_t used = reader.u16();
  const std::uint32_t entry_size = reader.u32();
  if (info.size() != kSize || magic != kMagic) {
    return std::nullopt;
  }
  return Value(Value::Object{{"version_major", Value::number(major)},
                             {"version_minor", Value::number(minor)},
                             {"max_entries", Value::number(capacity)},
                             {"num_entries", Value::number(used)},
                             {"entry_size", Value::number(entry_size)}});
}

// The vendor information, and what it means where that is known; gives its name for the summary.
std::string read_vendor_info(FieldReader& reader, const Context& context, bool& behind_data) {
  const std::uint8_t size = reader.u8("vendor_info_size");
  if (!reader.ok() || size == 0) {
    return {};
  }
  const std::uint64_t begin = reader.position();
  behind_data = reader.left() == 0 && context.record.suffix.size() == size;
  const ByteView info = behind_data ? context.record.suffix : reader.bytes("vendor_info", size);
  if (behind_data) {
    reader.add("vendor_info", to_bytes(info), begin);
  }
  if (auto block = coreboot_block(info)) {
    reader.add("coreboot", std::move(*block), begin);
    return "coreboot";
  }
  const std::string_view name = without_padding(info);
  if (!is_printable_ascii(as_bytes(name))) {
    return {};
  }
  reader.add("vendor", Value(name), begin);
  return std::string(name);
}

}  // namespace

bool is_spec_id(ByteView data) {
  const std::string_view text = as_text(data);
  return text.starts_with(kLegacy) || text.starts_with(kEfi) || text.starts_with(kAgile) || is_stand_in(data);
}

Decoded decode_spec_id(const Context& context) {
  FieldReader reader(context.data);
  const std::string signature = reader.text("signature", kSignatureSize);
  const bool legacy = as_text(context.data).starts_with(kLegacy);
  const bool agile = !legacy && !as_text(context.data).starts_with(kEfi);
  reader.u32("platform_class");
  reader.u8("spec_version_minor");
  reader.u8("spec_version_major");
  reader.u8("spec_errata");
  reader.u8(legacy ? "reserved" : "uintn_size");
  std::string summary = signature.empty() ? "spec ID without signature" : signature;
  if (agile) {
    summary += ": " + read_algorithms(reader);
  }
  bool behind_data = false;
  const std::string vendor = read_vendor_info(reader, context, behind_data);
  if (!vendor.empty()) {
    summary += fmt::format(", vendor {}", vendor);
  }
  Decoded decoded = reader.finish("spec-id", std::move(summary));
  if (behind_data && decoded.problem.empty()) {
    decoded.problem = "the vendor information lies behind the stated end of the event";
  }
  return decoded;
}

}  // namespace mrtool::pcclient
