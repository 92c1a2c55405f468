#include "lib/replay/hints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>

#include "lib/replay/known_events.hpp"
#include "lib/replay/state.hpp"

namespace mrtool {

namespace {

constexpr std::uint32_t kExitPcr = 5;
constexpr std::uint32_t kLastSeparatedPcr = 6;
constexpr std::uint8_t kAllSeparators = 0x7F;

bool is_pcr(const Register& reg, std::uint32_t index) {
  return reg.kind == RegisterKind::pcr && reg.index == index && reg.provider.empty();
}

bool is_failure(const RegisterResult& result, const Comparison& comparison) {
  const bool ahead = comparison.state == MatchState::log_ahead;
  return result.records > 0 && (comparison.state == MatchState::differs || (ahead && !comparison.ahead_at_runtime));
}

void note(DiagnosticSink& sink, std::string_view code, std::string message) {
  sink.add({.severity = Severity::note,
            .code = std::string(code),
            .log = {},
            .record = {},
            .offset = {},
            .message = std::move(message)});
}

// What the final-events table may hold and the log does not.
void report_exit(const std::vector<RegisterResult>& results, HashEngine& engine, DiagnosticSink& sink) {
  for (const RegisterResult& result : results) {
    if (!is_pcr(result.reg, kExitPcr)) {
      continue;
    }
    for (const Comparison& comparison : result.against) {
      if (!is_failure(result, comparison)) {
        continue;
      }
      for (const ExitSequence& sequence : kExitSequences) {
        Digest value = result.value;
        for (const std::string_view event : sequence.events) {
          if (!event.empty()) {
            engine.extend(result.bank, value, engine.hash(result.bank, as_bytes(event)).view());
          }
        }
        if (value == comparison.value) {
          note(sink, "exit-boot-services-missing",
               fmt::format("PCR 5 in bank {} would match if the log ended with the Exit Boot Services events "
                           "({}); they may be in the final-events table",
                           to_string(result.bank), sequence.name));
        }
      }
    }
  }
}

}  // namespace

void Hints::see(const Record& record) {
  if (record.content != ContentType::pcclient || record.reg.kind != RegisterKind::pcr ||
      record.reg.index > kLastSeparatedPcr) {
    return;
  }
  firmware_ = true;
  if (record.type == kSeparatorType) {
    separators_ = static_cast<std::uint8_t>(separators_ | (1U << record.reg.index));
  }
}

std::span<Digest> Hints::pcr0_values(const HashAlgorithmRow& bank, std::size_t position) {
  auto& values = pcr0_.at(position);
  if (!values) {
    values.emplace();
    std::ranges::transform(kLocalities, values->begin(),
                           [&](std::uint8_t locality) { return locality_initial_value(bank.size, locality); });
  }
  return *values;
}

void Hints::report(const std::vector<RegisterResult>& results, HashEngine& engine, DiagnosticSink& sink) const {
  report_locality(results, sink);
  report_exit(results, engine, sink);
  report_cut(results, sink);
}

// Firmware that measures with one locality and logs another, or none (format notes, 5.2).
void Hints::report_locality(const std::vector<RegisterResult>& results, DiagnosticSink& sink) const {
  const auto only_pcr0_differs = [&](HashAlgorithm bank, std::size_t source) {
    return std::ranges::all_of(results, [&](const RegisterResult& result) {
      return result.bank != bank || is_pcr(result.reg, 0) ||
             std::ranges::none_of(result.against, [&](const Comparison& comparison) {
               return comparison.source == source && is_failure(result, comparison);
             });
    });
  };
  for (const RegisterResult& result : results) {
    const auto position = bank_position(result.bank);
    if (!is_pcr(result.reg, 0) || !position || !pcr0_.at(*position)) {
      continue;
    }
    for (const Comparison& comparison : result.against) {
      if (!is_failure(result, comparison) || !only_pcr0_differs(result.bank, comparison.source)) {
        continue;
      }
      for (std::size_t i = 0; i < kLocalities.size(); ++i) {
        if ((*pcr0_.at(*position))[i] == comparison.value) {
          note(sink, "startup-locality",
               fmt::format("PCR 0 in bank {} would match had the TPM started at locality {}; the log says otherwise "
                           "({})",
                           to_string(result.bank), kLocalities[i], result.initial_reason));
        }
      }
    }
  }
}

// Firmware goes on extending when its log area is full (format notes, section 4).
void Hints::report_cut(const std::vector<RegisterResult>& results, DiagnosticSink& sink) const {
  const bool differs = std::ranges::any_of(results, [](const RegisterResult& result) {
    return result.reg.kind == RegisterKind::pcr &&
           std::ranges::any_of(result.against, [&](const auto& comparison) { return is_failure(result, comparison); });
  });
  if (differs && firmware_ && separators_ != kAllSeparators) {
    note(sink, "log-area-full",
         "registers differ and the separators of PCR 0-6 are not all in the log: its area may have been full before "
         "the firmware was done");
  }
}

}  // namespace mrtool
