#include "formats/kept_logs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "formats/cel/kept_log.hpp"
#include "formats/formats.hpp"
#include "formats/systemd/kept_log.hpp"
#include "formats/systemd/systemd.hpp"
#include "formats/tcg/kept_log.hpp"
#include "formats/tsm/kept_log.hpp"
#include "lib/base/text.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {
namespace {

constexpr std::string_view kTsm = "tsm";
// Each has one bank.
constexpr std::array kTsmRegisters{RegisterKind::rtmr, RegisterKind::rem, RegisterKind::virtual_mr};
constexpr std::array kPcrs{RegisterKind::pcr};
constexpr std::array kIndexed{RegisterKind::pcr, RegisterKind::rtmr};

bool holds(std::span<const RegisterKind> kinds, const Register& reg) {
  return std::ranges::find(kinds, reg.kind) != kinds.end();
}

}  // namespace

std::span<const KeptLogRow> kept_logs() {
  static const std::array kRows = std::to_array<KeptLogRow>({
      {.format = kTsm,
       .kinds = kTsmRegisters,
       .default_for = kTsmRegisters,
       .make = [](const Register&, std::span<const HashAlgorithm> banks,
                  Host&) { return tsm::make_tsm_kept_log(banks.front()); }},
      {.format = "cel-json",
       .kinds = kIndexed,
       .default_for = kPcrs,
       .make = [](const Register&, std::span<const HashAlgorithm>, Host&) { return cel::make_kept_log(); }},
      {.format = "systemd",
       .kinds = kIndexed,
       .default_for = {},
       .make = [](const Register& reg, std::span<const HashAlgorithm>,
                  Host& host) { return systemd::make_kept_log(reg, systemd::clock_of(host)); },
       .place = [](const Register& reg) -> std::string_view {
         return reg.kind == RegisterKind::rtmr ? systemd::kCcLog : systemd::kTpmLog;
       }},
      {.format = "tcg2",
       .kinds = kPcrs,
       .default_for = {},
       .make = [](const Register&, std::span<const HashAlgorithm> banks, Host&) { return tcg::make_kept_log(banks); }},
  });
  return kRows;
}

std::string kept_log_names(const Register& reg) {
  std::string names;
  for (const KeptLogRow& row : kept_logs()) {
    if (holds(row.kinds, reg)) {
      names.append(names.empty() ? "" : ", ").append(row.format);
    }
  }
  return names;
}

Result<const KeptLogRow*> find_kept_log(std::string_view format, const Register& reg) {
  const FormatRow* const known = find_format(format);
  for (const KeptLogRow& row : kept_logs()) {
    if (format.empty() ? holds(row.default_for, reg)
                       : known != nullptr && row.format == known->name && holds(row.kinds, reg)) {
      return &row;
    }
  }
  const std::string names = kept_log_names(reg);
  if (names.empty()) {
    return fail(ErrorKind::usage, fmt::format("no log can be kept for {}", to_string(reg)));
  }
  return fail(ErrorKind::usage, fmt::format("expected a format in which a log can be kept for {} ({}), found {}",
                                            to_string(reg), names, escape_for_terminal(format)));
}

Result<std::unique_ptr<extend::KeptLog>> make_kept_log(std::string_view format, const Register& reg,
                                                       std::span<const HashAlgorithm> banks, Host& host) {
  MRTOOL_TRY(row, find_kept_log(format, reg));
  if (row->format == kTsm && banks.size() > 1) {
    return fail(ErrorKind::usage, fmt::format("{} has {} banks and a TSM log holds one: name it with --bank",
                                              to_string(reg), banks.size()));
  }
  return row->make(reg, banks, host);
}

}  // namespace mrtool
