// A decoded value: what every decoder produces and every renderer shows. Text may be anything that a log held.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "lib/base/bytes.hpp"

namespace mrtool {

struct Number {
  std::uint64_t value = 0;
  bool hex = false;   // people expect it in hexadecimal: addresses, flags, identifiers
  bool wide = false;  // the field is 64 bits wide: a string in JSON

  bool operator==(const Number&) const = default;
};

struct Member;

class Value {
 public:
  using List = std::vector<Value>;
  using Object = std::vector<Member>;  // in the structure's order; names may repeat

  // Defined out of line because a Member holds a Value.
  Value();  // null: known to be absent
  Value(bool boolean);
  Value(Number number);
  Value(std::string text);
  Value(std::string_view text);
  Value(const char* text);
  Value(Bytes bytes);
  Value(List list);
  Value(Object object);
  Value(const Value&);
  Value(Value&&) noexcept;
  Value& operator=(const Value&);
  Value& operator=(Value&&) noexcept;
  ~Value();

  static Value number(std::uint64_t value) { return Number{.value = value}; }
  static Value hex(std::uint64_t value) { return Number{.value = value, .hex = true}; }
  static Value wide(std::uint64_t value) { return Number{.value = value, .wide = true}; }
  static Value wide_hex(std::uint64_t value) { return Number{.value = value, .hex = true, .wide = true}; }

  template <class T>
  const T* as() const {
    return std::get_if<T>(&data_);
  }
  bool is_null() const { return data_.index() == 0; }

  // The member of that name of an object; nullptr otherwise.
  const Value* find(std::string_view name) const;

  bool operator==(const Value&) const;

 private:
  std::variant<std::monostate, bool, Number, std::string, Bytes, List, Object> data_;
};

struct Member {
  std::string name;  // snake_case
  Value value;

  bool operator==(const Member&) const = default;
};

}  // namespace mrtool
