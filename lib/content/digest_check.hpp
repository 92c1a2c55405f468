// Whether the digests that logs hold are those of their contents: what judge() says, at the cost of the hashes alone
// where nothing is wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
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
  // A record of the batch, and how many of its digests its first rule queued.
  struct Queued {
    const Record* record = nullptr;
    std::size_t count = 0;  // 0: it is to be judged alone
  };
  std::optional<std::size_t> queue(const Record& record, const LogInfo& log);
  bool holds(std::size_t first, std::size_t count) const;
  void judge_alone(const Record& record, const LogInfo& log,
                   const std::function<void(const Record&, const Judgement&)>& differs);

  HashEngine engine_;
  DigestQueue queue_;
  std::vector<Queued> queued_;               // of the batch
  std::vector<const DigestEntry*> entries_;  // of these records, one for each digest that is queued
  Counts counts_;
};

}  // namespace mrtool
