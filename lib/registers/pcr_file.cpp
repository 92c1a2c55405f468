#include "lib/registers/pcr_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/byte_reader.hpp"
#include "lib/registers/kinds.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {

namespace {

// The structures of a serialized file: TPML_PCR_SELECTION, a count, and TPML_DIGESTs, as C lays them out. Bytes.
constexpr std::size_t kSelectionSize = 8;
constexpr std::size_t kSelectionsSize = 4 + kMaxPcrSelections * kSelectionSize;
constexpr std::size_t kHeadSize = kSelectionsSize + 4;
constexpr std::size_t kDigestSize = 2 + kMaxDigestSize;
constexpr std::uint32_t kDigestsPerList = 8;
constexpr std::size_t kListSize = 4 + kDigestsPerList * kDigestSize;
constexpr std::uint32_t kMaxLists = 96;  // what tpm2-tools has room for

std::unexpected<Error> malformed(std::uint64_t offset, std::string message) {
  auto error = fail(ErrorKind::malformed, std::move(message));
  error.error().offset = offset;
  return error;
}

// Counts are small: of the two ways to read one, only one gives a small number.
ByteOrder order_of(ByteView serialized) {
  return ByteReader(serialized).u32() <= kMaxPcrSelections ? ByteOrder::little : ByteOrder::big;
}

bool is_serialized(ByteView bytes) {
  if (bytes.size() < kHeadSize || (bytes.size() - kHeadSize) % kListSize != 0 ||
      (bytes.size() - kHeadSize) / kListSize > kMaxLists) {
    return false;
  }
  ByteReader reader(bytes, 0, order_of(bytes));
  const std::uint32_t count = reader.u32();
  const auto bank = static_cast<HashAlgorithm>(reader.u16());
  return count >= 1 && count <= kMaxPcrSelections && find_algorithm(bank) != nullptr &&
         reader.u8() <= PcrSelection::kMaxBitmapSize;
}

bool is_marshaled(ByteView bytes) {
  ByteReader reader(bytes, 0, ByteOrder::big);
  const std::uint32_t count = reader.u32();
  const auto bank = static_cast<HashAlgorithm>(reader.u16());
  const std::uint8_t size = reader.u8();
  return reader.ok() && count >= 1 && count <= kMaxPcrSelections && find_algorithm(bank) != nullptr && size >= 1 &&
         size <= PcrSelection::kMaxBitmapSize;
}

struct FoundDigest {
  ByteView value;
  std::uint64_t offset = 0;
};

Result<std::uint32_t> read_list_count(ByteReader& reader) {
  const std::uint64_t offset = reader.offset();
  const std::uint32_t lists = reader.u32();
  if (!reader.ok() || lists > kMaxLists) {
    return malformed(offset, fmt::format("{} lists of PCR values; expected at most {}", lists, kMaxLists));
  }
  return lists;
}

Result<std::uint32_t> read_digest_count(ByteReader& reader) {
  const std::uint64_t offset = reader.offset();
  const std::uint32_t digests = reader.u32();
  if (!reader.ok() || digests > kDigestsPerList) {
    return malformed(offset, fmt::format("a list of {} PCR values; expected at most {}", digests, kDigestsPerList));
  }
  return digests;
}

Result<PcrSelections> read_serialized_selections(ByteReader& reader) {
  const std::uint32_t count = reader.u32();
  PcrSelections selections;
  for (std::uint32_t i = 0; i < kMaxPcrSelections; ++i) {
    const std::uint64_t offset = reader.offset();
    ByteReader entry = reader.sub(kSelectionSize);
    if (i >= count) {
      continue;
    }
    PcrSelection selection{.bank = static_cast<HashAlgorithm>(entry.u16()), .pcrs = 0, .size = entry.u8()};
    if (selection.size > PcrSelection::kMaxBitmapSize) {
      return malformed(offset, fmt::format("a PCR bitmap states {} bytes; expected at most {}", selection.size,
                                           PcrSelection::kMaxBitmapSize));
    }
    constexpr unsigned kBitsPerByte = 8;
    for (unsigned byte = 0; byte < selection.size; ++byte) {
      selection.pcrs |= std::uint32_t{entry.u8()} << (byte * kBitsPerByte);
    }
    selections.push_back(selection);
  }
  return selections;
}

Result<std::vector<FoundDigest>> read_serialized_digests(ByteReader& reader) {
  MRTOOL_TRY(lists, read_list_count(reader));
  if (reader.left() != lists * kListSize) {
    return malformed(reader.offset(), fmt::format("{} lists of PCR values need {} bytes, found {}", lists,
                                                  lists * kListSize, reader.left()));
  }
  std::vector<FoundDigest> digests;
  for (std::uint32_t i = 0; i < lists; ++i) {
    MRTOOL_TRY(count, read_digest_count(reader));
    for (std::uint32_t slot = 0; slot < kDigestsPerList; ++slot) {
      const std::uint64_t offset = reader.offset();
      const std::uint16_t size = reader.u16();
      const ByteView buffer = reader.take(kMaxDigestSize);
      if (slot >= count) {
        continue;
      }
      if (size > kMaxDigestSize) {
        return malformed(offset, fmt::format("a PCR value of {} bytes; expected at most {}", size, kMaxDigestSize));
      }
      digests.push_back({.value = buffer.first(size), .offset = offset});
    }
  }
  return digests;
}

Result<std::vector<FoundDigest>> read_marshaled_digests(ByteReader& reader) {
  MRTOOL_TRY(lists, read_list_count(reader));
  std::vector<FoundDigest> digests;
  for (std::uint32_t i = 0; i < lists; ++i) {
    MRTOOL_TRY(count, read_digest_count(reader));
    for (std::uint32_t item = 0; item < count; ++item) {
      const std::uint64_t offset = reader.offset();
      const std::uint16_t size = reader.u16();
      const ByteView value = reader.take(size);
      if (!reader.ok()) {
        return malformed(offset, fmt::format("a PCR value of {} bytes is cut short", size));
      }
      digests.push_back({.value = value, .offset = offset});
    }
  }
  if (reader.left() != 0) {
    return malformed(reader.offset(), fmt::format("{} bytes follow the PCR values; expected none", reader.left()));
  }
  return digests;
}

// Every PCR that is selected must exist, in a bank whose size is known.
Status check_selections(std::span<const PcrSelection> selections) {
  for (const PcrSelection& selection : selections) {
    if (find_algorithm(selection.bank) == nullptr) {
      return fail(ErrorKind::malformed,
                  fmt::format("PCR values of bank {}, which is not known here", to_string(selection.bank)));
    }
    const std::uint32_t last = kind_row(RegisterKind::pcr).last;
    if (selection.pcrs >> last > 1) {
      return fail(ErrorKind::malformed, fmt::format("a PCR beyond {} is selected", last));
    }
  }
  return {};
}

Result<RegisterValues> assign(std::span<const PcrSelection> selections, std::span<const FoundDigest> digests) {
  if (auto status = check_selections(selections); !status) {
    return std::unexpected(std::move(status).error());
  }
  const std::vector<RegisterKey> keys = selected_pcrs(selections);
  if (keys.size() != digests.size()) {
    return fail(ErrorKind::malformed,
                fmt::format("{} PCR values, where {} registers are selected", digests.size(), keys.size()));
  }
  RegisterValues values{.source = {}, .kind = "tpm2_pcrs", .authenticated = Authenticated::none, .values = {}};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const RegisterKey& key = keys[i];
    const FoundDigest& digest = digests[i];
    const std::string name = fmt::format("{}:{}", to_string(key.bank), to_string(key.reg));
    const std::size_t size = find_algorithm(key.bank)->size;
    if (digest.value.size() != size) {
      return malformed(digest.offset,
                       fmt::format("the value of {} has {} bytes; expected {}", name, digest.value.size(), size));
    }
    const auto [place, inserted] = values.values.try_emplace(key, Digest(digest.value));
    if (!inserted && !equal(place->second.view(), digest.value)) {
      return malformed(digest.offset, fmt::format("a second value of {}, other than the first", name));
    }
  }
  return values;
}

}  // namespace

std::string_view to_string(PcrFileFormat format) {
  return format == PcrFileFormat::serialized ? "serialized" : "marshaled";
}

std::optional<PcrFileFormat> recognise_pcr_file(ByteView bytes) {
  if (is_serialized(bytes)) {
    return PcrFileFormat::serialized;
  }
  return is_marshaled(bytes) ? std::optional(PcrFileFormat::marshaled) : std::nullopt;
}

Result<PcrFile> parse_pcr_file(ByteView bytes) {
  const std::optional<PcrFileFormat> format = recognise_pcr_file(bytes);
  if (!format) {
    return fail(ErrorKind::malformed, "expected PCR values as tpm2_quote writes them, serialized or marshaled");
  }
  const bool serialized = *format == PcrFileFormat::serialized;
  ByteReader reader(bytes, 0, serialized ? order_of(bytes) : ByteOrder::big);
  MRTOOL_TRY(selections, serialized ? read_serialized_selections(reader) : read_pcr_selections(reader));
  MRTOOL_TRY(digests, serialized ? read_serialized_digests(reader) : read_marshaled_digests(reader));
  MRTOOL_TRY(values, assign(selections, digests));
  return PcrFile{.format = *format, .selections = std::move(selections), .values = std::move(values)};
}

Result<RegisterValues> parse_pcr_values(ByteView bytes, std::span<const PcrSelection> selections) {
  if (auto status = check_selections(selections); !status) {
    return std::unexpected(std::move(status).error());
  }
  std::vector<FoundDigest> digests;
  ByteReader reader(bytes);
  for (const RegisterKey& key : selected_pcrs(selections)) {
    const std::uint64_t offset = reader.offset();
    digests.push_back({.value = reader.take(find_algorithm(key.bank)->size), .offset = offset});
  }
  if (!reader.ok() || reader.left() != 0) {
    return fail(ErrorKind::malformed, fmt::format("{} bytes are not the values of the {} registers that are selected",
                                                  bytes.size(), digests.size()));
  }
  return assign(selections, digests);
}

std::vector<RegisterKey> selected_pcrs(std::span<const PcrSelection> selections) {
  std::vector<RegisterKey> keys;
  for (const PcrSelection& selection : selections) {
    for (std::uint32_t pcr = 0; pcr < PcrSelection::kPcrs; ++pcr) {
      if (selection.contains(pcr)) {
        keys.push_back({.reg = {.kind = RegisterKind::pcr, .index = pcr, .name = {}, .provider = {}, .carrier = {}},
                        .bank = selection.bank});
      }
    }
  }
  return keys;
}

}  // namespace mrtool
