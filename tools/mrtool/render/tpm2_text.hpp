// Scalars as tpm2_eventlog writes them, but valid YAML whatever a log holds.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/bytes.hpp"

namespace mrtool {

// Without quotes where YAML allows it, else in double quotes.
void append_tpm2_plain(std::string& out, std::string_view text);

// In double quotes, a line of the text a line, the further ones indented by `indent` columns. Bytes that are not UTF-8
// are written as the code points of the same number.
void append_tpm2_escaped(std::string& out, ByteView bytes, std::size_t indent);

// The bytes up to the first NUL: as a literal block of one line, indented by `indent` columns, where such a block can
// hold them; else in double quotes. With the end of the line.
void append_tpm2_literal(std::string& out, ByteView bytes, std::size_t indent);

// In single quotes; in double quotes what those cannot hold.
void append_tpm2_single_quoted(std::string& out, std::string_view text);

// "0123abcd", with the quotes.
void append_tpm2_hex(std::string& out, ByteView bytes);

// The text before the first NUL.
std::string_view before_nul(std::string_view text);

}  // namespace mrtool
