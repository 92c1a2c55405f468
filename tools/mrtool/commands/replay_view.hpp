// What replay shows, and its renderings.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/chain.hpp"
#include "lib/content/digest_check.hpp"
#include "lib/replay/replay.hpp"
#include "tools/mrtool/batch/member.hpp"
#include "tools/mrtool/render/document.hpp"
#include "tools/mrtool/render/style.hpp"

namespace mrtool {

struct ReplayView {
  std::vector<LogSummary> logs;
  std::vector<RegisterResult> registers;
  std::vector<RegisterValues> sources;  // that Comparison::source counts
  ReplayVerdict verdict = ReplayVerdict::computed;
  std::optional<DigestCheck::Counts> digests;  // where they were checked
  std::vector<Diagnostic> diagnostics;
  std::optional<MemberMark> member;  // of a batch
};

int exit_status_of(ReplayVerdict verdict);

// The parts of documents that speak of logs and registers.
void describe_logs(std::span<const LogSummary> logs, DocumentWriter& writer);
void describe_registers(std::span<const RegisterResult> registers, std::span<const RegisterValues> sources,
                        DocumentWriter& writer);

// mrtool.replay/1.
void describe_replay(const ReplayView& view, DocumentWriter& writer);
// A row a register, and below it each value that it does not equal; the verdict where values were compared.
void append_replay_text(std::string& out, const ReplayView& view, const Style& style);

}  // namespace mrtool
