// What an unfinished journal means, by the register.
#include <fmt/format.h>

#include <algorithm>

#include "lib/extend/keeper_state.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::extend {
namespace {

constexpr std::uint32_t kDirty = 01000;  // S_ISVTX

// Are these the same in the banks that both have? A run may have been told to extend some of them only.
bool agree(const std::vector<BankDigest>& expected, const std::vector<BankDigest>& present) {
  bool any = false;
  for (const BankDigest& value : expected) {
    const auto found = std::ranges::find(present, value.bank, &BankDigest::bank);
    if (found != present.end() && !(found->digest == value.digest)) {
      return false;
    }
    any = any || found != present.end();
  }
  return any;
}

// How many of the steps the register has: the most that fit, for of those that do not extend it tells nothing, and
// they are meant to be logged. Nothing where it went another way.
std::optional<std::size_t> steps_in(const Pending& pending, const std::vector<BankDigest>& present) {
  for (std::size_t steps = pending.steps.size() + 1; steps-- > 0;) {
    if (agree(value_after(pending, steps), present)) {
      return steps;
    }
  }
  return std::nullopt;
}

std::uint64_t asked_of(const Pending& pending, std::size_t steps) {
  return static_cast<std::uint64_t>(std::ranges::count_if(std::span(pending.steps).first(steps), &Step::asked));
}

// The log as it was when the journal was written, or at least as far as nothing of it was to be replaced; nullptr where
// it is not there any more, or is another one.
Result<std::unique_ptr<File>> log_of(const Journal& journal, Host& host) {
  const std::uint64_t at = journal.pending->tail_at;
  if (at > 0 && host.kind(journal.log_path) == FileKind::absent) {
    return nullptr;
  }
  MRTOOL_TRY(file, host.open_file(journal.log_path, {}));
  MRTOOL_TRY(size, file->size());
  if (size < at) {
    return nullptr;
  }
  MRTOOL_TRY(anchor, anchor_of(*file, at));
  return anchor == journal.anchor ? std::move(file) : nullptr;
}

RecoveryReport report_on(const Pending& pending, std::optional<std::size_t> steps, bool same_boot) {
  const std::uint64_t asked = asked_of(pending, pending.steps.size());
  const std::uint64_t have = steps ? asked_of(pending, *steps) : 0;
  RecoveryReport report{.recovery = Recovery::none, .extended = have, .lost = asked - have, .message = {}};
  const std::string reg = to_string(pending.reg);
  if (asked == 0) {
    return {};
  }
  if (!steps && !same_boot) {
    report.recovery = Recovery::unknown;
    report.message = fmt::format(
        "An earlier run was broken off and the machine was started anew since, so whether {} had been extended by its "
        "{} "
        "cannot be known.",
        reg, count_of(asked));
  } else if (!steps) {
    report.recovery = Recovery::unknown;
    report.message = fmt::format(
        "An earlier run was broken off: {} is neither where it was before nor where its {} lead, so whether they were "
        "extended cannot be known; the log goes on from the register's present value.",
        reg, count_of(asked));
  } else if (have == 0) {
    report.recovery = Recovery::nothing;
    report.message = fmt::format(
        "An earlier run was broken off before it extended {} by any of its {}: they are to be measured again.", reg,
        count_of(asked));
  } else if (have == asked) {
    report.recovery = Recovery::all;
    report.message =
        fmt::format("An earlier run was broken off when it had extended {} by its {}: the log has all of them now.",
                    reg, count_of(asked));
  } else {
    report.recovery = Recovery::some;
    report.message = fmt::format(
        "An earlier run was broken off when it had extended {} by the first {} of its {}: the log has these now, and "
        "the "
        "others are to be measured again.",
        reg, have, count_of(asked));
  }
  return report;
}

}  // namespace

Status Keeper::State::finish_pending() {
  const Pending pending = *journal.pending;
  std::unique_ptr<ExtendTarget> other;
  if (pending.reg != target.reg()) {
    if (!options.open_other) {
      return fail(ErrorKind::io,
                  fmt::format("what an earlier run measured into {} is unfinished; recover that register first",
                              to_string(pending.reg)));
    }
    MRTOOL_TRY(opened, options.open_other(pending.reg));
    other = std::move(opened);
  }
  MRTOOL_TRY(present, (other ? *other : target).read());
  auto steps = steps_in(pending, present);
  RecoveryReport found = report_on(pending, steps, journal.boot == boot);
  MRTOOL_TRY(file, log_of(journal, host));
  if (!file) {
    if (steps && asked_of(pending, *steps) > 0) {
      found.recovery = Recovery::unknown;
      found.lost = 0;
      found.message = fmt::format(
          "An earlier run was broken off when it had extended {} by {}, and its log {} was removed or replaced since: "
          "no "
          "log has them.",
          to_string(pending.reg), count_of(found.extended), journal.log_path);
    }
    journal.end = {};
    journal.anchor = {};
    journal.pending.reset();
    report = std::move(found);
    return write_journal(journal);
  }
  if (auto status = write_steps(*file, pending, steps.value_or(0)); !status) {
    return status;
  }
  if (steps && pending.marks_dirty && !pending.was_dirty) {
    MRTOOL_TRY(mode, file->mode());
    if (auto status = file->set_mode(mode & ~kDirty); !status) {
      return status;
    }
  }
  const LogEnd at = steps.value_or(0) == 0 ? journal.end : pending.steps[*steps - 1].end;
  if (auto status = write_idle(at, *file); !status) {
    return status;
  }
  if (found.recovery != Recovery::none) {
    report = std::move(found);
  }
  // Of another boot, the log is not to go on.
  resume_due = !steps && !other && journal.boot == boot && journal.log_path == log_path;
  return {};
}

}  // namespace mrtool::extend
