#include "formats/ima/lines_ahead.hpp"

#include <algorithm>

#include "formats/ima/digests.hpp"
#include "lib/base/limits.hpp"

namespace mrtool::ima {

namespace {

constexpr std::size_t kMostLines = 256;

}  // namespace

LinesAhead::Taken LinesAhead::take(std::string_view text, HashAlgorithm bank, ByteOrder order, HashEngine& engine,
                                   Arena& arena) {
  const HashAlgorithmRow* row = find_algorithm(bank);
  if (row == nullptr || !HashEngine::can_compute(bank)) {
    return {};
  }
  entries_.clear();
  data_.clear();
  while (entries_.size() < most_) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos || end > limits::kRecordBytes ||
        !parse(text.substr(0, end), row->size, order, arena)) {
      break;
    }
    text.remove_prefix(end + 1);
  }
  const bool full = entries_.size() == most_;
  const std::size_t confirmed = count_confirmed(bank, row->size, engine);
  most_ = confirmed == entries_.size() ? std::min(2 * most_, kMostLines) : 1;
  return {.entries = std::span(entries_).first(confirmed), .more = full && confirmed == entries_.size()};
}

bool LinesAhead::parse(std::string_view line, std::size_t digest_bytes, ByteOrder order, Arena& arena) {
  auto parsed = parse_line(line);
  if (!parsed || parsed->digest.size() != digest_bytes) {
    return false;
  }
  const auto& kind = recent_template(parsed->name);
  if (!kind) {
    return false;
  }
  rebuild_data(*kind, parsed->fields, order, rebuilt_);
  if (!rebuilt_.problem.empty()) {
    return false;
  }
  data_.push_back(arena.keep(rebuilt_.data));
  entries_.push_back({.line = *parsed,
                      .data = data_.back(),
                      .missing_blanks = rebuilt_.missing_blanks,
                      .blank_in_name = rebuilt_.blank_in_name,
                      .size = line.size() + 1});
  return true;
}

std::size_t LinesAhead::count_confirmed(HashAlgorithm bank, std::size_t digest_bytes, HashEngine& engine) {
  digests_.resize(data_.size() * digest_bytes);
  engine.hash_many(bank, data_, digests_);
  ByteView computed(digests_);
  std::size_t count = 0;
  for (const LineEntry& entry : entries_) {
    const ByteView digest = entry.line.digest.view();
    if (!Digests::is_violation(digest) && !equal(computed.first(digest_bytes), digest)) {
      break;
    }
    computed = computed.subspan(digest_bytes);
    ++count;
  }
  return count;
}

}  // namespace mrtool::ima
