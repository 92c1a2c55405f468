// YAML and JSON as policies are written in: a tree in which every node knows its line and column.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace mrtool::policy {

struct Node {
  enum class Kind : std::uint8_t { null, scalar, list, map };

  Kind kind = Kind::null;
  std::string text;                            // of a scalar
  bool plain = true;                           // a scalar without quotes, which may be a number or a boolean
  std::vector<Node> items;                     // of a list
  std::vector<std::pair<Node, Node>> members;  // of a map, in the document's order; keys are scalars
  std::size_t line = 1;                        // from 1
  std::size_t column = 1;                      // from 1

  // The member of that name of a map; nullptr otherwise.
  const Node* find(std::string_view name) const;
};

// One document. Fails (malformed) with line and column where it is no YAML, has aliases, tags, a key twice, a key that
// is no text, a second document, or is nested deeper than limits::kNesting.
Result<Node> parse_yaml(ByteView text);

// "line 3, column 5: message"
std::unexpected<Error> fail_at(const Node& node, std::string_view message);

}  // namespace mrtool::policy
