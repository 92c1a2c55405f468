#include "tools/mrtool/commands/state_files.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "formats/tsm/place.hpp"
#include "lib/base/limits.hpp"
#include "lib/base/text.hpp"
#include "lib/registers/names.hpp"
#include "lib/state/state_names.hpp"
#include "lib/state/trusted_file.hpp"

namespace mrtool {
namespace {

// In it, and only in it, two runs may differ: a state with what a comparison needs is good for a run without one.
constexpr std::string_view kCompares = "compares";

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

Result<std::optional<LogState>> StateFiles::load(std::string_view command, const StateOptions& options) const {
  if (from_.empty()) {
    return std::optional<LogState>();
  }
  MRTOOL_TRY(bytes, read_trusted_file(from_, limits::kSmallFile));
  if (!bytes) {
    return must_exist_ ? Result<std::optional<LogState>>(about(from_, ErrorKind::io, "there is no such state"))
                       : std::optional<LogState>();
  }
  auto state = read_state(*bytes);
  if (!state) {
    return about(from_, state.error().kind, state.error().message);
  }
  if (const std::string why = difference(*state, command, options); !why.empty()) {
    return about(from_, ErrorKind::inconclusive,
                 fmt::format("the state is of another run: {}. Remove it to read the log whole", why));
  }
  return std::optional(*std::move(state));
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
