#include "lib/content/judgement.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "lib/content/contents.hpp"
#include "lib/content/decoders.hpp"
#include "lib/content/digest_queue.hpp"
#include "lib/content/judged_digest.hpp"
#include "lib/content/recipes.hpp"

namespace mrtool {

namespace {

using pcclient::Context;
using pcclient::EventType;
using pcclient::Otherwise;
using pcclient::Preimage;
using pcclient::Recipe;

constexpr std::string_view kNotMeasured = "not-measured";
constexpr std::string_view kUnknownContent = "unknown-content";
constexpr std::string_view kAlternative = "alternative-rule";
constexpr std::string_view kUnknownAlgorithm = "unknown-algorithm";
constexpr std::string_view kSizeContradiction = "digest-size-contradicts-algorithm";

}  // namespace

std::string_view obstacle(const DigestEntry& entry) {
  if (entry.is_hash_of_data) {
    return {};  // or its reader could not have made it
  }
  if (entry.origin == DigestOrigin::alternative) {
    return kAlternative;
  }
  const HashAlgorithmRow* row = find_algorithm(entry.algorithm);
  if (row == nullptr || !HashEngine::can_compute(entry.algorithm)) {
    return kUnknownAlgorithm;
  }
  return entry.value.size() == row->size ? std::string_view{} : kSizeContradiction;
}

std::string_view obstacle(const Record& record) {
  if (record.content == ContentType::none) {
    return kUnknownContent;
  }
  // A record that names no register of the log's is not folded, but its digest can be looked at all the same.
  return record.extends || record.reg.kind == RegisterKind::invalid ? std::string_view{} : kNotMeasured;
}

HashAlgorithm algorithm_of(const Preimage& preimage, const DigestEntry& entry) {
  return preimage.padded_sha1 ? HashAlgorithm::sha1 : entry.algorithm;
}

bool is_logged(ByteView digest, const DigestEntry& entry) {
  return entry.value.size() >= digest.size() && equal(digest, entry.value.first(digest.size())) &&
         all_equal_to(entry.value.subspan(digest.size()), 0);
}

namespace {

Judgement nothing_to_judge(const Record& record, std::string_view reason) {
  Judgement judgement;
  judgement.digests.assign(record.digests.size(), {.check = Check::none, .recipe = reason});
  return judgement;
}

bool holds(const Preimage& preimage, const DigestEntry& entry, HashEngine& engine) {
  static constexpr std::array<std::uint8_t, 1> kNul{0};
  const ByteView first = preimage.made.empty() ? preimage.part : ByteView(preimage.made);
  const HashAlgorithm algorithm = algorithm_of(preimage, entry);
  if (!HashEngine::can_compute(algorithm)) {
    return false;
  }
  return is_logged(engine.hash(algorithm, first, preimage.nul_after ? ByteView(kNul) : ByteView{}).view(), entry);
}

// What the rule asks for is what the reader has hashed a moment ago: hashing again would double the cost of every list.
bool is_hash_already(const DigestEntry& entry, const Record& record, const Preimage& preimage) {
  return entry.is_hash_of_data && !preimage.padded_sha1 && preimage.part.data() == record.data.data() &&
         preimage.part.size() == record.data.size();
}

// Which digests a rule holds for, and the best rule so far: room that one record after another uses.
struct Matches {
  std::vector<std::uint8_t> now;  // 0 or 1
  std::vector<std::uint8_t> best;
};

// Queues what the first rule hashes, where that is one piece of the record's data; returns where in the queue, or
// nothing where it isn't.
std::optional<std::size_t> queue_first(const Context& context, DigestQueue& queue) {
  const auto recipes = content_row(context.record.content).rule(context.record).recipes();
  const auto preimage = recipes.empty() ? std::nullopt : recipes.front().preimage(context);
  if (!preimage || !preimage->made.empty() || preimage->nul_after) {
    return std::nullopt;
  }
  const std::size_t place = queue.size();
  for (const DigestEntry& entry : context.record.digests) {
    if (!is_hash_already(entry, context.record, *preimage) && obstacle(entry).empty()) {
      queue.add(algorithm_of(*preimage, entry), preimage->part);
    }
  }
  return place;
}

// Tries the rules of a type on a record, and remembers the one that holds in most banks.
class Judge {
 public:
  // `judgement`: whose room is used.
  Judge(const Context& context, HashEngine& engine, Judgement& judgement)
      : context_(context),
        type_(content_row(context.record.content).rule(context.record)),
        engine_(engine),
        judgement_(judgement) {
    judgement_.digests.clear();
    judgement_.covered.reset();
    judgement_.error_separator = false;
    for (const DigestEntry& entry : context.record.digests) {
      const std::string_view reason = obstacle(entry);
      judgement_.digests.push_back({.check = Check::none, .recipe = reason});
      computable_ += reason.empty() ? 1 : 0;
    }
  }

  // `queued`: where queue_first() has put the record's digests, which are hashed now.
  void run(Matches& matches, const DigestQueue& queue, std::optional<std::size_t> queued) {
    queued_ = queued;
    bool first = true;
    for (const Recipe& recipe : type_.recipes()) {
      if (best_count_ < computable_) {
        attempt(recipe, matches, first ? &queue : nullptr);
      }
      first = false;
    }
    // A rule that holds in one bank is the record's rule, so another bank's digest breaks it.
    const bool breaks = best_count_ > 0 || type_.otherwise(context_) == Otherwise::differs;
    for (std::size_t i = 0; i < judgement_.digests.size(); ++i) {
      DigestJudgement& digest = judgement_.digests[i];
      if (!digest.recipe.empty()) {
        continue;
      }
      if (best_count_ > 0 && matches.best[i] != 0) {
        digest = {.check = Check::matches, .recipe = best_recipe_};
      } else {
        digest = breaks ? DigestJudgement{.check = Check::differs, .recipe = {}}
                        : DigestJudgement{.check = Check::unverifiable, .recipe = type_.outside};
      }
    }
  }

 private:
  // The digests that are queued are asked for in their order.
  bool holds_for(const DigestEntry& entry, const Preimage& preimage, const DigestQueue* queue) {
    if (queue == nullptr || !queued_) {
      return holds(preimage, entry, engine_);
    }
    return is_hash_already(entry, context_.record, preimage) || is_logged(queue->digest((*queued_)++), entry);
  }

  void attempt(const Recipe& recipe, Matches& matches, const DigestQueue* queue) {
    const auto preimage = recipe.preimage(context_);
    if (!preimage) {
      return;
    }
    matches.now.assign(judgement_.digests.size(), 0);
    std::size_t count = 0;
    for (std::size_t i = 0; i < matches.now.size(); ++i) {
      if (!judgement_.digests[i].recipe.empty()) {
        continue;
      }
      const DigestEntry& entry = context_.record.digests[i];
      if (holds_for(entry, *preimage, queue)) {
        matches.now[i] = 1;
        ++count;
      }
    }
    if (count > best_count_) {
      std::swap(matches.best, matches.now);
      best_count_ = count;
      best_recipe_ = recipe.name;
      judgement_.covered = preimage->covers;
      judgement_.error_separator = recipe.name == pcclient::kErrorSeparatorRecipe;
    }
  }

  Context context_;
  const EventType& type_;
  HashEngine& engine_;
  Judgement& judgement_;
  std::size_t computable_ = 0;
  std::optional<std::size_t> queued_;  // where the queue has the next of the first rule's digests
  std::size_t best_count_ = 0;
  std::string_view best_recipe_;
};

}  // namespace

Judgement judge(const Record& record, const LogInfo& log, HashEngine& engine) {
  if (const std::string_view reason = obstacle(record); !reason.empty()) {
    return nothing_to_judge(record, reason);
  }
  Judgement judgement;
  Matches matches;
  Judge({.record = record, .log = log, .data = record.data}, engine, judgement).run(matches, {}, {});
  return judgement;
}

void judge_each(std::span<const Record* const> records, const LogInfo& log, HashEngine& engine,
                const std::function<void(std::size_t, Judgement&)>& tell) {
  const auto context_of = [&log](const Record& record) {
    return Context{.record = record, .log = log, .data = record.data};
  };
  DigestQueue queue;
  std::vector<std::optional<std::size_t>> places;
  places.reserve(records.size());
  for (const Record* record : records) {
    places.push_back(obstacle(*record).empty() ? queue_first(context_of(*record), queue) : std::nullopt);
  }
  queue.hash(engine);
  Judgement judgement;
  Matches matches;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (const std::string_view reason = obstacle(*records[i]); reason.empty()) {
      Judge(context_of(*records[i]), engine, judgement).run(matches, queue, places[i]);
    } else {
      judgement = nothing_to_judge(*records[i], reason);
    }
    tell(i, judgement);
  }
}

std::vector<Judgement> judge_many(std::span<const Record* const> records, const LogInfo& log, HashEngine& engine) {
  std::vector<Judgement> judgements;
  judgements.reserve(records.size());
  judge_each(records, log, engine, [&judgements](std::size_t /*index*/, Judgement& judgement) {
    judgements.push_back(std::move(judgement));
  });
  return judgements;
}

}  // namespace mrtool
