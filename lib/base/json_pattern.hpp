// What the texts of one log have in common: most records differ from the one before in their strings and numbers only.
// A text that does needs no parser: what is the same is compared, and the values are found where they must be.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/json_node.hpp"

namespace mrtool {

class JsonPattern {
 public:
  // Takes over the shape of a text and the nodes that it was parsed to; none where it cannot serve as one.
  void learn(std::string_view text, std::span<const JsonNode> nodes);

  // The length of the text at the front of `bytes` where it has the shape and parse_json_text would take it; else 0.
  // Its values are then nodes(), which need `bytes` as long as they are used.
  std::size_t match(ByteView bytes);
  const JsonNode* nodes() const { return nodes_.data(); }

 private:
  enum class Value : std::uint8_t { none, string, natural };
  // Bytes that are the same in each text, and the value behind them.
  struct Part {
    std::size_t begin = 0;  // in text_
    std::size_t size = 0;
    Value value = Value::none;
    std::size_t node = 0;
  };

  bool split();

  std::string text_;  // the keys of the nodes are views of it
  std::vector<Part> parts_;
  std::vector<JsonNode> nodes_;
};

}  // namespace mrtool
