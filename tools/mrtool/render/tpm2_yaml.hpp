// What tpm2_eventlog and tpm2_pcrread print, for those who have scripts that read it. Where it differs from what they
// print, and why, is in mrtool-inspect(1).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "lib/replay/replay.hpp"
#include "tools/mrtool/commands/inspect_view.hpp"

namespace mrtool {

// As tpm2_eventlog's --eventlog-version has it; the second decodes more.
enum class EventlogVersion : std::uint8_t { v1 = 1, v2 = 2 };

// One YAML document a log, streamed. Appends to `out`, which the caller may empty between two calls.
class Tpm2EventlogYaml {
 public:
  Tpm2EventlogYaml(std::string& out, EventlogVersion version);
  ~Tpm2EventlogYaml();
  Tpm2EventlogYaml(const Tpm2EventlogYaml&) = delete;
  Tpm2EventlogYaml& operator=(const Tpm2EventlogYaml&) = delete;

  void begin(const LogInfo& info);
  // view.digests says which digests are shown.
  void record(const RecordView& view);
  // `registers`: what the log's records lead to, for the last block; those without records are left out.
  void finish(std::span<const RegisterResult> registers);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Those that tpm2_pcrread's shape has a place for: a TPM's own, not another provider's of that name.
bool is_tpm_pcr(const Register& reg);

// In tpm2_pcrread's shape: all PCRs of each bank that `registers` has results in, as long as `wanted` takes them; those
// without a result hold their initial value. Other registers than PCRs have no place in it.
void write_tpm2_pcrread_yaml(std::string& out, std::span<const RegisterResult> registers,
                             const std::function<bool(const Register&, HashAlgorithm)>& wanted);

// The PCRs among a source's values, no others, in the same shape.
void write_tpm2_pcrread_yaml(std::string& out, const std::map<RegisterKey, Digest>& values);

}  // namespace mrtool
