// The journals of this machine's state directories.
#include "lib/extend/journal.hpp"
#include "lib/extend/keeper.hpp"

namespace mrtool::extend {
namespace {

constexpr std::string_view kRun = "/run/mrtool";
constexpr std::string_view kTsm = "tsm";

std::vector<std::string> names_in(Host& host, const std::string& directory) {
  auto names = host.kind(directory) == FileKind::directory ? host.list(directory) : std::vector<std::string>();
  return names ? *std::move(names) : std::vector<std::string>();
}

// run/tpm, run/tpm-..., run/tsm/PROVIDER/REGISTER
std::vector<std::string> state_directories(Host& host) {
  const std::string run = host.system_path(std::string(kRun));
  std::vector<std::string> found;
  for (const std::string& name : names_in(host, run)) {
    const std::string directory = run + "/" + name;
    if (name != kTsm) {
      found.push_back(directory);
      continue;
    }
    for (const std::string& provider : names_in(host, directory)) {
      for (const std::string& reg : names_in(host, directory + "/" + provider)) {
        found.push_back(directory + "/" + provider + "/" + reg);
      }
    }
  }
  return found;
}

}  // namespace

Result<std::vector<Unfinished>> find_unfinished(Host& host) {
  std::vector<Unfinished> found;
  for (const std::string& directory : state_directories(host)) {
    const std::string path = directory + "/" + std::string(kJournalName);
    if (host.kind(path) != FileKind::regular) {
      continue;
    }
    MRTOOL_TRY(bytes, host.read_file(path, kJournalBytes));
    // A damaged one was never acted on.
    auto journal = decode_journal(bytes);
    if (journal && journal->pending) {
      found.push_back({.reg = std::move(journal->pending->reg),
                       .backend = std::move(journal->pending->backend),
                       .tcti = std::move(journal->pending->tcti),
                       .log_path = std::move(journal->log_path),
                       .log_format = std::move(journal->log_format)});
    }
  }
  return found;
}

}  // namespace mrtool::extend
