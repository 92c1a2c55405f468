#include "lib/verify/progress.hpp"

#include "lib/verify/appraisal_state.hpp"

namespace mrtool {

// A log has begun behind the records of `from_`.
void Appraisal::State::take_up() {
  const auto impossible = [this](std::string_view what) {
    start_error_ = fail(ErrorKind::malformed, std::string(what)).error();
  };
  if (Status taken = pass().replay->take_up(from_->fold); !taken) {
    start_error_ = std::move(taken).error();
    return;
  }
  if (!pass().judging) {
    return;
  }
  pass().records = from_->fold.records;
  records_.take_up(from_->records);
  if (from_->policies.size() != policies_.size()) {
    impossible("expected what every policy has found, found it of another number of policies");
    return;
  }
  for (std::size_t i = 0; i < policies_.size(); ++i) {
    if (!policies_[i].take_up(from_->policies[i])) {
      impossible("expected what a policy's rules have found, found it of other rules");
      return;
    }
  }
}

Result<AppraisalProgress> Appraisal::State::progress() const {
  const AppraisedPass& last = passes_.back();
  if (logs_.size() != 1 || !last.judging || last.of_virtual_logs || last.beyond != 0) {
    return fail(ErrorKind::unsupported, "what several logs, or part of one, were judged by cannot be gone on with");
  }
  MRTOOL_TRY(fold, fold_);
  AppraisalProgress made{.fold = std::move(fold), .diagnostics = {}, .records = records_.held(), .policies = {}};
  made.diagnostics = of_records_before(noticed_, made.fold.records);
  for (const PolicyRun& policy : policies_) {
    made.policies.push_back(policy.progress());
  }
  return made;
}

void Appraisal::begin_from(AppraisalProgress from) {
  state_->begin_from(std::move(from));
}
const std::optional<Error>& Appraisal::start_error() const {
  return state_->start_error();
}
void Appraisal::keep_progress() {
  state_->keep_progress();
}
Result<AppraisalProgress> Appraisal::progress() const {
  return state_->progress();
}
std::optional<std::uint64_t> Appraisal::first_beyond() const {
  return state_->first_beyond();
}

}  // namespace mrtool
