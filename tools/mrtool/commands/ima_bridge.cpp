// mrtool ima-bridge: carries the entries of an IMA list to a register, as they come.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <optional>

#include "lib/base/text.hpp"
#include "lib/registers/names.hpp"
#include "tools/mrtool/cli/filter.hpp"
#include "tools/mrtool/commands/commands.hpp"
#include "tools/mrtool/commands/extend_line.hpp"
#include "tools/mrtool/commands/extend_view.hpp"
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

class Bridge {
 public:
  Bridge(Session& session, Asked asked) : session_(session), asked_(std::move(asked)) {}

  Status run(const std::vector<std::string>& arguments);

 private:
  Status open(const std::vector<std::string>& arguments);
  Status take(const Batch& batch);
  Status carry();
  void tell(const CarriedEntry& entry);
  void tell_notes();

  Session& session_;
  Asked asked_;
  StopSignals stop_;
  DiagnosticSink diagnostics_;
  std::size_t told_ = 0;                           // of diagnostics_
  std::optional<extend::RecoveryReport> pending_;  // that no result has told yet
  std::string last_recovery_;
  std::unique_ptr<Measurer> measurer_;
  std::unique_ptr<ImaCarrier> carrier_;
  std::unique_ptr<ImaList> list_;
};

void Bridge::tell_notes() {
  const extend::RecoveryReport report = measurer_->recovered();
  if (report.recovery != extend::Recovery::none && report.message != last_recovery_) {
    last_recovery_ = report.message;
    pending_ = report;
    session_.tell_now(Severity::warning, report.message);
  }
  for (std::string& note : measurer_->take_notes()) {
    session_.tell_now(Severity::note, std::move(note));
  }
  for (; told_ < diagnostics_.all().size(); ++told_) {
    const Diagnostic& noticed = diagnostics_.all()[told_];
    session_.tell_now(noticed.severity, fmt::format("{}: {}", list_->path(), noticed.message));
  }
}

void Bridge::tell(const CarriedEntry& entry) {
  if (session_.rendering() != Rendering::text) {
    describe_extend({.measurer = *measurer_, .event = &entry.result, .recovered = pending_ ? &*pending_ : nullptr},
                    *make_json_writer(session_.out().buffer(), true));
    session_.out().settle();
    pending_.reset();
  } else if (session_.is_verbose()) {
    session_.tell_now(Severity::note, fmt::format("entry {}, {}: {}", entry.number, entry.name,
                                                  extend_sentence(*measurer_, entry.result)));
  }
}

Status Bridge::open(const std::vector<std::string>& arguments) {
  MRTOOL_TRY(pieces, find_ima_list(arguments, session_.host()));
  if (!asked_.reg) {
    MRTOOL_TRY(usual, extend::default_register(asked_.measuring.target, session_.host()));
    session_.tell_now(Severity::note, fmt::format("no register is named: it is {}", to_string(usual)));
    asked_.reg = std::move(usual);
  }
  MRTOOL_TRY(measurer, Measurer::open(*asked_.reg, asked_.measuring, session_.host()));
  measurer_ = std::move(measurer);
  auto carrier = ImaCarrier::open(*measurer_, asked_.bridge, asked_.measuring.wait, session_.host());
  tell_notes();
  if (!carrier) {
    return std::unexpected(std::move(carrier).error());
  }
  carrier_ = *std::move(carrier);
  for (const HashAlgorithm bank : carrier_->bridge().other_banks()) {
    session_.tell_now(Severity::note, fmt::format("{} carries {} in bank {} too, which is a register apart",
                                                  measurer_->log_path(), asked_.bridge.virtual_name, to_string(bank)));
  }
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
  Status carried = carrier_->carry([this](const CarriedEntry& entry) {
    tell_notes();
    tell(entry);
  });
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
    tell_notes();
    if (Status taken = take(batch); !taken) {
      return taken;
    }
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
  const Status done = Bridge(session, *std::move(asked)).run(line.arguments);
  environment.out.flush();
  return done ? session.finish(kExitSuccess) : session.stop(done.error());
}

}  // namespace mrtool
