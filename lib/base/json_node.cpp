#include "lib/base/json_node.hpp"

namespace mrtool {

const JsonNode* find_member(const JsonNode& object, std::string_view name) {
  if (!object.is_object()) {
    return nullptr;
  }
  for (const JsonNode& member : object) {
    if (is_same_key(member.key(), name)) {
      return &member;
    }
  }
  return nullptr;
}

JsonText to_json_text(const JsonNode& node) {
  switch (node.kind()) {
    case JsonNode::Kind::null:
      return nullptr;
    case JsonNode::Kind::boolean:
      return node.boolean();
    case JsonNode::Kind::natural:
      return node.natural();
    case JsonNode::Kind::integer:
      return node.integer();
    case JsonNode::Kind::real:
      return node.real();
    case JsonNode::Kind::string:
      return std::string(node.text());
    case JsonNode::Kind::array: {
      JsonText::array_t elements;
      elements.reserve(node.size());
      for (const JsonNode& element : node) {
        elements.push_back(to_json_text(element));
      }
      return elements;
    }
    case JsonNode::Kind::object: {
      // Each key is there once: members are added without looking.
      JsonText::object_t members;
      members.reserve(node.size());
      for (const JsonNode& member : node) {
        static_cast<std::vector<JsonText::object_t::value_type>&>(members).emplace_back(std::string(member.key()),
                                                                                        to_json_text(member));
      }
      return members;
    }
  }
  return nullptr;
}

std::string to_text(const JsonNode& node) {
  return to_text(to_json_text(node));
}

}  // namespace mrtool
