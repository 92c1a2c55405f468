#include "tools/mrtool/cli/completion_words.hpp"

#include <fmt/format.h>

#include "formats/formats.hpp"
#include "lib/crypto/algorithms.hpp"
#include "lib/extend/extend_target.hpp"
#include "lib/registers/kinds.hpp"
#include "lib/registers/names.hpp"
#include "lib/sources/sources.hpp"

namespace mrtool {

std::vector<const OptionSpec*> global_options() {
  std::vector<const OptionSpec*> found;
  for (const OptionSpec& spec : options()) {
    if (spec.category == Category::global) {
      found.push_back(&spec);
    }
  }
  return found;
}

std::vector<const OptionSpec*> options_of(const CommandSpec& command) {
  std::vector<const OptionSpec*> found;
  for (const OptionSpec& spec : options()) {
    if (accepts(command, spec.id)) {
      found.push_back(&spec);
    }
  }
  return found;
}

std::vector<std::string> value_words(const OptionSpec& option) {
  std::vector<std::string> words(option.choices.begin(), option.choices.end());
  if (option.value == ValueKind::banks) {
    for (const HashAlgorithmRow& row : hash_algorithms()) {
      words.emplace_back(row.name);
    }
  }
  if (option.value == ValueKind::format) {
    for (const FormatRow& format : formats()) {
      words.emplace_back(format.name);
      words.insert(words.end(), format.aliases.begin(), format.aliases.end());
    }
  }
  if (option.value == ValueKind::backend) {
    for (const extend::BackendRow& row : extend::backends()) {
      words.emplace_back(row.name);
    }
  }
  if (option.value == ValueKind::source) {
    const auto sources = source_words();
    words.insert(words.end(), sources.begin(), sources.end());
  }
  return words;
}

std::vector<std::string> positional_words(const CommandSpec& command) {
  switch (command.arguments) {
    case Arguments::none:
      break;
    case Arguments::logs:
      return log_words();
    case Arguments::source: {
      const auto words = source_words();
      return {words.begin(), words.end()};
    }
    case Arguments::register_and_events:
      return register_words();
  }
  return {};
}

std::vector<std::string> register_words() {
  std::vector<std::string> words;
  for (const RegisterKind kind : {RegisterKind::rtmr, RegisterKind::rem, RegisterKind::pcr}) {
    const KindRow& row = kind_row(kind);
    for (std::uint32_t index = 0; index <= row.last; ++index) {
      words.push_back(to_string(Register{.kind = kind, .index = index, .name = {}, .provider = {}, .carrier = {}}));
    }
  }
  return words;
}

std::vector<std::string> log_words() {
  std::vector<std::string> words = {"live"};
  for (const FormatRow& format : formats()) {
    words.push_back(fmt::format("{}:", format.name));
  }
  return words;
}

}  // namespace mrtool
