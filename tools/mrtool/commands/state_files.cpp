#include "tools/mrtool/commands/state_files.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "formats/tsm/place.hpp"
#include "lib/base/limits.hpp"
#include "lib/base/text.hpp"
#include "lib/registers/names.hpp"
#include "lib/state/state_names.hpp"
#include "lib/state/trusted_file.hpp"
#include "tools/mrtool/render/diagnostics.hpp"

namespace mrtool {
namespace {

// In it, and only in it, two runs may differ: a state with what a comparison needs is good for a run without one.
constexpr std::string_view kCompares = "compares";

// What tells refusals apart.
constexpr std::string_view kOtherLog = "state-other-log";
constexpr std::string_view kShorterLog = "state-log-shorter";
constexpr std::string_view kOtherOptions = "state-other-options";
constexpr std::string_view kUntrusted = "state-untrusted";
constexpr std::string_view kDamaged = "state-damaged";

std::unexpected<Error> about(const std::string& path, ErrorKind kind, std::string message) {
  Error error = fail(kind, std::move(message)).error();
  error.file = path;
  return std::unexpected(std::move(error));
}

std::string shown(const std::string& value) {
  return value.empty() ? "nothing" : escape_for_terminal(value);
}

// Why the state is of another run; empty where it is of this one.
std::string difference(const LogState& state, std::string_view command, const StateOptions& options) {
  if (state.tool != MRTOOL_VERSION) {
    return fmt::format("it was made by mrtool {}, and this is {}", escape_for_terminal(state.tool), MRTOOL_VERSION);
  }
  if (state.command != command) {
    return fmt::format("it was made by mrtool {}", state.command);
  }
  StateOptions made = state.options;
  const bool lacks_alternatives = state.format.starts_with("ima") && made[std::string(kCompares)] != "yes";
  for (const auto& [name, value] : options) {
    const auto found = made.find(name);
    const std::string before = found == made.end() ? std::string() : found->second;
    if (name == kCompares) {
      if (value == "yes" && lacks_alternatives) {
        return "it was made by a run that compared no values, and lacks what an IMA list's need: make it with "
               "--against";
      }
    } else if (before != value) {
      return fmt::format("of {}, it was made with {}, and this run has {}", name, shown(before), shown(value));
    }
    made.erase(name);
  }
  made.erase(std::string(kCompares));
  return made.empty() ? std::string() : fmt::format("it was made with {}, which this run has not", made.begin()->first);
}

}  // namespace

Result<StateFiles> StateFiles::from(const CommandLine& line) {
  StateFiles files;
  if (line.has(OptionId::resume)) {
    if (line.has(OptionId::from_state) || line.has(OptionId::save_state)) {
      return fail(ErrorKind::usage, "--resume is --from-state and --save-state in one: give it alone");
    }
    return resuming(std::string(line.value(OptionId::resume)));
  }
  files.from_ = line.value(OptionId::from_state);
  files.must_exist_ = true;
  files.to_ = line.value(OptionId::save_state);
  return files;
}

StateFiles StateFiles::resuming(std::string path) {
  StateFiles files;
  files.from_ = path;
  files.to_ = std::move(path);
  return files;
}

std::expected<std::optional<LogState>, Refusal> StateFiles::load(std::string_view command,
                                                                 const StateOptions& options) const {
  if (auto place = check_place(command, options); !place) {
    const Error& error = place.error();
    return std::unexpected(Refusal(error, is_untrusted(error)                     ? kUntrusted
                                          : error.kind == ErrorKind::inconclusive ? kOtherOptions
                                                                                  : std::string_view()));
  }
  if (from_.empty()) {
    return std::optional<LogState>();
  }
  const auto bytes = read_trusted_file(from_, limits::kSmallFile);
  if (!bytes) {
    return std::unexpected(Refusal(bytes.error(), is_untrusted(bytes.error()) ? kUntrusted : std::string_view()));
  }
  if (!*bytes) {
    if (must_exist_) {
      return about(from_, ErrorKind::io, "there is no such state");
    }
    return std::optional<LogState>();
  }
  auto state = read_state(**bytes);
  if (!state) {
    return std::unexpected(Refusal(about(from_, state.error().kind, state.error().message).error(), kDamaged));
  }
  if (const std::string why = difference(*state, command, options); !why.empty()) {
    return std::unexpected(
        Refusal(about(from_, ErrorKind::inconclusive,
                      fmt::format("the state is of another run: {}. Remove it to read the log whole", why))
                    .error(),
                kOtherOptions));
  }
  return std::optional(*std::move(state));
}

// Before anything is read: whether what is found out can be kept there.
Status StateFiles::check_place(std::string_view command, const StateOptions& options) const {
  if (to_.empty()) {
    return {};
  }
  if (auto place = check_trusted_place(to_, state::kBeginning); !place) {
    return place;
  }
  const auto compares = options.find(std::string(kCompares));
  if (compares == options.end() || compares->second == "yes") {
    return {};
  }
  // A state that values have vouched for is worth more than what the log says by itself.
  const auto bytes = read_trusted_file(to_, limits::kSmallFile);
  const auto there = bytes && *bytes ? read_state(**bytes) : Result<LogState>(fail(ErrorKind::malformed, ""));
  if (there && there->command == command) {
    const auto compared = there->options.find(std::string(kCompares));
    if (compared != there->options.end() && compared->second == "yes") {
      return about(to_, ErrorKind::inconclusive,
                   "the state there is of a run that compared values, and this one compares none: it is not replaced "
                   "by a lesser one. Give --against, or a file of its own to save to");
    }
  }
  return {};
}

Status StateFiles::save(LogState found, std::string_view command, const StateOptions& options,
                        const std::optional<LogState>& began) const {
  if (began && from_ == to_ && began->position == found.position && began->sha256 == found.sha256) {
    return {};
  }
  found.tool = MRTOOL_VERSION;
  found.command = command;
  found.options = options;
  const auto text = write_state(found);
  if (!text) {
    return about(to_, text.error().kind, text.error().message);
  }
  return write_trusted_file(to_, as_bytes(*text), state::kBeginning);
}

std::string StateFiles::not_saved_message(std::string_view verdict, bool read_whole) const {
  return read_whole ? fmt::format("no state was saved to {}: the verdict is {}", to_, verdict)
                    : fmt::format("no state was saved to {}: the log could not be read to its end", to_);
}

StateOptions state_options(const LogName& log) {
  std::optional<Register> reg = log.reg;
  if (!reg && log.path != "-") {
    reg = tsm::register_of_path(log.path);
  }
  return {{"register", reg ? to_string(*reg) : std::string()}};
}

std::string text_of(const std::map<RegisterKey, Digest>& initial) {
  std::string text;
  for (const auto& [key, value] : initial) {
    text += fmt::format("{}{}:{}={}", text.empty() ? "" : ",", to_string(key.bank), to_string(key.reg), value.hex());
  }
  return text;
}

ChainOptions with_state(ChainOptions options, const std::optional<LogState>& from, std::uint64_t end) {
  options.keeps_end = true;
  options.end = end;
  if (from) {
    options.start = LogStart{.format = from->format, .position = from->position, .sha256 = from->sha256};
  }
  return options;
}

void CleanEnd::see(const Batch& batch) {
  const auto last = std::find_if(batch.records.rbegin(), batch.records.rend(),
                                 [](const Record& record) { return record.extends && !record.tentative; });
  if (last != batch.records.rend()) {
    records_ = last->number + 1;
  }
}

Refusal start_refusal(Error error, const LogState& from, const LogSummary& log) {
  if (error.kind != ErrorKind::inconclusive) {
    return error;
  }
  const bool shorter = log.info.format == from.format && log.bytes < from.position.offset;
  return {std::move(error), shorter ? kShorterLog : kOtherLog};
}

std::vector<Diagnostic> told(const Refusal& refusal) {
  std::vector<Diagnostic> told = {as_diagnostic(refusal.error, {})};
  if (!refusal.code.empty()) {
    told.front().code = refusal.code;
  }
  return told;
}

std::string resumed_message(const std::string& path, const LogState& from) {
  return fmt::format("the first {} records, {} bytes, are those that {} is of: reading began behind them",
                     from.position.record, from.position.offset, path);
}

std::string begun_anew_message(const LogState& from) {
  return fmt::format(
      "behind record {}, where the state ends, the log does not lead to all that was asked for: it was "
      "read whole",
      from.position.record - 1);
}

}  // namespace mrtool
