#include "formats/tcg/overlap.hpp"

#include <algorithm>

namespace mrtool::tcg {

OverlapFinder::Hash OverlapFinder::hash_of(const Record& record) {
  const Digest digest = engine_.hash(HashAlgorithm::sha256, record.raw);
  Hash hash{};
  std::ranges::copy(digest.view(), hash.begin());
  return hash;
}

std::size_t OverlapFinder::advance(std::size_t matched, const Hash& hash) const {
  while (matched > 0 && (matched == table_.size() || table_[matched] != hash)) {
    matched = borders_[matched - 1];
  }
  return matched < table_.size() && table_[matched] == hash ? matched + 1 : matched;
}

void OverlapFinder::add_table_record(const Record& record) {
  const Hash hash = hash_of(record);
  const std::size_t border = table_.empty() ? 0 : advance(borders_.back(), hash);
  table_.push_back(hash);
  borders_.push_back(border);
}

void OverlapFinder::add_main_record(const Record& record) {
  if (!table_.empty()) {
    matched_ = advance(matched_, hash_of(record));
  }
}

}  // namespace mrtool::tcg
