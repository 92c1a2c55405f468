// What an unfinished journal means, by the register.
#include <fmt/format.h>

#include <algorithm>

#include "lib/extend/keeper_state.hpp"
#include "lib/extend/lock.hpp"
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

// The log's bytes from Pending::tail_at on are those of the batch, written as far as it came, over those that it
// replaces.
bool is_of_batch(const Pending& pending, const Bytes& there) {
  for (std::size_t steps = 0; steps <= pending.steps.size(); ++steps) {
    const Bytes whole = tail_after(pending, steps);
    const auto written = static_cast<std::size_t>(std::ranges::mismatch(there, whole).in1 - there.begin());
    const ByteView rest = ByteView(there).subspan(written);
    const ByteView replaced = ByteView(pending.tail).subspan(std::min(written, pending.tail.size()));
    if (equal(rest, replaced) || rest.empty()) {
      return true;
    }
  }
  return false;
}

// Does the register's value say nothing because it begins anew where the batch began?
bool may_have_been_reset(const Pending& pending, bool same_boot) {
  constexpr std::uint32_t kDebugPcr = 16;
  constexpr std::uint32_t kApplicationPcr = 23;
  const bool resettable =
      pending.reg.kind == RegisterKind::pcr && (pending.reg.index == kDebugPcr || pending.reg.index == kApplicationPcr);
  return !same_boot || (resettable && std::ranges::all_of(pending.before, [](const BankDigest& value) {
                          return value.digest == Digest::filled(value.digest.size(), 0);
                        }));
}

RecoveryReport report_on(const Pending& pending, std::optional<std::size_t> steps, bool same_boot) {
  const std::uint64_t asked = asked_of(pending, pending.steps.size());
  const std::uint64_t have = steps ? asked_of(pending, *steps) : 0;
  RecoveryReport report{.recovery = Recovery::none, .extended = have, .lost = asked - have, .message = {}};
  const std::string reg = to_string(pending.reg);
  if (asked == 0) {
    return {};
  }
  if (steps && have == 0 && may_have_been_reset(pending, same_boot)) {
    report.recovery = Recovery::unknown;
    report.message = fmt::format(
        "An earlier run was broken off. {} is where it was before its {}, but it can have been reset since: whether "
        "they "
        "had been extended cannot be known.",
        reg, count_of(asked));
  } else if (!steps && !same_boot) {
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

// Somebody wrote to the log since the batch was broken off. Nothing of that is touched: what the register has of the
// batch is appended where others may append, too, and told elsewhere.
Status Keeper::State::finish_in_changed_log(const Pending& pending, std::optional<std::size_t> steps,
                                            RecoveryReport found, File& file, const Bytes& there) {
  if (steps && *steps > 0 && pending.marks_dirty) {
    const Bytes batch = tail_after(pending, *steps);
    // It can be there already: in front of what came since, or behind it, from a recovery that was broken off in turn.
    const std::uint64_t size = pending.tail_at + there.size();
    const bool logged =
        there.size() >= batch.size() && (std::ranges::equal(ByteView(there).first(batch.size()), batch) ||
                                         std::ranges::equal(ByteView(there).last(batch.size()), batch));
    if (!logged) {
      if (auto status = in_turn([&] { return file.write_at(size, batch); }, [&] { return file.sync(); }); !status) {
        return status;
      }
    }
    if (!pending.was_dirty) {
      MRTOOL_TRY(mode, file.mode());
      if (auto status = file.set_mode(mode & ~kDirty); !status) {
        return status;
      }
    }
  } else if (steps && asked_of(pending, *steps) > 0) {
    found.recovery = Recovery::unknown;
    found.message = fmt::format(
        "An earlier run was broken off when it had extended {} by {}, and its log {} was changed since, which is left "
        "as "
        "it is: it may lack them.",
        to_string(pending.reg), count_of(found.extended), journal.log_path);
  }
  journal.end = {};
  journal.anchor = {};
  journal.pending.reset();
  report = std::move(found);
  return write_journal(journal);
}

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
  if (pending.marks_dirty) {
    MRTOOL_TRY(locked, wait_for_lock(*file, options.lock_wait));
    if (!locked) {
      return fail(ErrorKind::io, fmt::format("{} is locked by another program that appends to it", journal.log_path));
    }
  }
  MRTOOL_TRY(size, file->size());
  MRTOOL_TRY(there, file->read_at(pending.tail_at, static_cast<std::size_t>(size - pending.tail_at)));
  if (!is_of_batch(pending, there)) {
    return finish_in_changed_log(pending, steps, std::move(found), *file, there);
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
