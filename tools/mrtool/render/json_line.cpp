#include "tools/mrtool/render/json_line.hpp"

#include <string>

#include "tools/mrtool/render/quote.hpp"

namespace mrtool {

void JsonLineWriter::quote(std::string_view text) {
  if (quote_plain(text)) {
    room(1);
    return;
  }
  std::string quoted;
  append_quoted(quoted, text, QuoteStyle::json);
  put(quoted);
  room(1);
}

void JsonLineWriter::text_with_escapes(std::string_view value) {
  std::string quoted;
  if (append_quoted(quoted, value, QuoteStyle::json)) {
    quoted += ',';
    put(quoted);
    return;
  }
  // What is no UTF-8 is told twice: readable, and exact.
  put(R"({"text":)");
  put(quoted);
  put(R"(,"hex":)");
  hex(as_bytes(value));
  at_[-1] = '}';
  put(",");
}

}  // namespace mrtool
