// mrtool ima-bridge: carries the entries of an IMA list to a register, as they come.
#include <fmt/format.h>

#include <charconv>
#include <iterator>

#include "lib/base/text.hpp"
#include "lib/registers/names.hpp"
#include "tools/mrtool/cli/filter.hpp"
#include "tools/mrtool/commands/commands.hpp"
#include "tools/mrtool/commands/ima_carrier.hpp"
#include "tools/mrtool/commands/ima_list.hpp"
#include "tools/mrtool/commands/session.hpp"
#include "tools/mrtool/stop_signals.hpp"

namespace mrtool {
namespace {

using std::chrono::milliseconds;

struct Asked {
  std::optional<Register> reg;
  extend::BridgeOptions bridge;
  MeasureOptions measuring;
  HashAlgorithm list_bank = HashAlgorithm::none;
  bool follow = true;
  milliseconds interval{1000};
};

Result<milliseconds> parse_interval(std::string_view text) {
  constexpr double kShortest = 0.01;
  constexpr double kLongest = 86'400;
  constexpr double kMilliseconds = 1000;
  double seconds = 0;
  const auto [end, problem] =
      std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
  if (problem != std::errc() || end != text.data() + text.size() || !(seconds >= kShortest && seconds <= kLongest)) {
    return fail(ErrorKind::usage, fmt::format("--interval takes seconds from {} to {}, not '{}'", kShortest, kLongest,
                                              escape_for_terminal(text)));
  }
  return milliseconds(static_cast<std::int64_t>(seconds * kMilliseconds));
}

Result<HashAlgorithm> only_bank(const CommandLine& line) {
  MRTOOL_TRY(filter, Filter::from(line));
  if (filter.named_banks().size() > 1) {
    return fail(ErrorKind::usage, "the digests of a virtual register are of one bank: name one with --bank");
  }
  return filter.only_bank();
}

Result<Asked> read_line(const CommandLine& line) {
  Asked asked;
  MRTOOL_TRY(measuring, measure_options(line));
  asked.measuring = std::move(measuring);
  if (line.has(OptionId::on)) {
    asked.reg = parse_register(line.value(OptionId::on));
    if (!asked.reg) {
      return fail(ErrorKind::usage,
                  fmt::format("--on takes a register, not '{}'", escape_for_terminal(line.value(OptionId::on))));
    }
  }
  if (line.has(OptionId::way)) {
    asked.bridge.way = *extend::parse_bridge_way(line.value(OptionId::way));
  }
  const bool is_virtual = asked.bridge.way == extend::BridgeWay::virtual_register;
  if (line.has(OptionId::virtual_register)) {
    asked.bridge.virtual_name = line.value(OptionId::virtual_register);
    if (!is_virtual) {
      return fail(ErrorKind::usage, "--virtual names a virtual register, which only --as virtual has");
    }
    if (const Status named = extend::check_virtual_name(asked.bridge.virtual_name); !named) {
      return std::unexpected(named.error());
    }
  }
  if (is_virtual) {
    MRTOOL_TRY(bank, only_bank(line));
    asked.bridge.bank = bank;
    asked.list_bank = bank;
    asked.measuring.target.banks.clear();  // --bank is the virtual register's
  }
  if (line.has(OptionId::follow) && line.has(OptionId::once)) {
    return fail(ErrorKind::usage, "--follow and --once exclude each other");
  }
  asked.follow = !line.has(OptionId::once);
  if (line.has(OptionId::interval)) {
    MRTOOL_TRY(interval, parse_interval(line.value(OptionId::interval)));
    asked.interval = interval;
  }
  return asked;
}

// mrtool.extend/1, with the entry's place in the list.
void describe(const CarriedEntry& entry, const ImaCarrier& carrier, bool recovered, DocumentWriter& writer) {
  writer.begin_object();
  writer.key("schema");
  writer.text("mrtool.extend/1");
  writer.key("register");
  writer.text(to_string(carrier.reg()));
  writer.key("backend");
  writer.text(carrier.backend());
  writer.key("banks");
  writer.begin_list();
  for (const extend::Extended::Bank& bank : entry.result.banks) {
    writer.begin_object();
    writer.key("bank");
    writer.text(to_string(bank.bank));
    writer.key("digest");
    writer.hex(bank.digest.view());
    writer.key("before");
    writer.hex(bank.before.view());
    writer.key("after");
    writer.hex(bank.after.view());
    writer.end_object();
  }
  writer.end_list();
  writer.key("log");
  writer.begin_object();
  writer.key("path");
  writer.text(carrier.log_path());
  writer.key("format");
  writer.text(carrier.log_format());
  writer.key("record");
  writer.count(entry.result.record);
  writer.end_object();
  writer.key("recovered");
  writer.boolean(recovered);
  writer.key("ima_entry");
  writer.count(entry.number);
  writer.key("ima_name");
  writer.text(entry.name);
  writer.end_object();
}

class Bridge {
 public:
  Bridge(const CommandLine& line, Environment& environment, Session& session, Asked asked)
      : environment_(environment), session_(session), asked_(std::move(asked)) {
    messages_ = {.json = line.value(OptionId::diagnostics) == "json",
                 .warnings = !line.has(OptionId::quiet),
                 .notes = line.has(OptionId::verbose)};
  }

  Status run(const std::vector<std::string>& arguments);

 private:
  Status open(const std::vector<std::string>& arguments);
  Status take(const Batch& batch);
  Status carry();
  void tell(const CarriedEntry& entry);
  void tell_notes();
  void say(std::vector<Diagnostic> diagnostics);

  Environment& environment_;
  Session& session_;
  Asked asked_;
  MessageOptions messages_;
  StopSignals stop_;
  DiagnosticSink diagnostics_;
  std::size_t said_ = 0;  // of diagnostics_
  std::unique_ptr<ImaCarrier> carrier_;
  std::unique_ptr<ImaList> list_;
};

void Bridge::say(std::vector<Diagnostic> diagnostics) {
  append_messages(environment_.err.buffer(), diagnostics, {}, messages_,
                  Style(environment_.error_is_terminal && !environment_.no_color));
  environment_.err.flush();
}

void Bridge::tell_notes() {
  std::vector<Diagnostic> all;
  const auto add = [&all](Severity severity, std::string_view code, std::string message) {
    all.push_back({.severity = severity,
                   .code = std::string(code),
                   .log = {},
                   .record = {},
                   .offset = {},
                   .message = std::move(message)});
  };
  if (const extend::RecoveryReport& report = carrier_->recovered(); report.recovery != extend::Recovery::none) {
    add(Severity::warning, "recovered", report.message);
  }
  for (std::string& note : carrier_->take_notes()) {
    add(Severity::warning, "extend", std::move(note));
  }
  const std::vector<Diagnostic>& noticed = diagnostics_.all();
  all.insert(all.end(), noticed.begin() + static_cast<std::ptrdiff_t>(said_), noticed.end());
  said_ = noticed.size();
  if (!all.empty()) {
    say(std::move(all));
  }
}

void Bridge::tell(const CarriedEntry& entry) {
  std::string& out = session_.out().buffer();
  if (session_.rendering() == Rendering::json) {
    const bool recovered = carrier_->recovered().recovery != extend::Recovery::none;
    describe(entry, *carrier_, recovered, *make_json_writer(out, true));
    out += '\n';
  } else {
    const std::string_view line = entry.event.content == ContentType::tsm ? as_text(entry.event.data) : "";
    fmt::format_to(std::back_inserter(out), "{}: entry {}, {}{}{}\n", to_string(carrier_->reg()), entry.number,
                   escape_for_terminal(entry.name), line.empty() ? "" : ": ", escape_for_terminal(line));
  }
  session_.out().settle();
}

Status Bridge::open(const std::vector<std::string>& arguments) {
  MRTOOL_TRY(pieces, find_ima_list(arguments, session_.host()));
  MRTOOL_TRY(carrier, ImaCarrier::open(asked_.reg, asked_.measuring, asked_.bridge, session_.host()));
  carrier_ = std::move(carrier);
  tell_notes();
  list_ = std::make_unique<ImaList>(
      std::move(pieces), session_.host(), diagnostics_,
      ImaList::Options{
          .bank = asked_.list_bank, .compute_banks = carrier_->bridge().wanted_banks(), .follow = asked_.follow});
  return {};
}

Status Bridge::carry() {
  if (!carrier_->has_pending()) {
    return {};
  }
  if (Status same = list_->check(); !same) {
    return same;
  }
  Status carried = carrier_->carry([this](const CarriedEntry& entry) { tell(entry); });
  session_.out().flush();
  tell_notes();
  return carried;
}

// What can be carried of a batch is, whatever is wrong with what comes behind it.
Status Bridge::take(const Batch& batch) {
  for (const Record& entry : batch.records) {
    Status taken = carrier_->take_entry(entry, list_->info());
    if (!taken) {
      Error error = std::move(taken).error();
      error.file = list_->path();
      const Status carried = carry();
      return carried ? std::unexpected(std::move(error)) : carried;
    }
  }
  return carry();
}

Status Bridge::run(const std::vector<std::string>& arguments) {
  if (Status opened = open(arguments); !opened) {
    return opened;
  }
  Batch batch;
  ImaList::State state = ImaList::State::more;
  while (state != ImaList::State::ended && !stop_.wait(milliseconds(0))) {
    const auto read = list_->read(batch);
    if (Status taken = take(batch); !taken) {
      return taken;
    }
    tell_notes();
    if (!read) {
      return std::unexpected(read.error());
    }
    state = *read;
    if (state == ImaList::State::more) {
      continue;
    }
    if (Status whole = carrier_->bridge().check_end(); !whole) {
      Error error = std::move(whole).error();
      error.file = list_->path();
      return std::unexpected(std::move(error));
    }
    if (Status same = list_->check(); !same) {
      return same;
    }
    if (session_.out().failed() || (state == ImaList::State::rests && stop_.wait(asked_.interval))) {
      break;
    }
  }
  return {};
}

}  // namespace

int ima_bridge_command(const CommandLine& line, Environment& environment) {
  Session session(line, environment);
  auto asked = read_line(line);
  if (!asked) {
    return session.stop(asked.error());
  }
  const Status done = Bridge(line, environment, session, *std::move(asked)).run(line.arguments);
  if (!done) {
    environment.out.flush();
    return session.stop(done.error());
  }
  return session.finish(kExitSuccess);
}

}  // namespace mrtool
