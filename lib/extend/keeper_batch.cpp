// One batch: journal, extend, log, journal.
#include <fmt/format.h>

#include <algorithm>

#include "lib/extend/keeper_state.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::extend {
namespace {

constexpr std::uint32_t kDirty = 01000;  // S_ISVTX

constexpr std::size_t kEvents = 256;
constexpr std::size_t kBytes = 1024 * 1024;

// A batch that is being made, and what its steps are to be reported as.
struct Plan {
  Pending pending;
  std::vector<std::size_t> events;  // of each step: the event's place among those to measure; kNoEvent for others
  std::size_t planned = 0;          // events
};
constexpr std::size_t kNoEvent = static_cast<std::size_t>(-1);

Status check_digests(const Event& event, std::span<const BankDigest> banks) {
  const bool fits = event.digests.size() == banks.size() &&
                    std::ranges::equal(event.digests, banks, [](const BankDigest& a, const BankDigest& b) {
                      return a.bank == b.bank && a.digest.size() == b.digest.size();
                    });
  return fits ? Status()
              : fail(ErrorKind::unsupported,
                     "expected a digest of its own size for each of the register's banks, found others");
}

class Planner {
 public:
  Planner(KeptLog& log, const Register& reg, std::vector<BankDigest> present, const LogEnd& end, bool first)
      : log_(log), reg_(reg), value_(std::move(present)), end_(end), first_(first) {
    plan_.pending.reg = reg_;
    plan_.pending.before = value_;
    plan_.pending.tail_at = end_.size;
  }

  Status add_resume() { return add_others(log_.resume(reg_, value_, end_)); }

  // As many events as one journal takes, at least one. Fails for what is wrong with the first; of others, those before
  // are planned.
  Status add_first_of(std::span<const Event> events) {
    while (plan_.planned < std::min(events.size(), kEvents) && bytes_ < kBytes) {
      const std::size_t steps = plan_.pending.steps.size();
      if (auto status = add(events[plan_.planned]); !status) {
        plan_.pending.steps.resize(steps);  // without what was to resume before it
        plan_.events.resize(steps);
        return plan_.planned == 0 ? status : Status();
      }
      ++plan_.planned;
    }
    return {};
  }

  Plan& plan() { return plan_; }

 private:
  Status add(const Event& event) {
    return in_turn([&] { return add_others(log_.resume_before(event, reg_, value_, end_)); },
                   [&] { return add_step(event, plan_.planned); });
  }

  Status add_others(const std::vector<Event>& events) {
    for (const Event& event : events) {
      if (auto status = add_step(event, kNoEvent); !status) {
        return status;
      }
      first_ = true;  // what follows is set apart from it
    }
    return {};
  }

  Status add_step(const Event& event, std::size_t number) {
    const bool extends = event.extends && !event.digests.empty();
    if (auto status = extends ? check_digests(event, value_) : Status(); !status) {
      return status;
    }
    MRTOOL_TRY(append, log_.encode(event, reg_, end_, first_));
    Step step{.digests = extends ? event.digests : std::vector<BankDigest>(),
              .asked = number != kNoEvent,
              .at = append.at,
              .bytes = std::move(append.bytes),
              .end = std::move(append.end)};
    for (std::size_t i = 0; i < value_.size(); ++i) {
      if (extends) {
        engine_.extend(value_[i].bank, value_[i].digest, event.digests[i].digest.view());
      }
      step.end.values[{.reg = reg_, .bank = value_[i].bank}] = value_[i].digest;
    }
    end_ = step.end;
    first_ = false;
    bytes_ += step.bytes.size();
    plan_.pending.tail_at = std::min(plan_.pending.tail_at, step.at);
    plan_.pending.steps.push_back(std::move(step));
    plan_.events.push_back(number);
    return {};
  }

  KeptLog& log_;
  const Register& reg_;
  std::vector<BankDigest> value_;
  LogEnd end_;
  bool first_;
  std::size_t bytes_ = 0;
  HashEngine engine_;
  Plan plan_;
};

// What became of the steps.
struct Outcome {
  std::size_t steps = 0;  // that the register has
  std::vector<Extended> results;
  bool left_path = false;      // somebody else extended the register, too
  std::optional<Error> error;  // what stopped it
  bool unknown = false;        // whether the step that it stopped at happened
  bool unread = false;         // because the register cannot be read
};

std::vector<Extended::Bank> banks_of(const Step& step, std::span<const BankDigest> before,
                                     std::span<const BankDigest> after) {
  std::vector<Extended::Bank> banks;
  for (std::size_t i = 0; i < step.digests.size(); ++i) {
    banks.push_back({.bank = step.digests[i].bank,
                     .digest = step.digests[i].digest,
                     .before = before[i].digest,
                     .after = after[i].digest});
  }
  return banks;
}

// Extends by one step after the other. `events` are those to measure, from which the steps were made.
Outcome extend_steps(ExtendTarget& target, const Plan& plan, std::span<const Event> events) {
  Outcome outcome;
  std::vector<BankDigest> value = plan.pending.before;
  for (const Step& step : plan.pending.steps) {
    const std::vector<BankDigest> before = value;
    if (!step.digests.empty()) {
      const std::size_t event = plan.events[outcome.steps];
      const auto done = event != kNoEvent && events[event].by_event ? target.extend_by_event(events[event].data)
                                                                    : target.extend(step.digests);
      const std::vector<BankDigest> expected = value_after(plan.pending, outcome.steps + 1);
      auto present = target.read();
      if (!present) {
        outcome.error = done ? present.error() : done.error();
        outcome.unread = true;
        return outcome;
      }
      value = *std::move(present);
      outcome.left_path = value != expected;
      if (!done && outcome.left_path) {
        outcome.error = done.error();
        outcome.unknown = value != before;
        outcome.left_path = outcome.unknown;
        return outcome;
      }
    }
    ++outcome.steps;
    outcome.results.push_back({.banks = banks_of(step, before, value), .record = step.end.records - 1});
    if (outcome.left_path) {
      return outcome;
    }
  }
  return outcome;
}

std::vector<BankDigest> known_values(const LogEnd& end, const ExtendTarget& target) {
  std::vector<BankDigest> values;
  for (const HashAlgorithm bank : target.banks()) {
    if (const auto value = end.values.find({.reg = target.reg(), .bank = bank}); value != end.values.end()) {
      values.push_back({.bank = bank, .digest = value->second});
    }
  }
  return values;
}

}  // namespace

Status write_steps(File& log, const Pending& pending, std::size_t steps) {
  const Bytes tail = tail_after(pending, steps);
  MRTOOL_TRY(size, log.size());
  const std::uint64_t end = pending.tail_at + tail.size();
  return in_turn([&] { return log.write_at(pending.tail_at, tail); },
                 [&] { return size > end ? log.truncate(end) : Status(); }, [&] { return log.sync(); });
}

Status Keeper::State::resume_log() {
  const auto resumed = run_batch({}, 0, {});
  own_sequence.reset();  // what comes next is set apart from it
  return resumed ? Status() : std::unexpected(resumed.error());
}

// Is the register not where the log ends? Then says so.
bool Keeper::State::has_left(std::span<const BankDigest> present) {
  // Of banks that no run has extended yet, the log says nothing.
  const auto left_at = known_values(end, target);
  const auto is_present = [present](const BankDigest& value) {
    return std::ranges::find(present, value) != present.end();
  };
  if (std::ranges::all_of(left_at, is_present) || log.marks_dirty()) {
    return false;
  }
  if (journal_damaged) {
    report = {.recovery = Recovery::unknown,
              .extended = 0,
              .lost = 0,
              .message = fmt::format("The journal is damaged and {} is not where its log ends: what an earlier run "
                                     "measured last may be in the register and not in the log, which goes on from the "
                                     "register's present value.",
                                     to_string(target.reg()))};
  } else if (report.recovery != Recovery::unknown) {
    note(fmt::format("Somebody else extended {} since {} was written; the log goes on from its present value.",
                     to_string(target.reg()), log_path));
  }
  return true;
}

// Writes the journal of it. When this fails, nothing has happened.
Status Keeper::State::begin_batch(Pending& pending) {
  if (!log_file->is_in_place()) {
    return fail(ErrorKind::io,
                fmt::format("the log {} was removed or replaced while it was in use: nothing was extended", log_path));
  }
  MRTOOL_TRY(tail, log_file->read_at(pending.tail_at, static_cast<std::size_t>(end.size - pending.tail_at)));
  MRTOOL_TRY(anchor, anchor_of(*log_file, pending.tail_at));
  MRTOOL_TRY(mode, log_file->mode());
  pending.backend = options.opened_by.backend;
  pending.tcti = options.opened_by.tcti;
  pending.tail = std::move(tail);
  pending.marks_dirty = log.marks_dirty();
  pending.was_dirty = (mode & kDirty) != 0;
  if (pending.marks_dirty && pending.was_dirty) {
    note(
        fmt::format("The log {} is marked as incomplete by an earlier crash of a program that keeps it; the mark is "
                    "left as it is.",
                    log_path));
  }
  Journal next = journal;
  next.end = end;
  next.anchor = anchor;
  next.pending = pending;
  const Bytes whole = tail_after(pending, pending.steps.size());
  auto status =
      in_turn([&] { return log_file->reserve(pending.tail_at, whole.size()); }, [&] { return reserve_journal(next); });
  if (status) {
    status = in_turn([&] { return write_journal(next); }, [&] { return journal_file->sync(); },
                     [&] { return pending.marks_dirty ? log_file->set_mode(mode | kDirty) : Status(); });
    if (!status) {
      // One that was torn would do no harm, but make the next run read the whole log.
      (void)write_journal(journal);
    }
  }
  if (!status) {
    status.error().message += "; nothing was extended";
  }
  return status;
}

// Logs the first steps. `unknown`: the log may lack one that happened.
Status Keeper::State::finish_batch(const Pending& pending, std::size_t steps, bool unknown) {
  if (steps > 0) {
    if (auto status = write_steps(*log_file, pending, steps); !status) {
      return status;
    }
    end = pending.steps[steps - 1].end;
  }
  if (pending.marks_dirty && !pending.was_dirty && !unknown) {
    MRTOOL_TRY(mode, log_file->mode());
    if (auto status = log_file->set_mode(mode & ~kDirty); !status) {
      return status;
    }
  }
  if (const auto status = write_idle(end, *log_file); !status) {
    note(fmt::format(
        "The journal cannot be written ({}): all that was measured is in the log, and the next run finds so.",
        to_string(status.error())));
  }
  own_sequence = journal.sequence;
  return {};
}

Result<std::size_t> Keeper::State::run_batch(std::span<const Event> events, std::size_t number, const Done& done) {
  MRTOOL_TRY(present, target.read());
  (void)has_left(present);
  Planner planner(log, target.reg(), present, end, own_sequence != journal.sequence);
  if (events.empty()) {
    if (auto status = planner.add_resume(); !status) {
      return std::unexpected(std::move(status).error());
    }
  }
  if (auto status = planner.add_first_of(events); !status) {
    return std::unexpected(std::move(status).error());
  }
  Plan& plan = planner.plan();
  if (plan.pending.steps.empty()) {
    return plan.planned;
  }
  if (auto status = begin_batch(plan.pending); !status) {
    return std::unexpected(std::move(status).error());
  }
  Outcome outcome = extend_steps(target, plan, events);
  const auto asked = static_cast<std::size_t>(
      std::ranges::count_if(std::span(plan.events).first(outcome.steps), [](std::size_t e) { return e != kNoEvent; }));
  const std::uint64_t in_register = number + asked;
  resume_due = outcome.left_path;
  if (outcome.error && outcome.unread) {
    outcome.error->message += fmt::format(
        "; {} can be in {} and not in the log: the journal knows what is to be done, run mrtool extend --recover "
        "when "
        "the register can be read again",
        count_of(plan.planned), to_string(target.reg()));
    resume_due = false;
    return std::unexpected(*std::move(outcome.error));
  }
  if (auto status = finish_batch(plan.pending, outcome.steps, outcome.unknown); !status) {
    Error error = std::move(status).error();
    error.message += fmt::format(
        "; in {1} and perhaps not in the log: {0}; the journal has them, make the log writable and run mrtool extend "
        "--recover",
        count_of(asked), to_string(target.reg()));
    resume_due = false;
    return std::unexpected(std::move(error));
  }
  for (std::size_t i = 0; i < outcome.steps; ++i) {
    if (plan.events[i] != kNoEvent) {
      done(number + plan.events[i], outcome.results[i]);
    }
  }
  if (outcome.error) {
    outcome.error->message += fmt::format(
        "; measured and logged before it: {}; {}", count_of(in_register),
        outcome.unknown
            ? "whether it was extended cannot be known, for somebody else extended the register, and the log "
              "goes on from the present value"
            : "it was not extended: go on with it");
    return std::unexpected(*std::move(outcome.error));
  }
  return asked;
}

}  // namespace mrtool::extend
