// YAML and JSON as policies are written in: a tree in which every node knows its line and column.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace mrtool::policy {

struct Member;

struct Node {
  enum class Kind : std::uint8_t { null, scalar, list, map };

  Kind kind = Kind::null;
  std::string text;             // of a scalar
  bool plain = true;            // a scalar without quotes, which may be a number or a boolean
  std::vector<Node> items;      // of a list
  std::vector<Member> members;  // of a map, in the document's order; keys are scalars
  std::size_t line = 1;         // from 1
  std::size_t column = 1;       // from 1

  // Defined out of line because a Member holds Nodes.
  Node();
  Node(const Node&);
  Node(Node&&) noexcept;
  Node& operator=(const Node&);
  Node& operator=(Node&&) noexcept;
  ~Node();

  // The member of that name of a map; nullptr otherwise.
  const Node* find(std::string_view name) const;
};

struct Member {
  Node key;
  Node value;
};

// One document. Fails (malformed) with line and column where it is no YAML, has aliases, tags, a key twice, a key that
// is no text, a second document, or is nested deeper than limits::kNesting.
Result<Node> parse_yaml(ByteView text);

// "line 3, column 5: message"
std::unexpected<Error> fail_at(const Node& node, std::string_view message);

}  // namespace mrtool::policy
