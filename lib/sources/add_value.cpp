#include <fmt/format.h>

#include "lib/base/bytes.hpp"
#include "lib/base/text.hpp"
#include "lib/registers/names.hpp"
#include "lib/sources/kinds.hpp"

namespace mrtool::sources {

namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";

std::unexpected<Error> malformed(std::string_view where, std::string_view problem) {
  return fail(ErrorKind::malformed, fmt::format("{}: {}", where, problem));
}

std::string quoted(std::string_view word) {
  constexpr std::size_t kShown = 64;
  return fmt::format("\"{}\"", escape_for_terminal(word.substr(0, kShown)));
}

}  // namespace

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return line;
}

std::string_view part_from_end(std::string_view path, std::size_t i) {
  for (;; --i) {
    while (path.ends_with('/')) {
      path.remove_suffix(1);
    }
    const auto slash = path.rfind('/');
    if (i == 0) {
      return slash == std::string_view::npos ? path : path.substr(slash + 1);
    }
    if (slash == std::string_view::npos) {
      return {};
    }
    path = path.substr(0, slash);
  }
}

Error about_file(Error error, const std::string& file) {
  if (error.file.empty()) {
    error.file = file;
  }
  return error;
}

Status add_value(RegisterValues& values, const Register& reg, HashAlgorithm bank, std::string_view hex,
                 std::string_view where) {
  const HashAlgorithmRow* row = find_algorithm(bank);
  if (row == nullptr) {
    return malformed(where, fmt::format("the size of bank {} is not known", to_string(bank)));
  }
  if (hex.starts_with("0x") || hex.starts_with("0X")) {
    hex.remove_prefix(2);
  }
  if (hex.size() != 2 * row->size) {
    return malformed(where, fmt::format("expected {} hexadecimal digits for {} in bank {}, found {}", 2 * row->size,
                                        to_string(reg), row->name, hex.size()));
  }
  const auto bytes = from_hex(hex);
  if (!bytes) {
    return malformed(where, fmt::format("the value of {} in bank {} is not hexadecimal", to_string(reg), row->name));
  }
  return add_bytes(values, reg, bank, *bytes, where);
}

Status add_bytes(RegisterValues& values, const Register& reg, HashAlgorithm bank, ByteView bytes,
                 std::string_view where) {
  const HashAlgorithmRow* row = find_algorithm(bank);
  if (row == nullptr || bytes.size() != row->size) {
    return malformed(where, fmt::format("expected {} bytes for {} in bank {}, found {}", row == nullptr ? 0 : row->size,
                                        to_string(reg), to_string(bank), bytes.size()));
  }
  const auto [place, added] = values.values.try_emplace(RegisterKey{reg, bank}, Digest(bytes));
  if (!added && !equal(place->second.view(), bytes)) {
    return malformed(where, fmt::format("a second, different value for {} in bank {}", to_string(reg), row->name));
  }
  return {};
}

Status add_named_value(RegisterValues& values, std::string_view reg, std::string_view bank, std::string_view hex,
                       std::string_view where) {
  const auto algorithm = parse_algorithm(bank);
  if (!algorithm) {
    return malformed(where, fmt::format("expected a bank such as sha256, found {}", quoted(bank)));
  }
  const auto parsed = parse_register(reg, true);
  if (!parsed || parsed->kind == RegisterKind::none || parsed->kind == RegisterKind::invalid) {
    return malformed(where, fmt::format("expected a register such as 7, pcr7 or rtmr2, found {}", quoted(reg)));
  }
  return add_value(values, *parsed, *algorithm, hex, where);
}

}  // namespace mrtool::sources
