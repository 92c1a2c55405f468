#include "formats/cel/numbering.hpp"

#include <fmt/format.h>

#include "lib/registers/names.hpp"

namespace mrtool::cel {

void NumberCheck::check(const Record& record) {
  if (!record.stated_number) {
    report_.add(QuirkId::no_recnum, record);
    return;
  }
  const std::uint64_t number = *record.stated_number;
  const auto before = last_;
  last_ = number;
  auto found = next_.find(record.reg);
  const bool first = found == next_.end();
  if (first) {
    if (next_.size() >= limits::kListedItems) {
      return;
    }
    found = next_.emplace(record.reg, 0).first;
  }
  const std::uint64_t expected = found->second;
  found->second = number + 1;
  if (number == expected) {
    return;
  }
  const auto say = [&](QuirkId id) {
    report_.add(id, record, [&] {
      return fmt::format("expected record number {} of {}, found {}", expected, to_string(record.reg), number);
    });
  };
  if (before && number == *before + 1) {
    say(QuirkId::global_numbering);
  } else if (first && number == 1) {
    say(QuirkId::numbering_from_one);
  } else {
    say(number < expected ? QuirkId::recnum_disorder : QuirkId::recnum_gap);
  }
}

std::optional<std::uint64_t> Numbering::next(const Register& reg) {
  const auto found = next_.find(reg);
  if (found != next_.end()) {
    return ++found->second;
  }
  if (next_.size() >= limits::kListedItems) {
    return std::nullopt;
  }
  next_.emplace(reg, 0);
  return 0;
}

WrittenNumbers::Number WrittenNumbers::of(const Record& record) {
  if (own_ && (record.stated_number || optional_)) {
    return {.overflow = false, .value = record.stated_number};
  }
  const auto next = numbering_.next(record.reg);
  return {.overflow = !next, .value = next};
}

}  // namespace mrtool::cel
