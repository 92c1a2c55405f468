#include "tools/mrtool/render/json_line.hpp"

#include <algorithm>
#include <string>

#include "tools/mrtool/render/quote.hpp"

namespace mrtool {

void JsonLineWriter::grow(std::size_t size) {
  constexpr std::size_t kLeast = 4096;
  const auto used = static_cast<std::size_t>(at_ - buffer_.get());
  const auto had = static_cast<std::size_t>(end_ - buffer_.get());
  const std::size_t wanted = std::max({used + size, had + had / 2, kLeast});
  auto larger = std::make_unique_for_overwrite<char[]>(wanted);  // NOLINT(modernize-avoid-c-arrays)
  std::copy_n(buffer_.get(), used, larger.get());
  buffer_ = std::move(larger);
  at_ = buffer_.get() + used;
  end_ = buffer_.get() + wanted;
}

void JsonLineWriter::quote(std::string_view text) {
  if (quote_plain(text)) {
    room(1);
    return;
  }
  std::string quoted;
  append_quoted(quoted, text, QuoteStyle::json);
  word(quoted);
  room(1);
}

void JsonLineWriter::text_with_escapes(std::string_view value) {
  std::string quoted;
  if (append_quoted(quoted, value, QuoteStyle::json)) {
    quoted += ',';
    word(quoted);
    return;
  }
  // What is no UTF-8 is told twice: readable, and exact.
  word(R"({"text":)");
  word(quoted);
  word(R"(,"hex":)");
  hex(as_bytes(value));
  at_[-1] = '}';
  word(",");
}

}  // namespace mrtool
