// Text from a log is untrusted: these make it valid UTF-8 and safe to show.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/bytes.hpp"

namespace mrtool {

bool is_utf8(ByteView bytes);
bool is_printable_ascii(ByteView bytes);  // 0x20 to 0x7E, and not empty

// UTF-16LE to UTF-8; lone surrogates and an odd last byte become U+FFFD. NULs are kept.
std::string utf16le_to_utf8(ByteView bytes);

// UTF-8 whose C0, C1, DEL, bidirectional and other invisible control characters, and bytes that are not UTF-8, are
// written as \n, \t, \xNN or \u{NNNN}: what may be sent to a terminal, on one line. A backslash of the text itself
// stays as it is, for UEFI paths are full of them: what must be exact is in the JSON output.
std::string escape_for_terminal(std::string_view text);

// How many columns a terminal gives to a text that escape_for_terminal made.
std::size_t display_width(std::string_view text);
// The longest prefix of at most `columns` columns; never splits a character.
std::string_view truncate_to_width(std::string_view text, std::size_t columns);
// The text in at most `columns` columns: where it is longer, three dots stand for what is left out of its middle. Two
// thirds of what is kept are of its end, where a path has the file's name. Needs more than three columns.
std::string shorten_middle(std::string_view text, std::size_t columns);

}  // namespace mrtool
