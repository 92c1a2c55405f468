// TPM registers as the kernel shows them (Linux, Documentation/ABI/stable/sysfs-class-tpm).
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "lib/base/limits.hpp"
#include "lib/registers/names.hpp"
#include "lib/sources/kinds.hpp"

namespace mrtool::sources {

namespace {

constexpr std::string_view kBankDirectory = "pcr-";
constexpr std::string_view kTpm12File = "pcrs";
constexpr std::string_view kTpm12Line = "PCR-";

RegisterValues no_values() {
  return {.source = {}, .kind = "sysfs", .authenticated = Authenticated::none, .values = {}};
}

bool is_number(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

Status add_bank_directory(RegisterValues& values, const std::string& directory, std::string_view bank, Host& host) {
  MRTOOL_TRY(names, host.list(directory));
  for (const std::string& name : names) {
    if (!is_number(name)) {
      continue;
    }
    const std::string file = directory + "/" + name;
    MRTOOL_TRY(content, host.read_file(file, kRegisterFile));
    if (auto status = add_named_value(values, name, bank, trim(as_text(content)), "register file"); !status) {
      return std::unexpected(about_file(std::move(status).error(), file));
    }
  }
  return {};
}

Status add_tpm12_file(RegisterValues& values, const std::string& file, Host& host) {
  MRTOOL_TRY(content, host.read_file(file, limits::kSmallFile));
  auto parsed = parse_sysfs_pcrs(as_text(content));
  if (!parsed) {
    return std::unexpected(about_file(std::move(parsed).error(), file));
  }
  values.values.merge(parsed->values);
  return {};
}

// "PCR-07: AB CD ... "
Status add_tpm12_line(RegisterValues& values, std::string_view line, std::uint64_t number) {
  constexpr std::size_t kNumberDigits = 2;
  const std::string where = fmt::format("line {}", number);
  const auto colon = line.find(':');
  if (!line.starts_with(kTpm12Line) || colon != kTpm12Line.size() + kNumberDigits) {
    return fail(ErrorKind::malformed, fmt::format("{}: expected \"PCR-NN: \" and a value's bytes", where));
  }
  std::string_view reg = line.substr(kTpm12Line.size(), kNumberDigits);
  if (reg.starts_with('0')) {
    reg.remove_prefix(1);
  }
  std::string hex;
  std::ranges::copy_if(line.substr(colon + 1), std::back_inserter(hex), [](char c) { return c != ' '; });
  return add_named_value(values, reg, "sha1", hex, where);
}

}  // namespace

bool is_sysfs_pcrs(std::string_view text) {
  return text.starts_with(kTpm12Line);
}

Result<RegisterValues> parse_sysfs_pcrs(std::string_view text) {
  RegisterValues values = no_values();
  for (std::uint64_t number = 1; !text.empty(); ++number) {
    const std::string_view line = trim(take_line(text));
    if (line.empty()) {
      continue;
    }
    if (auto status = add_tpm12_line(values, line, number); !status) {
      return std::unexpected(std::move(status).error());
    }
  }
  return values;
}

bool is_sysfs(const std::string& directory, Host& host) {
  if (part_from_end(directory, 0).starts_with(kBankDirectory)) {
    return true;
  }
  const auto names = host.list(directory);
  return names && std::ranges::any_of(*names, [](const std::string& name) {
           return name == kTpm12File || name.starts_with(kBankDirectory);
         });
}

Result<RegisterValues> read_sysfs(const std::string& directory, Host& host) {
  RegisterValues values = no_values();
  MRTOOL_TRY(names, host.list(directory));
  Status status;
  if (const std::string_view own = part_from_end(directory, 0); own.starts_with(kBankDirectory)) {
    status = add_bank_directory(values, directory, own.substr(kBankDirectory.size()), host);
  }
  for (const std::string& name : names) {
    if (!status) {
      break;
    }
    const std::string path = directory + "/" + name;
    if (name.starts_with(kBankDirectory) && host.kind(path) == FileKind::directory) {
      status = add_bank_directory(values, path, std::string_view(name).substr(kBankDirectory.size()), host);
    } else if (name == kTpm12File && host.kind(path) == FileKind::regular) {
      status = add_tpm12_file(values, path, host);
    }
  }
  if (!status) {
    return std::unexpected(std::move(status).error());
  }
  return values;
}

}  // namespace mrtool::sources
