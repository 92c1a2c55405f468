// Diagnostics and errors as standard error and documents have them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "formats/chain.hpp"
#include "lib/base/diagnostic.hpp"
#include "tools/mrtool/render/document.hpp"
#include "tools/mrtool/render/style.hpp"

namespace mrtool {

// Errors are told among the diagnostics, with their kind's name as the code. The log is found by its path in `logs`.
Diagnostic as_diagnostic(const Error& error, std::span<const LogSummary> logs);

void describe_diagnostic(const Diagnostic& diagnostic, DocumentWriter& writer);
// A document's member "diagnostics".
void describe_diagnostics(std::span<const Diagnostic> diagnostics, DocumentWriter& writer);

struct MessageOptions {
  bool json = false;
  bool warnings = true;  // false: errors only
  bool notes = false;    // and each message that was kept (DiagnosticSink), where else equal codes of a log are one
};

// "mrtool: warning: FILE: record 3, offset 120: message [T03]", or a JSON object, a line each.
void append_messages(std::string& out, const std::vector<Diagnostic>& diagnostics, std::span<const LogSummary> logs,
                     const MessageOptions& options, const Style& style);

}  // namespace mrtool
