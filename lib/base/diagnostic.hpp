// Diagnostics are data: what was noticed about a log while it was read, decoded or folded. They are collected in a
// sink that the caller hands in and rendered by the tool only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mrtool {

enum class Severity : std::uint8_t { note, warning, error };
std::string_view to_string(Severity severity);

struct Diagnostic {
  Severity severity = Severity::note;
  std::string code;                     // stable: "V01", "T03", or a word such as "digest-differs"
  std::optional<std::size_t> log;       // index of the log among those of this run
  std::optional<std::uint64_t> record;  // number of the record, from 0
  std::optional<std::uint64_t> offset;  // bytes from the start of the log
  std::string message;                  // one sentence; may hold text from the log, so escape it before display
  std::uint64_t count = 1;              // how many of this code in this log; the position is the first one's
};

// Collects diagnostics in bounded memory: of each (log, code), the first kKept are stored whole and the rest counted
// on the last of these.
class DiagnosticSink {
 public:
  static constexpr std::uint64_t kKept = 16;

  void add(Diagnostic diagnostic);
  // The log that diagnostics without one are about, from now on.
  void set_log(std::optional<std::size_t> log) { log_ = log; }

  const std::vector<Diagnostic>& all() const { return kept_; }
  bool has(std::string_view code) const;
  std::uint64_t count(std::string_view code) const;

 private:
  struct Seen {
    std::uint64_t stored = 0;
    std::size_t last = 0;  // index in kept_
  };
  std::vector<Diagnostic> kept_;
  std::map<std::pair<std::size_t, std::string>, Seen, std::less<>> seen_;
  std::optional<std::size_t> log_;
};

}  // namespace mrtool
