#include "tools/mrtool/render/json_line.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "tools/mrtool/render/quote.hpp"

namespace mrtool {
namespace {

// What a log may hold to confuse whoever shows it, besides plain text.
std::string hostile_text(std::mt19937& random, std::size_t longest) {
  static constexpr auto kParts =
      std::to_array<std::string_view>({"a",          "plain text ",  "0123456789abcdef",
                                       "\"",         "\\",           "\n",
                                       "\t",         "\x1B[2J",      "\x7F",
                                       "\u0085",     "\u202E",       "\u2066",
                                       "\u00E4",     "\u20AC",       "\U0001F600",
                                       "\U000E0041", "\uFEFF",       "\x80",
                                       "\xC0\x80",   "\xED\xA0\x80", "\xF4\x90\x80\x80",
                                       "\xE2\x82",   "\xFF",         "/usr/lib/x86_64-linux-gnu/libc.so.6"});
  std::string text;
  const std::size_t size = random() % (longest + 1);
  const bool plain = random() % 2 == 0;
  while (text.size() < size) {
    text +=
        plain ? std::string(1, static_cast<char>(' ' + random() % 95)) : std::string(kParts[random() % kParts.size()]);
  }
  if (random() % 8 == 0) {
    text += '\0';
  }
  return text;
}

Value random_value(std::mt19937& random, unsigned depth) {
  switch (random() % (depth == 0 ? 6 : 8)) {
    case 0:
      return {};
    case 1:
      return random() % 2 == 0;
    case 2:
      return Number{.value = (std::uint64_t{random()} << 32U | random()) >> (random() % 64), .wide = random() % 2 == 0};
    case 3:
      return to_bytes(as_bytes(hostile_text(random, 100)));
    case 4:
    case 5:
      return hostile_text(random, 200);
    case 6: {
      Value::List list(random() % 4);
      for (Value& item : list) {
        item = random_value(random, depth - 1);
      }
      return list;
    }
    default: {
      Value::Object object(random() % 12);
      for (Member& member : object) {
        member = {.name = random() % 3 == 0 ? hostile_text(random, 20) : "name",
                  .value = random_value(random, depth - 1)};
      }
      return object;
    }
  }
}

TEST_CASE("lines of JSON are the same from both writers, whatever the values hold") {
  std::mt19937 random(6);
  JsonLineWriter fast;
  for (int round = 0; round < 3000; ++round) {
    const Value value = Value::Object{{"v", random_value(random, 3)}, {"w", random_value(random, 2)}};
    std::string plain;
    make_json_writer(plain, true)->value(value);
    fast.clear();
    fast.value(value);
    CAPTURE(plain);
    REQUIRE(fast.written() == plain);
  }
}

TEST_CASE("a line of JSON goes on behind the one before it until it is cleared") {
  JsonLineWriter fast;
  std::string plain;
  const auto slow = make_json_writer(plain, true);
  const auto write = [](DocumentWriter& writer) {
    writer.begin_object();
    writer.member("empty_list");
    writer.begin_list();
    writer.end_list();
    writer.member("empty_object");
    writer.begin_object();
    writer.end_object();
    writer.member("none");
    writer.text_or_null("");
    writer.end_object();
  };
  for (int i = 0; i < 2; ++i) {
    write(fast);
    write(*slow);
  }
  CHECK(fast.written() == plain);
  CHECK(
      plain ==
      "{\"empty_list\":[],\"empty_object\":{},\"none\":null}\n{\"empty_list\":[],\"empty_object\":{},\"none\":null}\n");
  fast.clear();
  CHECK(fast.written().empty());
}

TEST_CASE("plain text is copied up to the first byte that is not, wherever that stands") {
  for (std::size_t size = 0; size <= 70; ++size) {
    for (std::size_t at = 0; at <= size; ++at) {
      for (unsigned byte = 0; byte <= 0xFF; ++byte) {
        std::string text(size, 'x');
        if (at < size) {
          text[at] = static_cast<char>(byte);
        }
        const bool plain = at == size || (byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\');
        std::string out(size + kPlainChunk, '#');
        REQUIRE(copy_plain(out.data(), text) == (plain ? size : at));
        REQUIRE(out.starts_with(text.substr(0, plain ? size : at)));
      }
    }
  }
}

}  // namespace
}  // namespace mrtool
