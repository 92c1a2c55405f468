#include "lib/verify/wording.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>

#include "lib/registers/names.hpp"

namespace mrtool {

std::string name_of(const Register& reg, HashAlgorithm bank) {
  return fmt::format("{}:{}", to_string(bank), to_string(reg));
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 6;
  const auto shown = std::span(names).first(std::min(names.size(), kShown));
  std::string text = fmt::format("{}", fmt::join(shown, ", "));
  if (names.size() > kShown) {
    text += fmt::format(" and {} more", names.size() - kShown);
  }
  return text;
}

std::string count_of(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

QuoteCheck make_check(std::string_view name, Verdict verdict, std::string detail) {
  return {.name = std::string(name), .verdict = verdict, .detail = std::move(detail)};
}

bool is_tolerance(std::string_view code) {
  return code.size() > 1 && code[0] == 'T' && code[1] >= '0' && code[1] <= '9';
}

}  // namespace mrtool
