// How logs are named on a command line.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "formats/chain.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {
namespace {

constexpr std::string_view kLive = "live";
constexpr const char* kTpmLogs = "/sys/kernel/security";
constexpr const char* kTpmLogName = "binary_bios_measurements";
constexpr const char* kAcpiTable = "/sys/firmware/acpi/tables/CCEL";
constexpr const char* kCcelData = "/sys/firmware/acpi/tables/data/CCEL";

bool is_file(Host& host, const std::string& path) {
  const FileKind kind = host.kind(path);
  return kind == FileKind::regular || kind == FileKind::other;
}

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

void add_live_tpm_logs(std::vector<LogName>& names, Host& host) {
  const std::string directory = host.system_path(kTpmLogs);
  const auto entries = host.list(directory);
  if (!entries) {
    return;
  }
  std::vector<unsigned> numbers;
  for (const std::string& entry : *entries) {
    if (const auto number = tpm_number(entry)) {
      numbers.push_back(*number);
    }
  }
  std::ranges::sort(numbers);
  for (const unsigned number : numbers) {
    std::string path = fmt::format("{}/tpm{}/{}", directory, number, kTpmLogName);
    if (is_file(host, path)) {
      names.push_back({.format = nullptr, .reg = {}, .path = std::move(path), .live = true});
    }
  }
}

void add_live_ccel(std::vector<LogName>& names, Host& host) {
  std::string data = host.system_path(kCcelData);
  if (!is_file(host, data)) {
    return;
  }
  std::string table = host.system_path(kAcpiTable);
  if (is_file(host, table)) {
    names.push_back({.format = nullptr, .reg = {}, .path = std::move(table), .live = true});
  }
  names.push_back({.format = find_format("ccel"), .reg = {}, .path = std::move(data), .live = true});
}

}  // namespace

Result<LogName> parse_log_name(std::string_view text) {
  LogName name;
  std::string_view rest = text;
  if (const auto colon = rest.find(':'); colon != std::string_view::npos) {
    name.format = find_format(rest.substr(0, colon));
    if (name.format != nullptr) {
      rest.remove_prefix(colon + 1);
    }
  }
  if (const auto equals = rest.find('='); equals != std::string_view::npos) {
    name.reg = parse_register(rest.substr(0, equals));
    if (name.reg) {
      rest.remove_prefix(equals + 1);
    }
  }
  if (rest.empty()) {
    return fail(ErrorKind::usage, fmt::format("expected the path of a log in '{}', found none", text));
  }
  if (name.reg && name.format != nullptr && name.format->names_registers && !name.format->takes_register) {
    return fail(ErrorKind::usage, fmt::format("the records of a {} log name their registers themselves: leave out {}=",
                                              name.format->name, to_string(*name.reg)));
  }
  name.path = rest;
  return name;
}

std::vector<LogName> expand_live(const std::vector<LogName>& names, Host& host) {
  std::vector<LogName> expanded;
  for (const LogName& name : names) {
    if (name.path == kLive && name.format == nullptr && !name.reg) {
      add_live_tpm_logs(expanded, host);
      add_live_ccel(expanded, host);
    } else {
      expanded.push_back(name);
    }
  }
  return expanded;
}

}  // namespace mrtool
