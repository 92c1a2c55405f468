// How logs are named on a command line.
#include <fmt/core.h>

#include "formats/chain.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {

Result<LogName> parse_log_name(std::string_view text) {
  LogName name;
  std::string_view rest = text;
  if (const auto colon = rest.find(':'); colon != std::string_view::npos) {
    name.format = find_format(rest.substr(0, colon));
    if (name.format != nullptr) {
      rest.remove_prefix(colon + 1);
    }
  }
  if (const auto equals = rest.find('='); equals != std::string_view::npos) {
    name.reg = parse_register(rest.substr(0, equals));
    if (name.reg) {
      rest.remove_prefix(equals + 1);
    }
  }
  if (rest.empty()) {
    return fail(ErrorKind::usage, fmt::format("expected the path of a log in '{}', found none", text));
  }
  if (name.reg && name.format != nullptr && name.format->names_registers && !name.format->takes_register) {
    return fail(ErrorKind::usage, fmt::format("the records of a {} log name their registers themselves: leave out {}=",
                                              name.format->name, to_string(*name.reg)));
  }
  name.path = rest;
  return name;
}

}  // namespace mrtool
