// mrtool extend: measures events into a register of this machine and keeps its log.
#include <fmt/format.h>

#include <algorithm>

#include "lib/base/text.hpp"
#include "lib/registers/names.hpp"
#include "tools/mrtool/commands/commands.hpp"
#include "tools/mrtool/commands/extend_line.hpp"
#include "tools/mrtool/commands/extend_view.hpp"
#include "tools/mrtool/commands/line_batches.hpp"
#include "tools/mrtool/commands/session.hpp"

namespace mrtool {
namespace {

using extend::Event;
using extend::Extended;
using extend::Recovery;
using extend::RecoveryReport;

// Events that are measured together, and which of them are told of: a comment that goes with a digest is not.
struct Batch {
  std::vector<Event> events;
  std::vector<bool> told;

  void add(std::vector<Event> planned) {
    const bool any = std::ranges::any_of(planned, &Event::extends);
    for (Event& event : planned) {
      told.push_back(event.extends || !any);
      events.push_back(std::move(event));
    }
  }
};

int status_of(const RecoveryReport& report) {
  return report.recovery == Recovery::unknown ? row_of(ErrorKind::inconclusive).exit_status : kExitSuccess;
}

// One register's events, as they are measured.
class Run {
 public:
  Run(Session& session, Measurer& measurer, const ExtendLine& asked)
      : session_(session), measurer_(measurer), asked_(asked) {}

  // Recovers, and tells what that came to where `alone`: no event follows that would.
  Result<int> recover(bool alone) {
    auto report = measurer_.recover();
    tell_notes();
    if (!report) {
      return std::unexpected(std::move(report).error());
    }
    note_recovery(*report);
    if (alone) {
      show(nullptr, &*report);
    }
    return status_of(*report);
  }

  // Plans all events of the command line before the first is measured.
  Status measure_asked(Host& host) {
    Batch batch;
    for (const AskedEvent& event : asked_.events) {
      MRTOOL_TRY(planned, plan(event, host));
      batch.add(std::move(planned));
    }
    return measure(batch);
  }

  // A line that is refused ends the run when those before it are measured.
  Status measure_lines(Host& host) {
    LineBatches lines(host.standard_input());
    std::uint64_t count = 0;
    for (;;) {
      MRTOOL_TRY(some, lines.next());
      if (some.empty()) {
        break;
      }
      Batch batch;
      Status refused;
      for (const InputLine& line : some) {
        extend::Request request = *asked_.lines;
        request.text = line.text;
        auto planned = extend::plan(request, measurer_.place(), asked_.options.force);
        if (!planned) {
          refused = std::unexpected(std::move(planned).error());
          refused.error().message = fmt::format("line {} of standard input: {}; the lines before it are measured",
                                                line.number, refused.error().message);
          break;
        }
        batch.add(*std::move(planned));
        ++count;
      }
      if (auto status = measure(batch); !status) {
        return status;
      }
      if (!refused) {
        return refused;
      }
      if (session_.out().failed()) {
        return fail(ErrorKind::io,
                    "the results cannot be written any more; all lines that were read are measured, those that follow "
                    "are left alone");
      }
    }
    if (count == 0 && asked_.lines_are_implied) {
      return fail(ErrorKind::usage,
                  "no event is given and standard input is empty; write 'mrtool extend rtmr3 TEXT', or "
                  "--stdin where it may be empty");
    }
    return {};
  }

 private:
  Result<std::vector<Event>> plan(const AskedEvent& asked, Host& host) {
    extend::Request request = asked.request;
    if (!asked.file.empty()) {
      MRTOOL_TRY(source, host.open(asked.file));
      MRTOOL_TRY(digests, extend::digests_of(*source, measurer_.target().banks()));
      request.digests = std::move(digests);
      if (!request.text && !request.data) {
        request.text = to_bytes(as_bytes(fmt::format("file: {}", asked.file)));
      }
    }
    return extend::plan(request, measurer_.place(), asked_.options.force);
  }

  Status measure(const Batch& batch) {
    if (batch.events.empty()) {
      return {};
    }
    auto status = measurer_.measure(batch.events, [&](std::size_t number, const Extended& extended) {
      note_recovery(measurer_.recovered());
      tell_notes();
      if (batch.told[number]) {
        show(&extended, pending_ ? &*pending_ : nullptr);
        pending_.reset();
      }
    });
    note_recovery(measurer_.recovered());
    tell_notes();
    return status;
  }

  void tell_notes() {
    for (std::string& note : measurer_.take_notes()) {
      session_.tell_now(Severity::note, std::move(note));
    }
  }

  // Says it once, and keeps it for the next event's result.
  void note_recovery(const RecoveryReport& report) {
    if (report.recovery == Recovery::none || report.message == last_told_) {
      return;
    }
    last_told_ = report.message;
    pending_ = report;
    session_.tell_now(Severity::warning, report.message);
  }

  void show(const Extended* event, const RecoveryReport* recovered) {
    if (session_.rendering() != Rendering::text) {
      describe_extend({.measurer = measurer_, .event = event, .recovered = recovered},
                      *make_json_writer(session_.out().buffer(), true));
      session_.out().flush();
    } else if (event != nullptr && session_.is_verbose()) {
      session_.tell_now(Severity::note, extend_sentence(measurer_, *event));
    }
  }

  Session& session_;
  Measurer& measurer_;
  const ExtendLine& asked_;
  std::optional<RecoveryReport> pending_;  // that no result has told yet
  std::string last_told_;
};

// Every register that a journal of this machine says is not finished.
int recover_all(Session& session, const ExtendLine& asked) {
  auto unfinished = extend::find_unfinished(session.host());
  if (!unfinished) {
    return session.stop(unfinished.error());
  }
  int status = kExitSuccess;
  for (const extend::Unfinished& one : *unfinished) {
    ExtendLine line = asked;
    line.options.target.backend = one.backend;
    line.options.target.tcti = one.tcti;
    line.options.log = fmt::format("{}:{}", one.log_format, one.log_path);
    auto measurer = Measurer::open(one.reg, line.options, session.host());
    auto recovered = measurer ? Run(session, **measurer, line).recover(true)
                              : Result<int>(std::unexpected(std::move(measurer).error()));
    if (!recovered) {
      recovered.error().message = fmt::format("{}: {}", to_string(one.reg), recovered.error().message);
    }
    status = worse_exit_status(status, recovered ? *recovered : session.stop(recovered.error()));
  }
  return session.finish(status);
}

Result<Register> register_to_extend(const ExtendLine& asked, Session& session) {
  if (asked.reg) {
    return *asked.reg;
  }
  return extend::default_register(asked.options.target, session.host());
}

int run(Session& session, const ExtendLine& asked) {
  auto reg = register_to_extend(asked, session);
  if (!reg) {
    return session.stop(reg.error());
  }
  auto measurer = Measurer::open(*reg, asked.options, session.host());
  if (!measurer) {
    return session.stop(measurer.error());
  }
  if (!asked.reg) {
    session.tell_now(Severity::note, fmt::format("no register is named: it is {}, in {}", to_string(*reg),
                                                 (*measurer)->target().where()));
  }
  Run run(session, **measurer, asked);
  int status = kExitSuccess;
  if (asked.recover) {
    const auto recovered = run.recover(asked.events.empty() && !asked.lines);
    if (!recovered) {
      return session.stop(recovered.error());
    }
    status = *recovered;
  }
  Status measured = run.measure_asked(session.host());
  if (measured && asked.lines) {
    measured = run.measure_lines(session.host());
  }
  return measured ? session.finish(status) : worse_exit_status(status, session.stop(measured.error()));
}

}  // namespace

int extend_command(const CommandLine& line, Environment& environment) {
  Session session(line, environment);
  const auto asked = read_extend_line(line, session.host(), environment.input_is_terminal);
  if (!asked) {
    return session.stop(asked.error());
  }
  const bool all = asked->recover && !asked->reg && asked->events.empty() && !asked->lines;
  if (all && !asked->options.target.backend.empty()) {
    return session.stop({.kind = ErrorKind::usage,
                         .message = "name the register to recover beside --backend; without both, all registers of "
                                    "this machine that an earlier run left unfinished are recovered",
                         .file = {},
                         .offset = {},
                         .record = {}});
  }
  return all ? recover_all(session, *asked) : run(session, *asked);
}

}  // namespace mrtool
