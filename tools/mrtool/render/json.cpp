#include <fmt/format.h>

#include <iterator>
#include <vector>

#include "tools/mrtool/render/document.hpp"
#include "tools/mrtool/render/quote.hpp"

namespace mrtool {
namespace {

class JsonWriter final : public DocumentWriter {
 public:
  JsonWriter(std::string& out, bool on_one_line) : out_(out), on_one_line_(on_one_line) {}

  void begin_object(Layout /*layout*/) override { open('{'); }
  void end_object() override { close('}'); }
  void begin_list() override { open('['); }
  void end_list() override { close(']'); }

  void key(std::string_view name, bool /*covered*/) override {
    begin_item();
    append_quoted(out_, name, QuoteStyle::json);
    out_ += on_one_line_ ? ":" : ": ";
    after_key_ = true;
  }

  void text(std::string_view value) override {
    begin_value();
    const std::size_t start = out_.size();
    if (!append_quoted(out_, value, QuoteStyle::json)) {
      // What is no UTF-8 is told twice: readable, and exact.
      const std::string quoted = out_.substr(start);
      out_.resize(start);
      fmt::format_to(std::back_inserter(out_), R"({{"text":{},"hex":")", quoted);
      append_hex(out_, as_bytes(value));
      out_ += "\"}";
    }
    end_value();
  }

  void hex(ByteView value) override {
    begin_value();
    out_ += '"';
    append_hex(out_, value);
    out_ += '"';
    end_value();
  }

  void number(Number value) override {
    begin_value();
    const fmt::format_int digits(value.value);
    const std::string_view quote = value.wide ? "\"" : "";
    out_.append(quote).append(digits.data(), digits.size()).append(quote);
    end_value();
  }

  void boolean(bool value) override {
    begin_value();
    out_ += value ? "true" : "false";
    end_value();
  }

  void null() override {
    begin_value();
    out_ += "null";
    end_value();
  }

 private:
  void new_line() {
    if (!on_one_line_) {
      out_ += '\n';
      out_.append(2 * counts_.size(), ' ');
    }
  }

  void begin_item() {
    if (!counts_.empty()) {
      out_ += counts_.back()++ == 0 ? "" : ",";
      new_line();
    }
  }

  void begin_value() {
    if (!after_key_) {
      begin_item();
    }
    after_key_ = false;
  }

  void end_value() {
    if (counts_.empty()) {
      out_ += '\n';
    }
  }

  void open(char bracket) {
    begin_value();
    out_ += bracket;
    counts_.push_back(0);
  }

  void close(char bracket) {
    const bool empty = counts_.back() == 0;
    counts_.pop_back();
    if (!empty) {
      new_line();
    }
    out_ += bracket;
    end_value();
  }

  std::string& out_;
  bool on_one_line_;
  bool after_key_ = false;
  std::vector<std::uint64_t> counts_;  // items so far of each open object or list
};

}  // namespace

std::unique_ptr<DocumentWriter> make_json_writer(std::string& out, bool on_one_line) {
  return std::make_unique<JsonWriter>(out, on_one_line);
}

}  // namespace mrtool
