#include "lib/verify/policy_fields.hpp"

#include <algorithm>

namespace mrtool::policy {

std::string suggestion(std::string_view word, std::span<const std::string_view> known) {
  const std::string_view nearest = nearest_word(word, known);
  return nearest.empty() ? std::string() : fmt::format("; did you mean {}?", nearest);
}

Status check_keys(const Node& map, std::string_view what, std::span<const std::string_view> known) {
  if (map.kind != Node::Kind::map) {
    return fail_at(map, fmt::format("expected {}: a map of {}", what, fmt::join(known, ", ")));
  }
  for (const auto& [key, value] : map.members) {
    if (std::ranges::find(known, key.text) == known.end()) {
      return fail_at(key, fmt::format("unknown key \"{}\" in {}{}", escape_for_terminal(key.text), what,
                                      suggestion(key.text, known)));
    }
  }
  return {};
}

Result<std::string> text_of(const Node& node, std::string_view what) {
  if (node.kind != Node::Kind::scalar || node.text.empty()) {
    return fail_at(node, fmt::format("expected {}: a text", what));
  }
  return node.text;
}

std::span<const Node> items_of(const Node& node) {
  return node.kind == Node::Kind::list ? std::span<const Node>(node.items) : std::span<const Node>(&node, 1);
}

}  // namespace mrtool::policy
