// THE table of commands and options. Parsing, --help, the completions and the check of the man pages all walk it; a new
// command or option is one new line here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tools/mrtool/environment.hpp"

namespace mrtool {

class CommandLine;

enum class OptionId : std::uint8_t {
  color,
  quiet,
  verbose,
  threads,
  root,
  version,
  help,
  registers,
  bank,
  type,
  record,
  text,
  json,
  ndjson,
  yaml,
  tpm2_yaml,
  eventlog_version,
  details,
  raw,
  output,
  batch,
  unordered,
  diagnostics,
  against,
  initial,
  check_digests,
  tcti,
  save_state,
  from_state,
  resume,
  to,
  dialect,
  loss_report,
  allow_loss,
  allow_gap,
  matrix,
  quote,
  sig,
  pcrs,
  key,
  ca,
  crl,
  tcb_info,
  nonce,
  no_nonce,
  at,
  policy,
  ima_key,
  make_policy,
  require,
  trust_registers,
  allow_sha1,
  tolerate,
  tolerant,
  event,
  file,
  digest,
  standard_input,
  event_type,
  data,
  by_event,
  virtual_register,
  on,
  way,
  follow,
  once,
  interval,
  backend,
  log,
  wait,
  recover,
  force,
};

// What an option's value is: how it is checked and completed.
enum class ValueKind : std::uint8_t {
  none,
  choice,
  number,
  file,
  directory,
  registers,
  banks,
  source,
  format,
  backend,
  word
};

enum class Category : std::uint8_t {
  measuring,
  keeping,
  selection,
  evidence,
  comparison,
  judgement,
  growing,
  conversion,
  rendering,
  many,
  global
};
std::string_view to_string(Category category);  // a heading for help

struct OptionSpec {
  OptionId id;
  std::string_view name;  // without dashes
  char letter;            // 0: none
  std::string_view metavar;
  ValueKind value;
  std::span<const std::string_view> choices;
  Category category;
  bool repeatable;
  std::string_view brief;   // one line, no full stop
  std::string_view detail;  // more for --help; may be empty
};

// What the arguments that are no options are.
enum class Arguments : std::uint8_t {
  none,
  logs,
  source,               // one source of register values
  register_and_events,  // a register, then texts
};

struct CommandSpec {
  std::string_view name;
  std::string_view brief;  // one line, no full stop
  std::string_view detail;
  std::string_view positional;        // as usage shows it: "[LOG...]"; empty where the command takes none
  std::string_view positional_brief;  // may be empty
  std::span<const OptionId> options;  // global ones are understood
  int (*run)(const CommandLine&, Environment&);
  Arguments arguments = Arguments::logs;
};

std::span<const OptionSpec> options();
const OptionSpec& option(OptionId id);
const OptionSpec* find_option(std::string_view name);
const OptionSpec* find_option(char letter);

std::span<const CommandSpec> commands();
// "LOG...", without the brackets that usage has.
std::string argument_names(const CommandSpec& command);
const CommandSpec* find_command(std::string_view name);
// Its own options, then the global ones.
bool accepts(const CommandSpec& command, OptionId id);

}  // namespace mrtool
