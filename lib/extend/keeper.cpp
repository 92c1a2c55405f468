#include "lib/extend/keeper.hpp"

#include <fmt/format.h>

#include <utility>

#include "lib/extend/keeper_state.hpp"
#include "lib/extend/lock.hpp"

namespace mrtool::extend {
namespace {

constexpr std::string_view kLockName = "lock";

// Of the machine that runs, whatever the root is.
std::string boot_id(Host& host) {
  constexpr std::uint64_t kLongest = 64;
  const auto bytes = host.read_file("/proc/sys/kernel/random/boot_id", kLongest);
  std::string_view id = bytes ? as_text(*bytes) : std::string_view();
  while (id.ends_with('\n')) {
    id.remove_suffix(1);
  }
  return std::string(id);
}

}  // namespace

std::string_view to_string(Recovery recovery) {
  switch (recovery) {
    case Recovery::none:
      return "none";
    case Recovery::nothing:
      return "nothing";
    case Recovery::all:
      return "all";
    case Recovery::some:
      return "some";
    case Recovery::unknown:
      return "unknown";
  }
  return {};
}

std::string count_of(std::uint64_t events) {
  return fmt::format("{} {}", events, events == 1 ? "event" : "events");
}

Keeper::State::State(ExtendTarget& the_target, KeptLog& the_log, Host& the_host, KeeperOptions the_options)
    : target(the_target),
      log(the_log),
      host(the_host),
      options(std::move(the_options)),
      directory(target.state_directory()),
      log_path(options.log_path),
      boot(boot_id(host)) {
  while (directory.ends_with('/')) {
    directory.pop_back();
  }
  if (log_path.empty()) {
    log_path = path_of(log.file_name());
  }
  if (options.opened_by.backend.empty()) {
    options.opened_by.backend = target.backend();
  }
}

Status Keeper::State::begin() {
  if (auto status = host.make_directories(directory); !status) {
    return status;
  }
  MRTOOL_TRY(locked, acquire_lock(host, path_of(kLockName), path_of(kJournalName), options.lock_wait));
  lock = std::move(locked);
  if (!options.log_path.empty() && !log.marks_dirty()) {
    MRTOOL_TRY(locked_log, acquire_lock(host, log_path + ".lock", log_path + ".lock.next", options.lock_wait));
    log_lock = std::move(locked_log);
  }
  resume_due = false;
  return in_turn([this] { return load_journal(); }, [this] { return journal.pending ? finish_pending() : Status(); });
}

void Keeper::State::leave() {
  log_lock.reset();
  lock.reset();
  if (log.marks_dirty()) {
    log_file.reset();  // it is locked as long as it is open
  }
}

// A damaged one, by what the register and the log say.
Status Keeper::State::replace_journal() {
  if (auto status = open_log(); !status) {
    return status;
  }
  MRTOOL_TRY(present, target.read());
  return has_left(present) ? resume_log() : write_idle(end, *log_file);
}

Keeper::Keeper(ExtendTarget& target, KeptLog& log, Host& host, KeeperOptions options)
    : state_(std::make_unique<State>(target, log, host, std::move(options))) {}

Keeper::~Keeper() = default;

const std::string& Keeper::log_path() const {
  return state_->log_path;
}

const RecoveryReport& Keeper::recovered() const {
  return state_->report;
}

std::vector<std::string> Keeper::take_notes() {
  return std::exchange(state_->notes, {});
}

Result<RecoveryReport> Keeper::recover() {
  state_->report = {};
  if (state_->host.kind(state_->directory) == FileKind::absent) {
    return state_->report;
  }
  Status status = state_->begin();
  if (status && state_->journal_damaged) {
    status = state_->replace_journal();
  } else if (status && state_->resume_due) {
    status = in_turn([this] { return state_->open_log(); }, [this] { return state_->resume_log(); });
  }
  state_->leave();
  if (!status) {
    return std::unexpected(std::move(status).error());
  }
  return state_->report;
}

Status Keeper::look_at_log(const std::function<Status(const std::string& path)>& look) {
  state_->report = {};
  Status status = state_->begin();
  if (status) {
    status = state_->journal_damaged ? state_->replace_journal() : state_->open_log();
  }
  if (status && state_->resume_due) {
    status = state_->resume_log();
  }
  if (status) {
    status = look(state_->log_path);
  }
  state_->leave();
  return status;
}

Status Keeper::measure(std::span<const Event> events, const Done& done) {
  constexpr int kTries = 8;
  state_->report = {};
  std::size_t number = 0;
  int tries = 0;
  Status status;
  while (status && number < events.size()) {
    // The lock is let go between batches, for others to have their turn.
    status = in_turn([this] { return state_->begin(); }, [this] { return state_->open_log(); });
    if (status) {
      const auto measured = state_->run_batch(events.subspan(number), number, done);
      number += measured.value_or(0);
      status = measured ? Status() : std::unexpected(measured.error());
      tries = measured.value_or(1) > 0 ? 0 : tries + 1;
      const bool more = status && number < events.size();
      if (state_->resume_due && !more) {
        const Status resumed = state_->resume_log();
        status = status ? resumed : std::move(status);
      }
    }
    state_->leave();
    if (status && tries == kTries) {
      return fail(ErrorKind::io, "somebody else extends the register all the time: no event can be told from his");
    }
  }
  return status;
}

}  // namespace mrtool::extend
