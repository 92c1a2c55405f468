// The bounds that hostile input meets. Each is far above what real producers write.
#pragma once

#include <cstdint>

namespace mrtool::limits {

inline constexpr std::uint64_t kReadPiece = 128 * 1024;          // bytes read from a file at a time
inline constexpr std::uint64_t kFirstPiece = 32 * 1024;          // likewise at its start: most logs are small
inline constexpr std::uint64_t kRecordBytes = 64 * 1024 * 1024;  // one record, framing included
inline constexpr std::uint32_t kDigestsPerRecord = 16;           // digest count of a crypto-agile record
inline constexpr std::uint32_t kAlgorithmsPerLog = 64;           // entries of a spec-ID algorithm table
inline constexpr std::uint64_t kSmallFile = 16 * 1024 * 1024;    // register files, JSON of values, tables
inline constexpr std::uint64_t kFinalEvents = 64 * 1024 * 1024;  // a UEFI final-events table
inline constexpr std::uint32_t kNesting = 32;                    // structures inside structures
inline constexpr std::uint32_t kListedItems = 65536;             // decoded items of one event
inline constexpr std::uint32_t kDevicePathNodes = 1024;          // of one path
inline constexpr std::uint64_t kDevicePathText = 1024 * 1024;    // bytes, beyond which no node is added

}  // namespace mrtool::limits
