#include "lib/base/text.hpp"

#include <doctest/doctest.h>

using namespace mrtool;

TEST_CASE("utf-8: overlong forms, surrogates, stray and missing continuation bytes are refused") {
  CHECK(is_utf8(as_bytes("a\u00e9\u20ac\U0001F600")));
  for (const char* bad :
       {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80", "\xE2\x82", "\xFF", "\xF0\x80\x80\x80"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_utf8(as_bytes(bad)));
  }
}

TEST_CASE("utf-16: pairs, lone surrogates and an odd last byte") {
  CHECK(utf16le_to_utf8(*from_hex("41003dd800de")) == "A\U0001F600");
  CHECK(utf16le_to_utf8(*from_hex("3dd84100")) == "\uFFFDA");
  CHECK(utf16le_to_utf8(*from_hex("00de")) == "\uFFFD");
  CHECK(utf16le_to_utf8(*from_hex("410042")) == "A\uFFFD");
  CHECK(utf16le_to_utf8(*from_hex("410000004200")) == std::string("A\0B", 3));
}

TEST_CASE("escape: nothing that moves a cursor or reorders text gets through") {
  CHECK(escape_for_terminal("\x1b[2J") == "\\x1b[2J");
  CHECK(escape_for_terminal("a\nb\tc\rd\\") == "a\\nb\\tc\\rd\\");
  CHECK(escape_for_terminal(std::string_view("\0\x7f", 2)) == "\\x00\\x7f");
  CHECK(escape_for_terminal("\u009b31m") == "\\u{9b}31m");
  CHECK(escape_for_terminal("\u202egnp.exe") == "\\u{202e}gnp.exe");
  CHECK(escape_for_terminal("\u2066\u200b\ufeff") == "\\u{2066}\\u{200b}\\u{feff}");
  CHECK(escape_for_terminal("\xff\xc3") == "\\xff\\xc3");
  CHECK(escape_for_terminal("gr\u00fcn \u6f22 \U0001F600") == "gr\u00fcn \u6f22 \U0001F600");
}

TEST_CASE("width: wide and combining characters") {
  CHECK(display_width("abc") == 3);
  CHECK(display_width("\u6f22\u5b57") == 4);
  CHECK(display_width("e\u0301") == 1);
}

TEST_CASE("truncate: never splits a character, never exceeds the width") {
  CHECK(truncate_to_width("abcdef", 3) == "abc");
  CHECK(truncate_to_width("\u6f22\u5b57", 3) == "\u6f22");
  CHECK(truncate_to_width("e\u0301x", 1) == "e\u0301");
  CHECK(truncate_to_width("abc", 10) == "abc");
}

TEST_CASE("shorten: the end is kept, and no accent stands without its letter") {
  CHECK(shorten_middle("abcdefghijkl", 12) == "abcdefghijkl");
  CHECK(shorten_middle("abcdefghijkl", 9) == "ab...ijkl");
  CHECK(shorten_middle("abcdefghijkl", 4) == "...l");
  CHECK(shorten_middle("abcdef\u6f22\u5b57", 7) == "a...\u5b57");
  CHECK(shorten_middle("abcdefghie\u0301j", 5) == "...e\u0301j");
  CHECK(shorten_middle("abcdefghie\u0301j", 4) == "...j");
  CHECK(shorten_middle("abc\u6f22", 4) == "...");
}

TEST_CASE("printable ascii: the empty text is not") {
  CHECK(is_printable_ascii(as_bytes("POST CODE")));
  CHECK_FALSE(is_printable_ascii({}));
  CHECK_FALSE(is_printable_ascii(as_bytes("a\n")));
  CHECK_FALSE(is_printable_ascii(as_bytes("\u00e9")));
}
