// One result, told once, in any rendering: commands describe what they found to a DocumentWriter, and JSON, YAML and
// the detailed text are writers. Writers stream: what was told is in the output, nothing is held.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "lib/base/bytes.hpp"
#include "lib/content/value.hpp"

namespace mrtool {

// How text for people lays an object out; JSON and YAML have one way only.
enum class Layout : std::uint8_t {
  block,  // a line for each member
  line,   // the values of the members on one line, without their names
};

// The name of a member that stands in the source, and for itself in every rendering.
struct PlainName {
  // NOLINTNEXTLINE(google-explicit-constructor): so that a literal can be given
  consteval PlainName(const char* name) : text(name) {
    for (const char c : text) {
      if ((c < 'a' || c > 'z') && c != '_') {
        throw "names are in snake_case";
      }
    }
  }
  std::string_view text;
};

class DocumentWriter {
 public:
  virtual ~DocumentWriter() = default;

  virtual void begin_object(Layout layout = Layout::block) = 0;
  virtual void end_object() = 0;
  virtual void begin_list() = 0;
  virtual void end_list() = 0;
  // Before each member of an object. `covered`: the digest vouches for it; only text for people shows that.
  virtual void key(std::string_view name, bool covered = false) = 0;
  void member(PlainName name) { key(name.text); }

  // Text of any origin and encoding.
  virtual void text(std::string_view value) = 0;
  virtual void hex(ByteView value) = 0;
  virtual void number(Number value) = 0;
  virtual void boolean(bool value) = 0;
  virtual void null() = 0;

  // For people: what only scripts need is left out.
  virtual bool for_people() const { return false; }

  void count(std::uint64_t value) { number(Number{.value = value}); }
  void text_or_null(std::string_view value);
  void value(const Value& value);
  void members(const Value::Object& object);
};

// Gives each name of a structure once: the second "path" becomes "path_2". Linear. The names outlive it.
class UniqueNames {
 public:
  UniqueNames();
  ~UniqueNames();
  UniqueNames(const UniqueNames&) = delete;
  UniqueNames& operator=(const UniqueNames&) = delete;
  // Valid until the next call.
  std::string_view unique(std::string_view name) {
    if (!many_ && count_ < few_.size() && !is_few(name)) {
      return few_[count_++] = name;
    }
    return unique_of_many(name);
  }

 private:
  struct Many;
  bool is_few(std::string_view name) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (few_[i] == name) {
        return true;
      }
    }
    return false;
  }
  std::string_view unique_of_many(std::string_view name);

  // Structures have a few fields mostly, which differ, and looking through those costs less than hashing them.
  static constexpr std::size_t kFew = 8;
  std::array<std::string_view, kFew> few_;
  std::size_t count_ = 0;
  std::unique_ptr<Many> many_;
};

// Each appends to `out`, which the caller may empty at any time between two calls.
std::unique_ptr<DocumentWriter> make_json_writer(std::string& out, bool on_one_line);
std::unique_ptr<DocumentWriter> make_yaml_writer(std::string& out);
// Escaped for a terminal, indented by `indent` columns.
std::unique_ptr<DocumentWriter> make_text_writer(std::string& out, std::size_t indent);

}  // namespace mrtool
