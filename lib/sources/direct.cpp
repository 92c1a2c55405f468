#include <fmt/format.h>

#include "lib/sources/kinds.hpp"

namespace mrtool::sources {

bool is_direct(std::string_view spec) {
  const auto equals = spec.find('=');
  const auto colon = spec.find(':');
  return equals != std::string_view::npos && colon < equals && parse_algorithm(spec.substr(0, colon)).has_value();
}

Result<RegisterValues> parse_direct(std::string_view spec) {
  RegisterValues values{.source = {}, .kind = "direct", .authenticated = Authenticated::none, .values = {}};
  std::string_view rest = spec;
  for (bool more = true; more;) {
    const auto comma = rest.find(',');
    const std::string_view item = rest.substr(0, comma);
    more = comma != std::string_view::npos;
    rest = more ? rest.substr(comma + 1) : std::string_view();
    const auto colon = item.find(':');
    const auto equals = item.find('=');
    if (equals == std::string_view::npos || colon == std::string_view::npos || colon > equals) {
      return fail(ErrorKind::usage,
                  fmt::format("register value \"{}\": expected BANK:REGISTER=HEX, as in sha256:7=HEX", item));
    }
    const std::string_view bank = item.substr(0, colon);
    const std::string_view reg = item.substr(colon + 1, equals - colon - 1);
    const std::string where = fmt::format("register value \"{}:{}\"", bank, reg);
    if (auto status = add_named_value(values, reg, bank, item.substr(equals + 1), where); !status) {
      return fail(ErrorKind::usage, std::move(status).error().message);
    }
  }
  return values;
}

}  // namespace mrtool::sources
