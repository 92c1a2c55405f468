// Splits JSON text into its top-level items without parsing them, in pieces and in linear time: the elements of an
// array (at the top, or a named member of one enclosing object), RFC 7464 sequences, and objects one after another,
// each on a line of its own or not. What is inside an item is only looked at as far as its end demands: brackets,
// strings and escapes. Whether it is JSON, and UTF-8, is for the item's parser to say.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/bytes.hpp"
#include "lib/base/limits.hpp"

namespace mrtool {

enum class JsonShape : std::uint8_t {
  unknown,   // nothing but blanks so far
  array,     // the items are the elements of the one array
  member,    // the items are the elements of an array that is a member of the one object
  sequence,  // RFC 7464: 0x1E before each item
  objects,   // one item after another
};

// Finds the end of one JSON value whose bytes arrive in pieces.
class JsonValueScan {
 public:
  enum class State : std::uint8_t {
    more,       // the value goes on behind the bytes at hand
    done,       // position() is behind the value
    member,     // position() is behind the bracket that opens the array member looked for; scan() goes on inside it
    malformed,  // message() says why, position() is where
  };
  // Starts at `begin`; `member` names the array looked for, empty for none. The view must outlive the scan.
  void start(std::size_t begin, std::string_view member = {});
  // `bytes` begins where it began in the call before, unless moved() told otherwise.
  State scan(ByteView bytes);
  // The first `count` bytes, all of them scanned, are gone.
  void moved(std::size_t count) { position_ -= count; }
  // Goes on behind the bracket that closes the array member, whose inside others have scanned.
  void leave_array(std::size_t behind_bracket);

  std::size_t position() const { return position_; }
  const std::string& message() const { return message_; }
  // A number or a word: it ends where something else begins, or with the text.
  bool is_scalar() const { return kind_ == Kind::scalar; }

 private:
  enum class Kind : std::uint8_t { unknown, nested, string, scalar };

  State scan_string(ByteView bytes);
  State scan_scalar(ByteView bytes);
  State scan_nested(ByteView bytes);
  std::optional<State> scan_blocks(ByteView bytes);
  std::optional<State> structural(ByteView bytes, std::uint8_t byte);
  std::optional<State> bracket(std::uint8_t byte);
  State refuse(std::string message);

  Kind kind_ = Kind::unknown;
  std::size_t position_ = 0;
  std::uint64_t objects_ = 0;  // bit n: the bracket at depth n is a brace
  std::uint32_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  std::string_view member_;
  std::size_t string_begin_ = 0;  // of the last string, behind its quote
  std::size_t string_end_ = 0;
  bool member_is_next_ = false;  // the value of the member looked for comes next
  std::string message_;
};
static_assert(limits::kNesting < 64, "the brackets that are open fit in a word");

class JsonItems {
 public:
  // Of the item that the bytes begin with, the length where the caller knows it without a search: 0 where not.
  using KnownLength = std::function<std::size_t(ByteView)>;

  // `member`: the name of an array whose elements are the items where it is a member of the first object.
  explicit JsonItems(std::string member = {}, KnownLength known_length = {})
      : member_(std::move(member)), known_length_(std::move(known_length)) {}

  enum class State : std::uint8_t {
    leading,  // bytes before the first item, once: up to and including the array's bracket
    item,
    trailing,   // bytes behind the last item; may come in several pieces
    need_more,  // `need` bytes of rest
    ended,
    malformed,  // `message`, at the byte `at` of rest
  };
  struct Step {
    State state = State::ended;
    std::size_t prefix = 0;  // of an item: blanks, the comma, 0x1E
    std::size_t text = 0;    // of an item, of leading and of trailing bytes
    std::size_t after = 0;   // of an item of a sequence or of objects: blanks up to and including the line feed
    std::uint64_t need = 0;  // more than rest holds
    std::size_t at = 0;
    std::string message{};

    std::size_t size() const { return prefix + text + after; }
  };
  // `rest` are the bytes behind the last step's size(); nothing is consumed by need_more. `complete`: no more will
  // follow. An item, its separators included, is at most limits::kRecordBytes.
  Step next(ByteView rest, bool complete);

  JsonShape shape() const { return shape_; }
  // Some elements are followed by a comma and the bracket that ends the array; JSON does not allow that.
  bool trailing_comma() const { return trailing_comma_; }

 private:
  enum class Phase : std::uint8_t { start, first_object, before_item, in_item, after_item, behind_array, tail };

  std::optional<Step> start(ByteView rest, bool complete);
  std::optional<Step> look_for_member(ByteView rest, bool complete);
  std::optional<Step> before_item(ByteView rest, bool complete);
  std::optional<Step> in_item(ByteView rest, bool complete);
  std::optional<Step> after_item(ByteView rest, bool complete);
  std::optional<Step> behind_array(ByteView rest, bool complete);
  std::optional<Step> tail(ByteView rest, bool complete);
  std::optional<Step> separator(std::uint8_t byte);
  Step end_of_text(ByteView rest);
  Step give_item(std::size_t after);

  bool in_array() const { return shape_ == JsonShape::array || shape_ == JsonShape::member; }
  Step need_more(ByteView rest) const;
  static Step malformed(std::size_t at, std::string message);
  Step take(State state, std::size_t size);

  std::string member_;
  KnownLength known_length_;
  JsonShape shape_ = JsonShape::unknown;
  Phase phase_ = Phase::start;
  JsonValueScan outer_;  // the object around the array
  JsonValueScan value_;
  std::size_t scanned_ = 0;  // of rest; in_item: value_ knows
  std::size_t prefix_ = 0;
  std::size_t text_ = 0;
  bool separated_ = true;  // a comma or 0x1E, or the start of the array, lies before the next item
  bool comma_ = false;     // a comma lies before it
  bool trailing_comma_ = false;
};

}  // namespace mrtool
