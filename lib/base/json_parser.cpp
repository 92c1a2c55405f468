#include "lib/base/json_parser.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "lib/base/json_pattern.hpp"
#include "lib/base/limits.hpp"

namespace mrtool {
namespace {

namespace dom = simdjson::dom;

// simdjson sets memory aside in proportion to the text that it is given; longer ones are rare.
constexpr std::size_t kLongestFastText = limits::kReadPiece;
constexpr std::size_t kFewMembers = 16;

// Makes nodes of what simdjson has parsed. What it takes and parse_json_text would not, or might understand otherwise,
// is left to that: it knows the reason, too.
class FastNodes {
 public:
  FastNodes(std::string_view text, std::vector<JsonNode>& nodes) : text_(text), nodes_(nodes) {}

  bool add(const dom::element& element, unsigned depth) {
    switch (element.type()) {
      case dom::element_type::OBJECT:
        return add_object(element.get_object().value_unsafe(), depth + 1);
      case dom::element_type::ARRAY:
        return add_array(element.get_array().value_unsafe(), depth + 1);
      case dom::element_type::STRING:
        nodes_.push_back(JsonNode::of_text(element.get_string().value_unsafe()));
        return true;
      case dom::element_type::INT64: {
        const std::int64_t value = element.get_int64().value_unsafe();
        const auto kind = value < 0 ? JsonNode::Kind::integer : JsonNode::Kind::natural;
        nodes_.push_back(JsonNode::of_bits(kind, static_cast<std::uint64_t>(value)));
        return value != 0 || !may_have_minus_zero();
      }
      case dom::element_type::UINT64:
        nodes_.push_back(JsonNode::of_bits(JsonNode::Kind::natural, element.get_uint64().value_unsafe()));
        return true;
      case dom::element_type::DOUBLE:
        nodes_.push_back(
            JsonNode::of_bits(JsonNode::Kind::real, std::bit_cast<std::uint64_t>(element.get_double().value_unsafe())));
        return true;
      case dom::element_type::BOOL:
        nodes_.push_back(
            JsonNode::of_bits(JsonNode::Kind::boolean, static_cast<std::uint64_t>(element.get_bool().value_unsafe())));
        return true;
      case dom::element_type::NULL_VALUE:
        nodes_.push_back(JsonNode::of_bits(JsonNode::Kind::null, 0));
        return true;
    }
    return false;
  }

 private:
  bool add_array(const dom::array& array, unsigned depth) {
    const std::size_t self = nodes_.size();
    nodes_.push_back(JsonNode::of_bits(JsonNode::Kind::array, 0));
    std::size_t count = 0;
    for (const dom::element element : array) {
      if (depth > limits::kNesting || !add(element, depth)) {
        return false;
      }
      ++count;
    }
    nodes_[self].set_children(count, nodes_.size() - self - 1);
    return depth <= limits::kNesting;
  }

  bool add_object(const dom::object& object, unsigned depth) {
    const std::size_t self = nodes_.size();
    nodes_.push_back(JsonNode::of_bits(JsonNode::Kind::object, 0));
    std::size_t count = 0;
    for (const dom::key_value_pair member : object) {
      const std::size_t at = nodes_.size();
      if (depth > limits::kNesting || ++count > kFewMembers || is_member(self, member.key)) {
        return false;
      }
      if (!add(member.value, depth)) {
        return false;
      }
      nodes_[at].set_key(member.key);
    }
    nodes_[self].set_children(count, nodes_.size() - self - 1);
    return depth <= limits::kNesting;
  }

  // Of the object nodes_[self], whose last member ends where the nodes end.
  bool is_member(std::size_t self, std::string_view key) const {
    const JsonNode::Iterator end(nodes_.data() + nodes_.size());
    return std::any_of(nodes_[self].begin(), end,
                       [key](const JsonNode& member) { return is_same_key(member.key(), key); });
  }

  // simdjson does not tell "-0" from "0".
  bool may_have_minus_zero() {
    if (!looked_for_minus_) {
      looked_for_minus_ = true;
      for (std::size_t at = text_.find("-0"); at != std::string_view::npos; at = text_.find("-0", at + 2)) {
        const std::size_t before = at == 0 ? std::string_view::npos : text_.find_last_not_of(" \t\r\n", at - 1);
        has_minus_zero_ = has_minus_zero_ || before == std::string_view::npos || text_[before] == ':' ||
                          text_[before] == ',' || text_[before] == '[';
      }
    }
    return has_minus_zero_;
  }

  std::string_view text_;
  std::vector<JsonNode>& nodes_;
  bool looked_for_minus_ = false;
  bool has_minus_zero_ = false;
};

std::size_t count_nodes(const JsonText& value) {
  std::size_t count = 1;
  for (const JsonText& below : value) {
    count += below.is_structured() ? count_nodes(below) : 1;
  }
  return count;
}

JsonNode plain_node(const JsonText& value) {
  switch (value.type()) {
    case JsonText::value_t::boolean:
      return JsonNode::of_bits(JsonNode::Kind::boolean, static_cast<std::uint64_t>(value.get<bool>()));
    case JsonText::value_t::number_unsigned:
      return JsonNode::of_bits(JsonNode::Kind::natural, value.get<std::uint64_t>());
    case JsonText::value_t::number_integer:
      return JsonNode::of_bits(JsonNode::Kind::integer, static_cast<std::uint64_t>(value.get<std::int64_t>()));
    case JsonText::value_t::number_float:
      return JsonNode::of_bits(JsonNode::Kind::real, std::bit_cast<std::uint64_t>(value.get<double>()));
    case JsonText::value_t::string:
      return JsonNode::of_text(value.get_ref<const std::string&>());
    case JsonText::value_t::array:
      return JsonNode::of_bits(JsonNode::Kind::array, 0);
    case JsonText::value_t::object:
      return JsonNode::of_bits(JsonNode::Kind::object, 0);
    default:
      return JsonNode::of_bits(JsonNode::Kind::null, 0);
  }
}

// No deeper than limits::kNesting.
void add_nodes(const JsonText& value, std::vector<JsonNode>& nodes) {
  const std::size_t self = nodes.size();
  nodes.push_back(plain_node(value));
  if (const auto* members = value.get_ptr<const JsonText::object_t*>()) {
    for (const auto& [key, member] : *members) {
      const std::size_t at = nodes.size();
      add_nodes(member, nodes);
      nodes[at].set_key(key);
    }
  } else if (const auto* elements = value.get_ptr<const JsonText::array_t*>()) {
    for (const JsonText& element : *elements) {
      add_nodes(element, nodes);
    }
  } else {
    return;
  }
  nodes[self].set_children(value.size(), nodes.size() - self - 1);
}

}  // namespace

struct JsonParser::State {
  dom::parser parser{kLongestFastText};
  std::vector<char> padded;  // the text, and the room behind it that simdjson reads
  JsonText slow;
  std::vector<JsonNode> nodes;
  std::array<JsonPattern, 2> patterns;   // a log has few kinds of record, and most are followed by one like them
  std::size_t latest = 0;                // the pattern that served or was learnt last
  const JsonNode* recognised = nullptr;  // the values of `recognised_text`
  ByteView recognised_text;

  bool parse_fast(std::string_view text) {
    if (text.empty() || text.size() > kLongestFastText) {
      return false;
    }
    if (padded.size() < text.size() + simdjson::SIMDJSON_PADDING) {
      padded.resize(2 * text.size() + simdjson::SIMDJSON_PADDING);
    }
    std::memcpy(padded.data(), text.data(), text.size());
    dom::element root;
    return parser.parse(padded.data(), text.size(), false).get(root) == simdjson::SUCCESS &&
           FastNodes(text, nodes).add(root, 0);
  }
};

JsonParser::JsonParser() : state_(std::make_unique<State>()) {}
JsonParser::~JsonParser() = default;

std::size_t JsonParser::recognise(ByteView bytes) {
  State& state = *state_;
  state.recognised = nullptr;
  for (std::size_t tried = 0; tried < state.patterns.size(); ++tried) {
    const std::size_t which = (state.latest + tried) % state.patterns.size();
    JsonPattern& pattern = state.patterns[which];
    if (const std::size_t size = pattern.match(bytes); size != 0) {
      state.latest = which;
      state.recognised = pattern.nodes();
      state.recognised_text = bytes.first(size);
      return size;
    }
  }
  return 0;
}

Result<const JsonNode*> JsonParser::parse(ByteView text) {
  State& state = *state_;
  const JsonNode* const recognised = std::exchange(state.recognised, nullptr);
  if (recognised != nullptr && text.data() == state.recognised_text.data() &&
      text.size() == state.recognised_text.size()) {
    return recognised;
  }
  state.nodes.clear();
  state.slow = nullptr;
  if (state.parse_fast(as_text(text))) {
    state.latest = (state.latest + 1) % state.patterns.size();
    state.patterns[state.latest].learn(as_text(text), state.nodes);
    return state.nodes.data();
  }
  MRTOOL_TRY(value, parse_json_text(text));
  state.slow = std::move(value);
  // A long text is not worth keeping room for, and gets no more than it needs.
  state.nodes = {};
  state.nodes.reserve(count_nodes(state.slow));
  add_nodes(state.slow, state.nodes);
  return state.nodes.data();
}

}  // namespace mrtool
