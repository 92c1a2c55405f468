// How the digests of many records relate to their contents, at less cost than one record at a time.
#pragma once

#include <span>
#include <vector>

#include "lib/content/content.hpp"

namespace mrtool {

// What judge() says of each record of one log, in their order. Contents are independent of each other, so what their
// first rules ask for is hashed together.
std::vector<Judgement> judge_many(std::span<const Record* const> records, const LogInfo& log, HashEngine& engine);

}  // namespace mrtool
