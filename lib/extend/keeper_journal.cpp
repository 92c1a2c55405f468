// How the keeper reads and writes its journal.
#include <algorithm>

#include "lib/extend/keeper_state.hpp"

namespace mrtool::extend {
namespace {

constexpr std::uint32_t kPrivate = 0600;
constexpr std::uint64_t kLongJournal = 64 * 1024;  // bytes
constexpr std::size_t kRoomForIdle = 16 * 1024;    // bytes: what says that a batch is done

}  // namespace

Status Keeper::State::load_journal() {
  if (!journal_file || !journal_file->is_in_place()) {
    MRTOOL_TRY(opened, host.open_file(path_of(kJournalName), {.mode = kPrivate, .own = true}));
    journal_file = std::move(opened);
    own_sequence.reset();
  }
  MRTOOL_TRY(size, journal_file->size());
  MRTOOL_TRY(bytes, journal_file->read_at(0, static_cast<std::size_t>(std::min(size, kJournalBytes))));
  journal = {};
  journal_damaged = false;
  if (bytes.empty()) {
    return {};
  }
  auto read = decode_journal(bytes);
  journal_damaged = !read;
  if (read) {
    journal = *std::move(read);
  } else {
    note("The journal " + path_of(kJournalName) +
         " is damaged, as a crash while it is written leaves it; what state things are in is taken from the register "
         "and the log.");
  }
  return {};
}

Status Keeper::State::write_journal(const Journal& next) {
  return journal_file->write_at(0, encode_journal(next));
}

Status Keeper::State::reserve_journal(const Journal& next) {
  return journal_file->reserve(0, encode_journal(next).size() + kRoomForIdle);
}

Status Keeper::State::write_idle(const LogEnd& at, File& file) {
  MRTOOL_TRY(anchor, anchor_of(file, at.size));
  Journal next = journal;
  next.pending.reset();
  next.end = at;
  next.anchor = anchor;
  ++next.sequence;
  if (auto status = write_journal(next); !status) {
    return status;
  }
  journal = std::move(next);
  // What a big batch left behind it would be read by every run.
  MRTOOL_TRY(size, journal_file->size());
  return size > kLongJournal ? journal_file->truncate(encode_journal(journal).size()) : Status();
}

}  // namespace mrtool::extend
