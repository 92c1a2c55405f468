// CEL in JSON form as a log that is kept beside a register: an array to which records are appended (FORMAT.md,
// "Appending").
#pragma once

#include <memory>

#include "lib/extend/kept_log.hpp"

namespace mrtool::cel {

std::unique_ptr<extend::KeptLog> make_kept_log();

}  // namespace mrtool::cel
