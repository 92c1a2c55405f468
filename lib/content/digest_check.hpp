// Whether the digests that logs hold are those of their contents: what judge() says, at the cost of the hashes alone
// where nothing is wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "lib/content/content.hpp"
#include "lib/content/digest_queue.hpp"

namespace mrtool {

class DigestCheck {
 public:
  struct Counts {
    std::uint64_t computed = 0;  // from the contents, by the reader: right by the way they are made
    std::uint64_t matches = 0;   // of all others
    std::uint64_t unverifiable = 0;
    std::uint64_t differs = 0;
  };

  // `workers`: who helps to hash, if not null; they stay longer than this.
  explicit DigestCheck(Workers* workers = nullptr) : engine_(workers) {}

  // Records of one log. Calls `differs` for each that has a digest which should be that of its content and is not.
  void add(std::span<const Record> records, const LogInfo& log,
           const std::function<void(const Record&, const Judgement&)>& differs);

  const Counts& counts() const { return counts_; }

 private:
  // A record of the batch whose first rule was queued, and where its digests are in the queue.
  struct Queued {
    const Record* record = nullptr;
    std::size_t first = 0;
    std::size_t count = 0;
  };
  void count_computed(const Record& record);
  bool queue(const Record& record, const LogInfo& log);
  bool holds(const Queued& queued) const;
  void judge_alone(const Record& record, const LogInfo& log,
                   const std::function<void(const Record&, const Judgement&)>& differs);

  HashEngine engine_;
  DigestQueue queue_;
  std::vector<Queued> queued_;  // of the batch; a count of 0: to be judged alone
  Counts counts_;
};

}  // namespace mrtool
