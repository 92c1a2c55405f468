#include "lib/verify/policy_yaml.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "lib/base/limits.hpp"
#include "lib/base/text.hpp"

namespace mrtool::policy {

namespace {

std::string placed(std::size_t line, std::size_t column, std::string_view message) {
  return fmt::format("line {}, column {}: {}", line, column, message);
}

// What ends the parser from within its handler; never leaves parse_yaml().
struct Refused {
  std::string message;
};

[[noreturn]] void refuse(const YAML::Mark& mark, std::string_view message) {
  throw Refused{placed(static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1, message)};
}

class Builder final : public YAML::EventHandler {
 public:
  Node root;

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override { add(mark, Node::Kind::null); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    refuse(mark, "aliases (*name) are not read: write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                const std::string& value) override {
    constexpr std::string_view kQuoted = "!";
    constexpr std::string_view kPlain = "?";
    if (tag != kQuoted && tag != kPlain && !tag.empty()) {
      refuse(mark, "tags (!type) are not read");
    }
    Node& node = add(mark, Node::Kind::scalar);
    node.text = value;
    node.plain = tag != kQuoted;
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                       YAML::EmitterStyle::value /*style*/) override {
    open(add(mark, Node::Kind::list), mark);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {
    open(add(mark, Node::Kind::map), mark);
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  struct Open {
    Node* node;
    bool expects_value = false;   // of a map: its key has been read
    std::set<std::string> names;  // of a map
  };

  void open(Node& node, const YAML::Mark& mark) {
    if (open_.size() >= limits::kNesting) {
      refuse(mark, fmt::format("nested deeper than {} levels", limits::kNesting));
    }
    open_.push_back({.node = &node, .expects_value = false, .names = {}});
  }

  // A place for the node that comes next. It stays where it is until the container that holds it grows, which is when
  // it is complete.
  Node& add(const YAML::Mark& mark, Node::Kind kind) {
    Node& node = place();
    node.kind = kind;
    node.line = static_cast<std::size_t>(mark.line) + 1;
    node.column = static_cast<std::size_t>(mark.column) + 1;
    if (!open_.empty() && open_.back().node->kind == Node::Kind::map && open_.back().expects_value &&
        &node == &open_.back().node->members.back().key && kind != Node::Kind::scalar) {
      refuse(mark, "a key must be a text");
    }
    return node;
  }
  Node& place() {
    if (open_.empty()) {
      return root;
    }
    Open& top = open_.back();
    if (top.node->kind == Node::Kind::list) {
      return top.node->items.emplace_back();
    }
    top.expects_value = !top.expects_value;
    if (top.expects_value) {
      return top.node->members.emplace_back().key;
    }
    check_key(top);
    return top.node->members.back().value;
  }
  static void check_key(Open& map) {
    const Node& key = map.node->members.back().key;
    if (!map.names.insert(key.text).second) {
      throw Refused{
          placed(key.line, key.column, fmt::format("the key \"{}\" is here twice", escape_for_terminal(key.text)))};
    }
  }

  std::vector<Open> open_;
};

Status parse_into(Builder& builder, ByteView text) {
  std::istringstream stream{std::string(as_text(text))};
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) {
      return fail(ErrorKind::malformed, "the document is empty");
    }
    Builder second;
    if (parser.HandleNextDocument(second)) {
      return fail(ErrorKind::malformed, placed(second.root.line, second.root.column, "a second document begins here"));
    }
  } catch (const Refused& refused) {
    return fail(ErrorKind::malformed, refused.message);
  } catch (const YAML::Exception& exception) {
    return fail(ErrorKind::malformed, placed(static_cast<std::size_t>(exception.mark.line) + 1,
                                             static_cast<std::size_t>(exception.mark.column) + 1, exception.msg));
  }
  return {};
}

}  // namespace

Node::Node() = default;
Node::Node(const Node&) = default;
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(const Node&) = default;
Node& Node::operator=(Node&&) noexcept = default;
Node::~Node() = default;

const Node* Node::find(std::string_view name) const {
  const auto member = std::ranges::find_if(members, [&](const auto& item) { return item.key.text == name; });
  return member == members.end() ? nullptr : &member->value;
}

Result<Node> parse_yaml(ByteView text) {
  if (!is_utf8(text)) {
    return fail(ErrorKind::malformed, "this is no UTF-8 text");
  }
  Builder builder;
  if (auto status = parse_into(builder, text); !status) {
    return std::unexpected(std::move(status).error());
  }
  return std::move(builder.root);
}

std::unexpected<Error> fail_at(const Node& node, std::string_view message) {
  return fail(ErrorKind::malformed, placed(node.line, node.column, message));
}

}  // namespace mrtool::policy
