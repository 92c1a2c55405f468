// The command line.
#pragma once

#include <span>
#include <string>
#include <variant>

#include "tools/tsmfs/tree.hpp"

namespace mrtool::tsmfs {

struct Options {
  std::string mount_point;
  std::vector<std::string> providers{};   // names
  std::vector<Definition> definitions{};  // of the one provider; empty: those that are known of each
  std::vector<Interface> interfaces{Interface::rfc, Interface::upstream};
  std::vector<std::string> mount_options{};  // for FUSE
  bool foreground = false;
};

// Text to print instead: help, version.
struct Answer {
  std::string text;
};

// The words behind the program's name. Errors: usage.
Result<std::variant<Options, Answer>> parse_options(std::span<const std::string> words);

// The tree that they ask for. Errors: usage.
Result<std::unique_ptr<Tree>> make_tree(const Options& options);

}  // namespace mrtool::tsmfs
