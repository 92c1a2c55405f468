#include "lib/content/digest_check.hpp"

#include "lib/content/contents.hpp"
#include "lib/content/judged_digest.hpp"

namespace mrtool {

void DigestCheck::add(std::span<const Record> records, const LogInfo& log,
                      const std::function<void(const Record&, const Judgement&)>& differs) {
  queue_.clear();
  queued_.clear();
  entries_.clear();
  for (const Record& record : records) {
    if (obstacle(record).empty()) {
      if (const auto count = queue(record, log)) {
        queued_.push_back({.record = &record, .count = *count});
      }
    }
  }
  queue_.hash(engine_);
  std::size_t first = 0;
  for (const Queued& queued : queued_) {
    if (queued.count != 0 && holds(first, queued.count)) {
      counts_.matches += queued.count;
    } else {
      judge_alone(*queued.record, log, differs);
    }
    first += queued.count;
  }
}

// How many digests of the record: none where its first rule is not that they are of one piece of the data. Nothing
// where there are none to judge.
std::optional<std::size_t> DigestCheck::queue(const Record& record, const LogInfo& log) {
  const pcclient::Context context{.record = record, .log = log, .data = record.data};
  const auto recipes = content_row(record.content).rule(record).recipes();
  const auto preimage = recipes.empty() ? std::nullopt : recipes.front().preimage(context);
  const bool one_piece = preimage && preimage->made.empty() && !preimage->nul_after;
  std::size_t queued = 0;
  for (const DigestEntry& entry : record.digests) {
    if (entry.is_hash_of_data) {
      ++counts_.computed;
    } else if (one_piece && obstacle(entry).empty()) {
      queue_.add(algorithm_of(*preimage, entry), preimage->part);
      entries_.push_back(&entry);
      ++queued;
    }
  }
  return queued != 0 || !one_piece ? std::optional(queued) : std::nullopt;
}

bool DigestCheck::holds(std::size_t first, std::size_t count) const {
  for (std::size_t i = first; i < first + count; ++i) {
    if (!is_logged(queue_.digest(i), *entries_[i])) {
      return false;
    }
  }
  return true;
}

void DigestCheck::judge_alone(const Record& record, const LogInfo& log,
                              const std::function<void(const Record&, const Judgement&)>& differs) {
  const Judgement judgement = judge(record, log, engine_);
  bool differing = false;
  for (std::size_t i = 0; i < judgement.digests.size(); ++i) {
    if (record.digests[i].is_hash_of_data) {
      continue;
    }
    switch (judgement.digests[i].check) {
      case Check::matches:
        ++counts_.matches;
        break;
      case Check::unverifiable:
        ++counts_.unverifiable;
        break;
      case Check::differs:
        ++counts_.differs;
        differing = true;
        break;
      case Check::none:
        break;
    }
  }
  if (differing) {
    differs(record, judgement);
  }
}

}  // namespace mrtool
