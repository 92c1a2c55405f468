#include "lib/content/digest_check.hpp"

#include "lib/content/contents.hpp"
#include "lib/content/judged_digest.hpp"

namespace mrtool {

namespace {

bool is_judged(const DigestEntry& entry) {
  return !entry.is_hash_of_data && obstacle(entry).empty();
}

}  // namespace

void DigestCheck::add(std::span<const Record> records, const LogInfo& log,
                      const std::function<void(const Record&, const Judgement&)>& differs) {
  queue_.clear();
  queued_.clear();
  for (const Record& record : records) {
    if (!obstacle(record).empty()) {
      continue;
    }
    count_computed(record);
    if (!queue(record, log)) {
      queued_.push_back({.record = &record});
    }
  }
  queue_.hash(engine_);
  for (const Queued& queued : queued_) {
    if (queued.count != 0 && holds(queued)) {
      counts_.matches += queued.count;
    } else {
      judge_alone(*queued.record, log, differs);
    }
  }
}

void DigestCheck::count_computed(const Record& record) {
  for (const DigestEntry& entry : record.digests) {
    counts_.computed += entry.is_hash_of_data ? 1 : 0;
  }
}

// False: its first rule is not that the digest is of one piece of the data.
bool DigestCheck::queue(const Record& record, const LogInfo& log) {
  const pcclient::Context context{.record = record, .log = log, .data = record.data};
  const auto recipes = content_row(record.content).rule(record).recipes();
  const auto preimage = recipes.empty() ? std::nullopt : recipes.front().preimage(context);
  if (!preimage || !preimage->made.empty() || preimage->nul_after) {
    return false;
  }
  Queued queued{.record = &record, .first = queue_.size()};
  for (const DigestEntry& entry : record.digests) {
    if (is_judged(entry)) {
      queue_.add(algorithm_of(*preimage, entry), preimage->part);
      ++queued.count;
    }
  }
  if (queued.count != 0) {
    queued_.push_back(queued);
  }
  return true;
}

bool DigestCheck::holds(const Queued& queued) const {
  std::size_t next = queued.first;
  for (const DigestEntry& entry : queued.record->digests) {
    if (is_judged(entry) && !is_logged(queue_.digest(next++), entry)) {
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
