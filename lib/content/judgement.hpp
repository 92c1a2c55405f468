// How the digests of many records relate to their contents, at less cost than one record at a time.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "lib/content/content.hpp"

namespace mrtool {

// What judge() says of each record of one log, in their order. Contents are independent of each other, so what their
// first rules ask for is hashed together.
std::vector<Judgement> judge_many(std::span<const Record* const> records, const LogInfo& log, HashEngine& engine);
// The same, told one by one with the index of the record. The judgement is the callee's to take or to swap with
// another: the next one uses the room that is left in it.
void judge_each(std::span<const Record* const> records, const LogInfo& log, HashEngine& engine,
                const std::function<void(std::size_t, Judgement&)>& tell);

}  // namespace mrtool
