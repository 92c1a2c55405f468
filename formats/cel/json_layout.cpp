// Where in the text of a record its fields are.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "formats/cel/json_layout.hpp"
#include "formats/cel/model.hpp"
#include "lib/base/limits.hpp"

namespace mrtool::cel {
namespace {

// What a value of a record's text stands for.
enum class Slot : std::uint8_t { recnum, digest, data };

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

bool is_upper(char letter) {
  return letter >= 'A' && letter <= 'F';
}

void append_spelled(std::string& out, ByteView value, bool upper) {
  const std::size_t begin = out.size();
  append_hex(out, value);
  if (upper) {
    std::transform(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(),
                   out.begin() + static_cast<std::ptrdiff_t>(begin),
                   [](char letter) { return letter >= 'a' ? static_cast<char>(letter - 'a' + 'A') : letter; });
  }
}

bool is_data_key(std::string_view key) {
  return key == "event_data" || key == "template_data" || key == "template_value";
}

std::optional<Slot> slot_of(const Walk& walk, bool quoted) {
  if (walk.depth() == 1 && walk.key(1) == "recnum" && !quoted) {
    return Slot::recnum;
  }
  if (walk.depth() == kDigestDepth && walk.key(1) == "digests" && walk.key(kDigestDepth) == "digest" && quoted) {
    return Slot::digest;
  }
  if (walk.depth() == kContentDepth && walk.key(1) == "content" && is_data_key(walk.key(kContentDepth)) && quoted) {
    return Slot::data;
  }
  return std::nullopt;
}

// Hexadecimal digits with letters of one case: what a value gives back.
bool is_regular_hex(std::string_view token) {
  const bool upper = std::ranges::any_of(token, is_upper);
  return std::ranges::all_of(token, [upper](char letter) {
    return (letter >= '0' && letter <= '9') || (upper ? is_upper(letter) : letter >= 'a' && letter <= 'f');
  });
}

// The record is about what it was read as; only its number, digests and data may be others.
bool reads_as_before(const Record& record, const JsonExtras& extras) {
  const auto banks = std::span(extras.banks).first(extras.digests);
  return record.reg == extras.reg && record.raw_index == extras.raw_index && record.type == extras.type &&
         record.content == extras.content && record.stated_number.has_value() == extras.is_numbered &&
         std::ranges::equal(record.digests, banks, {}, &DigestEntry::algorithm) && equal(record.name, extras.name) &&
         equal(record.prefix, extras.prefix);
}

}  // namespace

void remember_reading(const Record& record, std::span<const DigestEntry> digests, JsonExtras& extras) {
  extras.reg = record.reg;
  extras.raw_index = record.raw_index;
  extras.type = record.type;
  extras.content = record.content;
  extras.is_numbered = record.stated_number.has_value();
  extras.data = record.data;
  extras.name = record.name;
  extras.prefix = record.prefix;
  extras.digests = digests.size();
  std::ranges::transform(digests, extras.banks.begin(), &DigestEntry::algorithm);
}

std::optional<std::string> fill_layout(const Record& record) {
  const auto* extras = dynamic_cast<const JsonExtras*>(record.extras.get());
  if (extras == nullptr || extras->item.empty() || !reads_as_before(record, *extras)) {
    return std::nullopt;
  }
  const std::vector<WrittenDigest> digests = written_digests(record, true);
  const std::string_view item = extras->item;
  std::string out(extras->before);
  std::size_t done = 0;  // of the item
  std::size_t used = 0;  // of the digests
  bool exact = true;
  bool has_data = false;
  Walk(item).run([&](const Walk& walk, std::size_t at, std::string_view token, bool quoted) {
    const auto slot = slot_of(walk, quoted);
    if (!slot) {
      return;
    }
    out.append(item.substr(done, at - done));
    done = at + token.size();
    const bool upper = std::ranges::any_of(token, is_upper);
    switch (*slot) {
      case Slot::recnum:
        fmt::format_to(std::back_inserter(out), "{}", record.stated_number.value_or(0));
        break;
      case Slot::digest:
        exact = exact && is_regular_hex(token) && used < digests.size();
        if (exact) {
          append_spelled(out, digests[used++].value, upper);
        }
        break;
      case Slot::data: {
        has_data = true;
        std::string read;
        append_spelled(read, extras->data, upper);
        exact = exact && read == token;
        append_spelled(out, record.data, upper);
        break;
      }
    }
  });
  // Without a place for it the data is where nothing else can be put.
  if (!exact || used != digests.size() || (!has_data && !equal(record.data, extras->data))) {
    return std::nullopt;
  }
  return out.append(item.substr(done)).append(extras->after);
}

}  // namespace mrtool::cel
