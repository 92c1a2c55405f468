// JSON on one line, for what is written a million times: the calls of a DocumentWriter without a call, into a buffer of
// its own. Templates over the writer get the same text from it as from make_json_writer(out, true).
#pragma once

#include <charconv>
#include <cstring>
#include <string_view>

#include "lib/base/text_buffer.hpp"
#include "tools/mrtool/render/document.hpp"

namespace mrtool {

class JsonLineWriter : public DocumentWriter, private TextBuffer {
 public:
  // What was written; valid until the next call.
  std::string_view written() const { return TextBuffer::written(); }
  using TextBuffer::clear;  // and keeps the room for as much again

  void begin_object(Layout /*layout*/ = Layout::block) override { open('{'); }
  void end_object() override { close('}'); }
  void begin_list() override { open('['); }
  void end_list() override { close(']'); }

  void key(std::string_view name, bool /*covered*/ = false) override {
    quote(name);
    *at_++ = ':';
  }
  void member(PlainName name) {
    room(name.text.size() + 3);
    char* const at = at_;
    at[0] = '"';
    std::memcpy(at + 1, name.text.data(), name.text.size());
    at[name.text.size() + 1] = '"';
    at[name.text.size() + 2] = ':';
    at_ = at + name.text.size() + 3;
  }

  void text(std::string_view value) override {
    if (quote_plain(value)) {
      *at_++ = ',';
    } else {
      text_with_escapes(value);
    }
  }
  void hex(ByteView value) override {
    room(2 * value.size() + 3);
    char* at = at_;
    *at++ = '"';
    at = write_hex(at, value);
    *at++ = '"';
    *at++ = ',';
    at_ = at;
  }
  // A whole value as such a writer has written it, but for digits within that are those of `value`.
  void framed_hex(std::string_view before, ByteView value, std::string_view after) {
    put(before);
    put_hex(value);
    put(after);
  }
  void number(Number value) override {
    room(kMostDigits + 3);
    char* at = at_;
    if (value.wide) {
      *at++ = '"';
    }
    at = std::to_chars(at, end_, value.value).ptr;
    if (value.wide) {
      *at++ = '"';
    }
    *at++ = ',';
    at_ = at;
  }
  void boolean(bool value) override { put(value ? "true," : "false,"); }
  void null() override { put("null,"); }

  // The same as the base's, for whoever knows that it is this writer.
  void count(std::uint64_t value) { number(Number{.value = value}); }
  void text_or_null(std::string_view value) {
    if (value.empty()) {
      null();
    } else {
      text(value);
    }
  }
  void value(const Value& value) {
    if (const auto* const string = value.as<std::string>()) {
      text(*string);
    } else {
      DocumentWriter::value(value);
    }
  }

 private:
  // A comma stands behind every value; what closes takes the last one back.
  void open(char bracket) {
    room(1);
    char* const at = at_;
    at_ = at + 1;
    ++depth_;
    *at = bracket;
  }
  void close(char bracket) {
    room(2);
    char* const at = at_ - (at_[-1] == ',' ? 1 : 0);
    at_ = at + 2;
    --depth_;
    at[1] = depth_ == 0 ? '\n' : ',';
    at[0] = bracket;
  }

  // False, and nothing written, where it has to be escaped.
  bool quote_plain(std::string_view text) {
    room(text.size() + 3);
    char* const at = at_;
    if (copy_plain(at + 1, text) != text.size()) {
      return false;
    }
    at[0] = '"';
    at[text.size() + 1] = '"';
    at_ = at + text.size() + 2;
    return true;
  }
  void quote(std::string_view text);
  void text_with_escapes(std::string_view value);

  std::size_t depth_ = 0;
};

}  // namespace mrtool
