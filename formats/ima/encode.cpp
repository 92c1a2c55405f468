#include "formats/ima/encode.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "formats/ima/digests.hpp"
#include "formats/ima/survey.hpp"
#include "lib/base/text.hpp"
#include "lib/content/ima_template.hpp"

namespace mrtool::ima {
namespace {

constexpr std::size_t kLongestName = 255;

bool is_list_bank(HashAlgorithm bank) {
  const HashAlgorithmRow* row = find_algorithm(bank);
  return row != nullptr && HashEngine::can_compute(bank) && is_digest_size(row->size);
}

// The bank with the longest digests; of two the first.
template <class Range>
HashAlgorithm strongest(const Range& banks) {
  HashAlgorithm best = HashAlgorithm::none;
  for (const auto& entry : banks) {
    const bool better =
        is_list_bank(entry.algorithm) &&
        (best == HashAlgorithm::none || find_algorithm(entry.algorithm)->size > find_algorithm(best)->size);
    best = better ? entry.algorithm : best;
  }
  return best;
}

// The digest that extends the register in a bank; nothing when the record has none.
const DigestEntry* digest_of(const Record& record, HashAlgorithm bank) {
  const auto found = std::ranges::find_if(record.digests, [bank](const DigestEntry& entry) {
    return entry.algorithm == bank && entry.origin != DigestOrigin::alternative;
  });
  return found == record.digests.end() ? nullptr : &*found;
}

// Reading the list computes this digest again.
bool is_implied(HashEngine& engine, const Record& record, const DigestEntry& entry) {
  if (entry.origin != DigestOrigin::logged || record.violation) {
    return true;
  }
  return find_algorithm(entry.algorithm) != nullptr && HashEngine::can_compute(entry.algorithm) &&
         equal(engine.hash(entry.algorithm, record.data).view(), entry.value);
}

}  // namespace

bool is_list(const LogInfo& info) {
  return info.format == "ima" || info.format == "ima-ascii";
}

HashAlgorithm target_bank(const LogInfo& info, const WriteOptions& options, const Record& first) {
  if (options.bank != HashAlgorithm::none) {
    return options.bank;
  }
  if (is_list(info) && !info.algorithms.empty()) {
    return info.algorithms.front().algorithm;
  }
  if (const HashAlgorithm bank = strongest(info.algorithms); bank != HashAlgorithm::none) {
    return bank;
  }
  const HashAlgorithm bank = strongest(first.digests);
  return bank == HashAlgorithm::none ? HashAlgorithm::sha256 : bank;
}

Digest entry_digest(HashEngine& engine, const Record& record, HashAlgorithm bank) {
  if (record.violation) {
    return Digest::filled(find_algorithm(bank)->size, 0);
  }
  const DigestEntry* entry = digest_of(record, bank);
  if (entry != nullptr && entry->value.size() == find_algorithm(bank)->size) {
    return Digest(entry->value);
  }
  return engine.hash(bank, record.data);
}

std::optional<std::uint32_t> entry_pcr(const Record& record, const LogInfo& info) {
  if (record.reg.kind == RegisterKind::pcr) {
    return record.reg.index;
  }
  // The number that a list gives to a register that it was said to be of.
  constexpr std::uint64_t kLargest = 0xFFFFFFFF;
  if (is_list(info) && record.raw_index <= kLargest) {
    return static_cast<std::uint32_t>(record.raw_index);
  }
  return std::nullopt;
}

Obstacle obstacle(HashEngine& engine, const Record& record, const LogInfo& info, HashAlgorithm bank) {
  if (record.content != ContentType::ima_template || !record.extends) {
    return {.field = "record", .reason = "it is no entry of an IMA list"};
  }
  if (!is_list_bank(bank)) {
    return {.field = "record", .reason = fmt::format("no list is of bank {}", to_string(bank))};
  }
  if (!entry_pcr(record, info)) {
    return {.field = "register", .reason = "an entry names a PCR"};
  }
  // That is so of the templates that are known, and of nearly every entry.
  if (record.name.size() > kLongestName ||
      (!recent_template(as_text(record.name)) && !is_printable_ascii(record.name))) {
    return {.field = "template", .reason = "the name of a template has 1 to 255 printable characters"};
  }
  const bool legacy = as_text(record.name) == kLegacyName;
  if (legacy && (record.data.size() != kLegacyDataBytes || record.data.back() != 0)) {
    return {.field = "data", .reason = "data of the template ima is a digest of 20 bytes and a name padded to 256"};
  }
  for (const DigestEntry& entry : record.digests) {
    if (entry.algorithm != bank && !is_implied(engine, record, entry)) {
      return {.field = fmt::format("digest {}", to_string(entry.algorithm)),
              .reason = "a list has the digests of one bank, and this one is not the hash of the entry's data"};
    }
  }
  return {};
}

}  // namespace mrtool::ima
