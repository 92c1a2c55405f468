#include "tools/mrtool/render/diagnostics.hpp"

#include <fmt/format.h>

#include <iterator>
#include <map>
#include <tuple>

#include "lib/base/text.hpp"

namespace mrtool {
namespace {

bool is_error_kind(std::string_view code) {
  for (const ErrorKindRow& row : error_kinds()) {
    if (row.name == code) {
      return true;
    }
  }
  return false;
}

std::string_view path_of(const Diagnostic& diagnostic, std::span<const LogSummary> logs) {
  return diagnostic.log && *diagnostic.log < logs.size() ? std::string_view(logs[*diagnostic.log].path)
                                                         : std::string_view();
}

void append_text(std::string& out, const Diagnostic& diagnostic, std::string_view path, const Style& style) {
  Error place{.message = diagnostic.message,
              .file = std::string(path),
              .offset = diagnostic.offset,
              .record = diagnostic.record};
  const Tone tone = diagnostic.severity == Severity::error     ? Tone::bad
                    : diagnostic.severity == Severity::warning ? Tone::doubtful
                                                               : Tone::faint;
  out += "mrtool: ";
  style.append(out, tone, to_string(diagnostic.severity));
  fmt::format_to(std::back_inserter(out), ": {}", escape_for_terminal(to_string(place)));
  const bool coded = !diagnostic.code.empty() && !is_error_kind(diagnostic.code);
  if (coded && diagnostic.count > 1) {
    fmt::format_to(std::back_inserter(out), " [{}, {} times]", escape_for_terminal(diagnostic.code), diagnostic.count);
  } else if (coded) {
    fmt::format_to(std::back_inserter(out), " [{}]", escape_for_terminal(diagnostic.code));
  } else if (diagnostic.count > 1) {
    fmt::format_to(std::back_inserter(out), " [{} times]", diagnostic.count);
  }
  out += '\n';
}

void append_json(std::string& out, const Diagnostic& diagnostic) {
  describe_diagnostic(diagnostic, *make_json_writer(out, true));
}

bool wanted(const Diagnostic& diagnostic, const MessageOptions& options) {
  switch (diagnostic.severity) {
    case Severity::error:
      return true;
    case Severity::warning:
      return options.warnings;
    case Severity::note:
      return options.warnings && options.notes;
  }
  return true;
}

// The first of each log, severity and code, with the count of all. Errors stay as they are.
std::vector<Diagnostic> fold(const std::vector<Diagnostic>& diagnostics) {
  std::vector<Diagnostic> folded;
  std::map<std::tuple<std::optional<std::size_t>, Severity, std::string_view>, std::size_t> first;
  for (const Diagnostic& diagnostic : diagnostics) {
    const auto key = std::tuple(diagnostic.log, diagnostic.severity, std::string_view(diagnostic.code));
    const auto found = first.find(key);
    if (diagnostic.severity == Severity::error || found == first.end()) {
      first.emplace(key, folded.size());
      folded.push_back(diagnostic);
    } else {
      folded[found->second].count += diagnostic.count;
    }
  }
  return folded;
}

}  // namespace

Diagnostic as_diagnostic(const Error& error, std::span<const LogSummary> logs) {
  Diagnostic diagnostic{.severity = Severity::error,
                        .code = std::string(row_of(error.kind).name),
                        .log = std::nullopt,
                        .record = error.record,
                        .offset = error.offset,
                        .message = error.message};
  for (std::size_t i = 0; i < logs.size(); ++i) {
    if (logs[i].path == error.file) {
      diagnostic.log = i;
      return diagnostic;
    }
  }
  if (!error.file.empty()) {
    diagnostic.message = fmt::format("{}: {}", error.file, error.message);
  }
  return diagnostic;
}

void describe_diagnostic(const Diagnostic& diagnostic, DocumentWriter& writer) {
  const auto number_or_null = [&writer](std::optional<std::uint64_t> value) {
    if (value) {
      writer.count(*value);
    } else {
      writer.null();
    }
  };
  writer.begin_object();
  writer.key("severity");
  writer.text(to_string(diagnostic.severity));
  writer.key("code");
  writer.text_or_null(diagnostic.code);
  writer.key("log");
  number_or_null(diagnostic.log);
  writer.key("record");
  number_or_null(diagnostic.record);
  writer.key("offset");
  number_or_null(diagnostic.offset);
  writer.key("message");
  writer.text(diagnostic.message);
  writer.key("count");
  writer.count(diagnostic.count);
  writer.end_object();
}

void describe_diagnostics(std::span<const Diagnostic> diagnostics, DocumentWriter& writer) {
  writer.key("diagnostics");
  writer.begin_list();
  for (const Diagnostic& diagnostic : diagnostics) {
    describe_diagnostic(diagnostic, writer);
  }
  writer.end_list();
}

void append_messages(std::string& out, const std::vector<Diagnostic>& diagnostics, std::span<const LogSummary> logs,
                     const MessageOptions& options, const Style& style) {
  for (const Diagnostic& diagnostic : options.json || options.notes ? diagnostics : fold(diagnostics)) {
    if (!wanted(diagnostic, options)) {
      continue;
    }
    if (options.json) {
      append_json(out, diagnostic);
    } else {
      append_text(out, diagnostic, path_of(diagnostic, logs), style);
    }
  }
}

}  // namespace mrtool
