// The values of one JSON text, to be looked at: the nodes of a text lie one behind another, in its order, so that a
// value is followed by its members or elements. They are cheaper to make and to search than a tree of allocations.
#pragma once

#include <bit>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "lib/base/json_text.hpp"

namespace mrtool {

class JsonNode {
 public:
  enum class Kind : std::uint8_t {
    null,
    boolean,
    natural,  // an integer of 64 bits without a sign
    integer,  // one with a minus
    real,
    string,
    array,
    object,
  };

  static JsonNode of_bits(Kind kind, std::uint64_t bits) { return {kind, bits, 0}; }
  static JsonNode of_text(std::string_view text) {
    // A text is part of an item, and that is at most limits::kRecordBytes long.
    return {Kind::string, std::bit_cast<std::uintptr_t>(text.data()), static_cast<std::uint32_t>(text.size())};
  }
  // Another value of the same kind.
  void set_text(std::string_view text) {
    bits_ = std::bit_cast<std::uintptr_t>(text.data());
    size_ = static_cast<std::uint32_t>(text.size());
  }
  void set_natural(std::uint64_t value) { bits_ = value; }
  void set_key(std::string_view key) {
    key_ = key.data();
    key_size_ = static_cast<std::uint32_t>(key.size());
  }
  // Of an array or object: its own elements or members, and all nodes below it.
  void set_children(std::size_t count, std::size_t below) {
    size_ = static_cast<std::uint32_t>(count);
    span_ = static_cast<std::uint32_t>(below + 1);
  }

  Kind kind() const { return kind_; }
  bool is_string() const { return kind_ == Kind::string; }
  bool is_natural() const { return kind_ == Kind::natural; }
  bool is_array() const { return kind_ == Kind::array; }
  bool is_object() const { return kind_ == Kind::object; }

  // Each of that kind only.
  bool boolean() const { return bits_ != 0; }
  std::uint64_t natural() const { return bits_; }
  std::int64_t integer() const { return static_cast<std::int64_t>(bits_); }
  double real() const { return std::bit_cast<double>(bits_); }
  std::string_view text() const { return {std::bit_cast<const char*>(static_cast<std::uintptr_t>(bits_)), size_}; }

  // Of a member of an object.
  std::string_view key() const { return {key_, key_size_}; }
  // Members of an object, elements of an array.
  std::size_t size() const { return kind_ >= Kind::array ? size_ : 0; }

  class Iterator {
   public:
    using value_type = JsonNode;                          // NOLINT(readability-identifier-naming)
    using difference_type = std::ptrdiff_t;               // NOLINT(readability-identifier-naming)
    using iterator_category = std::forward_iterator_tag;  // NOLINT(readability-identifier-naming)

    Iterator() = default;
    explicit Iterator(const JsonNode* node) : node_(node) {}
    const JsonNode& operator*() const { return *node_; }
    const JsonNode* operator->() const { return node_; }
    Iterator& operator++() {
      node_ += node_->span_;
      return *this;
    }
    Iterator operator++(int) {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const JsonNode* node_ = nullptr;
  };
  Iterator begin() const { return Iterator(this + 1); }
  Iterator end() const { return Iterator(this + span_); }

 private:
  JsonNode(Kind kind, std::uint64_t bits, std::uint32_t size) : bits_(bits), size_(size), kind_(kind) {}

  const char* key_ = nullptr;
  std::uint64_t bits_;  // the value, or where the text begins
  std::uint32_t key_size_ = 0;
  std::uint32_t size_;
  std::uint32_t span_ = 1;  // nodes, this one included
  Kind kind_;
};
static_assert(sizeof(JsonNode) == 32, "a text of nothing but brackets and commas costs this for each");

// Keys that are not the same differ in their length or their last byte, nearly always: event_type, event_data.
inline bool is_same_key(std::string_view a, std::string_view b) {
  return a.size() == b.size() && (a.empty() || (a.back() == b.back() && a == b));
}

// The member of that name, or nullptr; of anything but an object, nullptr too.
const JsonNode* find_member(const JsonNode& object, std::string_view name);

// The same value on its own.
JsonText to_json_text(const JsonNode& node);
// As compact as JSON gets, in UTF-8.
std::string to_text(const JsonNode& node);

}  // namespace mrtool
