// The digest rules that many event types share. A rule is a property of the whole record: it holds in every bank or it
// is not the rule.
#pragma once

#include "lib/content/pcclient.hpp"

namespace mrtool::pcclient {

// The bytes [begin, end) of the data, which must be there.
Preimage part_of(const Context& context, std::uint64_t begin, std::uint64_t end);

std::optional<Preimage> whole_data(const Context& context);
std::optional<Preimage> data_without_last_byte(const Context& context);  // needs two bytes at least
std::optional<Preimage> data_with_nul(const Context& context);
std::optional<Preimage> nothing_at_all(const Context& context);

inline constexpr Recipe kExact{"exact", whole_data};
inline constexpr Recipe kWithoutLastByte{"without-last-byte", data_without_last_byte};
inline constexpr Recipe kWithNul{"with-nul", data_with_nul};
// The hash of no bytes: what some servers log for firmware volumes that are not mapped.
inline constexpr Recipe kEmpty{"empty", nothing_at_all};

std::span<const Recipe> no_recipes();
std::span<const Recipe> exact_recipe();
std::span<const Recipe> tolerant_recipes();  // exact, without-last-byte, with-nul

Otherwise always_differs(const Context& context);
Otherwise always_unverifiable(const Context& context);

}  // namespace mrtool::pcclient
