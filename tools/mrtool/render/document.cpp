#include "tools/mrtool/render/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace mrtool {

struct UniqueNames::State {
  // Structures have a few fields mostly, and looking through those costs less than hashing them.
  static constexpr std::size_t kFew = 16;
  std::vector<std::string> few;

  std::unordered_set<std::string> given;
  std::unordered_map<std::string, std::uint64_t> counts;
  std::string last;

  // The names so far differ from each other, so each counts once.
  void leave_few() {
    for (const std::string& name : few) {
      counts[name] = 1;
      given.insert(name);
    }
    few.clear();
  }
};

UniqueNames::UniqueNames() : state_(std::make_unique<State>()) {}
UniqueNames::~UniqueNames() = default;

std::string_view UniqueNames::unique(std::string_view name) {
  if (state_->given.empty()) {
    if (state_->few.size() < State::kFew && std::ranges::find(state_->few, name) == state_->few.end()) {
      return state_->few.emplace_back(name);
    }
    state_->leave_few();
  }
  state_->last = name;
  std::uint64_t& count = state_->counts[state_->last];
  ++count;
  if (count > 1) {
    state_->last = fmt::format("{}_{}", name, count);
  }
  while (!state_->given.insert(state_->last).second) {
    state_->last = fmt::format("{}_{}", name, ++count);
  }
  return state_->last;
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
