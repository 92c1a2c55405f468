// One result, told once, in any rendering: commands describe what they found to a DocumentWriter, and JSON, YAML and
// the detailed text are writers. Writers stream: what was told is in the output, nothing is held.
#pragma once

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

class DocumentWriter {
 public:
  virtual ~DocumentWriter() = default;

  virtual void begin_object(Layout layout = Layout::block) = 0;
  virtual void end_object() = 0;
  virtual void begin_list() = 0;
  virtual void end_list() = 0;
  // Before each member of an object. `covered`: the digest vouches for it; only text for people shows that.
  virtual void key(std::string_view name, bool covered = false) = 0;

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

// Gives each name of a structure once: the second "path" becomes "path_2". Linear.
class UniqueNames {
 public:
  UniqueNames();
  ~UniqueNames();
  // Valid until the next call.
  std::string_view unique(std::string_view name);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Each appends to `out`, which the caller may empty at any time between two calls.
std::unique_ptr<DocumentWriter> make_json_writer(std::string& out, bool on_one_line);
std::unique_ptr<DocumentWriter> make_yaml_writer(std::string& out);
// Escaped for a terminal, indented by `indent` columns.
std::unique_ptr<DocumentWriter> make_text_writer(std::string& out, std::size_t indent);

}  // namespace mrtool
