// One record's framing: where its fields lie in bytes that may end too early. Nothing here knows what a field means.
// TCG PC Client Platform Firmware Profile 1.06, sections 10.2.1 (TCG_PCR_EVENT) and 10.2.2 (TCG_PCR_EVENT2).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/byte_reader.hpp"
#include "lib/record/record.hpp"

namespace mrtool::tcg {

// Values of Record::framing.
enum class Framing : std::uint8_t {
  agile = 0,  // TCG_PCR_EVENT2: a counted list of digests
  sha1 = 1,   // TCG_PCR_EVENT: one SHA-1 digest; also the first record of every crypto-agile log
};

inline constexpr std::uint64_t kSha1HeaderBytes = 32;
inline constexpr std::uint64_t kSha1DigestBytes = 20;
inline constexpr std::uint64_t kAgileHeaderBytes = 12;    // index, type, digest count
inline constexpr std::uint64_t kAgileSmallestBytes = 16;  // no digest, no data
inline constexpr std::uint32_t kNoRegisterIndex = 0xFFFFFFFF;

struct Layout {
  Framing framing = Framing::sha1;
  ByteOrder order = ByteOrder::little;
  std::span<const AlgorithmSize> algorithms;  // what frames the digests of agile records; at most 64
};

struct Frame {
  std::uint32_t index = 0;
  std::uint32_t type = 0;
  std::uint64_t size = 0;     // bytes, all of the record
  ByteView data;              // event data
  std::uint32_t digests = 0;  // how many were appended to the pool
  std::uint64_t banks = 0;    // bit i: there is a digest of algorithms[i]
  bool disordered = false;    // the digests are not in the order of the algorithms
  bool duplicate = false;     // two digests of one algorithm
};

enum class FrameState : std::uint8_t { complete, incomplete, malformed };

struct FrameResult {
  FrameState state = FrameState::complete;
  std::uint64_t need = 0;  // incomplete: the record has at least this many bytes
  std::string_view part;   // incomplete: the part that is cut short
  std::string message;     // malformed
};

// Reads the record at the front of `bytes`. Its digests are appended to `pool` when it is complete; otherwise the pool
// is as before. Allocates nothing else.
FrameResult read_frame(ByteView bytes, const Layout& layout, std::vector<DigestEntry>& pool, Frame& frame);

// Types that the first record of a real log may have: PC client, Intel TXT and tboot, vendor, EFI.
bool is_known_type_range(std::uint32_t type);

}  // namespace mrtool::tcg
