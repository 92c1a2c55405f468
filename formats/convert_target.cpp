#include "formats/convert_target.hpp"

#include <algorithm>

namespace mrtool {
namespace {

std::vector<std::string> kin_of(std::string_view format) {
  for (const std::vector<std::string>& family :
       {std::vector<std::string>{"tcg", "tcg2", "ccel"}, std::vector<std::string>{"ima", "ima-ascii"}}) {
    if (std::ranges::find(family, format) != family.end()) {
      return family;
    }
  }
  return {};
}

}  // namespace

ConvertTarget convert_target(const FormatRow& format, const WriteOptions& options) {
  return {.format = std::string(format.name),
          .write = options,
          .one_register = !format.names_registers,
          .one_bank = !format.names_registers || format.takes_register,
          .kin = kin_of(format.name),
          .holds_source = format.name == "json",
          .collates = format.name.starts_with("cel-"),
          .make_writer = format.make_writer,
          .carry = format.carry,
          .make_reader = format.make_reader};
}

}  // namespace mrtool
