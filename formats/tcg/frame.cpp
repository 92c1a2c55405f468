#include "formats/tcg/frame.hpp"

#include <fmt/core.h>

#include "lib/base/limits.hpp"

namespace mrtool::tcg {
namespace {

FrameResult malformed(std::string message) {
  return {.state = FrameState::malformed, .need = 0, .part = {}, .message = std::move(message)};
}

FrameResult incomplete(const ByteReader& reader, std::string_view part) {
  const ByteReader::Failure& failure = *reader.failure();
  return {.state = FrameState::incomplete, .need = failure.offset + failure.wanted, .part = part, .message = {}};
}

std::size_t position_of(std::span<const AlgorithmSize> algorithms, HashAlgorithm algorithm, std::size_t guess) {
  if (guess < algorithms.size() && algorithms[guess].algorithm == algorithm) {
    return guess;
  }
  std::size_t i = 0;
  while (i < algorithms.size() && algorithms[i].algorithm != algorithm) {
    ++i;
  }
  return i;
}

// The digest list of TCG_PCR_EVENT2 (TPML_DIGEST_VALUES). The sizes are those of the algorithm table, which is what
// lets a reader step over algorithms that it does not know.
FrameResult read_digests(ByteReader& reader, const Layout& layout, std::vector<DigestEntry>& pool, Frame& frame) {
  const std::uint32_t count = reader.u32();
  if (!reader.ok()) {
    return incomplete(reader, "header");
  }
  if (count > limits::kDigestsPerRecord) {
    return malformed(fmt::format("expected at most {} digests, found a count of {}", limits::kDigestsPerRecord, count));
  }
  std::size_t next = 0;  // position that keeps the table's order
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto algorithm = static_cast<HashAlgorithm>(reader.u16());
    if (!reader.ok()) {
      return incomplete(reader, "digest list");
    }
    const std::size_t position = position_of(layout.algorithms, algorithm, next);
    if (position == layout.algorithms.size()) {
      return malformed(fmt::format("expected a digest of an algorithm that the log announces, found algorithm 0x{:04x}",
                                   static_cast<unsigned>(algorithm)));
    }
    const ByteView value = reader.take(layout.algorithms[position].size);
    if (!reader.ok()) {
      return incomplete(reader, "digest list");
    }
    const std::uint64_t bank = std::uint64_t{1} << position;
    if ((frame.banks & bank) != 0) {
      frame.duplicate = true;
    } else if (position < next) {
      frame.disordered = true;
    }
    frame.banks |= bank;
    next = position + 1;
    pool.push_back({.algorithm = algorithm, .value = value});
  }
  frame.digests = count;
  return {};
}

FrameResult read_fields(ByteReader& reader, const Layout& layout, std::vector<DigestEntry>& pool, Frame& frame) {
  frame.index = reader.u32();
  frame.type = reader.u32();
  if (layout.framing == Framing::agile) {
    FrameResult digests = read_digests(reader, layout, pool, frame);
    if (digests.state != FrameState::complete) {
      return digests;
    }
  } else {
    const ByteView value = reader.take(kSha1DigestBytes);
    pool.push_back({.algorithm = HashAlgorithm::sha1, .value = value});
    frame.digests = 1;
    frame.banks = 1;
  }
  const std::uint32_t event_size = reader.u32();
  if (!reader.ok()) {
    return incomplete(reader, "header");
  }
  if (reader.position() + event_size > limits::kRecordBytes) {
    return malformed(fmt::format("expected a record of at most {} bytes, found an event size of {}",
                                 limits::kRecordBytes, event_size));
  }
  frame.data = reader.take(event_size);
  if (!reader.ok()) {
    return incomplete(reader, "event data");
  }
  frame.size = reader.position();
  return {};
}

}  // namespace

FrameResult read_frame(ByteView bytes, const Layout& layout, std::vector<DigestEntry>& pool, Frame& frame) {
  const std::size_t pool_size = pool.size();
  frame = {};
  ByteReader reader(bytes, 0, layout.order);
  FrameResult result = read_fields(reader, layout, pool, frame);
  if (result.state != FrameState::complete) {
    pool.resize(pool_size);
  }
  if (result.state == FrameState::incomplete) {
    // The shape is known to be this long at least, which spares reading it in dribs.
    const std::uint64_t smallest = layout.framing == Framing::agile ? kAgileSmallestBytes : kSha1HeaderBytes;
    result.need = std::max(result.need, smallest);
  }
  return result;
}

bool is_known_type_range(std::uint32_t type) {
  constexpr std::uint32_t kLastPcClient = 0x13;
  constexpr std::uint32_t kFirstTxt = 0x400;
  constexpr std::uint32_t kLastTboot = 0x5FF;
  constexpr std::uint32_t kFirstVendor = 0x8000;
  constexpr std::uint32_t kLastVendor = 0x8FFF;
  constexpr std::uint32_t kFirstEfi = 0x80000000;
  constexpr std::uint32_t kLastEfi = 0x800000FF;
  return type <= kLastPcClient || (type >= kFirstTxt && type <= kLastTboot) ||
         (type >= kFirstVendor && type <= kLastVendor) || (type >= kFirstEfi && type <= kLastEfi);
}

}  // namespace mrtool::tcg
