#include "formats/tcg/detect.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "formats/tcg/acpi_table.hpp"
#include "formats/tcg/opening.hpp"

namespace mrtool::tcg {
namespace {

constexpr std::uint32_t kLastMrIndex = 4;  // CC measurement registers
constexpr std::uint32_t kLastPcr = 23;

// What the records of the prefix say that the opening does not.
struct Survey {
  bool indices_fit_cc = true;  // none is beyond the CC measurement registers
  std::uint64_t banks = 0;     // bit i: an extending record has a digest of algorithms[i]
};

Survey survey_records(ByteView bytes, std::span<const AlgorithmSize> algorithms) {
  Survey survey;
  const Layout layout{.framing = Framing::agile, .order = ByteOrder::little, .algorithms = algorithms};
  std::vector<DigestEntry> digests;
  Frame frame;
  while (fill_at(bytes, true, Framing::agile) == FillState::none &&
         read_frame(bytes, layout, digests, frame).state == FrameState::complete) {
    survey.indices_fit_cc = survey.indices_fit_cc && frame.index <= kLastMrIndex;
    if (frame.type != kNoAction) {
      survey.banks |= frame.banks;
    }
    digests.clear();
    bytes = bytes.subspan(static_cast<std::size_t>(frame.size));
  }
  return survey;
}

bool is_cc_only_bank(HashAlgorithm algorithm) {
  return algorithm == HashAlgorithm::sha384 || algorithm == HashAlgorithm::sm3_256;
}

// The only bank of the log: the one that records have digests of, or before any the one announced.
std::optional<HashAlgorithm> only_bank(const Survey& survey, std::span<const AlgorithmSize> algorithms) {
  std::optional<HashAlgorithm> only;
  for (std::size_t i = 0; i < algorithms.size(); ++i) {
    const bool used = survey.banks == 0 || (survey.banks & (std::uint64_t{1} << i)) != 0;
    if (used && only) {
      return std::nullopt;
    }
    if (used) {
      only = algorithms[i].algorithm;
    }
  }
  return only;
}

// Agents name CC measurement registers, but for those that measure into the virtual TPM of Azure.
Recognised recognise_headerless(const Opening& opening, ByteView bytes) {
  const bool cc = is_cc_only_bank(opening.bank.algorithm) && survey_records(bytes, {&opening.bank, 1}).indices_fit_cc;
  return {.row = cc ? Row::ccel : Row::tcg2,
          .detection = {
              fmt::format("records of the CoCo attestation agent, bank {}", to_string(opening.bank.algorithm)), {}}};
}

std::string spec_id_name(const Opening& opening) {
  return opening.spec.kind == SpecIdKind::stand_in ? "a stand-in for the spec-ID event"
                                                   : fmt::format("spec-ID event 03 with index {}", opening.first.index);
}

Recognised recognise_agile(const Opening& opening, ByteView bytes) {
  if (opening.state != FrameState::complete) {
    return {.row = opening.first.index == 1 ? Row::ccel : Row::tcg2, .detection = {spec_id_name(opening), {}}};
  }
  const std::span<const AlgorithmSize> algorithms = opening.spec.algorithms;
  if (opening.first.index == 1) {
    return {.row = Row::ccel, .detection = {spec_id_name(opening), {}}};
  }
  const Survey survey =
      survey_records(bytes.subspan(static_cast<std::size_t>(opening.first.size + opening.suffix)), algorithms);
  const auto bank = only_bank(survey, algorithms);
  if (!bank || !is_cc_only_bank(*bank)) {
    return {.row = Row::tcg2, .detection = {spec_id_name(opening), {}}};
  }
  if (survey.indices_fit_cc) {
    return {.row = Row::ccel,
            .detection = {fmt::format("{}, only bank {}, no index above {}", spec_id_name(opening), to_string(*bank),
                                      kLastMrIndex),
                          {}}};
  }
  return {.row = Row::tcg2,
          .detection = {spec_id_name(opening),
                        fmt::format("the only bank is {}, as in logs of confidential machines, but indices above {} "
                                    "occur",
                                    to_string(*bank), kLastMrIndex)}};
}

// Nothing but plausibility tells a SHA-1 log without a spec-ID event: the first record's type, index and size, and the
// size of the second one.
bool is_plausible_sha1(const Opening& opening, ByteView bytes) {
  if (bytes.size() < kSha1HeaderBytes || !is_known_type_range(opening.first.type) ||
      (opening.first.index > kLastPcr && opening.first.index != kNoRegisterIndex)) {
    return false;
  }
  if (opening.state == FrameState::incomplete) {
    return opening.need <= kDetectBytes;
  }
  const ByteView rest = bytes.subspan(static_cast<std::size_t>(opening.first.size));
  if (rest.size() < kSha1HeaderBytes || fill_at(rest, true, Framing::sha1) == FillState::fill) {
    return true;
  }
  std::vector<DigestEntry> digests;
  Frame second;
  const FrameResult result =
      read_frame(rest, {.framing = Framing::sha1, .order = opening.order, .algorithms = {}}, digests, second);
  return result.state == FrameState::complete ||
         (result.state == FrameState::incomplete && result.need <= kDetectBytes);
}

std::optional<Recognised> recognise_sha1(const Opening& opening, ByteView bytes) {
  const std::string_view order = opening.order == ByteOrder::big ? ", big-endian" : "";
  if (opening.spec.kind == SpecIdKind::event00 || opening.spec.kind == SpecIdKind::event02) {
    const std::string_view kind = opening.spec.kind == SpecIdKind::event00 ? "00" : "02";
    return Recognised{.row = Row::tcg, .detection = {fmt::format("spec-ID event {}{}", kind, order), {}}};
  }
  if (opening.state == FrameState::malformed || !is_plausible_sha1(opening, bytes)) {
    return std::nullopt;
  }
  return Recognised{.row = Row::tcg,
                    .detection = {fmt::format("a SHA-1 record of type 0x{:x}{}", opening.first.type, order), {}}};
}

std::optional<Recognised> recognise_log(ByteView bytes, bool complete) {
  if (fill_at(bytes, complete, Framing::sha1) == FillState::fill) {
    return std::nullopt;
  }
  const std::vector<AlgorithmSize> sizes = built_in_algorithms();
  const Opening opening = read_opening(bytes, complete, sizes);
  switch (opening.shape) {
    case Shape::final_events:
      return Recognised{.row = Row::tcg2, .detection = {"a UEFI final-events table", {}}};
    case Shape::agile:
      return recognise_agile(opening, bytes);
    case Shape::headerless:
      return recognise_headerless(opening, bytes);
    case Shape::sha1:
      return recognise_sha1(opening, bytes);
  }
  return std::nullopt;
}

std::optional<Detection> detect_row(const Probe& probe, Row row) {
  auto found = recognise(probe);
  if (!found || found->row != row) {
    return std::nullopt;
  }
  return std::move(found->detection);
}

}  // namespace

std::optional<Recognised> recognise(const Probe& probe) {
  if (!read_acpi_table(probe.prefix)) {
    return recognise_log(probe.prefix, probe.complete);
  }
  const ByteView behind = probe.prefix.subspan(kAcpiTableBytes);
  if (behind.empty()) {
    return std::nullopt;
  }
  auto found = recognise_log(behind, probe.complete);
  const bool unused = fill_run(behind) == behind.size() && behind.size() >= kSmallestFill;
  if (!unused && (!found || found->row == Row::tcg)) {
    return std::nullopt;
  }
  return Recognised{.row = Row::ccel, .detection = {"an ACPI CCEL table before the log", {}}};
}

std::optional<Detection> detect_tcg(const Probe& probe) {
  return detect_row(probe, Row::tcg);
}
std::optional<Detection> detect_tcg2(const Probe& probe) {
  return detect_row(probe, Row::tcg2);
}
std::optional<Detection> detect_ccel(const Probe& probe) {
  return detect_row(probe, Row::ccel);
}

}  // namespace mrtool::tcg
