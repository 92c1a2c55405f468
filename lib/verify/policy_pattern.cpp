#include "lib/verify/policy_pattern.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace mrtool::policy {

namespace {

// The values at a path; a list stands for each of its items, a number in the path for one of them.
void collect(const Value& value, std::span<const std::string> path, std::vector<const Value*>& values) {
  if (const auto* list = value.as<Value::List>()) {
    const auto index = path.empty() ? std::nullopt : parse_number(path.front());
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (!index) {
        collect((*list)[i], path, values);
      } else if (i == *index) {
        collect((*list)[i], path.subspan(1), values);
      }
    }
  } else if (path.empty()) {
    values.push_back(&value);
  } else if (const Value* member = value.find(path.front())) {
    collect(*member, path.subspan(1), values);
  }
}

std::string text_of(const Value& value) {
  if (const auto* text = value.as<std::string>()) {
    return *text;
  }
  if (const auto* bytes = value.as<Bytes>()) {
    return to_hex(*bytes);
  }
  if (const auto* number = value.as<Number>()) {
    return std::to_string(number->value);
  }
  if (const auto* boolean = value.as<bool>()) {
    return *boolean ? "true" : "false";
  }
  return {};
}

bool is_comparable(const Value& value) {
  return !value.is_null() && value.as<Value::Object>() == nullptr;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

bool same_text(const Pattern& pattern, const Value& value) {
  if (const auto* number = value.as<Number>()) {
    return parse_number(pattern.text) == number->value;
  }
  const bool bytes = value.as<Bytes>() != nullptr;
  const std::string wanted = bytes ? lower_case(pattern.text) : pattern.text;
  const std::string found = text_of(value);
  return pattern.kind == Pattern::Kind::equals || bytes ? found == wanted : matches_glob(wanted, found);
}

bool in_range(const Pattern& pattern, const Value& value) {
  const auto* number = value.as<Number>();
  return number != nullptr && number->value >= pattern.min && number->value <= pattern.max;
}

bool contains_all(const Pattern& pattern, const std::vector<const Value*>& values) {
  std::set<const std::string*> found;
  for (const Value* value : values) {
    if (const auto item = pattern.set->find(canonical(text_of(*value))); item != pattern.set->end()) {
      found.insert(&*item);
    }
  }
  return found.size() == pattern.set->size();
}

bool is_any(const Pattern& pattern, const std::vector<const Value*>& values) {
  return std::ranges::any_of(pattern.options, [&](const Pattern& option) { return matches(option, values); });
}

Answer path_holds(const FieldPattern& wanted, const Evidence& evidence) {
  const std::string& name = wanted.path.front();
  if (name == kMeasured) {
    if (!evidence.measured) {
      return Answer::unknown;
    }
    const Value value(*evidence.measured);
    return matches(wanted.pattern, {&value}) ? Answer::yes : Answer::no;
  }
  if (evidence.decoded == nullptr) {
    return Answer::unknown;
  }
  if (name == kKind) {
    const Value value(evidence.decoded->kind);
    return !evidence.whole ? Answer::unknown : matches(wanted.pattern, {&value}) ? Answer::yes : Answer::no;
  }
  const FoundField field = find_field(evidence, name);
  if (field.there != Answer::yes) {
    return field.there;
  }
  std::vector<const Value*> values;
  collect(*field.value, std::span(wanted.path).subspan(1), values);
  return matches(wanted.pattern, values) ? Answer::yes : Answer::no;
}

}  // namespace

Answer negated(Answer answer) {
  return answer == Answer::unknown ? answer : answer == Answer::yes ? Answer::no : Answer::yes;
}

bool matches_glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;  // the last one, and where what it stands for ends
  std::size_t resume = 0;
  while (t < text.size()) {
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    const char wanted = p < pattern.size() ? pattern[escaped ? p + 1 : p] : '\0';
    if (p < pattern.size() && !escaped && wanted == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (wanted == text[t] || (!escaped && wanted == '?'))) {
      p += escaped ? 2 : 1;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool matches(const Pattern& pattern, const std::vector<const Value*>& values) {
  const auto any = [&](const auto& holds) {
    return std::ranges::any_of(values, [&](const Value* value) { return is_comparable(*value) && holds(*value); });
  };
  switch (pattern.kind) {
    case Pattern::Kind::text:
    case Pattern::Kind::equals:
      return any([&](const Value& value) { return same_text(pattern, value); });
    case Pattern::Kind::any_of:
      return is_any(pattern, values);
    case Pattern::Kind::none_of:
      return !values.empty() && !is_any(pattern, values);
    case Pattern::Kind::range:
      return any([&](const Value& value) { return in_range(pattern, value); });
    case Pattern::Kind::contains:
      return contains_all(pattern, values);
    case Pattern::Kind::within:
      return std::ranges::all_of(values, [&](const Value* value) {
        return is_comparable(*value) && pattern.set->contains(canonical(text_of(*value)));
      });
  }
  return false;
}

FoundField find_field(const Evidence& evidence, std::string_view name) {
  if (evidence.decoded == nullptr) {
    return {};
  }
  const auto named = [&](const Field& field) { return field.name == name; };
  const auto& fields = evidence.decoded->fields;
  const auto field = std::ranges::find_if(fields, named);
  if (field == fields.end()) {
    return {.there = evidence.whole ? Answer::no : Answer::unknown, .value = nullptr};
  }
  const bool twice = std::find_if(field + 1, fields.end(), named) != fields.end();
  if (twice || field->range.end > evidence.covered_end) {
    return {};
  }
  return {.there = Answer::yes, .value = &field->value};
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  const std::string_view digits = text.substr(hexadecimal ? 2 : 0);
  std::uint64_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, problem] = std::from_chars(digits.data(), end, number, hexadecimal ? 16 : 10);
  return digits.empty() || problem != std::errc() || stop != end ? std::nullopt : std::optional(number);
}

std::string canonical(std::string_view text) {
  constexpr std::size_t kShortestDigest = 32;
  const bool digest =
      text.size() >= kShortestDigest && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  return digest ? lower_case(text) : std::string(text);
}

Answer all_hold(const std::vector<FieldPattern>& patterns, const Evidence& evidence) {
  Answer answer = Answer::yes;
  for (const FieldPattern& pattern : patterns) {
    answer = std::min(answer, path_holds(pattern, evidence));
  }
  return answer;
}

}  // namespace mrtool::policy
