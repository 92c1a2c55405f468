#include "formats/tcg/opening.hpp"

#include <algorithm>

#include "lib/base/limits.hpp"
#include "lib/crypto/algorithms.hpp"

namespace mrtool::tcg {
namespace {

constexpr std::uint8_t kZeros = 0x00;
constexpr std::uint8_t kOnes = 0xFF;
constexpr std::uint32_t kLastAgentIndex = 24;
constexpr std::uint32_t kEventTag = 6;           // EV_EVENT_TAG
constexpr std::uint32_t kAgentTag = 0x4141454C;  // "AAEL"
constexpr std::uint32_t kTagHeaderBytes = 8;     // tag and size
// The start of an agile record up to its first algorithm identifier.
constexpr std::uint64_t kAgileProbeBytes = kAgileHeaderBytes + 2;

bool announces(std::span<const AlgorithmSize> algorithms, HashAlgorithm algorithm) {
  return std::ranges::any_of(algorithms,
                             [algorithm](const AlgorithmSize& entry) { return entry.algorithm == algorithm; });
}

bool is_agile_header(ByteView bytes, std::span<const AlgorithmSize> algorithms) {
  ByteReader reader(bytes);
  reader.skip(4);  // index
  const std::uint32_t type = reader.u32();
  const std::uint32_t count = reader.u32();
  if (!reader.ok() || count > limits::kDigestsPerRecord) {
    return false;
  }
  if (count == 0) {
    return type == kNoAction;
  }
  const auto algorithm = static_cast<HashAlgorithm>(reader.u16());
  return reader.ok() && announces(algorithms, algorithm);
}

// May the log go on here? At its end, too, and with fill.
bool may_continue(ByteView bytes, std::span<const AlgorithmSize> algorithms) {
  return bytes.empty() || fill_at(bytes, true, Framing::agile) == FillState::fill || is_agile_header(bytes, algorithms);
}

// Vendor bytes behind the stated end of the spec-ID event: only where the log goes on behind them and not before them.
// Nothing: more bytes are needed.
std::optional<std::uint64_t> vendor_suffix(ByteView after, bool complete, const SpecId& spec) {
  if (spec.vendor_outside == 0) {
    return 0;
  }
  if (!complete && after.size() < spec.vendor_outside + kSha1HeaderBytes) {
    return std::nullopt;
  }
  const bool outside = after.size() >= spec.vendor_outside && !may_continue(after, spec.algorithms) &&
                       may_continue(after.subspan(spec.vendor_outside), spec.algorithms);
  return outside ? spec.vendor_outside : 0;
}

// On POWER the SHA-1 log that firmware hands over has big-endian headers. The types tell the orders apart: swapped,
// no known one is known.
ByteOrder order_of(ByteView header, std::uint64_t available, bool complete) {
  const auto plausible = [&](ByteOrder order) {
    ByteReader reader(header, 0, order);
    reader.skip(4);
    const std::uint32_t type = reader.u32();
    reader.skip(kSha1DigestBytes);
    const std::uint64_t size = kSha1HeaderBytes + reader.u32();
    return is_known_type_range(type) && size <= (complete ? available : limits::kRecordBytes);
  };
  return !plausible(ByteOrder::little) && plausible(ByteOrder::big) ? ByteOrder::big : ByteOrder::little;
}

void read_final_events_header(ByteView bytes, Opening& opening) {
  ByteReader reader(bytes);
  reader.skip(8);  // version
  opening.shape = Shape::final_events;
  opening.final_count = reader.u64();
}

void read_complete_first(ByteView bytes, bool complete, Opening& opening) {
  if (opening.first.type != kNoAction || opening.order == ByteOrder::big) {
    return;
  }
  opening.spec = read_spec_id(opening.first.data);
  if (!opening.spec.agile()) {
    return;
  }
  opening.shape = Shape::agile;
  if (!opening.spec.problem.empty()) {
    opening.state = FrameState::malformed;
    opening.problem = opening.spec.problem;
    return;
  }
  const auto suffix = vendor_suffix(bytes.subspan(opening.first.size), complete, opening.spec);
  if (!suffix) {
    opening.state = FrameState::incomplete;
    opening.need = opening.first.size + opening.spec.vendor_outside + kSha1HeaderBytes;
    opening.part = "vendor bytes";
    return;
  }
  opening.suffix = *suffix;
}

// The bank of the agent's first record, where the bytes that there are look like one (AAEL format notes, sections 2 and
// 4). The index is a CC measurement register's or a PCR's.
std::optional<AlgorithmSize> bank_of_agent_record(ByteView bytes) {
  ByteReader reader(bytes);
  const std::uint32_t index = reader.u32();
  const std::uint32_t type = reader.u32();
  const std::uint32_t count = reader.u32();
  const HashAlgorithmRow* const row = find_algorithm(static_cast<HashAlgorithm>(reader.u16()));
  if (!reader.ok() || index > kLastAgentIndex || type != kEventTag || count != 1 || row == nullptr) {
    return std::nullopt;
  }
  reader.skip(row->size);
  const std::uint32_t size = reader.u32();
  const std::uint32_t tag = reader.u32();
  const std::uint32_t text = reader.u32();
  const bool tagged = tag == kAgentTag && size >= kTagHeaderBytes && size - kTagHeaderBytes == text;
  if (reader.ok() && !tagged) {
    return std::nullopt;
  }
  return AlgorithmSize{.algorithm = row->id, .size = static_cast<std::uint16_t>(row->size)};
}

// True where the bytes show, or may yet show, the agent's records and nothing else.
bool read_headerless(ByteView bytes, bool complete, Opening& opening) {
  const auto bank = bank_of_agent_record(bytes);
  if (!bank) {
    return false;
  }
  const std::uint64_t decisive = kAgileProbeBytes + bank->size + sizeof(std::uint32_t) + kTagHeaderBytes;
  if (bytes.size() < decisive && complete) {
    return false;
  }
  opening.shape = Shape::headerless;
  opening.bank = *bank;
  std::vector<DigestEntry> digests;
  const Layout layout{.framing = Framing::agile, .order = ByteOrder::little, .algorithms = {&opening.bank, 1}};
  FrameResult result = read_frame(bytes, layout, digests, opening.first);
  opening.state = result.state;
  opening.need = std::max(result.need, decisive);
  opening.part = result.part;
  opening.problem = std::move(result.message);
  return true;
}

}  // namespace

Opening read_opening(ByteView bytes, bool complete, std::span<const AlgorithmSize> algorithms) {
  Opening opening;
  if (!complete && bytes.size() < kSha1HeaderBytes) {
    opening.state = FrameState::incomplete;
    opening.need = kSha1HeaderBytes;
    opening.part = "header";
    return opening;
  }
  if (starts_final_events(bytes, complete, algorithms)) {
    read_final_events_header(bytes, opening);
    return opening;
  }
  if (read_headerless(bytes, complete, opening)) {
    return opening;
  }
  if (bytes.size() >= kSha1HeaderBytes) {
    opening.order = order_of(bytes.first(kSha1HeaderBytes), bytes.size(), complete);
  }
  std::vector<DigestEntry> digests;
  const Layout layout{.framing = Framing::sha1, .order = opening.order, .algorithms = {}};
  FrameResult result = read_frame(bytes, layout, digests, opening.first);
  opening.state = result.state;
  opening.need = result.need;
  opening.part = result.part;
  opening.problem = std::move(result.message);
  if (opening.state == FrameState::complete) {
    opening.nonzero_first_digest = !all_equal_to(digests.front().value, 0);
    read_complete_first(bytes, complete, opening);
  } else if (opening.first.type == kNoAction && bytes.size() >= kSha1HeaderBytes) {
    opening.spec.kind = spec_id_kind(bytes.subspan(kSha1HeaderBytes));
    opening.shape = opening.spec.kind == SpecIdKind::event03 ? Shape::agile : Shape::sha1;
  }
  return opening;
}

std::vector<AlgorithmSize> built_in_algorithms() {
  std::vector<AlgorithmSize> sizes;
  for (const HashAlgorithmRow& row : hash_algorithms()) {
    sizes.push_back({.algorithm = row.id, .size = static_cast<std::uint16_t>(row.size)});
  }
  return sizes;
}

bool starts_final_events(ByteView bytes, bool complete, std::span<const AlgorithmSize> algorithms) {
  ByteReader reader(bytes);
  const std::uint64_t version = reader.u64();
  const std::uint64_t count = reader.u64();
  if (!reader.ok() || version != 1 || count > limits::kFinalEvents / kAgileSmallestBytes) {
    return false;
  }
  const ByteView rest = reader.rest();
  if (count == 0) {
    return rest.empty() ? complete : fill_run(rest) == rest.size();
  }
  return complete && rest.size() < kAgileProbeBytes ? true : is_agile_header(rest, algorithms);
}

FillState fill_at(ByteView bytes, bool complete, Framing framing) {
  if (bytes.empty() || (bytes[0] != kZeros && bytes[0] != kOnes)) {
    return FillState::none;
  }
  // No record starts with this many: FF would be a digest count or a type, 00 a record of nothing at all.
  const std::uint64_t zeros = framing == Framing::agile ? kAgileSmallestBytes : kSha1HeaderBytes;
  const std::uint64_t decisive = bytes[0] == kZeros ? zeros : kAgileHeaderBytes;
  const std::size_t run = fill_run(bytes.first(std::min<std::size_t>(bytes.size(), decisive)));
  if (run == decisive) {
    return FillState::fill;
  }
  if (run < bytes.size()) {
    return FillState::none;
  }
  if (!complete) {
    return FillState::undecided;
  }
  return run >= kSmallestFill ? FillState::fill : FillState::none;
}

std::size_t fill_run(ByteView bytes) {
  if (bytes.empty() || (bytes[0] != kZeros && bytes[0] != kOnes)) {
    return 0;
  }
  const auto end = std::ranges::find_if(bytes, [first = bytes[0]](std::uint8_t byte) { return byte != first; });
  return static_cast<std::size_t>(end - bytes.begin());
}

}  // namespace mrtool::tcg
