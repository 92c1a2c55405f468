// What a command line of `mrtool extend` asks for.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "lib/extend/extend_target.hpp"
#include "lib/extend/plan.hpp"
#include "tools/mrtool/cli/command_line.hpp"

namespace mrtool {

// How a register and its log are reached: the options that every command has which extends.
struct MeasureOptions {
  extend::TargetOptions target;
  std::string log;  // [FORMAT:]PATH or FORMAT; empty: the register's usual one
  std::chrono::milliseconds wait{10'000};
  bool force = false;
};
// Fails (usage) where an option cannot be understood.
Result<MeasureOptions> measure_options(const CommandLine& line);

// One event. Its digests are those of `file` where it is not empty.
struct AskedEvent {
  extend::Request request;
  std::string file;
};

struct ExtendLine {
  std::optional<Register> reg;  // nothing: the machine's default
  std::vector<AskedEvent> events;
  // The lines of standard input are the events, each a request like this one, with its text.
  std::optional<extend::Request> lines;
  bool lines_are_implied = false;  // nothing said so
  bool recover = false;
  MeasureOptions options;
};
// Fails (usage), with what to write instead.
Result<ExtendLine> read_extend_line(const CommandLine& line, Host& host, bool input_is_terminal);

}  // namespace mrtool
