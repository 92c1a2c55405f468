#include "formats/cel/numbering.hpp"

#include <fmt/format.h>

#include <utility>

#include "lib/registers/names.hpp"

namespace mrtool::cel {

RegisterNumbers::Found RegisterNumbers::find_or_add(const Register& reg) {
  if (last_ != nullptr && last_->first == reg) {
    return {.number = &last_->second, .first = false};
  }
  auto found = numbers_.find(reg);
  const bool first = found == numbers_.end();
  if (first) {
    if (numbers_.size() >= limits::kListedItems) {
      return {};
    }
    found = numbers_.emplace(reg, 0).first;
  }
  last_ = &*found;
  return {.number = &found->second, .first = first};
}

void NumberCheck::check(const Record& record) {
  if (!record.stated_number) {
    report_.add(QuirkId::no_recnum, record);
    return;
  }
  const std::uint64_t number = *record.stated_number;
  const auto before = last_;
  last_ = number;
  const auto [next, first] = next_.find_or_add(record.reg);
  if (next == nullptr) {
    return;
  }
  const std::uint64_t expected = std::exchange(*next, number + 1);
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
  std::uint64_t* const next = next_.find_or_add(reg).number;
  return next == nullptr ? std::nullopt : std::optional((*next)++);
}

WrittenNumbers::Number WrittenNumbers::of(const Record& record) {
  if (own_ && (record.stated_number || optional_)) {
    return {.overflow = false, .value = record.stated_number};
  }
  const auto next = numbering_.next(record.reg);
  return {.overflow = !next, .value = next};
}

}  // namespace mrtool::cel
