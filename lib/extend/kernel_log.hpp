// Measuring where the kernel keeps the log: what Keeper::measure is elsewhere. Nothing has to be locked or journalled,
// for the kernel extends and logs in one step, whoever else does so at the same time.
#pragma once

#include "lib/extend/keeper.hpp"

namespace mrtool::extend {

// Measures each event by one write: a record's or comment's data is its line; an event of TsmLine::extend, or without
// content, is a digest that is extended as it is, which the kernel logs itself. Before the register is touched, it
// fails (unsupported) where the kernel would not store a line as it is; what else is to be refused is the caller's to
// say (why_changed()). Otherwise errors are io: how many events are measured is told, and what became of the one that
// failed as far as the register and the log tell. `done` gets each event's result when it is measured and logged. Where
// others extend at the same time, too, values and number are those of the first new line of the log that is equal to
// it; where the log does not explain the register, the values are what it held before and after.
Status measure_in_kernel_log(ExtendTarget& target, std::span<const Event> events,
                             const std::function<void(std::size_t, const Extended&)>& done);

}  // namespace mrtool::extend
