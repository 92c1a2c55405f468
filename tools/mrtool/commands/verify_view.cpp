#include "tools/mrtool/commands/verify_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "lib/base/text.hpp"
#include "lib/registers/names.hpp"
#include "tools/mrtool/commands/replay_view.hpp"
#include "tools/mrtool/render/diagnostics.hpp"
#include "tools/mrtool/render/wrap.hpp"

namespace mrtool {
namespace {

// What a layer that passes says, and what it leaves to others.
struct LayerMeaning {
  std::string_view layer;
  std::string_view proves;
  std::string_view leaves;
};
constexpr auto kMeanings = std::to_array<LayerMeaning>({
    {"quote", "the register values were signed by the key or chain named above", "whose machine it is"},
    {"registers", "the logs lead to these values", "that what they record is what it says it is"},
    {"log", "what the logs show of the measured content is what was measured",
     "content that is not in them, and fields that no digest covers"},
    {"virtual", "these logs lead to the values that their carriers hold",
     "that the program which they speak of wrote them, not another that may write there"},
    {"policy", "the records and values that were vouched for meet every rule", "what no rule asks for"},
});

Tone tone_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return Tone::good;
    case Verdict::fail:
      return Tone::bad;
    case Verdict::inconclusive:
      return Tone::doubtful;
    case Verdict::skipped:
      return Tone::faint;
  }
  return Tone::plain;
}

void describe_check(const QuoteCheck& check, DocumentWriter& writer) {
  writer.begin_object();
  writer.key("check");
  writer.text(check.name);
  writer.key("verdict");
  writer.text(to_string(check.verdict));
  writer.key("detail");
  writer.text(check.detail);
  writer.end_object();
}

void describe_layer(const Layer& layer, DocumentWriter& writer) {
  writer.begin_object();
  writer.key("layer");
  writer.text(layer.name);
  writer.key("verdict");
  writer.text(to_string(layer.verdict()));
  writer.key("checks");
  writer.begin_list();
  for (const QuoteCheck& check : layer.checks) {
    describe_check(check, writer);
  }
  writer.end_list();
  writer.end_object();
}

template <class Count>
void describe_place(std::string_view name, const std::optional<Count>& place, DocumentWriter& writer) {
  writer.key(name);
  if (place) {
    writer.count(*place);
  } else {
    writer.null();
  }
}

void describe_finding(const Finding& finding, DocumentWriter& writer) {
  writer.begin_object();
  writer.key("severity");
  writer.text(to_string(finding.severity));
  writer.key("code");
  writer.text(finding.code);
  writer.key("effect");
  writer.text(to_string(finding.effect));
  describe_place("log", finding.log, writer);
  describe_place("record", finding.record, writer);
  describe_place("offset", finding.offset, writer);
  writer.key("register");
  writer.text_or_null(finding.reg ? to_string(*finding.reg) : std::string());
  writer.key("bank");
  writer.text_or_null(finding.bank == HashAlgorithm::none ? std::string() : to_string(finding.bank));
  writer.key("message");
  writer.text(finding.message);
  writer.end_object();
}

class VerifyText {
 public:
  VerifyText(std::string& out, const VerifyView& view, const VerifyTextOptions& options, const Style& style)
      : out_(out), view_(view), options_(options), style_(style) {}

  void append() {
    if (!options_.verdict_only) {
      for (const Layer& layer : view_.report.layers) {
        append_layer(layer);
      }
      append_findings();
    }
    out_ += "verdict: ";
    append_verdict(view_.report.verdict, 0);
    out_ += '\n';
  }

 private:
  static constexpr std::size_t kNameWidth = 20;
  static constexpr std::size_t kVerdictWidth = 12;  // inconclusive
  static constexpr std::size_t kIndent = 2;
  static constexpr std::size_t kDetailColumn = kIndent + kNameWidth + kVerdictWidth + 2;
  static constexpr std::size_t kLeastDetail = 24;  // narrower columns are not filled line by line

  // Of lines that start at `indent`; 0: they are not broken.
  std::size_t columns_for(std::size_t indent) const {
    return options_.columns >= indent + kLeastDetail ? options_.columns : 0;
  }

  void append_verdict(Verdict verdict, std::size_t width) {
    style_.append(out_, tone_of(verdict), fmt::format("{:{}}", to_string(verdict), width));
  }

  void append_layer(const Layer& layer) {
    if (layer.checks.empty()) {
      return;
    }
    style_.append(out_, Tone::strong, fmt::format("{:{}}", layer.name, kNameWidth + 2));
    append_verdict(layer.verdict(), 0);
    out_ += '\n';
    for (const QuoteCheck& check : layer.checks) {
      append_check(check);
    }
    const auto* const meaning = std::ranges::find(kMeanings, layer.name, &LayerMeaning::layer);
    if (layer.verdict() == Verdict::pass && meaning != kMeanings.end()) {
      std::string text = "  ";
      append_wrapped(text, fmt::format("proves that {}; not {}", meaning->proves, meaning->leaves), kIndent,
                     {.indent = kIndent, .columns = columns_for(kIndent)});
      style_.append(out_, Tone::faint, text);
      out_ += '\n';
    }
  }

  // A name that is too long, as those of rules may be, pushes the rest of its line aside.
  void append_check(const QuoteCheck& check) {
    const std::string name = escape_for_terminal(check.name);
    const std::size_t width = std::max(kNameWidth, display_width(name) + 1);
    fmt::format_to(std::back_inserter(out_), "{:{}}{}{:{}}", "", kIndent, name, "", width - display_width(name));
    append_verdict(check.verdict, kVerdictWidth);
    out_ += "  ";
    append_wrapped(out_, escape_for_terminal(check.detail), kDetailColumn + width - kNameWidth,
                   {.indent = kDetailColumn, .columns = columns_for(kDetailColumn)});
    out_ += '\n';
  }

  static bool has_effect(const Finding& finding) {
    return finding.effect == Verdict::fail || finding.effect == Verdict::inconclusive;
  }

  void append_findings() {
    std::uint64_t quiet = 0;
    for (const Finding& finding : view_.report.findings) {
      if (has_effect(finding) || options_.notes) {
        append_finding(finding);
      } else {
        ++quiet;
      }
    }
    if (quiet != 0) {
      style_.append(out_, Tone::faint,
                    fmt::format("{} more finding{} without effect (-v shows them)\n", quiet, quiet == 1 ? "" : "s"));
    }
  }

  void append_finding(const Finding& finding) {
    // One that has no effect is called what it is: nothing passes or was skipped by it.
    const bool counts = has_effect(finding);
    const std::string_view called = counts ? to_string(finding.effect) : to_string(finding.severity);
    style_.append(out_, counts ? tone_of(finding.effect) : Tone::faint, called);
    out_ += ": ";
    std::string text;
    if (finding.log && *finding.log < view_.logs.size()) {
      text += escape_for_terminal(view_.logs[*finding.log].path) + ": ";
    }
    if (finding.record) {
      fmt::format_to(std::back_inserter(text), "record {}: ", *finding.record);
    }
    fmt::format_to(std::back_inserter(text), "{} [{}]", escape_for_terminal(finding.message),
                   escape_for_terminal(finding.code));
    append_wrapped(out_, text, called.size() + 2, {.indent = kIndent, .columns = columns_for(kIndent)});
    out_ += '\n';
  }

  std::string& out_;
  const VerifyView& view_;
  const VerifyTextOptions& options_;
  const Style& style_;
};

}  // namespace

void describe_verify(const VerifyView& view, DocumentWriter& writer) {
  writer.begin_object();
  writer.key("schema");
  writer.text("mrtool.verify/1");
  describe_mark(view.member, writer);
  writer.key("verdict");
  writer.text(to_string(view.report.verdict));
  writer.key("layers");
  writer.begin_list();
  for (const Layer& layer : view.report.layers) {
    describe_layer(layer, writer);
  }
  writer.end_list();
  writer.key("quote");
  if (view.quote.empty()) {
    writer.null();
  } else {
    writer.begin_object();
    writer.members(view.quote);
    writer.end_object();
  }
  describe_logs(view.logs, writer);
  writer.key("findings");
  writer.begin_list();
  for (const Finding& finding : view.report.findings) {
    describe_finding(finding, writer);
  }
  writer.end_list();
  describe_registers(view.report.registers, view.report.sources, writer);
  if (view.member) {
    describe_diagnostics(view.diagnostics, writer);
  }
  writer.end_object();
}

void append_verify_text(std::string& out, const VerifyView& view, const VerifyTextOptions& options,
                        const Style& style) {
  VerifyText(out, view, options, style).append();
}

}  // namespace mrtool
