// mrtool verify: may these logs be believed? Quote, registers, logs, the registers that they carry, and policy.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lib/base/json_text.hpp"
#include "lib/base/reread_host.hpp"
#include "lib/base/text.hpp"
#include "lib/content/judgement.hpp"
#include "tools/mrtool/batch/runner.hpp"
#include "tools/mrtool/batch/shared_inputs.hpp"
#include "tools/mrtool/commands/commands.hpp"
#include "tools/mrtool/commands/evidence.hpp"
#include "tools/mrtool/commands/hashed_host.hpp"
#include "tools/mrtool/commands/register_values.hpp"
#include "tools/mrtool/commands/session.hpp"
#include "tools/mrtool/commands/verify_pass.hpp"
#include "tools/mrtool/commands/verify_view.hpp"

namespace mrtool {
namespace {

int exit_status_of(const AppraisalReport& report) {
  switch (report.verdict) {
    case Verdict::pass:
      return kExitSuccess;
    case Verdict::fail:
      return row_of(report.needed_tolerance ? ErrorKind::malformed : ErrorKind::check_failed).exit_status;
    case Verdict::inconclusive:
    case Verdict::skipped:
      break;
  }
  return row_of(ErrorKind::inconclusive).exit_status;
}

// T01,T02 or several of them; each must be a tolerance of some format.
Result<std::set<std::string>> tolerated_codes(const CommandLine& line) {
  std::set<std::string> codes;
  for (const std::string& list : line.all(OptionId::tolerate)) {
    std::size_t start = 0;
    while (start <= list.size()) {
      const std::size_t end = std::min(list.find(',', start), list.size());
      const std::string code = list.substr(start, end - start);
      const Quirk* const quirk = find_quirk(code);
      if (code != kTolerateViolations && (quirk == nullptr || !quirk->is_tolerance())) {
        return fail(ErrorKind::usage,
                    fmt::format("--tolerate takes ima-violations and tolerances such as T01, not '{}'; "
                                "'mrtool formats' lists those",
                                escape_for_terminal(code)));
      }
      codes.insert(code);
      start = end + 1;
    }
  }
  return codes;
}

// What --ima-key asks for, as the text of a policy on the registers that IMA lists are about: PCR 10, and those that
// logs are named for.
std::string signature_policy(std::span<const std::string> keys, std::span<const LogName> logs) {
  std::string registers = "pcr10";
  for (const LogName& log : logs) {
    if (log.reg && (log.format == nullptr || log.format->takes_register)) {
      registers += ", " + to_text(JsonText(to_string(*log.reg)));
    }
  }
  std::string text = fmt::format(
      "schema: mrtool.policy/1\n"
      "rules:\n"
      "  - name: IMA file signatures\n"
      "    select: {{register: [{}], content: ima, where: {{signature.type: signature}}}}\n"
      "    expect: all\n"
      "    keys:\n",
      registers);
  for (const std::string& key : keys) {
    text += fmt::format("      - {}\n", to_text(JsonText(key)));
  }
  return text;
}

// Whoever gave a key has not seen the policy that it is in, and its lines tell nothing.
Error of_ima_key(Error error) {
  const std::size_t place = error.message.starts_with("line ") ? error.message.find(": ") : std::string::npos;
  error.message =
      fmt::format("--ima-key {}", place == std::string::npos ? error.message : error.message.substr(place + 2));
  return error;
}

Result<AppraisalOptions> appraisal_options(const CommandLine& line, std::span<const LogName> logs, Host& host,
                                           const SharedInputs& shared) {
  AppraisalOptions options;
  MRTOOL_TRY(initial, initial_values(line));
  options.initial = std::move(initial);
  if (line.has(OptionId::require)) {
    MRTOOL_TRY(selection, parse_selection(line.value(OptionId::require)));
    options.require = std::move(selection);
  }
  options.trust_registers = line.has(OptionId::trust_registers);
  options.allow_sha1 = line.has(OptionId::allow_sha1);
  options.tolerant = line.has(OptionId::tolerant);
  MRTOOL_TRY(tolerated, tolerated_codes(line));
  options.tolerated = std::move(tolerated);
  for (const std::string& path : line.all(OptionId::policy)) {
    MRTOOL_TRY(policy, shared.policy(path, host));
    options.policies.push_back(std::move(policy));
  }
  if (line.has(OptionId::ima_key)) {
    auto policy = shared.policy_of(signature_policy(line.all(OptionId::ima_key), logs), host);
    if (!policy) {
      return std::unexpected(of_ima_key(std::move(policy).error()));
    }
    options.policies.push_back(*std::move(policy));
  }
  return options;
}

StateOptions state_options(const CommandLine& line, const VerifyInputs& inputs, const HashedHost& files) {
  const AppraisalOptions& options = inputs.options;
  StateOptions all = state_options(inputs.names.front());
  all["--initial"] = text_of(options.initial);
  all["--require"] = options.require ? to_string(*options.require) : std::string();
  all["--trust-registers"] = options.trust_registers ? "yes" : "";
  all["--allow-sha1"] = options.allow_sha1 ? "yes" : "";
  all["--tolerant"] = options.tolerant ? "yes" : "";
  all["--tolerate"] = fmt::format("{}", fmt::join(options.tolerated, ","));
  all["--policy"] = std::to_string(line.all(OptionId::policy).size());
  all["--ima-key"] = std::to_string(line.all(OptionId::ima_key).size());
  all["the files of --policy and --ima-key"] = files.hash();
  all["compares"] = "yes";
  return all;
}

Finding noted(std::string_view code, std::string message) {
  Finding finding;
  finding.severity = Severity::note;
  finding.effect = Verdict::pass;
  finding.code = code;
  finding.log = 0;
  finding.message = std::move(message);
  return finding;
}

void render(const VerifyView& view, const CommandLine& line, Session& session) {
  std::string& out = session.out().buffer();
  switch (session.rendering()) {
    case Rendering::json:
    case Rendering::ndjson:
    case Rendering::tpm2_yaml:
      describe_verify(view, *make_json_writer(out, false));
      break;
    case Rendering::yaml:
      describe_verify(view, *make_yaml_writer(out));
      break;
    case Rendering::text:
      append_verify_text(out, view,
                         {.verdict_only = line.has(OptionId::quiet),
                          .notes = line.has(OptionId::verbose),
                          .columns = session.columns()},
                         session.output_style());
      break;
  }
}

// Writes what the logs are now as what they have to be.
class PolicyWriter {
 public:
  explicit PolicyWriter(DiagnosticSink& diagnostics) : diagnostics_(diagnostics), replay_({}, diagnostics) {}

  void read(LogChain& chain, const std::vector<RegisterValues>& sources) {
    replay_.compare_with(sources);
    LogChain::Step step;
    while (chain.next(step)) {
      if (step.first_of_log) {
        replay_.begin_log(*step.info);
      }
      replay_.add(*step.batch);
      std::vector<const Record*> records;
      std::ranges::transform(step.batch->records, std::back_inserter(records),
                             [](const Record& record) { return &record; });
      const std::vector<Judgement> judgements = judge_many(records, *step.info, engine_);
      for (std::size_t i = 0; i < records.size(); ++i) {
        add(step, *records[i], judgements[i]);
      }
    }
  }
  void finish() { results_ = replay_.finish(); }
  std::string yaml() const { return maker_.yaml(results_); }
  // Registers whose records do not lead to the value that was given: a policy of both could not be met.
  std::vector<std::string> contradictions() const {
    std::vector<std::string> names;
    for (const RegisterResult& result : results_) {
      const bool differs = std::ranges::any_of(result.against, [&result](const Comparison& comparison) {
        return result.records != 0 && result.complete && comparison.state == MatchState::differs;
      });
      if (differs) {
        names.push_back(fmt::format("{}:{}", to_string(result.bank), to_string(result.reg)));
      }
    }
    return names;
  }

 private:
  void add(const LogChain::Step& step, const Record& record, const Judgement& judgement) {
    const Decoded decoded = decode(record, *step.info);
    maker_.add({.log = step.log, .info = step.info, .record = &record, .judgement = &judgement, .decoded = &decoded});
    if (record.violation) {
      diagnostics_.add({.severity = Severity::warning,
                        .code = "ima-violation",
                        .log = step.log,
                        .record = record.number,
                        .offset = record.offset,
                        .message = "a file was open for writing while it was measured: the rule on known files stays "
                                   "inconclusive for a list with this record"});
    }
    if (std::ranges::find(judgement.digests, Check::differs, &DigestJudgement::check) != judgement.digests.end()) {
      diagnostics_.add({.severity = Severity::warning,
                        .code = "digest-differs",
                        .log = step.log,
                        .record = record.number,
                        .offset = record.offset,
                        .message = "a digest is not that of its content: no log with this record meets any policy"});
    }
  }

  DiagnosticSink& diagnostics_;
  HashEngine engine_;
  Replay replay_;
  std::vector<RegisterResult> results_;
  PolicyMaker maker_;
};

int make_policy(const CommandLine& line, Session& session) {
  auto sources = register_sources(line, session.host());
  if (!sources) {
    return session.stop(sources.error());
  }
  auto names = session.logs();
  if (!names) {
    return session.stop(names.error());
  }
  if (const Status opened = session.open_output(); !opened) {
    return session.stop(opened.error());
  }
  LogChain chain(*std::move(names), session.host(), session.diagnostics(), {.compute_alternatives = true});
  PolicyWriter writer(session.diagnostics());
  writer.read(chain, *sources);
  if (const auto missing = session.missing_input(chain)) {
    return session.stop(*missing);
  }
  writer.finish();
  if (const auto contradictions = writer.contradictions(); !contradictions.empty()) {
    return session.stop(Error{.kind = ErrorKind::check_failed,
                              .message = fmt::format("no policy is written: the logs do not lead to the values that "
                                                     "--against gives for {}",
                                                     fmt::join(contradictions, ", ")),
                              .file = {},
                              .offset = {},
                              .record = {}});
  }
  if (chain.errors().empty()) {
    session.out().buffer() += writer.yaml();
  } else {
    session.discard_output();
  }
  return session.finish(chain, kExitSuccess);
}

// What an appraisal goes by, and where states of it are.
struct VerifyRun {
  VerifyInputs inputs;
  StateFiles files;
  StateOptions options;  // where there are states
};

Result<VerifyRun> verify_run(const CommandLine& line, std::vector<LogName> names, Host& host,
                             const SharedInputs& shared) {
  VerifyRun run;
  MRTOOL_TRY(files, StateFiles::from(line));
  run.files = std::move(files);
  // A state is bound to what the files say that decide.
  HashedHost deciding(host);
  MRTOOL_TRY(options, appraisal_options(line, names, deciding, run.files.any() ? SharedInputs() : shared));
  run.inputs.options = std::move(options);
  // Values first, then the logs: a log that grows meanwhile is ahead of them, never behind.
  MRTOOL_TRY(quote, appraise_quote(line, host, shared));
  run.inputs.quote = std::move(quote);
  MRTOOL_TRY(sources, register_sources(line, host, shared));
  run.inputs.sources = std::move(sources);
  run.inputs.names = std::move(names);
  run.inputs.keeps_state = run.files.any();
  if (run.files.any()) {
    run.options = state_options(line, run.inputs, deciding);
  }
  return run;
}

struct VerifyOutcome {
  VerifyView view;
  std::vector<Error> errors;  // of the logs, and of the state that was to be saved
  int status = 0;
};

std::expected<VerifyOutcome, Refusal> verify(const VerifyRun& run, Host& real) {
  const VerifyInputs& inputs = run.inputs;
  MRTOOL_TRY(from, run.files.load("verify", run.options));
  RereadHost host(real);
  std::vector<Finding> notes;
  if (from) {
    notes.push_back(noted("resumed", resumed_message(run.files.path(), *from)));
  }
  std::optional<VerifyPass> pass(std::in_place, inputs, host, from);
  if (pass->start_error()) {
    return std::unexpected(from ? start_refusal(*pass->start_error(), *from, pass->logs().summaries().front())
                                : Refusal(*pass->start_error()));
  }
  // A state is good for a pass. What is wrong, and with which record, takes all of them.
  if (from && !pass->passes()) {
    notes = {noted("begun-anew", begun_anew_message(*from))};
    from.reset();
    pass.emplace(inputs, host, from);
  }
  const VerifiedLogs& logs = pass->logs();
  auto state = run.files.saves() && pass->passes() ? std::optional(state_of(inputs, host, from, *pass)) : std::nullopt;

  VerifyOutcome outcome;
  VerifyView& view = outcome.view;
  if (inputs.quote) {
    view.quote = inputs.quote->fields;
  }
  view.report = std::move(pass->report());
  view.logs = logs.summaries();
  outcome.errors = logs.errors();
  outcome.status = with_errors(exit_status_of(view.report), outcome.errors);
  if (outcome.status == kExitSuccess && state) {
    const Status saved = *state ? run.files.save(**std::move(state), "verify", run.options, from)
                                : Status(std::unexpected(state->error()));
    if (!saved) {
      outcome.errors.push_back(saved.error());
      outcome.status = row_of(saved.error().kind).exit_status;
    }
  }
  if (!state && run.files.saves()) {
    notes.push_back(
        noted("state-not-saved", run.files.not_saved_message(to_string(view.report.verdict), logs.errors().empty())));
  }
  view.report.findings.insert(view.report.findings.end(), notes.begin(), notes.end());
  view.diagnostics = with_errors({}, outcome.errors, view.logs);
  return outcome;
}

class VerifyAppraiser final : public Appraiser {
 public:
  explicit VerifyAppraiser(SharedInputs shared) : shared_(std::move(shared)) {}

  MemberResult appraise(const BatchMember& member, Host& host) const override {
    auto verified = verified_member(member, host);
    VerifyOutcome outcome;
    if (verified) {
      outcome = *std::move(verified);
    } else {
      outcome.errors.push_back(verified.error().error);
      outcome.view.diagnostics = told(verified.error());
      outcome.status = row_of(verified.error().error.kind).exit_status;
    }
    outcome.view.member = mark_of(member, outcome.status);
    const std::string_view verdict = to_string(outcome.view.report.verdict);
    MemberResult result{
        .status = outcome.status, .verdict = verdict, .document = {}, .message = why(member, outcome.errors, verdict)};
    describe_verify(outcome.view, *make_json_writer(result.document, true));
    return result;
  }

 private:
  std::expected<VerifyOutcome, Refusal> verified_member(const BatchMember& member, Host& host) const {
    MRTOOL_TRY(line, member.line);
    MRTOOL_TRY(names, logs_of_member(line, host));
    MRTOOL_TRY(run, verify_run(line, std::move(names), host, shared_));
    return verify(run, host);
  }

  SharedInputs shared_;
};

int verify_batch(const CommandLine& line, Environment& environment, Session& session) {
  auto shared = SharedInputs::load(line, session.host());
  if (!shared) {
    return session.stop(shared.error());
  }
  if (line.has(OptionId::ima_key)) {
    std::string text = signature_policy(line.all(OptionId::ima_key), {});
    auto policy = parse_policy(as_bytes(text), session.host());
    if (!policy) {
      return session.stop(of_ima_key(policy.error()));
    }
    shared->share_policy_of(std::move(text), *std::move(policy));
  }
  // What every member would be told is told once.
  if (const auto options = appraisal_options(line, {}, session.host(), *shared); !options) {
    return session.stop(options.error());
  }
  return run_batch(line, environment, session, VerifyAppraiser(*std::move(shared)));
}

}  // namespace

int verify_command(const CommandLine& line, Environment& environment) {
  Session session(line, environment);
  if (line.has(OptionId::batch)) {
    return verify_batch(line, environment, session);
  }
  if (line.has(OptionId::make_policy)) {
    return make_policy(line, session);
  }
  auto names = session.logs();
  if (!names) {
    return session.stop(names.error());
  }
  auto run = verify_run(line, *std::move(names), session.host(), {});
  if (!run) {
    return session.stop(run.error());
  }
  if (const Status opened = session.open_output(); !opened) {
    return session.stop(opened.error());
  }
  const auto outcome = verify(*run, session.host());
  if (!outcome) {
    return session.stop(told(outcome.error()), row_of(outcome.error().error.kind).exit_status);
  }
  const VerifyView& view = outcome->view;
  if (const auto missing = session.missing_input(view.logs, outcome->errors)) {
    return session.stop(*missing);
  }
  render(view, line, session);
  return session.finish(view.logs, outcome->errors, view.diagnostics, outcome->status);
}

}  // namespace mrtool
