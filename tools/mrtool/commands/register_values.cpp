#include "tools/mrtool/commands/register_values.hpp"

#include <fmt/format.h>

#include "lib/base/text.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {
namespace {

// BANK:REG=HEX.
Status add_initial(const std::string& text, std::map<RegisterKey, Digest>& initial) {
  const auto refuse = [&text](std::string_view why) {
    return fail(ErrorKind::usage,
                fmt::format("--initial takes BANK:REG=HEX, not '{}': {}", escape_for_terminal(text), why));
  };
  const std::size_t colon = text.find(':');
  const std::size_t equals = text.rfind('=');
  if (colon == std::string::npos || equals == std::string::npos || equals < colon) {
    return refuse("it has no bank, register and value");
  }
  const std::string_view all = text;
  const auto bank = parse_algorithm(all.substr(0, colon));
  const auto reg = parse_register(all.substr(colon + 1, equals - colon - 1), true);
  const auto value = from_hex(all.substr(equals + 1));
  const HashAlgorithmRow* const row = bank ? find_algorithm(*bank) : nullptr;
  if (row == nullptr) {
    return refuse("no such bank is known");
  }
  if (!reg) {
    return refuse("no such register is known");
  }
  if (!value || value->size() != row->size) {
    return refuse(fmt::format("the value must have {} hexadecimal digits", 2 * row->size));
  }
  const auto [given, added] = initial.emplace(RegisterKey{.reg = *reg, .bank = *bank}, Digest(*value));
  if (!added && given->second != Digest(*value)) {
    return fail(ErrorKind::usage, fmt::format("--initial gives {}:{} two values", to_string(*bank), to_string(*reg)));
  }
  return {};
}

}  // namespace

Result<std::map<RegisterKey, Digest>> initial_values(const CommandLine& line) {
  std::map<RegisterKey, Digest> initial;
  for (const std::string& text : line.all(OptionId::initial)) {
    if (const Status added = add_initial(text, initial); !added) {
      return std::unexpected(added.error());
    }
  }
  return initial;
}

Result<std::vector<RegisterValues>> register_sources(const CommandLine& line, Host& host, const SharedInputs& shared) {
  std::vector<RegisterValues> sources;
  for (const std::string& spec : line.all(OptionId::against)) {
    MRTOOL_TRY(source, shared.values(spec, std::string(line.value(OptionId::tcti)), host));
    sources.push_back(std::move(source));
  }
  return sources;
}

}  // namespace mrtool
