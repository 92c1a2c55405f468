// Why a register may differ, where the log or the firmware is known to be at fault in ways that replay can try out.
// Hints are notes: they never change a value or a verdict.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lib/base/diagnostic.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/replay/replay.hpp"

namespace mrtool {

class Hints {
 public:
  // A record that is folded, seen once.
  void see(const Record& record);
  // What PCR 0 of the bank at this position of the table of algorithms would be from each locality: to be extended as
  // the register is.
  std::span<Digest> pcr0_values(const HashAlgorithmRow& bank, std::size_t position);

  // Adds what was found to the sink: startup-locality, exit-boot-services-missing, log-area-full.
  void report(const std::vector<RegisterResult>& results, HashEngine& engine, DiagnosticSink& sink) const;

 private:
  // Those that platforms start from: the default, an authenticated code module, H-CRTM (PFP 1.05, 3.3.2).
  static constexpr std::array<std::uint8_t, 3> kLocalities{0, 3, 4};
  static constexpr std::size_t kPositions = 16;

  void report_locality(const std::vector<RegisterResult>& results, DiagnosticSink& sink) const;
  void report_cut(const std::vector<RegisterResult>& results, DiagnosticSink& sink) const;

  // PCR 0 folded from each of kLocalities; unset in banks where nothing extends it.
  std::array<std::optional<std::array<Digest, kLocalities.size()>>, kPositions> pcr0_;
  bool firmware_ = false;        // the log has firmware's records of PCR 0-6
  std::uint8_t separators_ = 0;  // bit n: PCR n has one
};

}  // namespace mrtool
