// Reading the members of a policy's maps: what is missing, unknown or of a wrong type fails with its place.
#pragma once

#include <fmt/format.h>

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/nearest_word.hpp"
#include "lib/base/text.hpp"
#include "lib/verify/policy_yaml.hpp"

namespace mrtool::policy {

template <class T>
struct Word {
  std::string_view name;
  T value;
};

std::string suggestion(std::string_view word, std::span<const std::string_view> known);

// Fails for a node that is no map, and for a key that is not among `known`.
Status check_keys(const Node& map, std::string_view what, std::span<const std::string_view> known);
Result<std::string> text_of(const Node& node, std::string_view what);
// A list of nodes; anything else is the only item of one.
std::span<const Node> items_of(const Node& node);

template <class T, std::size_t kCount>
Result<T> word_of(const Node& node, std::string_view what, const std::array<Word<T>, kCount>& words) {
  std::array<std::string_view, kCount> names;
  for (std::size_t i = 0; i < kCount; ++i) {
    if (node.kind == Node::Kind::scalar && node.text == words[i].name) {
      return words[i].value;
    }
    names[i] = words[i].name;
  }
  return fail_at(node, fmt::format("expected {} ({}), found \"{}\"{}", what, fmt::join(names, ", "),
                                   escape_for_terminal(node.text), suggestion(node.text, names)));
}

}  // namespace mrtool::policy
