// What a run gets from the process it is in; tests hand in their own.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "lib/base/host.hpp"
#include "tools/mrtool/output.hpp"

namespace mrtool {

struct Environment {
  Output& out;
  Output& err;
  // Given the value of --root, empty without one.
  std::function<std::unique_ptr<Host>(std::string root)> make_host = [](std::string root) {
    return mrtool::make_host(std::move(root));
  };
  bool input_is_terminal = false;
  bool output_is_terminal = false;
  bool error_is_terminal = false;
  std::size_t columns = 0;  // of the terminal that is the output; 0 where it is none
  bool no_color = false;    // NO_COLOR is set and not empty
};

}  // namespace mrtool
