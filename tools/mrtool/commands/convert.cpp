// mrtool convert: logs in another format, or what that would lose.
#include "lib/convert/convert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "formats/convert_target.hpp"
#include "formats/formats.hpp"
#include "lib/base/limits.hpp"
#include "lib/base/text.hpp"
#include "lib/registers/names.hpp"
#include "tools/mrtool/cli/filter.hpp"
#include "tools/mrtool/commands/commands.hpp"
#include "tools/mrtool/commands/convert_report.hpp"
#include "tools/mrtool/commands/session.hpp"

namespace mrtool {
namespace {

Result<const FormatRow*> format_of(const CommandLine& line) {
  if (!line.has(OptionId::to)) {
    return fail(ErrorKind::usage, "--to FORMAT is missing: which format is the log to be written in?");
  }
  const std::string_view name = line.value(OptionId::to);
  const FormatRow* const format = find_format(name);
  if (format == nullptr) {
    std::vector<std::string_view> known;
    for (const FormatRow& row : formats()) {
      known.push_back(row.name);
    }
    return fail(ErrorKind::usage,
                fmt::format("--to takes a format ({}), not '{}'", fmt::join(known, ", "), escape_for_terminal(name)));
  }
  if (format->make_writer == nullptr || format->carry == nullptr) {
    return fail(ErrorKind::unsupported, fmt::format("{} logs are read and not written", format->name));
  }
  return format;
}

std::string dialects_of(const FormatRow& format) {
  return fmt::format("{} has {}", format.name, fmt::join(format.dialects, ", "));
}

std::string every_dialect() {
  std::vector<std::string> all;
  for (const FormatRow& row : formats()) {
    if (!row.dialects.empty()) {
      all.push_back(dialects_of(row));
    }
  }
  return fmt::format("{}", fmt::join(all, "; "));
}

Result<WriteOptions> write_options(const CommandLine& line, const FormatRow& format, const Filter& filter) {
  WriteOptions options{
      .dialect = std::string(line.value(OptionId::dialect)), .reg = filter.only_register(), .bank = filter.only_bank()};
  if (!options.dialect.empty() && std::ranges::find(format.dialects, options.dialect) == format.dialects.end()) {
    return fail(ErrorKind::usage,
                fmt::format("{} has no dialect '{}'; {}", format.name, escape_for_terminal(options.dialect),
                            format.dialects.empty() ? every_dialect() : dialects_of(format)));
  }
  return options;
}

// Digests that a list does not hold are computed where a bank is asked for by its name: what a kernel extended there
// depends on its age, and is not for the output to say unasked.
std::vector<HashAlgorithm> computed_banks(const Filter& filter) {
  std::vector<HashAlgorithm> banks = filter.named_banks();
  return banks.empty() ? std::vector{HashAlgorithm::none} : banks;
}

ConvertOptions convert_options(const CommandLine& line, const Filter& filter, bool several_logs) {
  ConvertOptions options{.allow_loss = line.has(OptionId::allow_loss),
                         .allow_gap = line.has(OptionId::allow_gap),
                         .several_logs = several_logs,
                         .compute_banks = computed_banks(filter),
                         .threads = line.threads()};
  if (filter.selects_values()) {
    options.takes_record = [&filter](const Record& record) { return filter.takes(record); };
    options.takes_digest = [&filter](const Register& reg, HashAlgorithm bank) { return filter.takes(reg, bank); };
  }
  return options;
}

Diagnostic error_of(ErrorKind kind, std::string message) {
  return {.severity = Severity::error,
          .code = std::string(row_of(kind).name),
          .log = {},
          .record = {},
          .offset = {},
          .message = std::move(message)};
}

// Only text without control characters is shown: anything else may tell the terminal what to do.
Result<bool> fits_terminal(const Spool& spool) {
  const auto source = spool.open();
  std::array<std::uint8_t, 64 * 1024> piece{};
  while (true) {
    MRTOOL_TRY(size, source->read(piece));
    if (size == 0) {
      return true;
    }
    const auto is_control = [](std::uint8_t byte) {
      constexpr std::uint8_t kDelete = 0x7F;
      return (byte < ' ' && byte != '\n' && byte != '\t') || byte == kDelete;
    };
    if (std::ranges::any_of(std::span(piece).first(size), is_control)) {
      return false;
    }
  }
}

class ConvertRun {
 public:
  ConvertRun(const CommandLine& line, Session& session, LogChain& chain, Conversion& conversion,
             const FormatRow& format, const Filter& filter)
      : line_(line), session_(session), chain_(chain), conversion_(conversion), format_(format), filter_(filter) {}

  int run();

 private:
  int fail_with(Error error);
  int refuse(ErrorKind kind, std::string message);
  int refuse_damaged();
  int judge(const ConvertResult& result);
  int tell_differences(const ConvertResult& result);
  int deliver();

  const CommandLine& line_;
  Session& session_;
  LogChain& chain_;
  Conversion& conversion_;
  const FormatRow& format_;
  const Filter& filter_;
};

int ConvertRun::fail_with(Error error) {
  session_.discard_output();
  session_.diagnostics().add(as_diagnostic(error, chain_.logs()));
  return session_.finish(chain_, row_of(error.kind).exit_status);
}

int ConvertRun::refuse(ErrorKind kind, std::string message) {
  session_.discard_output();
  session_.tell(error_of(kind, std::move(message)), chain_);
  return session_.finish(chain_, row_of(kind).exit_status);
}

// Says so behind the errors, which tell what it is.
int ConvertRun::refuse_damaged() {
  session_.discard_output();
  const int status = session_.finish(chain_, kExitSuccess);
  session_.tell(
      error_of(chain_.errors().front().kind, "nothing is written: a log is converted as a whole or not at all"),
      chain_);
  return status;
}

int ConvertRun::run() {
  LogChain::Step step;
  while (chain_.next(step)) {
    Status status;
    if (step.first_of_log) {
      status = conversion_.begin_log(*step.info);
    }
    if (status) {
      status = conversion_.add(*step.batch);
    }
    if (!status) {
      Error error = std::move(status).error();
      error.file = error.file.empty() ? chain_.logs()[step.log].path : error.file;
      return fail_with(std::move(error));
    }
  }
  if (const auto missing = session_.missing_input(chain_)) {
    return session_.stop(*missing);
  }
  if (!chain_.errors().empty()) {
    return refuse_damaged();
  }
  auto result = conversion_.finish();
  if (!result) {
    return fail_with(std::move(result).error());
  }
  if (line_.has(OptionId::loss_report)) {
    const Status written =
        write_loss_report(std::string(line_.value(OptionId::loss_report)), conversion_, *result, chain_, format_.name);
    if (!written) {
      return fail_with(written.error());
    }
  }
  return judge(*result);
}

int ConvertRun::judge(const ConvertResult& result) {
  if (filter_.selects_values() && result.records == 0) {
    return refuse(ErrorKind::inconclusive, fmt::format("no record is of what {}", filter_.value_options()));
  }
  if (result.refused) {
    if (const Status told = tell_losses(conversion_, chain_, session_); !told) {
      return fail_with(told.error());
    }
    return refuse(ErrorKind::unsupported,
                  fmt::format("nothing is written: of {} records, {} would lose something as {}; --allow-loss writes "
                              "what is left",
                              result.records, conversion_.losses().size(), format_.name));
  }
  if (!result.differences.empty()) {
    return tell_differences(result);
  }
  if (result.written == 0 && result.records != 0) {
    return refuse(ErrorKind::unsupported, fmt::format("nothing is written: none of {} records can be carried by {}",
                                                      result.records, format_.name));
  }
  if (conversion_.losses().size() != 0) {
    if (const Status noted = note_losses(conversion_, chain_, session_); !noted) {
      return fail_with(noted.error());
    }
  }
  return deliver();
}

int ConvertRun::tell_differences(const ConvertResult& result) {
  for (const ValueDifference& difference : result.differences) {
    const auto shown = [](const std::optional<Digest>& value) { return value ? value->hex() : "no value"; };
    session_.tell(error_of(ErrorKind::check_failed,
                           fmt::format("{} in bank {}: the input leads to {}, what would be written to {}",
                                       to_string(difference.key.reg), to_string(difference.key.bank),
                                       shown(difference.input), shown(difference.output))),
                  chain_);
  }
  return refuse(ErrorKind::check_failed, "nothing is written: it would lead to other register values");
}

int ConvertRun::deliver() {
  if (session_.writes_to_terminal()) {
    const auto fits = fits_terminal(conversion_.output());
    if (!fits) {
      return fail_with(fits.error());
    }
    if (!*fits) {
      return refuse(ErrorKind::usage, "this is no text to be shown by a terminal; use -o FILE or >FILE");
    }
  }
  const Spool& spool = conversion_.output();
  Output& out = session_.out();
  const auto source = spool.open(out.send(spool.file(), spool.filed()));
  Bytes piece(limits::kReadPiece);
  while (!out.failed()) {
    const auto size = source->read(piece);
    if (!size) {
      return fail_with(size.error());
    }
    if (*size == 0) {
      break;
    }
    out.put(as_text(ByteView(piece).first(*size)));
  }
  return session_.finish(chain_, kExitSuccess);
}

}  // namespace

int convert_command(const CommandLine& line, Environment& environment) {
  Session session(line, environment);
  const auto filter = Filter::from(line);
  if (!filter) {
    return session.stop(filter.error());
  }
  const auto format = format_of(line);
  if (!format) {
    return session.stop(format.error());
  }
  const auto options = write_options(line, **format, *filter);
  if (!options) {
    return session.stop(options.error());
  }
  auto names = session.logs();
  if (!names) {
    return session.stop(names.error());
  }
  if (const Status opened = session.open_output(); !opened) {
    return session.stop(opened.error());
  }
  const bool several_logs = names->size() > 1;
  LogChain chain(std::move(*names), session.host(), session.diagnostics(),
                 {.bank = filter->only_bank(), .compute_banks = computed_banks(*filter)});
  Conversion conversion(convert_target(**format, *options), convert_options(line, *filter, several_logs),
                        session.host());
  return ConvertRun(line, session, chain, conversion, **format, *filter).run();
}

}  // namespace mrtool
