#include "lib/content/content.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/content/contents.hpp"
#include "lib/content/decoders.hpp"
#include "lib/content/recipes.hpp"

namespace mrtool {

namespace {

using pcclient::Context;
using pcclient::EventType;
using pcclient::Otherwise;
using pcclient::Preimage;
using pcclient::Recipe;

constexpr std::string_view kNotMeasured = "not-measured";
constexpr std::string_view kAlternative = "alternative-rule";
constexpr std::string_view kUnknownAlgorithm = "unknown-algorithm";
constexpr std::string_view kSizeContradiction = "digest-size-contradicts-algorithm";

// Why a bank cannot be computed; empty when it can.
std::string_view obstacle(const DigestEntry& entry) {
  if (entry.origin == DigestOrigin::alternative) {
    return kAlternative;
  }
  const HashAlgorithmRow* row = find_algorithm(entry.algorithm);
  if (row == nullptr || !HashEngine::can_compute(entry.algorithm)) {
    return kUnknownAlgorithm;
  }
  return entry.value.size() == row->size ? std::string_view{} : kSizeContradiction;
}

bool holds(const Preimage& preimage, const DigestEntry& entry, HashEngine& engine) {
  static constexpr std::array<std::uint8_t, 1> kNul{0};
  const ByteView first = preimage.made.empty() ? preimage.part : ByteView(preimage.made);
  const HashAlgorithm algorithm = preimage.padded_sha1 ? HashAlgorithm::sha1 : entry.algorithm;
  if (!HashEngine::can_compute(algorithm)) {
    return false;
  }
  const Digest digest = engine.hash(algorithm, first, preimage.nul_after ? ByteView(kNul) : ByteView{});
  return entry.value.size() >= digest.size() && equal(digest.view(), entry.value.first(digest.size())) &&
         all_equal_to(entry.value.subspan(digest.size()), 0);
}

// Tries the rules of a type on a record, and remembers the one that holds in most banks.
class Judge {
 public:
  Judge(const Context& context, const EventType& type, HashEngine& engine)
      : context_(context), type_(type), engine_(engine) {
    for (const DigestEntry& entry : context.record.digests) {
      const std::string_view reason = obstacle(entry);
      judgement_.digests.push_back({.check = Check::none, .recipe = reason});
      computable_ += reason.empty() ? 1 : 0;
    }
  }

  Judgement run() {
    for (const Recipe& recipe : type_.recipes()) {
      if (best_count_ < computable_) {
        attempt(recipe);
      }
    }
    // A rule that holds in one bank is the record's rule, so another bank's digest breaks it.
    const bool breaks = best_count_ > 0 || type_.otherwise(context_) == Otherwise::differs;
    for (std::size_t i = 0; i < judgement_.digests.size(); ++i) {
      DigestJudgement& digest = judgement_.digests[i];
      if (!digest.recipe.empty()) {
        continue;
      }
      if (best_count_ > 0 && best_[i]) {
        digest = {.check = Check::matches, .recipe = best_recipe_};
      } else {
        digest = breaks ? DigestJudgement{.check = Check::differs, .recipe = {}}
                        : DigestJudgement{.check = Check::unverifiable, .recipe = type_.outside};
      }
    }
    return std::move(judgement_);
  }

 private:
  void attempt(const Recipe& recipe) {
    const auto preimage = recipe.preimage(context_);
    if (!preimage) {
      return;
    }
    std::vector<bool> matching(judgement_.digests.size());
    std::size_t count = 0;
    for (std::size_t i = 0; i < matching.size(); ++i) {
      if (judgement_.digests[i].recipe.empty() && holds(*preimage, context_.record.digests[i], engine_)) {
        matching[i] = true;
        ++count;
      }
    }
    if (count > best_count_) {
      best_ = std::move(matching);
      best_count_ = count;
      best_recipe_ = recipe.name;
      judgement_.covered = preimage->covers;
      judgement_.error_separator = recipe.name == pcclient::kErrorSeparatorRecipe;
    }
  }

  const Context& context_;
  const EventType& type_;
  HashEngine& engine_;
  Judgement judgement_;
  std::size_t computable_ = 0;
  std::vector<bool> best_;
  std::size_t best_count_ = 0;
  std::string_view best_recipe_;
};

Judgement nothing_to_judge(const Record& record, std::string_view reason) {
  Judgement judgement;
  judgement.digests.assign(record.digests.size(), {.check = Check::none, .recipe = reason});
  return judgement;
}

}  // namespace

std::string_view to_string(Check check) {
  switch (check) {
    case Check::matches:
      return "matches";
    case Check::unverifiable:
      return "unverifiable";
    case Check::differs:
      return "differs";
    case Check::none:
      return "none";
  }
  return {};
}

const Value* Decoded::find(std::string_view name) const {
  const auto field = std::ranges::find_if(fields, [&](const Field& item) { return item.name == name; });
  return field == fields.end() ? nullptr : &field->value;
}

std::vector<std::string_view> covered_fields(const Decoded& decoded, const Judgement& judgement) {
  std::vector<std::string_view> names;
  if (judgement.covered) {
    for (const Field& field : decoded.fields) {
      if (judgement.covered->contains(field.range)) {
        names.emplace_back(field.name);
      }
    }
  }
  return names;
}

Decoded decode(const Record& record, const LogInfo& log) {
  return content_row(record.content).rule(record).decode({.record = record, .log = log, .data = record.data});
}

Judgement judge(const Record& record, const LogInfo& log, HashEngine& engine) {
  if (record.content == ContentType::none) {
    return nothing_to_judge(record, "unknown-content");
  }
  // A record that names no register of the log's is not folded, but its digest can be looked at all the same.
  if (!record.extends && record.reg.kind != RegisterKind::invalid) {
    return nothing_to_judge(record, kNotMeasured);
  }
  const Context context{.record = record, .log = log, .data = record.data};
  return Judge(context, content_row(record.content).rule(record), engine).run();
}

std::string event_type_name(const Record& record) {
  return content_row(record.content).type_name(record);
}

}  // namespace mrtool
