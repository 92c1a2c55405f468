// YAML in block style, and the text for people that is laid out alike.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include "lib/base/text.hpp"
#include "tools/mrtool/render/document.hpp"
#include "tools/mrtool/render/quote.hpp"

namespace mrtool {
namespace {

constexpr std::size_t kIndent = 2;

// The layout: members and items each on a line of their own, nested ones further in.
class BlockWriter : public DocumentWriter {
 public:
  BlockWriter(std::string& out, std::size_t indent) : out_(out), indent_(indent) {}

  void begin_object(Layout layout) override { open(false, layout); }
  void end_object() override { close("{}"); }
  void begin_list() override { open(true, Layout::block); }
  void end_list() override { close("[]"); }

  void key(std::string_view name, bool covered) override {
    Frame& frame = frames_.back();
    if (frame.layout == Layout::line && one_line()) {
      out_ += frame.count++ == 0 ? "" : "  ";
      return;
    }
    begin_entry(frame);
    write_key(name, covered);
    place_ = Place::after_key;
  }

  void number(Number value) override { scalar(number_text(value)); }
  void boolean(bool value) override { scalar(boolean_text(value)); }
  void null() override { scalar(null_text()); }

 protected:
  virtual bool one_line() const { return false; }  // honours Layout::line
  virtual void write_key(std::string_view name, bool covered) = 0;
  virtual std::string number_text(Number value) const = 0;
  virtual std::string_view boolean_text(bool value) const = 0;
  virtual std::string_view null_text() const = 0;

  void scalar(std::string_view text) {
    begin_value();
    out_ += text;
    end_line();
  }

  // Between this and end_line() the value is appended to out().
  void begin_value() {
    if (!frames_.empty() && frames_.back().list) {
      begin_entry(frames_.back());
      out_ += "- ";
    } else if (place_ == Place::after_key) {
      out_ += ' ';
    }
    place_ = Place::line_start;
  }

  void end_line() {
    if (!in_line_object()) {
      out_ += '\n';
    }
    place_ = Place::line_start;
  }

  std::string& out() { return out_; }

 private:
  enum class Place : std::uint8_t { line_start, after_key, after_dash };

  struct Frame {
    bool list;
    Layout layout;
    std::size_t indent;
    bool behind_dash;  // its first entry stands on the line of a dash
    std::uint64_t count = 0;
  };

  bool in_line_object() const { return one_line() && !frames_.empty() && frames_.back().layout == Layout::line; }

  void begin_entry(Frame& frame) {
    if (frame.count++ == 0) {
      if (frame.behind_dash) {
        return;
      }
      if (frames_.size() > 1) {
        out_ += '\n';
      }
    }
    out_.append(frame.indent, ' ');
  }

  void open(bool list, Layout layout) {
    Frame frame{.list = list, .layout = layout, .indent = indent_, .behind_dash = false};
    if (!frames_.empty()) {
      Frame& parent = frames_.back();
      frame.indent = parent.indent + kIndent;
      frame.behind_dash = parent.list;
      if (parent.list) {
        begin_entry(parent);
        out_ += "- ";
      } else if (layout == Layout::line && one_line()) {
        out_ += ' ';
      }
    }
    place_ = Place::line_start;
    frames_.push_back(frame);
  }

  void close(std::string_view empty) {
    const Frame frame = frames_.back();
    const bool on_one_line = in_line_object();
    frames_.pop_back();
    if (frame.count == 0) {
      out_ += frames_.empty() || frame.behind_dash ? "" : " ";
      out_ += empty;
      out_ += '\n';
    } else if (on_one_line) {
      out_ += '\n';
    }
    place_ = Place::line_start;
  }

  std::string& out_;
  std::size_t indent_;
  Place place_ = Place::line_start;
  std::vector<Frame> frames_;
};

// May stand without quotes: starts with a letter, holds nothing special, and is read as nothing but text. Hexadecimal
// digits are quoted always: some of them are numbers.
bool is_plain(std::string_view text) {
  constexpr auto kWords =
      std::to_array<std::string_view>({"true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf"});
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || !letter(text[0]) || !std::ranges::all_of(text, [&](char c) {
        return letter(c) || digit(c) || c == '_' || c == '-' || c == '.' || c == '/';
      })) {
    return false;
  }
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  const bool hexadecimal = std::ranges::all_of(lower, [&](char c) { return digit(c) || (c >= 'a' && c <= 'f'); });
  return !hexadecimal && std::ranges::find(kWords, lower) == kWords.end();
}

class YamlWriter final : public BlockWriter {
 public:
  explicit YamlWriter(std::string& out) : BlockWriter(out, 0) {}

  void text(std::string_view value) override {
    if (!is_utf8(as_bytes(value))) {
      // What is no UTF-8 is told twice: readable, and exact.
      begin_value();
      out() += "{text: ";
      append_quoted(out(), value, QuoteStyle::yaml);
      out() += ", hex: \"";
      append_hex(out(), as_bytes(value));
      out() += "\"}";
      end_line();
      return;
    }
    begin_value();
    append_text(value);
    end_line();
  }

  void hex(ByteView value) override {
    begin_value();
    out() += '"';
    append_hex(out(), value);
    out() += '"';
    end_line();
  }

 protected:
  void write_key(std::string_view name, bool /*covered*/) override {
    append_text(name);
    out() += ':';
  }
  std::string number_text(Number value) const override {
    return fmt::format(fmt::runtime(value.wide ? R"("{}")" : "{}"), value.value);
  }
  std::string_view boolean_text(bool value) const override { return value ? "true" : "false"; }
  std::string_view null_text() const override { return "null"; }

 private:
  void append_text(std::string_view value) {
    if (is_plain(value)) {
      out() += value;
    } else {
      append_quoted(out(), value, QuoteStyle::yaml);
    }
  }
};

class TextWriter final : public BlockWriter {
 public:
  using BlockWriter::BlockWriter;

  bool for_people() const override { return true; }
  void text(std::string_view value) override { scalar(value.empty() ? "(empty)" : escape_for_terminal(value)); }
  void hex(ByteView value) override { scalar(value.empty() ? "(empty)" : to_hex(value)); }

 protected:
  bool one_line() const override { return true; }
  void write_key(std::string_view name, bool covered) override {
    fmt::format_to(std::back_inserter(out()), "{}{}:", escape_for_terminal(name), covered ? "*" : "");
  }
  std::string number_text(Number value) const override {
    return value.hex ? fmt::format("{:#x}", value.value) : fmt::format("{}", value.value);
  }
  std::string_view boolean_text(bool value) const override { return value ? "yes" : "no"; }
  std::string_view null_text() const override { return "-"; }
};

}  // namespace

std::unique_ptr<DocumentWriter> make_yaml_writer(std::string& out) {
  return std::make_unique<YamlWriter>(out);
}

std::unique_ptr<DocumentWriter> make_text_writer(std::string& out, std::size_t indent) {
  return std::make_unique<TextWriter>(out, indent);
}

}  // namespace mrtool
