#include "lib/base/json_items.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <random>
#include <string>

namespace mrtool {
namespace {

// "L<..>" leading, "I<prefix|text|after>", "T<..>" trailing (joined), "E" end, "M<at: message>".
struct Split {
  std::string steps;
  JsonShape shape = JsonShape::unknown;
  bool trailing_comma = false;
};

// Hands the text over in pieces of `piece` bytes.
Split split(std::string_view text, std::size_t piece, const std::string& member = {}) {
  JsonItems items(member);
  Split out;
  std::string tail;
  std::size_t begin = 0;
  std::size_t end = 0;
  const auto part = [&](std::size_t from, std::size_t size) { return text.substr(begin + from, size); };
  while (true) {
    const auto step = items.next(as_bytes(text.substr(begin, end - begin)), end == text.size());
    switch (step.state) {
      case JsonItems::State::need_more:
        REQUIRE(end < text.size());
        REQUIRE(step.need > end - begin);
        end = std::min(text.size(), end + piece);
        break;
      case JsonItems::State::leading:
        out.steps += fmt::format("L<{}>", part(0, step.text));
        break;
      case JsonItems::State::item:
        out.steps += fmt::format("I<{}|{}|{}>", part(0, step.prefix), part(step.prefix, step.text),
                                 part(step.prefix + step.text, step.after));
        break;
      case JsonItems::State::trailing:
        REQUIRE(step.text > 0);
        tail += part(0, step.text);
        break;
      case JsonItems::State::ended:
      case JsonItems::State::malformed:
        if (step.state == JsonItems::State::malformed) {
          out.steps += fmt::format("M<{}: {}>", begin + step.at, step.message);
        } else {
          out.steps += tail.empty() ? "E" : fmt::format("T<{}>E", tail);
        }
        out.shape = items.shape();
        out.trailing_comma = items.trailing_comma();
        return out;
    }
    begin += step.size();
    REQUIRE(begin <= end);
  }
}

void check(std::string_view text, std::string_view steps, JsonShape shape, const std::string& member = {}) {
  CAPTURE(text);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, text.size() + 1}) {
    const Split got = split(text, piece, member);
    CHECK(got.steps == steps);
    CHECK(got.shape == shape);
  }
}

}  // namespace

TEST_CASE("the elements of an array, with everything between them") {
  check("[]", "L<[>T<]>E", JsonShape::array);
  check(" [ {\"a\":1} ,\n[2], \"x\",3 ]\n", "L< [>I< |{\"a\":1}|>I< ,\n|[2]|>I<, |\"x\"|>I<,|3|>T< ]\n>E",
        JsonShape::array);
}

TEST_CASE("items are the same whether their bytes are looked at one by one or many together") {
  constexpr auto kParts = std::to_array<std::string_view>(
      {"{", "}", "[", "]", "\"", "\\", "\\\"", "\\\\", ",", ":", " ", "\n", "\x1e", "\"a\"", "12345678", "\"]}\"",
       "\"0123456789012345678901234567890123456789012345678901234567890123456789\""});
  std::mt19937 random(21);
  for (int round = 0; round < 3000; ++round) {
    std::string text = round % 2 == 0 ? "[" : "";
    // Few are ever right as a whole: those that are made of right parts get further.
    const std::size_t items = 1 + random() % 4;
    for (std::size_t item = 0; item < items; ++item) {
      text += "{\"k\":";
      for (std::size_t left = random() % 40; left != 0; --left) {
        const bool quiet = round % 3 != 0 || random() % 16 != 0;
        text += quiet ? kParts[kParts.size() - 1 - random() % 4] : kParts[random() % kParts.size()];
      }
      text += round % 2 == 0 ? "}, " : "}\n";
    }
    CAPTURE(text);
    const Split slow = split(text, 1);
    const Split fast = split(text, text.size() + 1);
    CHECK(slow.steps == fast.steps);
    CHECK(slow.shape == fast.shape);
  }
}

TEST_CASE("brackets and quotes inside strings count for nothing") {
  check(R"([{"a":"]}\"]\\"},{"b":"\u005d"}])", R"(L<[>I<|{"a":"]}\"]\\"}|>I<,|{"b":"\u005d"}|>T<]>E)",
        JsonShape::array);
}

TEST_CASE("an array that is a member of the one object") {
  check(R"({"v":[1],"records" : [{"a":{"records":[]}},{}] , "z":{"y":[2]} } )",
        R"(L<{"v":[1],"records" : [>I<|{"a":{"records":[]}}|>I<,|{}|>T<] , "z":{"y":[2]} } >E)", JsonShape::member,
        "records");
}

TEST_CASE("a member of that name that is no array, or deeper inside, is not looked into") {
  check(R"({"records":"[","a":{"records":[1]}}{"records":[2]})",
        R"(I<|{"records":"[","a":{"records":[1]}}|>I<|{"records":[2]}|>E)", JsonShape::objects, "records");
}

TEST_CASE("a sequence: a separator before each item, a line feed behind it") {
  check("\x1e{\"a\":1}\n\x1e\x1e{}\n", "I<\x1e|{\"a\":1}|\n>I<\x1e\x1e|{}|\n>E", JsonShape::sequence);
  check("\x1e{} ", "I<\x1e|{}|>T< >E", JsonShape::sequence);
  check("\x1e{}\n \n", "I<\x1e|{}|\n>T< \n>E", JsonShape::sequence);
}

TEST_CASE("a sequence that is cut short or lacks a separator") {
  check("\x1e{\"a\"\n\x1e{}\n", "M<6: a record separator lies inside an item: the item is cut short>",
        JsonShape::sequence);
  check("\x1e{\"a\n\x1e{}\n", "M<5: a record separator lies inside a string: the item is cut short>",
        JsonShape::sequence);
  check("\x1e{}\n{}\n", "I<\x1e|{}|\n>M<4: expected a record separator (1e), found '{'>", JsonShape::sequence);
  check("\x1e{}\n\x1e", "I<\x1e|{}|\n>M<5: expected an item behind the record separator, found the end>",
        JsonShape::sequence);
}

TEST_CASE("objects one after another, on lines of their own or not") {
  check("{}\n{\"a\":[]}\n\n{}", "I<|{}|\n>I<|{\"a\":[]}|\n>I<\n|{}|>E", JsonShape::objects);
  check("{}{}  {}\r\n", "I<|{}|>I<|{}|>I<  |{}|\r\n>E", JsonShape::objects);
}

TEST_CASE("nothing but blanks") {
  check("", "E", JsonShape::unknown);
  check(" \n", "T< \n>E", JsonShape::unknown);
}

TEST_CASE("a comma behind the last element is noticed") {
  CHECK(split("[1,]", 1).steps == "L<[>I<|1|>T<,]>E");
  CHECK(split("[1,]", 1).trailing_comma);
  CHECK_FALSE(split("[1]", 1).trailing_comma);
  CHECK_FALSE(split("[]", 1).trailing_comma);
}

TEST_CASE("broken arrays") {
  check("[,1]", "L<[>M<1: expected an item, found ','>", JsonShape::array);
  check("[1,,2]", "L<[>I<|1|>M<3: expected an item, found ','>", JsonShape::array);
  check("[1 2]", "L<[>I<|1|>M<3: expected ',' or ']', found '2'>", JsonShape::array);
  check("[{]}]", "L<[>M<2: expected '}', found ']'>", JsonShape::array);
  check("[1] x", "L<[>I<|1|>M<4: expected the end, found 'x'>", JsonShape::array);
  check("[1", "L<[>M<2: expected the rest of an item, found the end>", JsonShape::array);
  check("[{}", "L<[>I<|{}|>M<3: expected ']' behind the last item, found the end>", JsonShape::array);
  check("{\"r\":[]", "L<{\"r\":[>M<7: expected '}' at the end, found the end>", JsonShape::member, "r");
  check("{} , {}", "I<|{}|>M<3: expected an item, found ','>", JsonShape::objects);
  check("\xef\xbb\xbf[]", "M<0: expected a JSON array, object or sequence, found the byte ef>", JsonShape::unknown);
}

TEST_CASE("brackets inside each other have a bound") {
  const std::string deepest = std::string(limits::kNesting, '[') + std::string(limits::kNesting, ']');
  CHECK(split("[" + deepest + "]", 64).steps == "L<[>I<|" + deepest + "|>T<]>E");
  CHECK(split("[[" + deepest + "]]", 64).steps.ends_with("more than 32 brackets inside each other>"));
}

TEST_CASE("an item has a bound, and so has what lies between items") {
  Bytes text(limits::kRecordBytes + 2, ' ');
  text[0] = '[';
  JsonItems between;
  CHECK(between.next(text, false).state == JsonItems::State::leading);
  CHECK(between.next(ByteView(text).subspan(1), false).state == JsonItems::State::malformed);
  text[1] = '"';
  JsonItems item;
  CHECK(item.next(text, false).state == JsonItems::State::leading);
  CHECK(item.next(ByteView(text).subspan(1), false).state == JsonItems::State::malformed);
}

TEST_CASE("an item that arrives byte by byte is scanned once") {
  // Rescanning would take minutes.
  constexpr std::size_t kBytes = 2'000'000;
  std::string text = "[\"" + std::string(kBytes, 'a') + "\"]";
  JsonItems items;
  CHECK(items.next(as_bytes(text.substr(0, 1)), false).state == JsonItems::State::leading);
  for (std::size_t end = 2; end + 2 < text.size(); ++end) {
    REQUIRE(items.next(as_bytes(std::string_view(text).substr(1, end - 1)), false).state ==
            JsonItems::State::need_more);
  }
  CHECK(items.next(as_bytes(std::string_view(text).substr(1)), true).state == JsonItems::State::item);
}

}  // namespace mrtool
