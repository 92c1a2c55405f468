// What every command that reads logs does alike: names them, opens the output, reports, and finds the exit status.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "formats/chain.hpp"
#include "lib/registers/values.hpp"
#include "tools/mrtool/cli/command_line.hpp"
#include "tools/mrtool/cli/filter.hpp"
#include "tools/mrtool/environment.hpp"
#include "tools/mrtool/render/diagnostics.hpp"

namespace mrtool {

enum class Rendering : std::uint8_t { text, json, ndjson, yaml, tpm2_yaml };

// The logs of these names ([FORMAT:][REGISTER=]PATH, -, live), each. Fails (usage) where a name cannot be understood,
// and (io) where live means none.
Result<std::vector<LogName>> named_logs(std::span<const std::string> names, Host& host);
// Keeps what is to be said of a source of register values.
void keep_notes(const RegisterValues& source, DiagnosticSink& diagnostics);
// The errors of logs among what was noticed.
std::vector<Diagnostic> with_errors(std::vector<Diagnostic> diagnostics, std::span<const Error> errors,
                                    std::span<const LogSummary> logs);
// The worst of a run's own status and the errors of its logs.
int with_errors(int status, std::span<const Error> errors);

class Session {
 public:
  Session(const CommandLine& line, Environment& environment);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Opens -o FILE. Where it or something the command line names fails, report it with stop().
  Status open_output();
  // The logs that the command line names, or those that are meant when it names none.
  Result<std::vector<LogName>> logs();

  // The banks in which lists of one bank are to be replayed and shown too: those of --bank, or the usual ones.
  std::vector<HashAlgorithm> computed_banks(const Filter& filter) const;

  Host& host() { return *host_; }
  Output& out() { return file_ ? *file_ : environment_.out; }
  Rendering rendering() const;
  // Of the text that goes to the output; 0 where it is no terminal.
  std::size_t columns() const { return file_ ? 0 : environment_.columns; }
  Style output_style() const;
  DiagnosticSink& diagnostics() { return diagnostics_; }

  // Everything noticed, the errors of the chain included.
  std::vector<Diagnostic> all_diagnostics(const LogChain& chain) const;
  // Nothing came where standard input was read because no log was named.
  std::optional<Error> missing_input(std::span<const LogSummary> logs, std::span<const Error> errors) const;
  std::optional<Error> missing_input(const LogChain& chain) const {
    return missing_input(chain.logs(), chain.errors());
  }

  // Says one thing on standard error, in full, now.
  void tell(const Diagnostic& diagnostic, const LogChain& chain);
  // Says one thing now that is about no log: notes too, unless --quiet is given.
  void tell_now(Severity severity, std::string message);
  bool is_verbose() const { return line_.has(OptionId::verbose); }
  // Keeps what is to be said of a source of register values for the end of the run.
  void tell_notes(const RegisterValues& source) { keep_notes(source, diagnostics_); }
  // What was written so far will not be put in the place of -o FILE.
  void discard_output() { file_.reset(); }
  // Will bytes that are written now be shown by a terminal?
  bool writes_to_terminal() const { return !file_ && environment_.output_is_terminal; }

  // Ends a run that failed before it had anything to show.
  int stop(const Error& error);
  // The same where `told`, errors about no log, says why.
  int stop(const std::vector<Diagnostic>& told, int status);
  // Ends a run: puts -o FILE in its place unless no log could be read at all, reports, and returns the worst of
  // `status` and what went wrong.
  int finish(const LogChain& chain, int status);
  // The same where the logs were read by several chains.
  int finish(std::span<const LogSummary> logs, std::span<const Error> errors, std::vector<Diagnostic> diagnostics,
             int status);
  // The same for a command that reads no logs.
  int finish(int status);

 private:
  bool colored(bool terminal) const;
  MessageOptions messages() const;
  int deliver(int status);

  const CommandLine& line_;
  Environment& environment_;
  std::unique_ptr<Host> host_;
  std::unique_ptr<FileOutput> file_;
  DiagnosticSink diagnostics_;
  bool input_is_implied_ = false;
};

}  // namespace mrtool
