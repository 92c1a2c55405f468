// The words that the layers' checks share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/quote/quote.hpp"

namespace mrtool {

// "sha256:pcr7"
std::string name_of(const Register& reg, HashAlgorithm bank);
// The first few of a list, and how many more there are.
std::string listed(const std::vector<std::string>& names);
// "1 digest is", "2 digests are"
std::string count_of(std::uint64_t count, std::string_view one, std::string_view many);
QuoteCheck make_check(std::string_view name, Verdict verdict, std::string detail);
// Is a diagnostic's code that of a reader's tolerance (T01)?
bool is_tolerance(std::string_view code);

}  // namespace mrtool
