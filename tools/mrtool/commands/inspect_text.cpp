// Records as a table that streams: its columns have fixed widths, so that no row waits for another.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "lib/base/text.hpp"
#include "lib/registers/names.hpp"
#include "tools/mrtool/commands/inspect_view.hpp"

namespace mrtool {
namespace {

constexpr std::string_view kTypePrefix = "EV_";
constexpr std::string_view kCut = "...";
constexpr std::size_t kNumberWidth = 5;
constexpr std::size_t kRegisterWidth = 6;
constexpr std::size_t kWidestRegister = 16;  // longer names push the columns behind them aside
constexpr std::size_t kTypeWidth = 29;       // EFI_BOOT_SERVICES_APPLICATION
constexpr std::size_t kNarrowTypeWidth = 20;
constexpr std::size_t kDigestWidth = 12;
constexpr std::size_t kNarrowDigestWidth = 8;
constexpr std::size_t kWideTerminal = 110;  // columns from which the wide layout leaves enough for the summary
constexpr std::size_t kGoodSummary = 40;    // for which the digits of the digest give way
constexpr std::size_t kLeastSummary = 16;

struct Widths {
  std::size_t reg = kRegisterWidth;
  std::size_t type = kTypeWidth;
  std::size_t digest = kDigestWidth;
  std::size_t summary = 0;  // 0: as long as it is
};

// `reg` is the name of a log's first register, which is its only one where names are long.
Widths widths_for(std::size_t columns, std::string_view reg) {
  Widths widths;
  widths.reg = std::clamp(display_width(reg), kRegisterWidth, kWidestRegister);
  if (columns != 0) {
    if (columns < kWideTerminal) {
      widths.type = kNarrowTypeWidth;
      widths.digest = kNarrowDigestWidth;
    }
    constexpr std::size_t kGaps = 2 + 2 + 2 + 2;  // before register, type, the digest's mark (with it) and summary
    constexpr std::size_t kDigestGap = 1;         // behind the mark
    const std::size_t taken = kNumberWidth + widths.reg + widths.type + kGaps;
    if (columns < taken + kDigestGap + widths.digest + kGoodSummary) {
      widths.digest = 0;
    }
    const std::size_t digest = widths.digest == 0 ? 0 : kDigestGap + widths.digest;
    widths.summary = std::max(kLeastSummary, columns > taken + digest ? columns - taken - digest : 0);
  }
  return widths;
}

// The text in exactly that many columns or, where it is longer and may not be cut, in as many as it takes.
std::string in_columns(std::string_view text, std::size_t width, bool may_cut) {
  const std::size_t actual = display_width(text);
  if (actual <= width || !may_cut) {
    std::string padded(text);
    padded.append(width - std::min(actual, width), ' ');
    return padded;
  }
  return std::string(truncate_to_width(text, width - kCut.size())).append(kCut);
}

// Of the shown digests, the one of the widest bank; the first of those in the log.
std::optional<std::size_t> strongest(const RecordView& view) {
  const auto size = [&view](std::size_t i) { return view.record->digests[i].value.size(); };
  const auto found = std::ranges::max_element(view.digests, {}, size);
  return found == view.digests.end() ? std::nullopt : std::optional(*found);
}

// Blank where there is none, or only the zeros of a record that is not measured.
std::string short_digest(const RecordView& view, std::size_t digits) {
  const auto best = strongest(view);
  if (!best) {
    return {};
  }
  const ByteView value = view.record->digests[*best].value;
  if (!view.record->extends && all_equal_to(value, 0)) {
    return {};
  }
  return to_hex(value.first(std::min(digits / 2, value.size())));
}

Check worst_check(const RecordView& view) {
  Check worst = Check::none;
  for (const std::size_t i : view.digests) {
    const Check check = i < view.judgement.digests.size() ? view.judgement.digests[i].check : Check::none;
    if (check == Check::differs) {
      return check;
    }
    if (check == Check::unverifiable || worst == Check::none) {
      worst = check;
    }
  }
  return worst;
}

// The digests match something that the data has no part in, so that they say nothing about it.
bool covers_nothing(const RecordView& view) {
  const auto& covered = view.judgement.covered;
  return !view.record->data.empty() && (!covered || covered->begin == covered->end);
}

std::string_view mark_of(const RecordView& view, Check check) {
  switch (check) {
    case Check::differs:
      return "!";
    case Check::unverifiable:
      return "?";
    case Check::matches:
      return covers_nothing(view) ? "~" : " ";
    case Check::none:
      return " ";
  }
  return " ";
}

std::string summary_of(const RecordView& view) {
  // The digest says so, whatever the data is.
  if (view.judgement.error_separator) {
    return "separator: firmware error";
  }
  if (!view.decoded.summary.empty()) {
    return escape_for_terminal(view.decoded.summary);
  }
  return view.record->data.empty() ? std::string() : fmt::format("{} bytes", view.record->data.size());
}

// The rows of one log's records: what the widths of its columns are is settled.
class Rows {
 public:
  Rows(const Widths& widths, const InspectOptions& options) : widths_(widths), options_(options) {}

  void append(std::string& out, const RecordView& view) const {
    const Record& record = *view.record;
    append_number(out, record.number);
    options_.style.append(out, Tone::name, in_columns(escape_for_terminal(to_string(record.reg)), widths_.reg, false));
    out += "  ";
    const std::string name = event_type_name(record);
    std::string_view type = name;
    type.remove_prefix(type.starts_with(kTypePrefix) ? kTypePrefix.size() : 0);
    options_.style.append(out, record.extends ? Tone::plain : Tone::faint,
                          in_columns(type, widths_.type, widths_.summary != 0));
    append_digest(out, view);
    append_summary(out, view);
    out += '\n';
    append_raw(out, record);
  }

 private:
  static void append_number(std::string& out, std::uint64_t number) {
    const fmt::format_int digits(number);
    out.append(kNumberWidth - std::min(digits.size(), kNumberWidth), ' ').append(digits.data(), digits.size());
    out += "  ";
  }

  void append_digest(std::string& out, const RecordView& view) const {
    const Check check = worst_check(view);
    out += ' ';
    const bool differs = check == Check::differs;
    options_.style.append(out, differs ? Tone::bad : Tone::faint, mark_of(view, check));
    if (widths_.digest == 0) {
      return;
    }
    out += ' ';
    std::string digest = short_digest(view, widths_.digest);
    digest.resize(widths_.digest, ' ');
    options_.style.append(out, differs ? Tone::bad : Tone::faint, digest);
  }

  void append_summary(std::string& out, const RecordView& view) const {
    const std::string summary = summary_of(view);
    if (summary.empty()) {
      out.resize(out.find_last_not_of(' ') + 1);
      return;
    }
    out += "  ";
    out += widths_.summary == 0 ? summary : shorten_middle(summary, widths_.summary);
  }

  void append_raw(std::string& out, const Record& record) const {
    if (options_.raw) {
      out.append(kNumberWidth + 2, ' ');
      append_hex(out, record.raw);
      out += '\n';
    }
  }

  Widths widths_;
  InspectOptions options_;
};

class ApartRows final : public ApartRenderer {
 public:
  explicit ApartRows(Rows rows) : rows_(std::move(rows)) {}

  void record(const RecordView& view) override {
    rows_.append(out_, view);
    ++records_;
    differing_ += worst_check(view) == Check::differs ? 1 : 0;
  }
  Rendered rendered() const override { return {.text = out_, .records = records_, .differing = differing_}; }
  void clear() override {
    out_.clear();
    records_ = 0;
    differing_ = 0;
  }

 private:
  Rows rows_;
  std::string out_;
  std::size_t records_ = 0;
  std::size_t differing_ = 0;
};

class InspectTable final : public InspectRenderer {
 public:
  InspectTable(std::string& out, const InspectOptions& options) : out_(out), options_(options) {}

  void begin_log(std::size_t log, const LogInfo& info, std::span<const LogSummary> logs) override {
    end_log(logs);
    append_log_heading(out_, logs[log], info, options_.style);
    shown_ = 0;
    open_ = log;
  }

  void first_record(const Record& record) override { append_titles(escape_for_terminal(to_string(record.reg))); }

  std::unique_ptr<ApartRenderer> make_apart() const override {
    return std::make_unique<ApartRows>(Rows(widths_, options_));
  }

  void rendered(const ApartRenderer::Rendered& rendered) override {
    shown_ += rendered.records;
    differing_ += rendered.differing;
  }

  void finish(std::span<const LogSummary> logs, const std::vector<Diagnostic>& /*diagnostics*/) override {
    end_log(logs);
    if (differing_ != 0) {
      fmt::format_to(std::back_inserter(out_), "{} record{} with a digest that differs from the content, marked !\n",
                     differing_, differing_ == 1 ? "" : "s");
    }
  }

 private:
  void end_log(std::span<const LogSummary> logs) {
    if (open_) {
      append_log_ending(out_, logs[*open_], shown_, options_.style);
      open_.reset();
    }
  }

  void append_titles(std::string_view reg) {
    widths_ = widths_for(options_.columns, reg);
    std::string titles =
        fmt::format("{:>{}}  {:{}}  {:{}}  ", "#", kNumberWidth, "REG", widths_.reg, "TYPE", widths_.type);
    if (widths_.digest != 0) {
      fmt::format_to(std::back_inserter(titles), " {:{}}", "DIGEST", widths_.digest);
    }
    options_.style.append(out_, Tone::faint, titles + "  SUMMARY");
    out_ += '\n';
  }

  std::string& out_;
  InspectOptions options_;
  Widths widths_;
  std::optional<std::size_t> open_;
  std::uint64_t shown_ = 0;  // of the open log
  std::uint64_t differing_ = 0;
};

class ApartDetails final : public ApartRenderer {
 public:
  explicit ApartDetails(const InspectOptions& options) : options_(options) {}

  void record(const RecordView& view) override {
    ++records_;
    out_ += '\n';
    options_.style.append(out_, Tone::strong,
                          fmt::format("record {}  {}  {}", view.record->number,
                                      escape_for_terminal(to_string(view.record->reg)), event_type_name(*view.record)));
    out_ += '\n';
    constexpr std::size_t kIndent = 2;
    describe_record(view, *make_text_writer(out_, kIndent), options_.raw);
  }
  Rendered rendered() const override { return {.text = out_, .records = records_}; }
  void clear() override {
    out_.clear();
    records_ = 0;
  }

 private:
  InspectOptions options_;
  std::string out_;
  std::size_t records_ = 0;
};

class InspectDetails final : public InspectRenderer {
 public:
  InspectDetails(std::string& out, const InspectOptions& options) : out_(out), options_(options) {}

  void begin_log(std::size_t log, const LogInfo& info, std::span<const LogSummary> logs) override {
    end_log(logs);
    append_log_heading(out_, logs[log], info, options_.style);
    shown_ = 0;
    options_.style.append(out_, Tone::faint, "A * marks fields that the digest covers.\n");
    open_ = log;
  }

  std::unique_ptr<ApartRenderer> make_apart() const override { return std::make_unique<ApartDetails>(options_); }
  void rendered(const ApartRenderer::Rendered& rendered) override { shown_ += rendered.records; }

  void finish(std::span<const LogSummary> logs, const std::vector<Diagnostic>& /*diagnostics*/) override {
    end_log(logs);
  }

 private:
  void end_log(std::span<const LogSummary> logs) {
    if (open_) {
      out_ += '\n';
      append_log_ending(out_, logs[*open_], shown_, options_.style);
      open_.reset();
    }
  }

  std::string& out_;
  InspectOptions options_;
  std::optional<std::size_t> open_;
  std::uint64_t shown_ = 0;  // of the open log
};

}  // namespace

void append_log_heading(std::string& out, const LogSummary& log, const LogInfo& info, const Style& style) {
  style.append(out, Tone::strong, escape_for_terminal(log.path));
  fmt::format_to(std::back_inserter(out), ": {}", info.format);
  if (!info.evidence.empty()) {
    fmt::format_to(std::back_inserter(out), " ({})", escape_for_terminal(info.evidence));
  }
  std::string_view separator = ", banks ";
  for (const AlgorithmSize& bank : info.algorithms) {
    fmt::format_to(std::back_inserter(out), "{}{}", separator, to_string(bank.algorithm));
    separator = " ";
  }
  out += '\n';
  if (!log.note.empty()) {
    fmt::format_to(std::back_inserter(out), "but: {}\n", escape_for_terminal(log.note));
  }
}

void append_log_ending(std::string& out, const LogSummary& log, std::uint64_t shown, const Style& style) {
  const auto to = std::back_inserter(out);
  const std::string_view records = log.records == 1 ? "record" : "records";
  if (shown == log.records) {
    fmt::format_to(to, "{} {}, {} bytes", log.records, records, log.bytes);
  } else {
    fmt::format_to(to, "{} of {} {} shown, {} bytes", shown, log.records, records, log.bytes);
  }
  if (log.partial) {
    out += ", ";
    style.append(out, Tone::bad, "PARTIAL: the log is damaged behind the last of these records");
  }
  out += '\n';
}

std::unique_ptr<InspectRenderer> make_inspect_table(std::string& out, const InspectOptions& options) {
  return std::make_unique<InspectTable>(out, options);
}

std::unique_ptr<InspectRenderer> make_inspect_details(std::string& out, const InspectOptions& options) {
  return std::make_unique<InspectDetails>(out, options);
}

}  // namespace mrtool
