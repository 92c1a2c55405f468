#include "formats/tcg/carry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "formats/tcg/frame.hpp"
#include "formats/tcg/spec_id.hpp"
#include "lib/base/limits.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::tcg {
namespace {

Carried lost(std::string_view field, std::string reason) {
  return {.carriage = Carriage::lost, .field = std::string(field), .reason = std::move(reason)};
}

Carried lost_record(std::string reason) {
  return lost("record", std::move(reason));
}

bool measured_as_it_stands(const Record& record) {
  thread_local HashEngine engine;
  return !record.digests.empty() && std::ranges::all_of(record.digests, [&](const DigestEntry& digest) {
    return digest.origin == DigestOrigin::alternative ||
           (HashEngine::can_compute(digest.algorithm) &&
            equal(engine.hash(digest.algorithm, record.data).view(), digest.value));
  });
}

Carried carry_line(Row row, const Record& record) {
  if (record.type == static_cast<std::uint32_t>(TsmLine::comment)) {
    return lost("comment", "a TCG log has no place for text that is not measured");
  }
  if (row == Row::tcg) {
    return lost_record("a SHA-1 log does not hold lines of a TSM log");
  }
  if (!measured_as_it_stands(record)) {
    return lost_record("the digest is not that of the line, so no event says what was measured");
  }
  return {.carriage = Carriage::encapsulated, .field = {}, .reason = {}};
}

Carried carry_content(Row row, const Record& record, const LogInfo& info) {
  switch (record.content) {
    case ContentType::pcclient:
      if (row == Row::tcg && announces_banks(record) && !announces_sha1_only(record)) {
        return lost_record("a SHA-1 log cannot announce banks");
      }
      return {};
    case ContentType::tsm:
      return carry_line(row, record);
    case ContentType::none:
      return is_own(row, info) ? Carried{} : lost_record("a TCG log holds events only");
    default:
      return lost_record(fmt::format("a TCG log has no event for {} content", mrtool::to_string(record.content)));
  }
}

Carried carry_digests(Row row, const Record& record, const LogInfo& info) {
  std::string fields;
  std::size_t kept = 0;
  for (const DigestEntry& digest : record.digests) {
    if (digest.origin == DigestOrigin::alternative) {
      continue;
    }
    if (can_hold(row, digest, info)) {
      ++kept;
    } else {
      fmt::format_to(std::back_inserter(fields), "{}digest {}", fields.empty() ? "" : ", ",
                     mrtool::to_string(digest.algorithm));
    }
  }
  if (kept == 0 && record.extends) {
    return lost_record(row == Row::tcg ? "a SHA-1 log holds nothing without a SHA-1 digest"
                                       : "the record extends its register and has no digest that the log can hold");
  }
  if (kept > limits::kDigestsPerRecord) {
    return lost_record(fmt::format("a record holds at most {} digests", limits::kDigestsPerRecord));
  }
  if (!fields.empty()) {
    return lost(fields, row == Row::tcg ? "a SHA-1 log holds SHA-1 digests only"
                                        : "the algorithm has no identifier in TCG logs, or another size");
  }
  return {};
}

}  // namespace

std::string_view to_string(Row row) {
  static constexpr std::array<std::string_view, 3> kNames{"tcg", "tcg2", "ccel"};
  return kNames[static_cast<std::size_t>(row)];
}

bool is_own(Row row, const LogInfo& info) {
  return info.format.empty() || info.format == to_string(row);
}

std::optional<std::uint64_t> index_of(Row row, const Record& record, const LogInfo& info) {
  if (is_own(row, info)) {
    return record.raw_index;
  }
  if (!record.reg.provider.empty() || !record.reg.carrier.empty()) {
    return std::nullopt;
  }
  return index_from_register(record.reg, row == Row::ccel);
}

bool can_hold(Row row, const DigestEntry& digest, const LogInfo& info) {
  if (row == Row::tcg) {
    return digest.algorithm == HashAlgorithm::sha1 && digest.value.size() == kSha1DigestBytes;
  }
  if (digest.algorithm == HashAlgorithm::sha224 || digest.algorithm == HashAlgorithm::none) {
    return false;
  }
  const auto announced = std::ranges::find(info.algorithms, digest.algorithm, &AlgorithmSize::algorithm);
  if (announced != info.algorithms.end()) {
    return announced->size == digest.value.size();
  }
  const HashAlgorithmRow* known = find_algorithm(digest.algorithm);
  return known != nullptr && known->size == digest.value.size();
}

bool announces_banks(const Record& record) {
  return record.content == ContentType::pcclient && record.type == kNoAction && read_spec_id(record.data).agile();
}

bool announces_sha1_only(const Record& record) {
  constexpr std::size_t kBytes = 33;  // one bank, no vendor bytes
  return announces_banks(record) && record.data.size() == kBytes &&
         read_spec_id(record.data).algorithms == std::vector<AlgorithmSize>{{HashAlgorithm::sha1, kSha1DigestBytes}};
}

Carried carry(Row row, const Record& record, const LogInfo& info) {
  if (is_own(row, info) && !record.raw.empty()) {
    return {};
  }
  const auto index = index_of(row, record, info);
  if (!index) {
    return lost_record(fmt::format("{} logs have no index for {}", to_string(row), mrtool::to_string(record.reg)));
  }
  if (record.data.size() + kSha1HeaderBytes > limits::kRecordBytes) {
    return lost_record("the event is too large");
  }
  Carried content = carry_content(row, record, info);
  if (content.carriage == Carriage::lost) {
    return content;
  }
  Carried digests = carry_digests(row, record, info);
  return digests.carriage == Carriage::lost ? digests : content;
}

}  // namespace mrtool::tcg
