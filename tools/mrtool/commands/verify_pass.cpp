#include "tools/mrtool/commands/verify_pass.hpp"

#include <algorithm>

#include "lib/verify/wording.hpp"

namespace mrtool {

VerifiedLogs::VerifiedLogs(std::vector<LogName> names, Host& host, ChainOptions options)
    : names_(std::move(names)), host_(host), options_(std::move(options)), summaries_(names_.size()) {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    summaries_[i].path = names_[i].path;
  }
}

std::vector<AppraisedLog> VerifiedLogs::appraised() const {
  std::vector<AppraisedLog> logs;
  for (const LogName& name : names_) {
    logs.push_back({.path = name.path, .reg = name.reg});
  }
  return logs;
}

bool VerifiedLogs::read(const std::vector<std::size_t>& wanted, Appraisal& appraisal, CleanEnd& clean) {
  std::vector<LogName> names;
  for (const std::size_t log : wanted) {
    names.push_back(names_[log]);
  }
  LogChain chain(std::move(names), host_, appraisal.diagnostics(), options_);
  LogChain::Step step;
  while (chain.next(step)) {
    const std::size_t log = wanted[step.log];
    if (step.first_of_log) {
      appraisal.begin_log(log, *step.info);
    }
    if (appraisal.start_error()) {
      return false;
    }
    appraisal.add(*step.batch);
    clean.see(*step.batch);
  }
  end_ = chain.where_it_ends();
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    summaries_[wanted[i]] = chain.logs()[i];
  }
  std::erase_if(errors_, [&](const Error& error) {
    return std::ranges::any_of(wanted, [&](std::size_t log) { return names_[log].path == error.file; });
  });
  errors_.insert(errors_.end(), chain.errors().begin(), chain.errors().end());
  start_error_ = chain.start_error();
  return !start_error_;
}

std::vector<std::size_t> VerifiedLogs::damaged() const {
  std::vector<std::size_t> logs;
  for (std::size_t log = 0; log < names_.size(); ++log) {
    if (std::ranges::find(errors_, names_[log].path, &Error::file) != errors_.end()) {
      logs.push_back(log);
    }
  }
  return logs;
}

VerifyPass::VerifyPass(const VerifyInputs& inputs, Host& host, const std::optional<LogState>& from, std::uint64_t end)
    : logs_(inputs.names, host,
            inputs.keeps_state ? with_state({.compute_alternatives = true, .keeps_layout = false}, from, end)
                               : ChainOptions{.compute_alternatives = true, .keeps_layout = false}),
      appraisal_(inputs.options, inputs.quote, inputs.sources, logs_.appraised()),
      clean_(from) {
  if (from) {
    appraisal_.begin_from(
        {.fold = from->fold, .diagnostics = from->diagnostics, .records = *from->records, .policies = from->policies});
  }
  if (inputs.keeps_state) {
    appraisal_.keep_progress();
  }
  for (auto wanted = appraisal_.next_pass(); !wanted.empty(); wanted = appraisal_.next_pass()) {
    if (!logs_.read(wanted, appraisal_, clean_)) {
      return;
    }
  }
  for (const std::size_t damaged : logs_.damaged()) {
    appraisal_.add_damaged(damaged);
  }
  first_beyond_ = appraisal_.first_beyond();
  progress_ = appraisal_.progress();
  report_ = appraisal_.finish();
  if (!logs_.errors().empty()) {
    report_.verdict = worse(report_.verdict, Verdict::inconclusive);
  }
}

Result<LogState> VerifyPass::state_at(std::uint64_t records) const {
  const auto unsupported = [](std::string_view why) { return fail(ErrorKind::unsupported, std::string(why)); };
  const bool breaks_format =
      std::ranges::any_of(report_.findings, [](const Finding& finding) { return is_tolerance(finding.code); });
  if (!passes()) {
    return unsupported("what the values vouch for does not pass alone, so that no state is kept of it");
  }
  if (breaks_format) {
    return unsupported("no state is kept of a log that breaks its format");
  }
  MRTOOL_TRY(progress, progress_);
  MRTOOL_TRY(end, logs_.end());
  if (end.position.record != records || progress.fold.records != records || clean_.records() != records) {
    return unsupported("the log ends with records that extend nothing, or may not have");
  }
  LogState state;
  state.format = end.format;
  state.position = end.position;
  state.sha256 = end.sha256;
  state.fold = std::move(progress.fold);
  state.diagnostics = std::move(progress.diagnostics);
  state.records = std::move(progress.records);
  state.policies = std::move(progress.policies);
  return state;
}

Result<LogState> state_of(const VerifyInputs& inputs, Host& host, const std::optional<LogState>& from,
                          const VerifyPass& read) {
  std::uint64_t records = read.judged_records();
  Result<LogState> state = read.state_at(records);
  constexpr int kReadings = 3;
  for (int reading = 0; !state && records != 0 && reading < kReadings; ++reading) {
    const VerifyPass again(inputs, host, from, records);
    if (again.start_error()) {
      return std::unexpected(*again.start_error());
    }
    records = again.judged_records();
    state = again.state_at(records);
  }
  return state;
}

}  // namespace mrtool
