// Where in the text of a record its fields are.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "formats/cel/json_layout.hpp"
#include "formats/cel/model.hpp"
#include "lib/base/limits.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::cel {
namespace {

constexpr std::size_t kDigestDepth = 3;
constexpr std::size_t kContentDepth = 2;

// Walks over text that is known to be JSON, and tells each scalar with the keys of the objects it is in.
class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {}

  template <class Visit>
  void run(const Visit& visit) {
    while (position_ < text_.size()) {
      const char letter = text_[position_];
      if (letter == '"') {
        const std::size_t begin = position_ + 1;
        const std::size_t end = string_end();
        const std::string_view token = text_.substr(begin, end - begin);
        if (is_key()) {
          keys_[depth_] = token;
        } else {
          visit(*this, begin, token, true);
        }
      } else if (letter == '{' || letter == '[') {
        ++position_;
        depth_ = std::min(depth_ + 1, keys_.size() - 1);
        keys_[depth_] = {};
      } else if (letter == '}' || letter == ']') {
        ++position_;
        depth_ -= depth_ > 0 ? 1 : 0;
      } else if (letter >= '0' && letter <= '9') {
        const std::size_t begin = position_;
        while (position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9') {
          ++position_;
        }
        visit(*this, begin, text_.substr(begin, position_ - begin), false);
      } else {
        ++position_;
      }
    }
  }

  std::size_t depth() const { return depth_; }
  std::string_view key(std::size_t depth) const { return keys_[depth]; }

 private:
  // Past the closing quote; where it is.
  std::size_t string_end() {
    ++position_;
    while (position_ < text_.size() && text_[position_] != '"') {
      position_ += text_[position_] == '\\' ? 2 : 1;
    }
    const std::size_t end = std::min(position_, text_.size());
    position_ = end + 1;
    return end;
  }
  bool is_key() const {
    const std::size_t next = text_.find_first_not_of(" \t\r\n", std::min(position_, text_.size()));
    return next != std::string_view::npos && text_[next] == ':';
  }

  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t depth_ = 0;
  std::array<std::string_view, limits::kNesting + 2> keys_{};
};

std::string spelled(ByteView value, bool upper) {
  std::string digits = to_hex(value);
  if (upper) {
    std::ranges::transform(digits, digits.begin(), [](char letter) {
      return letter >= 'a' && letter <= 'f' ? static_cast<char>(letter - 'a' + 'A') : letter;
    });
  }
  return digits;
}

bool is_data_key(std::string_view key) {
  return key == "event_data" || key == "template_data" || key == "template_value";
}

// The value of each hole, in their order; nothing where the record has not as many digests as holes.
class Values {
 public:
  Values(const Record& record, bool own) : record_(record), digests_(written_digests(record, own)) {}

  std::optional<std::string> next(Slot slot, bool upper) {
    switch (slot) {
      case Slot::recnum:
        return record_.stated_number ? std::optional(fmt::format("{}", *record_.stated_number)) : std::nullopt;
      case Slot::digest:
        return used_ < digests_.size() ? std::optional(spelled(digests_[used_++].value, upper)) : std::nullopt;
      case Slot::data:
        return spelled(record_.data, upper);
    }
    return std::nullopt;
  }
  bool all_used() const { return used_ == digests_.size(); }

 private:
  const Record& record_;
  std::vector<WrittenDigest> digests_;
  std::size_t used_ = 0;
};

}  // namespace

std::string layout_key(const Record& record, bool data_is_hole) {
  std::string key = fmt::format("{} {} {} {} {} ", to_string(record.reg), record.raw_index,
                                static_cast<int>(record.content), record.type, record.stated_number.has_value());
  for (const DigestEntry& entry : record.digests) {
    key += fmt::format("{} ", static_cast<unsigned>(entry.algorithm));
  }
  key.append(as_text(record.name)).push_back('\0');
  key.append(as_text(record.prefix)).push_back('\0');
  if (!data_is_hole) {
    key.append(as_text(record.data));
  }
  return key;
}

void learn_layout(const Record& record, ByteView before, std::string_view item, ByteView after, JsonExtras& extras) {
  std::vector<JsonExtras::Hole> holes;
  std::string text(as_text(before));
  std::size_t done = 0;
  bool exact = true;
  bool has_data = false;
  Values values(record, true);
  Walk(item).run([&](const Walk& walk, std::size_t at, std::string_view token, bool quoted) {
    std::optional<Slot> slot;
    if (walk.depth() == 1 && walk.key(1) == "recnum" && !quoted) {
      slot = Slot::recnum;
    } else if (walk.depth() == kDigestDepth && walk.key(1) == "digests" && walk.key(kDigestDepth) == "digest" &&
               quoted) {
      slot = Slot::digest;
    } else if (walk.depth() == kContentDepth && walk.key(1) == "content" && is_data_key(walk.key(kContentDepth)) &&
               quoted) {
      slot = Slot::data;
      has_data = true;
    }
    if (!slot) {
      return;
    }
    const bool upper = std::ranges::any_of(token, [](char letter) { return letter >= 'A' && letter <= 'F'; });
    exact = exact && values.next(*slot, upper) == token;
    text.append(item.substr(done, at - done));
    holes.push_back({.at = text.size(), .slot = *slot, .upper = upper});
    done = at + token.size();
  });
  if (!exact || !values.all_used()) {
    return;
  }
  text.append(item.substr(done)).append(as_text(after));
  extras.text = std::move(text);
  extras.holes = std::move(holes);
  extras.key = layout_key(record, has_data);
  extras.data_is_hole = has_data;
}

std::optional<std::string> fill_layout(const Record& record) {
  const auto* extras = dynamic_cast<const JsonExtras*>(record.extras.get());
  if (extras == nullptr || extras->text.empty() || extras->key != layout_key(record, extras->data_is_hole)) {
    return std::nullopt;
  }
  Values values(record, true);
  std::string out;
  std::size_t done = 0;
  for (const JsonExtras::Hole& hole : extras->holes) {
    const auto value = values.next(hole.slot, hole.upper);
    if (!value) {
      return std::nullopt;
    }
    out.append(extras->text, done, hole.at - done).append(*value);
    done = hole.at;
  }
  return out.append(extras->text, done, std::string::npos);
}

}  // namespace mrtool::cel
