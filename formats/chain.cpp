#include "formats/chain.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "formats/log_start.hpp"
#include "formats/opened_log.hpp"
#include "formats/systemd/systemd.hpp"
#include "formats/tcg/overlap.hpp"
#include "formats/tcg/quirks.hpp"
#include "formats/tsm/place.hpp"
#include "lib/base/limits.hpp"
#include "lib/base/workers.hpp"
#include "lib/record/read_ahead.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {
namespace {

Error in_file(Error error, const std::string& path) {
  if (error.file.empty()) {
    error.file = path;
  }
  return error;
}

}  // namespace

struct LogChain::State {
  State(std::vector<LogName> log_names, Host& the_host, DiagnosticSink& sink, ChainOptions chain_options)
      : names(std::move(log_names)), host(the_host), diagnostics(sink), chain(std::move(chain_options)) {
    logs.reserve(names.size());  // summaries stay where they are: sources count into them
  }

  std::optional<OpenedLog> take_next();

  void begin(OpenedLog opened);
  Status choose_format(OpenedLog& opened, LogSummary& summary, const FormatRow*& format) const;
  void begin_final_events(OpenedLog& opened);
  void begin_log(OpenedLog& opened);
  void note_dirty_mark(const FormatRow& format, const std::string& path) const;
  // Does the source keep a reader waiting, as pipes do?
  enum class MayWait : bool { no, yes };
  void start_reader(const FormatRow& format, std::unique_ptr<ByteSource> source, const ReadOptions& options,
                    MayWait may_wait);
  Status begin_in_middle(const FormatRow& format, ByteSource& source, ReadOptions& options);
  void reject(const std::string& path, Error error);
  void drop_table();
  void load_final_events(const LogInfo& main);
  bool read(Step& step);
  void skip_common_records();
  void end_log(bool damaged);

  std::vector<LogName> names;
  Host& host;
  DiagnosticSink& diagnostics;
  ChainOptions chain;
  std::vector<LogSummary> logs;
  std::vector<Error> errors;
  Batch batch;

  std::size_t next_name = 0;
  std::optional<OpenedLog> ahead;  // opened before its turn, to see whether it is a final-events table

  std::unique_ptr<Reader> reader;  // of the last of `logs`; null between logs
  bool first_read = false;
  std::uint64_t skip = 0;  // leading records that the main log has too

  std::optional<tcg::AcpiTable> table;  // waits for its log
  std::string table_path;

  // A final-events table that follows the log being read.
  std::optional<tcg::OverlapFinder> overlap;
  Bytes final_bytes;
  std::optional<Error> final_error;
  LogInfo main_info;
  const FormatRow* main_row = nullptr;  // of the log that a table would follow
  bool main_seen = false;               // a log that a table could have followed

  // With ChainOptions::keeps_end and start.
  std::optional<PrefixHash> prefix_hash;
  std::optional<Error> start_error;
  Result<ReadPosition> end_position = fail(ErrorKind::unsupported, "the log was not read to its end");
};

std::optional<OpenedLog> LogChain::State::take_next() {
  if (ahead) {
    return std::exchange(ahead, std::nullopt);
  }
  if (next_name == names.size()) {
    return std::nullopt;
  }
  return open_log(names[next_name++], host);
}

void LogChain::State::reject(const std::string& path, Error error) {
  logs.push_back({.path = path, .info = {}, .note = {}, .bytes = 0, .records = 0, .partial = true});
  errors.push_back(in_file(std::move(error), path));
}

// A table whose log does not come.
void LogChain::State::drop_table() {
  if (table) {
    const std::string message = logs.empty() ? tcg::describe(*table)
                                             : "expected the ACPI CCEL table directly before its log, found no log "
                                               "that it is of behind it";
    table.reset();
    reject(table_path, fail(ErrorKind::malformed, message).error());
  }
}

void LogChain::State::begin(OpenedLog opened) {
  if (opened.error) {
    table.reset();  // its log is known, and one error about it is enough
    diagnostics.set_log(logs.size());
    reject(opened.name.path, *std::move(opened.error));
    return;
  }
  if (opened.table) {
    drop_table();
    table = opened.table;
    table_path = opened.name.path;
    return;
  }
  if (opened.final_events && main_seen) {
    begin_final_events(opened);
  } else {
    begin_log(opened);
  }
}

void LogChain::State::start_reader(const FormatRow& format, std::unique_ptr<ByteSource> source,
                                   const ReadOptions& options, MayWait may_wait) {
  const auto make = [&](DiagnosticSink& sink, std::uint64_t& bytes) {
    return format.make_reader(make_counting_source(std::move(source), bytes), options, sink);
  };
  std::uint64_t& bytes = logs.back().bytes;
  if (may_wait == MayWait::no && chain.workers != nullptr && chain.workers->limit() > 1) {
    reader = std::make_unique<ReadAhead>(make, *chain.workers, diagnostics, bytes);
  } else {
    reader = make(diagnostics, bytes);
  }
  first_read = true;
  skip = 0;
}

Status LogChain::State::choose_format(OpenedLog& opened, LogSummary& summary, const FormatRow*& format) const {
  summary.info.evidence = "named";
  format = opened.name.format;
  if (format == nullptr) {
    const auto prefix = opened.source->peek(kDetectBytes);
    if (!prefix) {
      return std::unexpected(prefix.error());
    }
    const bool complete = opened.source->at_end_after_peek();
    if (prefix->empty() && opened.name.live) {
      summary.info.evidence.clear();
      summary.note = "this machine has no log there: the file is empty";
      diagnostics.add({.severity = Severity::warning,
                       .code = "live-log-empty",
                       .log = logs.size(),
                       .record = {},
                       .offset = {},
                       .message = "the file is empty: this machine has no log there"});
      return {};
    }
    auto detected = detect_format({.prefix = *prefix, .complete = complete});
    // A log that was begun anew may not tell its format yet. That it is not the one that was read is told then.
    if (!detected && chain.start) {
      format = find_format(chain.start->format);
    }
    if (!detected && format == nullptr) {
      return std::unexpected(std::move(detected).error());
    }
    if (detected) {
      format = detected->format;
      summary.info.evidence = std::move(detected->detection.evidence);
      summary.note = std::move(detected->detection.note);
    }
  }
  if (table && opened.name.format == nullptr && is_crypto_agile(*format)) {
    format = find_format("ccel");
    summary.info.evidence = "an ACPI CCEL table given before the log";
    summary.note.clear();
  }
  if (opened.name.reg && format->names_registers && !format->takes_register) {
    return fail(ErrorKind::usage, fmt::format("the records of a {} log name their registers themselves: leave out {}=",
                                              format->name, to_string(*opened.name.reg)));
  }
  return {};
}

// systemd's log says by its mode, not by its bytes, that it lacks something (systemd format notes).
void LogChain::State::note_dirty_mark(const FormatRow& format, const std::string& path) const {
  if (format.name != "systemd" || path == "-" || (host.mode(path).value_or(0) & systemd::kDirtyBit) == 0) {
    return;
  }
  diagnostics.add({.severity = Severity::warning,
                   .code = "log-incomplete",
                   .log = {},
                   .record = {},
                   .offset = {},
                   .message = "the file has the sticky bit, systemd's mark for a log that lacks something that was "
                              "extended, or is being written"});
}

void LogChain::State::begin_log(OpenedLog& opened) {
  main_row = nullptr;
  const FormatRow* format = nullptr;
  LogSummary summary{.path = opened.name.path, .info = {}, .note = {}, .bytes = 0, .records = 0, .partial = false};
  const Status chosen = choose_format(opened, summary, format);
  if (format == nullptr || format->name != "ccel") {
    drop_table();
  }
  diagnostics.set_log(logs.size());
  if (!chosen) {
    table.reset();
    reject(opened.name.path, chosen.error());
    return;
  }
  logs.push_back(std::move(summary));
  if (format == nullptr) {
    return;
  }
  logs.back().info.format = format->name;
  ReadOptions options{.reg = opened.name.reg,
                      .bank = chain.bank,
                      .compute_banks = chain.compute_banks,
                      .compute_alternatives = chain.compute_alternatives,
                      .keeps_layout = chain.keeps_layout,
                      .workers = chain.workers};
  if (table) {
    options.platform = table->platform();
    table.reset();
  }
  if (auto status = begin_in_middle(*format, *opened.source, options); !status) {
    logs.back().partial = true;
    start_error = in_file(std::move(status).error(), opened.name.path);
    errors.push_back(*start_error);
    return;
  }
  note_dirty_mark(*format, opened.name.path);
  if (format->name == "tsm") {
    if (auto status = tsm::complete(options, opened.name.path, host); !status) {
      logs.back().partial = true;
      errors.push_back(in_file(std::move(status).error(), opened.name.path));
      return;
    }
  }
  const bool file = opened.name.path != "-" && host.kind(opened.name.path) == FileKind::regular;
  start_reader(*format, std::move(opened.source), options, file ? MayWait::no : MayWait::yes);
  if (is_crypto_agile(*format) && !opened.final_events) {
    main_row = format;
    main_seen = true;
    ahead = take_next();
  }
}

// The prefix is read and hashed, and no more than that.
Status LogChain::State::begin_in_middle(const FormatRow& format, ByteSource& source, ReadOptions& options) {
  if (!chain.keeps_end && !chain.start) {
    return {};
  }
  if (names.size() != 1) {
    return fail(ErrorKind::unsupported,
                fmt::format("a state is of one log, and these are {}: name one of them", names.size()));
  }
  if (!can_begin_in_middle(format)) {
    return fail(ErrorKind::unsupported,
                fmt::format("a state is of an IMA list or a TSM text log, which grow; this is a log of format {}",
                            format.name));
  }
  options.end = chain.end;
  prefix_hash.emplace();
  if (!chain.start) {
    return {};
  }
  if (auto status = prefix_hash->read(source, format, *chain.start); !status) {
    logs.back().bytes = prefix_hash->bytes();
    return status;
  }
  options.begin = chain.start->position;
  logs.back().bytes = chain.start->position.offset;
  logs.back().records = chain.start->position.record;
  return {};
}

// The records of the table that directly follows the log being read are compared with that log's as it is read.
void LogChain::State::load_final_events(const LogInfo& main) {
  main_info = main;
  overlap.reset();
  final_error.reset();
  if (!ahead || ahead->error || !ahead->final_events) {
    return;
  }
  auto bytes = read_all(*ahead->source, limits::kFinalEvents);
  if (!bytes) {
    final_error = std::move(bytes).error();
    return;
  }
  final_bytes = *std::move(bytes);
  overlap.emplace();
  DiagnosticSink unused;  // the table is read again at its turn
  const auto scout = main_row->make_reader(make_memory_source(final_bytes),
                                           {.algorithms = main.algorithms, .platform = main.platform}, unused);
  Batch records;
  for (bool more = true; more;) {
    const auto result = scout->read(records);
    more = result && *result;
    for (const Record& record : records.records) {
      overlap->add_table_record(record);
    }
  }
}

void LogChain::State::begin_final_events(OpenedLog& opened) {
  drop_table();
  diagnostics.set_log(logs.size());
  if (final_error) {
    reject(opened.name.path, *std::exchange(final_error, std::nullopt));
    return;
  }
  if (!overlap) {
    reject(opened.name.path,
           fail(ErrorKind::usage, "expected the UEFI final-events table directly behind its log").error());
    return;
  }
  logs.push_back({.path = opened.name.path, .info = {}, .note = {}, .bytes = 0, .records = 0, .partial = false});
  logs.back().info.evidence = "a UEFI final-events table behind its log";
  logs.back().continues_another = true;
  start_reader(*main_row, make_memory_source(final_bytes),
               {.algorithms = main_info.algorithms, .platform = main_info.platform}, MayWait::no);
  skip = overlap->overlap();
  diagnostics.add(tcg::make_diagnostic(
      tcg::QuirkId::final_events,
      fmt::format("{} of the {} records of the UEFI final-events table are the main log's last ones; the others "
                  "continue it",
                  skip, overlap->table_records())));
  overlap.reset();
}

void LogChain::State::skip_common_records() {
  const auto common = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(skip, batch.records.size()));
  batch.records.erase(batch.records.begin(), batch.records.begin() + common);
  skip -= static_cast<std::uint64_t>(common);
}

void LogChain::State::end_log(bool damaged) {
  logs.back().partial = damaged;
  if (!damaged && prefix_hash) {
    end_position = reader->position();
  }
  reader.reset();
}

// One read of the current log. False: it gave nothing to hand over.
bool LogChain::State::read(Step& step) {
  LogSummary& summary = logs.back();
  diagnostics.set_log(logs.size() - 1);
  auto more = reader->read(batch);
  const bool first = std::exchange(first_read, false);
  if (first || !more || !*more) {
    std::string evidence = std::move(summary.info.evidence);
    summary.info = reader->info();
    summary.info.evidence = std::move(evidence);
  }
  if (first && ahead) {
    load_final_events(summary.info);
  }
  if (overlap) {
    for (const Record& record : batch.records) {
      overlap->add_main_record(record);
    }
  }
  skip_common_records();
  if (prefix_hash) {
    prefix_hash->add(batch);
  }
  summary.records += batch.records.size();
  const bool damaged = !more;
  if (damaged) {
    errors.push_back(in_file(std::move(more).error(), summary.path));
    end_log(true);
  } else if (!*more) {
    end_log(false);
  }
  step = {.log = logs.size() - 1, .first_of_log = first, .info = &summary.info, .batch = &batch};
  // Behind a state there is something to say of a log even where nothing of it could be read on.
  return !batch.records.empty() || !batch.trailing.empty() || (first && (!damaged || chain.start));
}

LogChain::LogChain(std::vector<LogName> names, Host& host, DiagnosticSink& diagnostics, ChainOptions options)
    : state_(std::make_unique<State>(std::move(names), host, diagnostics, std::move(options))) {}

LogChain::~LogChain() = default;

bool LogChain::next(Step& step) {
  State& state = *state_;
  while (true) {
    if (state.reader) {
      if (state.read(step)) {
        return true;
      }
      continue;
    }
    auto opened = state.take_next();
    if (!opened) {
      state.drop_table();
      return false;
    }
    state.begin(*std::move(opened));
  }
}

const std::vector<LogSummary>& LogChain::logs() const {
  return state_->logs;
}

const std::vector<Error>& LogChain::errors() const {
  return state_->errors;
}

Result<LogStart> LogChain::where_it_ends() const {
  if (!state_->end_position) {
    return std::unexpected(in_file(state_->end_position.error(), state_->logs.empty() ? "" : state_->logs[0].path));
  }
  return state_->prefix_hash->start(state_->logs.front().info.format, *state_->end_position);
}

const std::optional<Error>& LogChain::start_error() const {
  return state_->start_error;
}

}  // namespace mrtool
