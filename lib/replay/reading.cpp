// Readings of TSM text logs (format notes, 6 and 6.1).
#include "lib/replay/reading.hpp"

#include <algorithm>

namespace mrtool {

void Reading::extend(const Extender& extender, ByteView digest) {
  extender.engine.extend(extender.bank, value, digest);
  ++records;
}

void Reading::extend_tentatively(const Extender& extender, ByteView digest, bool blank_before) {
  if (!block.open()) {
    block.base = value;
    block.base_records = records;
    block.base_first_direct = first_direct;
    if (!first_direct) {
      first_direct = records;
    }
  } else if (blank_before) {
    block.hinted = true;
    block.hinted_value = block.base;
    block.hinted_count = 0;
  }
  ++block.count;
  if (block.digests.size() < Block::kSearched) {
    block.digests.emplace_back(digest);
  }
  if (block.hinted) {
    extender.engine.extend(extender.bank, block.hinted_value, digest);
    ++block.hinted_count;
  }
  extend(extender, digest);
}

void Reading::take_from_block(const Digest& result, std::uint64_t count) {
  value = result;
  records = block.base_records + count;
  first_direct = block.base_first_direct;
  if (count != 0 && !first_direct) {
    first_direct = block.base_records;
  }
  block = {};
}

void Reading::undo_block() {
  if (block.open()) {
    const Digest base = block.base;
    take_from_block(base, 0);
  }
}

namespace {

struct Choice {
  Digest value;
  std::uint64_t count = 0;  // of the block's extends that took effect
};

// Every subset of the block's extends, in order; the one that gives the value.
std::optional<Choice> search(const Block& block, const Extender& extender, const Digest& stated, SearchBudget& budget) {
  const std::uint64_t needed = std::uint64_t{1} << block.digests.size();
  if (block.count > block.digests.size() || budget.operations < needed) {
    budget.exhausted = true;
    return std::nullopt;
  }
  std::vector<Choice> choices{{block.base, 0}};
  choices.reserve(needed);
  for (const Digest& digest : block.digests) {
    const std::size_t before = choices.size();
    budget.operations -= before;
    for (std::size_t i = 0; i < before; ++i) {
      Choice next{extender.extended(choices[i].value, digest.view()), choices[i].count + 1};
      if (next.value == stated) {
        return next;
      }
      choices.push_back(next);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> Reading::settle(const Extender& extender, const Digest& stated, SearchBudget& budget) {
  const std::uint64_t count = block.count;
  if (value == stated) {
    keep_block();
    return 0;
  }
  if (!block.open() || keeps_blocks) {
    return std::nullopt;
  }
  // The order of 6.1, but that what costs nothing comes before the search: no two choices give the same value.
  std::optional<Choice> choice;
  if (block.hinted && block.hinted_value == stated) {
    choice = Choice{stated, block.hinted_count};
  } else if (block.base == stated) {
    choice = Choice{stated, 0};
  } else {
    choice = search(block, extender, stated, budget);
  }
  if (!choice) {
    return std::nullopt;
  }
  take_from_block(stated, choice->count);
  return count - choice->count;
}

void Reading::rebase(std::uint64_t record, const Digest& stated, bool first_of_log) {
  if (gaps.size() < RegisterResult::kListedGaps) {
    gaps.push_back({record, value, stated});
  }
  keep_block();
  value = stated;
  if (first_of_log) {
    tail_only = true;
  } else if (!first_gap) {
    first_gap = records;
  }
}

void Trail::add(Reading reading) {
  if (std::ranges::any_of(readings, [&](const Reading& other) {
        return other.value == reading.value && other.rule == reading.rule && !other.block.open() &&
               !reading.block.open() && other.keeps_blocks == reading.keeps_blocks;
      })) {
    return;
  }
  if (readings.size() < kReadings) {
    readings.push_back(std::move(reading));
    return;
  }
  // What the log says without taking over a value is what values compared most likely decide for: it stays.
  const auto youngest = std::find_if(readings.rbegin(), readings.rend() - 1, [](const Reading& other) {
    return !other.gaps.empty() || other.rule == DigestRule::padded_before;
  });
  if (youngest != readings.rend() - 1) {
    *youngest = std::move(reading);
  }
}

}  // namespace mrtool
