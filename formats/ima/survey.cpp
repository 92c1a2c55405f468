#include "formats/ima/survey.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "lib/content/ima_template.hpp"

namespace mrtool::ima {
namespace {

constexpr std::array<std::size_t, 4> kDigestBytes{20, 32, 48, 64};
constexpr std::size_t kSha1Bytes = 20;
constexpr std::uint32_t kPcrs = 32;  // TPM_PLATFORM_PCR and some room

struct Walk {
  Layout layout;
  std::uint64_t entries = 0;
  bool malformed = false;
  bool known_template = false;  // of the first entry
  std::optional<Confirmation> confirmed;
};

// Entries that cannot be those of a list in this layout, however well framed.
bool is_plausible(const Entry& entry, const std::optional<Template>& kind, ByteOrder order) {
  return entry.pcr < kPcrs && (!kind || kind->legacy || split_fields(*kind, entry.data, order));
}

Walk walk(HashEngine& engine, ByteView bytes, const Layout& layout) {
  Walk walk{.layout = layout, .entries = 0, .malformed = false, .known_template = false, .confirmed = {}};
  Entry entry;
  while (!bytes.empty()) {
    const EntryResult result = read_entry(bytes, layout, entry);
    if (result.state == EntryState::incomplete) {
      return walk;
    }
    const auto kind = result.state == EntryState::complete ? find_template(as_text(entry.name)) : std::nullopt;
    if (result.state == EntryState::malformed || !is_plausible(entry, kind, layout.order)) {
      walk.malformed = true;
      return walk;
    }
    walk.known_template = walk.known_template || (walk.entries == 0 && kind);
    ++walk.entries;
    walk.confirmed = entry.legacy ? confirm(engine, entry.digest, legacy_data(entry.file_digest, entry.data))
                                  : confirm(engine, entry.digest, entry.data);
    if (walk.confirmed) {
      return walk;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(entry.size));
  }
  return walk;
}

Survey decide(const std::vector<Walk>& walks, HashAlgorithm named) {
  Survey survey;
  if (walks.empty()) {
    return survey;
  }
  const HashAlgorithmRow* row = find_algorithm(named);
  const auto of_named = std::ranges::find_if(
      walks, [row](const Walk& walk) { return row != nullptr && walk.layout.digest_bytes == row->size; });
  const Walk& chosen = of_named == walks.end() ? walks.front() : *of_named;
  survey.layout = chosen.layout;
  survey.known_template = chosen.known_template;
  survey.whole_entry = chosen.entries > 0;
  if (of_named != walks.end()) {
    survey.state = SurveyState::assumed;
    survey.bank = named;
  } else if (walks.size() == 1 && chosen.layout.digest_bytes == kSha1Bytes && chosen.entries > 0) {
    survey.state = SurveyState::assumed;  // no other algorithm has digests of that size
    survey.bank = HashAlgorithm::sha1;
  } else {
    survey.state = SurveyState::undecided;
  }
  return survey;
}

}  // namespace

std::optional<Confirmation> confirm(HashEngine& engine, ByteView digest, ByteView data) {
  if (all_equal_to(digest, 0)) {
    return std::nullopt;
  }
  for (const HashAlgorithmRow& row : hash_algorithms()) {
    if (row.size == digest.size() && HashEngine::can_compute(row.id) &&
        equal(engine.hash(row.id, data).view(), digest)) {
      return Confirmation{.algorithm = row.id, .padded = false};
    }
  }
  if (digest.size() > kSha1Bytes && all_equal_to(digest.subspan(kSha1Bytes), 0) &&
      equal(engine.hash(HashAlgorithm::sha1, data).view(), digest.first(kSha1Bytes))) {
    return Confirmation{.algorithm = HashAlgorithm::sha1, .padded = true};
  }
  return std::nullopt;
}

bool is_digest_size(std::size_t size) {
  return std::ranges::find(kDigestBytes, size) != kDigestBytes.end();
}

Bytes legacy_data(ByteView file_digest, ByteView name) {
  Bytes data(kLegacyDataBytes);
  std::ranges::copy(file_digest, data.begin());
  std::ranges::copy(name, data.begin() + kLegacyDigestBytes);
  return data;
}

Survey survey(HashEngine& engine, ByteView bytes, HashAlgorithm named) {
  std::vector<Walk> whole;
  std::vector<Walk> damaged;  // sound at first
  for (const ByteOrder order : {ByteOrder::little, ByteOrder::big}) {
    for (const std::size_t size : kDigestBytes) {
      Walk result = walk(engine, bytes, {.order = order, .digest_bytes = size});
      if (result.confirmed) {
        const bool padded = result.confirmed->padded;
        const HashAlgorithmRow* row = find_algorithm(named);
        const bool named_fits = row != nullptr && row->size == size;
        Survey found{.state = padded && !named_fits ? SurveyState::undecided : SurveyState::confirmed,
                     .layout = result.layout,
                     .bank = padded ? named : result.confirmed->algorithm,
                     .padded = padded,
                     .known_template = result.known_template,
                     .whole_entry = true};
        return found;
      }
      if (!result.malformed) {
        whole.push_back(result);
      } else if (result.entries > 0) {
        damaged.push_back(result);
      }
    }
  }
  // A layout in which an entry is there in full outweighs those in which the bytes end before.
  if (std::ranges::any_of(whole, [](const Walk& walk) { return walk.entries > 0; })) {
    std::erase_if(whole, [](const Walk& walk) { return walk.entries == 0; });
  } else if (!damaged.empty()) {
    whole = std::move(damaged);
  }
  return decide(whole, named);
}

std::optional<KexecHeader> read_kexec_header(ByteView bytes) {
  for (const ByteOrder order : {ByteOrder::little, ByteOrder::big}) {
    ByteReader reader(bytes, 0, order);
    const std::uint16_t version = reader.u16();
    const std::uint16_t reserved = reader.u16();
    const std::uint32_t reserved2 = reader.u32();
    KexecHeader header{.order = order, .buffer_bytes = reader.u64(), .entries = reader.u64()};
    if (reader.ok() && version == 1 && reserved == 0 && reserved2 == 0 && header.buffer_bytes >= kKexecHeaderBytes) {
      return header;
    }
  }
  return std::nullopt;
}

}  // namespace mrtool::ima
