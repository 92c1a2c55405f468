// How the keeper opens a log, finds where it ends and knows one of another boot.
#include <fmt/format.h>

#include <algorithm>

#include "lib/base/text.hpp"
#include "lib/extend/keeper_state.hpp"
#include "lib/extend/lock.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::extend {
namespace {

constexpr std::size_t kAnchorBytes = 4096;
constexpr std::uint32_t kReadable = 0644;
constexpr std::uint32_t kPrivate = 0600;

// The file from its beginning. The file outlives it.
class FileBytes final : public ByteSource {
 public:
  explicit FileBytes(File& file) : file_(file) {}

  Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
    MRTOOL_TRY(bytes, file_.read_at(offset_, buffer.size()));
    std::ranges::copy(bytes, buffer.begin());
    offset_ += bytes.size();
    return bytes.size();
  }

 private:
  File& file_;
  std::uint64_t offset_ = 0;
};

bool remembers(const Journal& journal, const std::string& log) {
  return std::ranges::find(journal.other_logs, log) != journal.other_logs.end();
}

Error about(Error error, const std::string& path) {
  if (error.file.empty()) {
    error.file = path;
  }
  return error;
}

}  // namespace

Result<Digest> anchor_of(File& log, std::uint64_t at) {
  const std::size_t size = std::min<std::uint64_t>(at, kAnchorBytes);
  MRTOOL_TRY(bytes, log.read_at(at - size, size));
  return HashEngine().hash(HashAlgorithm::sha256, bytes);
}

Status Keeper::State::open_log_file() {
  if (!log_file || !log_file->is_in_place()) {
    // A lock on systemd's log can be had by whoever may read it.
    MRTOOL_TRY(opened, host.open_file(log_path, {.mode = log.marks_dirty() ? kPrivate : kReadable}));
    log_file = std::move(opened);
    if (auto status = write_companions(); !status) {
      return status;
    }
  }
  if (log.marks_dirty()) {
    MRTOOL_TRY(locked, wait_for_lock(*log_file, options.lock_wait));
    if (!locked) {
      return std::unexpected(
          about(fail(ErrorKind::io, "is locked by another program that appends to it").error(), log_path));
    }
  }
  return {};
}

Status Keeper::State::open_log() {
  const bool of_journal = journal.log_path == log_path && journal.log_format == log.format();
  const bool known_boot =
      journal_damaged || (journal.boot == boot && !boot.empty() && (of_journal || remembers(journal, log_path)));
  if (auto status = open_log_file(); !status) {
    return status;
  }
  MRTOOL_TRY(size, log_file->size());
  bool known_end = false;
  if (of_journal && size == journal.end.size) {
    MRTOOL_TRY(anchor, anchor_of(*log_file, size));
    known_end = anchor == journal.anchor;
  }
  if (known_end) {
    end = journal.end;
  } else if (auto status = find_end(known_boot); !status) {
    return status;
  }
  if (!known_boot && end.size > 0 && !log.marks_dirty()) {
    MRTOOL_TRY(elsewhere, is_elsewhere());
    if (elsewhere && options.continue_foreign_log) {
      note(fmt::format("The log {} is of another boot, and is continued all the same.", log_path));
    } else if (elsewhere) {
      const std::string_view boot_of_it =
          journal.boot.empty() || journal.log_path != log_path ? "whose boot is not known" : "which is of another boot";
      if (auto status = put_aside(fmt::format("{} and does not end where its registers are", boot_of_it)); !status) {
        return status;
      }
    }
  }
  if (journal.boot != boot) {
    journal.other_logs.clear();
  } else if (!journal.log_path.empty() && journal.log_path != log_path && !remembers(journal, journal.log_path)) {
    constexpr std::size_t kRemembered = 16;
    journal.other_logs.insert(journal.other_logs.begin(), journal.log_path);
    journal.other_logs.resize(std::min(journal.other_logs.size(), kRemembered));
  }
  journal.boot = boot;
  journal.log_path = log_path;
  journal.log_format = log.format();
  return {};
}

// By reading it whole.
Status Keeper::State::find_end(bool known_boot) {
  MRTOOL_TRY(size, log_file->size());
  end = {};
  if (size == 0) {
    if (known_boot && journal.log_path == log_path && journal.end.size > 0) {
      note(fmt::format("The log {} was removed or emptied; a new one is begun.", log_path));
    }
    return {};
  }
  auto found = log.scan(std::make_unique<FileBytes>(*log_file), target.reg(), target.banks().front());
  if (found) {
    end = *std::move(found);
    return {};
  }
  if (options.continue_foreign_log) {
    return put_aside(fmt::format("which is damaged ({})", escape_for_terminal(found.error().message)));
  }
  Error error = about(std::move(found).error(), log_path);
  error.message.append(
      "; nothing was extended: move the log away or name another with --log, or --force puts it aside");
  return std::unexpected(std::move(error));
}

// Some register is not where the log ends.
Result<bool> Keeper::State::is_elsewhere() {
  std::map<Register, std::vector<BankDigest>> present;
  MRTOOL_TRY(own, target.read());
  present[target.reg()] = std::move(own);
  for (const auto& [key, value] : end.values) {
    auto found = present.find(key.reg);
    if (found == present.end()) {
      found = present.emplace(key.reg, std::vector<BankDigest>()).first;
      auto other = options.open_other ? options.open_other(key.reg) : nullptr;
      // One that cannot be read here says nothing.
      if (auto values = other && *other ? (*other)->read() : std::vector<BankDigest>()) {
        found->second = *std::move(values);
      }
    }
    const auto bank = std::ranges::find(found->second, key.bank, &BankDigest::bank);
    if (bank != found->second.end() && bank->digest != value) {
      return true;
    }
  }
  return false;
}

Status Keeper::State::put_aside(std::string_view why) {
  constexpr std::size_t kBootDigits = 8;
  const bool of_other_boot = !journal.boot.empty() && journal.boot != boot && journal.log_path == log_path;
  const std::string first = fmt::format("{}.{}", log_path, of_other_boot ? journal.boot.substr(0, kBootDigits) : "old");
  std::string aside = first;
  for (std::size_t i = 1; host.kind(aside) != FileKind::absent; ++i) {
    aside = fmt::format("{}.{}", first, i);
  }
  if (auto status = host.rename_file(log_path, aside); !status) {
    return status;
  }
  note(fmt::format("The log {}, {}, is {} now, and a new one is begun.", log_path, why, aside));
  end = {};
  return open_log_file();
}

Status Keeper::State::write_companions() {
  constexpr std::uint64_t kLongest = 4096;
  if (!options.log_path.empty()) {
    return {};
  }
  for (const Companion& companion : log.companions()) {
    const std::string path = path_of(companion.name);
    const auto present = host.kind(path) == FileKind::regular ? host.read_file(path, kLongest) : Bytes();
    if (present && as_text(*present) == companion.content) {
      continue;
    }
    if (auto status = host.write_file(path, as_bytes(companion.content)); !status) {
      return status;
    }
    MRTOOL_TRY(file, host.open_file(path, {.create = false}));
    if (auto status = file->set_mode(kReadable); !status) {
      return status;
    }
  }
  return {};
}

}  // namespace mrtool::extend
