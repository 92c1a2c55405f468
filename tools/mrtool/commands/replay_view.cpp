#include "tools/mrtool/commands/replay_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "lib/base/text.hpp"
#include "lib/registers/initial.hpp"
#include "lib/registers/names.hpp"
#include "tools/mrtool/render/diagnostics.hpp"

namespace mrtool {
namespace {

void describe_comparison(const Comparison& comparison, std::span<const RegisterValues> sources,
                         DocumentWriter& writer) {
  const RegisterValues& source = sources[comparison.source];
  writer.begin_object();
  writer.key("source");
  writer.text(source.source);
  writer.key("authenticated");
  writer.text(to_string(source.authenticated));
  writer.key("value");
  writer.hex(comparison.value.view());
  writer.key("state");
  writer.text(to_string(comparison.state));
  writer.key("matched_records");
  writer.count(comparison.matched_records);
  writer.end_object();
}

void describe_gap(const Gap& gap, DocumentWriter& writer) {
  writer.begin_object();
  writer.key("record");
  writer.count(gap.record);
  writer.key("expected");
  writer.hex(gap.expected.view());
  writer.key("stated");
  writer.hex(gap.stated.view());
  writer.end_object();
}

void describe_register(const RegisterResult& result, std::span<const RegisterValues> sources, DocumentWriter& writer) {
  writer.begin_object();
  writer.key("register");
  writer.text(to_string(result.reg));
  writer.key("bank");
  writer.text(to_string(result.bank));
  writer.key("value");
  writer.hex(result.value.view());
  writer.key("records");
  writer.count(result.records);
  writer.key("complete");
  writer.boolean(result.complete);
  writer.key("initial");
  writer.hex(result.initial.view());
  writer.key("initial_reason");
  writer.text(result.initial_reason);
  writer.key("carried_by");
  writer.text_or_null(result.carried_by);
  writer.key("digest_rule");
  writer.text_or_null(digest_rule_name(result));
  writer.key("log_verdict");
  writer.text_or_null(result.log_verdict ? to_string(*result.log_verdict) : std::string_view());
  writer.key("gaps");
  writer.begin_list();
  for (const Gap& gap : result.gaps) {
    describe_gap(gap, writer);
  }
  writer.end_list();
  writer.key("against");
  writer.begin_list();
  for (const Comparison& comparison : result.against) {
    describe_comparison(comparison, sources, writer);
  }
  writer.end_list();
  writer.end_object();
}

void describe_digests(const DigestCheck::Counts& digests, DocumentWriter& writer) {
  writer.key("digests");
  writer.begin_object();
  writer.key("matches");
  writer.count(digests.matches);
  writer.key("unverifiable");
  writer.count(digests.unverifiable);
  writer.key("differs");
  writer.count(digests.differs);
  writer.key("computed");
  writer.count(digests.computed);
  writer.end_object();
}

constexpr std::string_view kDirect = "direct";  // a kind of source, which the command line spells out
constexpr std::size_t kRegisterWidth = 8;
constexpr std::size_t kWidestRegister = 24;  // longer names push the columns behind them aside
constexpr std::size_t kBankWidth = 8;
constexpr std::size_t kRecordsWidth = 7;
constexpr std::size_t kStateWidth = 11;  // unexplained

// What people need to hear of first.
int gravity(MatchState state) {
  switch (state) {
    case MatchState::differs:
      return 3;
    case MatchState::unexplained:
      return 2;
    case MatchState::log_ahead:
      return 1;
    case MatchState::equal:
      return 0;
  }
  return 3;
}

Tone tone_of(MatchState state) {
  switch (state) {
    case MatchState::equal:
      return Tone::good;
    case MatchState::log_ahead:
      return Tone::doubtful;
    case MatchState::unexplained:
    case MatchState::differs:
      return Tone::bad;
  }
  return Tone::bad;
}

std::string_view meaning_of(LogVerdict verdict) {
  switch (verdict) {
    case LogVerdict::complete:
      return ", from its start to the value compared";
    case LogVerdict::opaque:
      return ", complete, but for what was extended directly nothing says what it means";
    case LogVerdict::tail_only:
      return ", proven from its first SYNC on; how the register got there is not known";
    case LogVerdict::gap:
      return ", only what follows the last gap is proven";
    case LogVerdict::unbound:
      return ", as no value was compared";
    case LogVerdict::fail:
      return ", no reading of it gives the value compared";
  }
  return "";
}

// At zeros, and by no other rule than its platform's.
bool starts_as_usual(const RegisterResult& result) {
  const InitialValue usual = platform_initial_value(result.reg, result.initial.size(), result.records != 0);
  return result.initial == usual.value && result.initial_reason == usual.reason &&
         all_equal_to(result.initial.view(), 0);
}

class ReplayTable {
 public:
  ReplayTable(std::string& out, const ReplayView& view, const Style& style)
      : out_(out), view_(view), style_(style), compared_(!view.sources.empty()) {
    for (const RegisterResult& result : view.registers) {
      width_ = std::max(width_, display_width(escape_for_terminal(to_string(result.reg))));
    }
    width_ = std::min(width_, kWidestRegister);
  }

  void append() {
    if (view_.registers.empty()) {
      out_ += "no register to show was extended\n";
    } else {
      append_titles();
      for (const RegisterResult& result : view_.registers) {
        append_row(result);
      }
    }
    for (const LogSummary& log : view_.logs) {
      if (log.partial && log.info.format.empty()) {
        style_.append(out_, Tone::bad, "PARTIAL");
        fmt::format_to(std::back_inserter(out_), ": {} could not be read; these values are without it\n",
                       escape_for_terminal(log.path));
      } else if (log.partial) {
        style_.append(out_, Tone::bad, "PARTIAL");
        fmt::format_to(std::back_inserter(out_),
                       ": {} is damaged behind its first {} record{}; these values are of what came before\n",
                       escape_for_terminal(log.path), log.records, log.records == 1 ? "" : "s");
      }
    }
    if (view_.digests) {
      append_digests(*view_.digests);
    }
    if (view_.verdict != ReplayVerdict::computed) {
      append_verdict();
    }
  }

 private:
  void append_titles() {
    std::string titles =
        fmt::format("{:{}}  {:{}}  {:>{}}  ", "REGISTER", width_, "BANK", kBankWidth, "RECORDS", kRecordsWidth);
    if (compared_) {
      fmt::format_to(std::back_inserter(titles), "{:{}}  ", "STATE", kStateWidth);
    }
    titles += "VALUE, AND WHERE IT STARTED IF NOT AT ZEROS";
    style_.append(out_, Tone::faint, titles);
    out_ += '\n';
  }

  void append_row(const RegisterResult& result) {
    style_.append(out_, Tone::name, fmt::format("{:{}}", escape_for_terminal(to_string(result.reg)), width_));
    fmt::format_to(std::back_inserter(out_), "  {:{}}  {:>{}}  ", to_string(result.bank), kBankWidth, result.records,
                   kRecordsWidth);
    if (compared_) {
      append_state(result);
    }
    append_hex(out_, result.value.view());
    if (!starts_as_usual(result)) {
      out_ += "  ";
      style_.append(out_, Tone::faint, escape_for_terminal(result.initial_reason));
    }
    out_ += '\n';
    if (!result.complete) {
      fmt::format_to(std::back_inserter(out_), "{:{}}  some records of this register have no {} digest\n", "", width_,
                     to_string(result.bank));
    }
    append_reading(result);
    for (const Comparison& comparison : result.against) {
      if (comparison.state != MatchState::equal) {
        append_difference(result, comparison);
      }
    }
  }

  // What lies behind the value where a log can be read in more than one way, or is of another register.
  void append_reading(const RegisterResult& result) {
    const auto line = [this](std::string_view text) {
      fmt::format_to(std::back_inserter(out_), "{:{}}  {}\n", "", width_, text);
    };
    if (!result.carried_by.empty()) {
      line(fmt::format("carried by {}", escape_for_terminal(result.carried_by)));
    }
    if (const std::string rule = digest_rule_name(result); !rule.empty() && !result.against.empty()) {
      line(fmt::format("digests: {}", rule));
    }
    if (result.log_verdict) {
      line(fmt::format("log: {}{}", to_string(*result.log_verdict), meaning_of(*result.log_verdict)));
    }
    for (const Gap& gap : result.gaps) {
      line(fmt::format("record {} states {}; the records before give {}", gap.record, gap.stated.hex(),
                       gap.expected.hex()));
    }
  }

  void append_state(const RegisterResult& result) {
    const auto worst = std::ranges::max_element(result.against, {},
                                                [](const Comparison& comparison) { return gravity(comparison.state); });
    const bool any = worst != result.against.end();
    style_.append(out_, any ? tone_of(worst->state) : Tone::faint,
                  fmt::format("{:{}}", any ? to_string(worst->state) : "-", kStateWidth));
    out_ += "  ";
  }

  void append_difference(const RegisterResult& result, const Comparison& comparison) {
    const RegisterValues& values = view_.sources[comparison.source];
    const std::string source =
        values.kind == kDirect ? "is given" : fmt::format("in {}", escape_for_terminal(values.source));
    fmt::format_to(std::back_inserter(out_), "{:{}}  ", "", width_);
    append_hex(out_, comparison.value.view());
    fmt::format_to(std::back_inserter(out_), " {}", source);
    if (comparison.state == MatchState::log_ahead) {
      fmt::format_to(std::back_inserter(out_), ": reached after {} of {} records; {} more follow{}",
                     comparison.matched_records, result.records, result.records - comparison.matched_records,
                     result.records - comparison.matched_records == 1 ? "s" : "");
    } else if (comparison.state == MatchState::unexplained) {
      out_ += ": no record is about this register, yet it has left its initial value";
    }
    out_ += '\n';
  }

  void append_digests(const DigestCheck::Counts& digests) {
    fmt::format_to(std::back_inserter(out_), "digests: {} as their contents, ", digests.matches);
    style_.append(out_, digests.differs == 0 ? Tone::good : Tone::bad,
                  fmt::format("{} not as their contents", digests.differs));
    if (digests.computed != 0) {
      fmt::format_to(std::back_inserter(out_), ", {} made from them", digests.computed);
    }
    if (digests.unverifiable != 0) {
      fmt::format_to(std::back_inserter(out_), ", {} of things that are not in the log", digests.unverifiable);
    }
    out_ += '\n';
  }

  void append_verdict() {
    std::uint64_t values = 0;
    std::uint64_t equal = 0;
    std::uint64_t reached = 0;  // before the end of a log that may run ahead
    std::uint64_t untouched = 0;
    for (const RegisterResult& result : view_.registers) {
      untouched += result.against.empty() ? 1 : 0;
      for (const Comparison& comparison : result.against) {
        ++values;
        equal += comparison.state == MatchState::equal ? 1 : 0;
        reached += comparison.state == MatchState::log_ahead && comparison.ahead_at_runtime ? 1 : 0;
      }
    }
    const Tone tone = view_.verdict == ReplayVerdict::equal     ? Tone::good
                      : view_.verdict == ReplayVerdict::differs ? Tone::bad
                                                                : Tone::doubtful;
    out_ += "verdict: ";
    style_.append(out_, tone, to_string(view_.verdict));
    if (compared_) {
      fmt::format_to(std::back_inserter(out_), ", {} of {} compared values {}", equal + reached, values,
                     reached == 0 ? "equal" : "reached");
    }
    if (reached != 0) {
      fmt::format_to(std::back_inserter(out_), ", {} of them before the log's end", reached);
    }
    if (compared_ && untouched != 0) {
      fmt::format_to(std::back_inserter(out_), ", {} replayed values compared with nothing", untouched);
    }
    out_ += '\n';
  }

  std::string& out_;
  const ReplayView& view_;
  const Style& style_;
  bool compared_;
  std::size_t width_ = kRegisterWidth;  // of the column of names
};

}  // namespace

int exit_status_of(ReplayVerdict verdict) {
  switch (verdict) {
    case ReplayVerdict::computed:
    case ReplayVerdict::equal:
      return kExitSuccess;
    case ReplayVerdict::differs:
      return row_of(ErrorKind::check_failed).exit_status;
    case ReplayVerdict::inconclusive:
      return row_of(ErrorKind::inconclusive).exit_status;
  }
  return row_of(ErrorKind::inconclusive).exit_status;
}

void describe_logs(std::span<const LogSummary> logs, DocumentWriter& writer) {
  writer.key("logs");
  writer.begin_list();
  for (const LogSummary& log : logs) {
    writer.begin_object();
    writer.key("path");
    writer.text(log.path);
    writer.key("format");
    writer.text_or_null(log.info.format);
    writer.key("records");
    writer.count(log.records);
    writer.key("partial");
    writer.boolean(log.partial);
    writer.end_object();
  }
  writer.end_list();
}

void describe_registers(std::span<const RegisterResult> registers, std::span<const RegisterValues> sources,
                        DocumentWriter& writer) {
  writer.key("registers");
  writer.begin_list();
  for (const RegisterResult& result : registers) {
    describe_register(result, sources, writer);
  }
  writer.end_list();
}

void describe_replay(const ReplayView& view, DocumentWriter& writer) {
  writer.begin_object();
  writer.key("schema");
  writer.text("mrtool.replay/1");
  describe_mark(view.member, writer);
  describe_logs(view.logs, writer);
  describe_registers(view.registers, view.sources, writer);
  if (view.digests) {
    describe_digests(*view.digests, writer);
  }
  describe_diagnostics(view.diagnostics, writer);
  writer.key("verdict");
  writer.text(to_string(view.verdict));
  writer.end_object();
}

void append_replay_text(std::string& out, const ReplayView& view, const Style& style) {
  ReplayTable(out, view, style).append();
}

}  // namespace mrtool
