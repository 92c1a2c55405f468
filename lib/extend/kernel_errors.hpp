// What a system call's failure at one of the kernel's measurement registers means, and what to do about it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "lib/base/error.hpp"

namespace mrtool::extend {

struct Advice {
  int system = 0;         // errno
  std::string_view text;  // what to do, as the end of a sentence
};

// The error with `outcome` (what state things are in) and advice behind its message: that of `own`, else what holds for
// all registers. As it is where neither knows its reason and there is no outcome.
Error with_advice(Error error, std::string_view outcome, std::span<const Advice> own = {});

}  // namespace mrtool::extend
