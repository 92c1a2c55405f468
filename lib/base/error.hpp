// Errors are values. Every failure has a kind, and every kind has exactly one exit status.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mrtool {

enum class ErrorKind : std::uint8_t {
  check_failed,  // a value or digest differs, a policy is not met
  usage,         // the command line cannot be understood
  malformed,     // input is damaged, cut short or of no known format
  unsupported,   // understood, but cannot be done, or would lose something
  io,            // a file, register, TPM or kernel interface failed
  inconclusive,  // what was asked cannot be known
};

struct ErrorKindRow {
  ErrorKind kind;
  std::string_view name;
  int exit_status;
  std::string_view meaning;
};

// Every kind, in order of exit status.
std::span<const ErrorKindRow> error_kinds();
const ErrorKindRow& row_of(ErrorKind kind);

inline constexpr int kExitSuccess = 0;

// The status of a run in which both happened: 2, 5, 3, 1, 4, 6, 0 in that order.
int worse_exit_status(int a, int b);

struct Error {
  ErrorKind kind = ErrorKind::malformed;
  std::string message;                  // one sentence: what was expected and what was found
  std::string file;                     // as the user named it; empty when no file is concerned
  std::optional<std::uint64_t> offset;  // bytes from the start of the file
  std::optional<std::uint64_t> record;  // number of the record, from 0
  int system = 0;                       // errno, where a system call's failure is what this is about
};

// "file: record 3, offset 120: message", with only what is known.
std::string to_string(const Error& error);

template <class T>
using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;

inline std::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return std::unexpected(Error{.kind = kind, .message = std::move(message), .file = {}, .offset = {}, .record = {}});
}

// Calls what yields a Status, one after the other, until one fails: its failure.
template <class... Steps>
Status in_turn(const Steps&... steps) {
  Status status;
  (void)((status = steps(), status.has_value()) && ...);
  return status;
}

}  // namespace mrtool

// Evaluates an expression that yields a Result; on failure returns its error from the enclosing function.
#define MRTOOL_TRY(variable, expression)                          \
  auto variable##_result = (expression);                          \
  if (!variable##_result) {                                       \
    return std::unexpected(std::move(variable##_result).error()); \
  }                                                               \
  auto variable = std::move(variable##_result).value()
