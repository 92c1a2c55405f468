// Where this machine keeps its own logs, in the order of a chain: what firmware measured, then what runs (CEL format
// notes, 11.1).
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include "formats/chain.hpp"
#include "formats/systemd/systemd.hpp"
#include "lib/crypto/algorithms.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {
namespace {

constexpr std::string_view kLive = "live";
constexpr const char* kTpmLogs = "/sys/kernel/security";
constexpr const char* kTpmLogName = "binary_bios_measurements";
constexpr const char* kAcpiTable = "/sys/firmware/acpi/tables/CCEL";
constexpr const char* kCcelData = "/sys/firmware/acpi/tables/data/CCEL";
constexpr std::array kImaLists{"/sys/kernel/security/integrity/ima", "/sys/kernel/security/ima"};
constexpr std::string_view kImaListName = "binary_runtime_measurements";
constexpr std::string_view kImaStaged = "_staged";
constexpr std::array kSystemdLogs{systemd::kTpmLog, systemd::kCcLog};
constexpr const char* kTsmTree = "/sys/kernel/tsm";
constexpr const char* kKeptLogs = "/run/mrtool";  // by mrtool itself, beside what it extends
constexpr const char* kKeptTpm = "tpm";  // of the machine's own TPM; others have a hash of how they are reached
constexpr const char* kKeptPcrLog = "event_log.json";
constexpr const char* kAgentLog = "/run/attestation-agent/eventlog";

bool is_file(Host& host, const std::string& path) {
  const FileKind kind = host.kind(path);
  return kind == FileKind::regular || kind == FileKind::other;
}

std::vector<std::string> entries_of(Host& host, const std::string& directory) {
  auto entries = host.list(directory);
  return entries ? *std::move(entries) : std::vector<std::string>{};
}

class LiveLogs {
 public:
  explicit LiveLogs(Host& host) : host_(host) {}

  std::vector<LogName> find() {
    add_tpm_logs();
    add_ccel();
    add_ima_lists();
    for (const char* path : kSystemdLogs) {
      add(host_.system_path(path), "systemd");
    }
    add_tsm_logs();
    add_kept_pcr_logs();
    add_agent_log();
    return std::move(names_);
  }

 private:
  // False where there is no such file.
  bool add(std::string path, std::string_view format = {}, std::optional<Register> reg = {}) {
    const bool there = is_file(host_, path);
    if (there) {
      names_.push_back({.format = find_format(format), .reg = std::move(reg), .path = std::move(path), .live = true});
    }
    return there;
  }

  void add_tpm_logs();
  void add_ccel();
  void add_ima_lists();
  void add_tsm_logs();
  void add_kept_pcr_logs();
  void add_agent_log();

  Host& host_;
  std::vector<LogName> names_;
  bool has_tpm_log_ = false;
  bool has_ccel_ = false;
};

// N of tpmN.
std::optional<unsigned> tpm_number(std::string_view name) {
  constexpr std::string_view kPrefix = "tpm";
  if (!name.starts_with(kPrefix)) {
    return std::nullopt;
  }
  name.remove_prefix(kPrefix.size());
  unsigned number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size()) {
    return std::nullopt;
  }
  return number;
}

void LiveLogs::add_tpm_logs() {
  const std::string directory = host_.system_path(kTpmLogs);
  std::vector<unsigned> numbers;
  for (const std::string& entry : entries_of(host_, directory)) {
    if (const auto number = tpm_number(entry)) {
      numbers.push_back(*number);
    }
  }
  std::ranges::sort(numbers);
  for (const unsigned number : numbers) {
    has_tpm_log_ |= add(fmt::format("{}/tpm{}/{}", directory, number, kTpmLogName));
  }
}

void LiveLogs::add_ccel() {
  std::string data = host_.system_path(kCcelData);
  has_ccel_ = is_file(host_, data);
  if (has_ccel_) {
    add(host_.system_path(kAcpiTable));
    add(std::move(data), "ccel");
  }
}

// The bytes of a list's digests as its name tells: binary_runtime_measurements_<bank>; 0 for other files.
std::size_t digest_bytes_of_list(std::string_view name) {
  if (!name.starts_with(kImaListName) || name.ends_with(kImaStaged)) {
    return 0;
  }
  name.remove_prefix(kImaListName.size());
  const auto bank = name.empty() ? HashAlgorithm::sha1 : parse_algorithm(name.substr(1));
  const HashAlgorithmRow* const row = bank ? find_algorithm(*bank) : nullptr;
  return row == nullptr ? 0 : row->size;
}

// All lists of the kernel hold the same entries in other banks, so the one with the longest digests is enough; entries
// that were taken out of it to be saved come before those that are left (IMA format notes, 1 and 10).
void LiveLogs::add_ima_lists() {
  for (const char* place : kImaLists) {
    const std::string directory = host_.system_path(place);
    const std::vector<std::string> files = entries_of(host_, directory);
    const auto best = std::ranges::max_element(files, {}, digest_bytes_of_list);
    if (best == files.end() || digest_bytes_of_list(*best) == 0) {
      continue;
    }
    const std::string list = fmt::format("{}/{}", directory, *best);
    add(list + std::string(kImaStaged), "ima");
    add(list, "ima");
    return;
  }
}

// The log's place tells its register and bank to whoever opens it. What mrtool keeps of a register is nothing where the
// kernel keeps its log.
void LiveLogs::add_tsm_logs() {
  const std::string kernels = host_.system_path(kTsmTree);
  const std::string kept = host_.system_path(kKeptLogs) + "/tsm";
  for (const std::string& tree : {kernels, kept}) {
    for (const std::string& provider : entries_of(host_, tree)) {
      for (const std::string& name : entries_of(host_, fmt::format("{}/{}", tree, provider))) {
        const std::string log = fmt::format("{}/{}/event_log", provider, name);
        if (tree == kernels || !is_file(host_, fmt::format("{}/{}", kernels, log))) {
          add(fmt::format("{}/{}", tree, log), "tsm");
        }
      }
    }
  }
}

// The PCRs of one TPM have one log. Those of TPMs that are reached in another way come in only where this machine has
// none of its own: PCRs of several would be taken for the same.
void LiveLogs::add_kept_pcr_logs() {
  const std::string directory = host_.system_path(kKeptLogs);
  if (add(fmt::format("{}/{}/{}", directory, kKeptTpm, kKeptPcrLog), "cel-json")) {
    return;
  }
  for (const std::string& entry : entries_of(host_, directory)) {
    if (entry.starts_with(fmt::format("{}-", kKeptTpm))) {
      add(fmt::format("{}/{}/{}", directory, entry, kKeptPcrLog), "cel-json");
    }
  }
}

// A file of one name and two forms (AAEL format notes, 1 and 2). The text does not name its register: the agent
// measures into PCR 17 where it isn't told otherwise, or into the last RTMR where there are those.
void LiveLogs::add_agent_log() {
  constexpr std::string_view kTextForm = "INIT ";
  std::string path = host_.system_path(kAgentLog);
  Bytes front(kTextForm.size());
  auto source = host_.open(path);
  if (!source || (*source)->read(front).value_or(0) != front.size() || as_text(front) != kTextForm) {
    add(std::move(path));
    return;
  }
  add(std::move(path), "aael",
      has_ccel_      ? parse_register("rtmr3")
      : has_tpm_log_ ? parse_register("pcr17")
                     : std::nullopt);
}

}  // namespace

std::vector<LogName> expand_live(const std::vector<LogName>& names, Host& host) {
  std::vector<LogName> expanded;
  for (const LogName& name : names) {
    if (name.path == kLive && name.format == nullptr && !name.reg) {
      std::ranges::move(LiveLogs(host).find(), std::back_inserter(expanded));
    } else {
      expanded.push_back(name);
    }
  }
  return expanded;
}

}  // namespace mrtool
