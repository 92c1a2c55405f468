#include "lib/base/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/limits.hpp"
#include "lib/base/text.hpp"

namespace mrtool {
namespace {

// What the parser does not refuse by itself. The first problem is kept.
class Watch {
 public:
  bool operator()(int depth, JsonText::parse_event_t event, const JsonText& parsed) {
    switch (event) {
      case JsonText::parse_event_t::object_start:
      case JsonText::parse_event_t::array_start:
        if (depth >= static_cast<int>(limits::kNesting)) {
          note(fmt::format("more than {} brackets inside each other", limits::kNesting));
        }
        keys_.emplace_back();
        break;
      case JsonText::parse_event_t::object_end:
      case JsonText::parse_event_t::array_end:
        keys_.pop_back();
        break;
      case JsonText::parse_event_t::key:
        add_key(parsed);
        break;
      default:
        break;
    }
    // A value that is left out costs nothing: the rest of a text that is refused anyway.
    return problem.empty();
  }

  std::string problem;

 private:
  void note(std::string message) {
    if (problem.empty()) {
      problem = std::move(message);
    }
  }
  void add_key(const JsonText& parsed) {
    const auto* key = parsed.get_ptr<const std::string*>();
    if (keys_.empty() || key == nullptr || !problem.empty()) {
      return;
    }
    auto& keys = keys_.back();
    if (std::ranges::find(keys, *key) != keys.end()) {
      note(fmt::format("an object has the member \"{}\" twice", *key));
    } else if (keys.size() == kJsonMembers) {
      note(fmt::format("an object has more than {} members", kJsonMembers));
    } else {
      keys.push_back(*key);
    }
  }

  std::vector<std::vector<std::string>> keys_;  // of the objects that are open; nothing for an array
};

}  // namespace

Result<JsonText> parse_json_text(ByteView text) {
  const auto refuse = [](std::string message) {
    return std::unexpected(
        Error{.kind = ErrorKind::malformed, .message = std::move(message), .file = {}, .offset = 0, .record = {}});
  };
  if (!is_utf8(text)) {
    return refuse("expected UTF-8, found other bytes");
  }
  const std::string_view chars = as_text(text);
  Watch watch;
  auto value = JsonText::parse(chars.begin(), chars.end(), std::ref(watch), false);
  if (!watch.problem.empty()) {
    return refuse(std::move(watch.problem));
  }
  if (value.is_discarded()) {
    return refuse("expected one JSON text, found something else");
  }
  return value;
}

const JsonText* find_member(const JsonText& object, std::string_view name) {
  if (!object.is_object()) {
    return nullptr;
  }
  const auto found = object.find(std::string(name));
  return found == object.end() ? nullptr : &*found;
}

std::string to_text(const JsonText& value) {
  return value.dump(-1, ' ', false, JsonText::error_handler_t::replace);
}

}  // namespace mrtool
