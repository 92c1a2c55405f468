#include "tools/mrtool/render/document.hpp"

#include <fmt/format.h>

#include <unordered_map>
#include <unordered_set>

namespace mrtool {

struct UniqueNames::Many {
  std::unordered_set<std::string> given;
  std::unordered_map<std::string, std::uint64_t> counts;
  std::string last;
};

UniqueNames::UniqueNames() = default;
UniqueNames::~UniqueNames() = default;

std::string_view UniqueNames::unique_of_many(std::string_view name) {
  if (!many_) {
    many_ = std::make_unique<Many>();
    // The names so far differ from each other, so each counts once.
    for (std::size_t i = 0; i < count_; ++i) {
      many_->counts[std::string(few_[i])] = 1;
      many_->given.emplace(few_[i]);
    }
  }
  std::string& last = many_->last;
  last = name;
  std::uint64_t& count = many_->counts[last];
  ++count;
  if (count > 1) {
    last = fmt::format("{}_{}", name, count);
  }
  while (!many_->given.insert(last).second) {
    last = fmt::format("{}_{}", name, ++count);
  }
  return last;
}

void DocumentWriter::text_or_null(std::string_view value) {
  if (value.empty()) {
    null();
  } else {
    text(value);
  }
}

void DocumentWriter::members(const Value::Object& object) {
  UniqueNames names;
  for (const Member& member : object) {
    key(names.unique(member.name));
    value(member.value);
  }
}

void DocumentWriter::value(const Value& value) {
  if (const auto* const boolean_value = value.as<bool>()) {
    boolean(*boolean_value);
  } else if (const auto* const number_value = value.as<Number>()) {
    number(*number_value);
  } else if (const auto* const text_value = value.as<std::string>()) {
    text(*text_value);
  } else if (const auto* const bytes = value.as<Bytes>()) {
    hex(*bytes);
  } else if (const auto* const list = value.as<Value::List>()) {
    begin_list();
    for (const Value& item : *list) {
      this->value(item);
    }
    end_list();
  } else if (const auto* const object = value.as<Value::Object>()) {
    begin_object();
    members(*object);
    end_object();
  } else {
    null();
  }
}

}  // namespace mrtool
