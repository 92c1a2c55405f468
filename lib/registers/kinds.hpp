// The table of register kinds: how each is spelled and counted. Names and selections share it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/record/register.hpp"

namespace mrtool {

enum class Numbering : std::uint8_t {
  single,   // mrtd: there is one
  counted,  // pcr7: decimal, from 0 to `last`
  handle,   // nv:0x01c40200: eight hexadecimal digits
  named,    // mr:mr_ima
  any,      // index:41: any 32-bit number
};

struct KindRow {
  RegisterKind kind;
  std::string_view prefix;
  Numbering numbering;
  std::uint32_t last;
  bool extendable;
};

// The kind whose prefix a register's name (without its provider) starts with; nullptr when none does.
const KindRow* find_kind(std::string_view text);
const KindRow& kind_row(RegisterKind kind);

// A decimal number without sign, blanks or leading zeros.
std::optional<std::uint32_t> parse_index(std::string_view digits);

}  // namespace mrtool
