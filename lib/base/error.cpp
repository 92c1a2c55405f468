#include "lib/base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mrtool {

namespace {

constexpr std::array kRows = {
    ErrorKindRow{ErrorKind::check_failed, "check-failed", 1,
                 "a check failed: values differ, a digest differs from its content, a policy is not met"},
    ErrorKindRow{ErrorKind::usage, "usage", 2, "the command line cannot be understood"},
    ErrorKindRow{ErrorKind::malformed, "malformed", 3, "input is malformed, truncated or not of a known format"},
    ErrorKindRow{ErrorKind::unsupported, "unsupported", 4,
                 "not supported, or a conversion would lose something and was refused"},
    ErrorKindRow{ErrorKind::io, "io", 5, "a file, register, TPM or kernel interface failed"},
    ErrorKindRow{ErrorKind::inconclusive, "inconclusive", 6,
                 "what was asked cannot be known: nothing compared, no common bank, missing baseline"},
};

// The first of these that happened is the status of the whole run.
constexpr std::array kPrecedence = {2, 5, 3, 1, 4, 6, kExitSuccess};

}  // namespace

std::span<const ErrorKindRow> error_kinds() {
  return kRows;
}

const ErrorKindRow& row_of(ErrorKind kind) {
  return *std::ranges::find(kRows, kind, &ErrorKindRow::kind);
}

int worse_exit_status(int a, int b) {
  for (const int status : kPrecedence) {
    if (a == status || b == status) {
      return status;
    }
  }
  return std::max(a, b);
}

std::string to_string(const Error& error) {
  std::string out;
  if (!error.file.empty()) {
    out = error.file;
  }
  std::string place;
  if (error.record) {
    place = fmt::format("record {}", *error.record);
  }
  if (error.offset) {
    place += fmt::format("{}offset {}", place.empty() ? "" : ", ", *error.offset);
  }
  if (!place.empty()) {
    out += out.empty() ? place : ": " + place;
  }
  return out.empty() ? error.message : out + ": " + error.message;
}

}  // namespace mrtool
