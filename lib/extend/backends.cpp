#include "lib/extend/backends.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "lib/base/text.hpp"
#include "lib/extend/kernel_places.hpp"
#include "lib/registers/names.hpp"
#include "lib/sources/tpm_devices.hpp"

namespace mrtool::extend {

namespace {

// Where the kernel keeps a log, that is what is wanted. Of the others, no kernel has two.
constexpr std::array kBackends{
    BackendRow{"append-event", "append_event of the RFC of 2024, whose kernel keeps the log", open_append_event},
    BackendRow{"measurements", "NAME:HASH of Linux 6.16 and later", open_measurements},
    BackendRow{"digest", "digest files of the RFCs of 2024 and 2025", open_digest},
    BackendRow{"configfs", "configfs rtmrs of 2024, as in some cloud kernels", open_configfs},
    BackendRow{"tpm", "the PCRs of a TPM 2.0", open_tpm},
    BackendRow{"software", "software:FILE, registers in a file; for trials", open_software, true},
};

struct NamedBackend {
  std::string_view name;
  bool has_file = false;  // something stands behind a colon
};

NamedBackend split_backend(std::string_view text) {
  const std::size_t colon = text.find(':');
  return {.name = text.substr(0, colon), .has_file = colon != std::string_view::npos && colon + 1 < text.size()};
}

// nullptr: none was named.
Result<const BackendRow*> named_backend(const std::string& text) {
  if (text.empty()) {
    return nullptr;
  }
  const NamedBackend named = split_backend(text);
  const auto* const row = std::ranges::find(kBackends, named.name, &BackendRow::name);
  if (row == kBackends.end() || row->only_when_named != named.has_file) {
    std::vector<std::string> names;
    for (const BackendRow& each : kBackends) {
      names.push_back(fmt::format("{}{}", each.name, each.only_when_named ? ":FILE" : ""));
    }
    return fail(ErrorKind::usage, fmt::format("expected one of the backends {}, found \"{}\"", fmt::join(names, ", "),
                                              escape_for_terminal(text)));
  }
  return row;
}

using Extendable = std::map<Register, std::set<HashAlgorithm>>;

std::string joined(const Extendable& registers) {
  std::vector<std::string> names;
  for (const auto& [reg, banks] : registers) {
    names.push_back(to_string(reg));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

Status check_kind(const Register& reg) {
  if (!reg.carrier.empty()) {
    return fail(ErrorKind::unsupported,
                fmt::format("{} exists in the log of {} only: measure it there, by --virtual {} --on {}",
                            to_string(reg), reg.carrier, reg.name, reg.carrier));
  }
  return can_hold_records(reg) ? Status()
                               : fail(ErrorKind::unsupported,
                                      fmt::format("{} cannot be extended: only PCRs, RTMRs, REMs and what a provider "
                                                  "lets be extended can",
                                                  to_string(reg)));
}

}  // namespace

std::span<const BackendRow> backends() {
  return kBackends;
}

Result<std::unique_ptr<ExtendTarget>> open_target(const Register& reg, const TargetOptions& options, Host& host) {
  MRTOOL_TRY(named, named_backend(options.backend));
  if (Status possible = check_kind(reg); !possible) {
    return std::unexpected(std::move(possible).error());
  }
  std::vector<std::string> looked_for;
  for (const BackendRow& row : kBackends) {
    if (named == nullptr ? row.only_when_named : named != &row) {
      continue;
    }
    MRTOOL_TRY(target, row.open(reg, options, host, looked_for));
    if (target) {
      return target;
    }
  }
  std::vector<std::string> trees;
  const Extendable others = extendable_registers(host, trees);
  return fail(ErrorKind::io,
              fmt::format("this machine has no {} that can be extended{}; looked for {}{}", to_string(reg),
                          named == nullptr ? "" : fmt::format(" by {}", named->name), fmt::join(looked_for, ", "),
                          others.empty() ? "" : "; it has " + joined(others)));
}

Result<Register> default_register(const TargetOptions& options, Host& host) {
  constexpr std::string_view kNameOne = "name the register to extend";
  MRTOOL_TRY(named, named_backend(options.backend));
  if (!options.tcti.empty() || (named != nullptr && (named->only_when_named || named->open == open_tpm))) {
    return fail(ErrorKind::usage,
                fmt::format("{}: neither a TPM nor a file has one that is meant by default", kNameOne));
  }
  std::vector<std::string> looked_for;
  const Extendable registers = extendable_registers(host, looked_for);
  for (const std::string_view name : {"rtmr3", "rem3"}) {
    if (const auto reg = parse_register(name); registers.contains(*reg)) {
      return *reg;
    }
  }
  if (registers.empty()) {
    if (!sources::tpm_numbers(host, looked_for).empty()) {
      return fail(ErrorKind::usage,
                  fmt::format("{}: this machine has a TPM only, and none of its PCRs is meant by default", kNameOne));
    }
    return fail(ErrorKind::io,
                fmt::format("this machine has no register to extend; looked at {}", fmt::join(looked_for, ", ")));
  }
  // A name that stands for several registers is not meant without a bank.
  const Register* last = nullptr;
  for (const auto& [reg, banks] : registers) {
    if (reg.provider != registers.begin()->first.provider) {
      return fail(ErrorKind::usage, fmt::format("{}: this machine has {}", kNameOne, joined(registers)));
    }
    if (banks.size() == 1 && (last == nullptr || display_before(*last, reg))) {
      last = &reg;
    }
  }
  if (last == nullptr) {
    return fail(ErrorKind::usage, fmt::format("{} and its bank: this machine has {}", kNameOne, joined(registers)));
  }
  return *last;
}

}  // namespace mrtool::extend
