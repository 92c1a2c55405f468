// For tests: logs of records made from bytes that a fuzzer, or chance, chose: whatever a reader could hand over.
#pragma once

#include <array>
#include <deque>
#include <string>
#include <vector>

#include "lib/base/byte_reader.hpp"
#include "lib/replay/replay.hpp"

namespace mrtool::replay_test {

inline constexpr std::array kAlgorithms{HashAlgorithm::sha1,    HashAlgorithm::sha256,   HashAlgorithm::sha384,
                                        HashAlgorithm::sm3_256, HashAlgorithm::sha3_512, HashAlgorithm{0x1234}};

inline HashAlgorithm algorithm_from(ByteReader& reader) {
  return kAlgorithms[reader.u8() % kAlgorithms.size()];
}

inline Register register_from(ByteReader& reader) {
  constexpr std::uint8_t kKinds = static_cast<std::uint8_t>(RegisterKind::invalid) + 1;
  Register reg;
  reg.kind = static_cast<RegisterKind>(reader.u8() % kKinds);
  reg.index = reader.u8();
  if (reg.kind == RegisterKind::virtual_mr) {
    reg.name = as_text(reader.take(reader.u8() % 4));
  }
  return reg;
}

// A digest of the algorithm's size, or now and then of any.
inline ByteView digest_from(ByteReader& reader, HashAlgorithm algorithm) {
  constexpr std::uint8_t kOddEvery = 16;
  const std::uint8_t choice = reader.u8();
  const HashAlgorithmRow* row = find_algorithm(algorithm);
  return reader.take(choice % kOddEvery == 0 || row == nullptr ? choice : row->size);
}

inline RegisterValues values_from(ByteReader& reader) {
  RegisterValues values;
  for (std::uint8_t left = reader.u8() % 8; left > 0; --left) {
    const Register reg = register_from(reader);
    const HashAlgorithm bank = algorithm_from(reader);
    const HashAlgorithmRow* row = find_algorithm(bank);
    values.values.insert_or_assign(RegisterKey{reg, bank},
                                   Digest(reader.take(row == nullptr ? reader.u8() % kMaxDigestSize : row->size)));
  }
  return values;
}

inline LogInfo info_from(ByteReader& reader) {
  LogInfo info;
  info.grows_at_runtime = reader.u8() % 2 == 1;
  for (std::uint8_t left = reader.u8() % 8; left > 0; --left) {
    const HashAlgorithm algorithm = algorithm_from(reader);
    const HashAlgorithmRow* row = find_algorithm(algorithm);
    const std::uint8_t odd = reader.u8();
    info.algorithms.push_back({algorithm, static_cast<std::uint16_t>(row == nullptr || odd == 0 ? odd : row->size)});
  }
  return info;
}

// Logs as readers hand them over. Views are of the bytes that they are made from, and of `digests` and `lines`.
struct GeneratedLogs {
  struct Log {
    LogInfo info;
    std::vector<Batch> batches;
  };
  std::vector<Log> logs;
  std::deque<std::vector<DigestEntry>> digests;
  std::deque<std::string> lines;
};

inline Record record_from(ByteReader& reader, std::uint64_t number, GeneratedLogs& made) {
  Record record;
  record.number = number;
  record.reg = register_from(reader);
  const std::uint8_t flags = reader.u8();
  record.extends = (flags & 1U) != 0;
  record.content = (flags & 2U) != 0 ? ContentType::pcclient : ContentType::none;
  record.type = flags >> 4U;
  if ((flags & 4U) != 0) {
    const HashAlgorithm bank = (flags & 8U) != 0 ? HashAlgorithm::none : algorithm_from(reader);
    record.asserts = Assertion{.kind = static_cast<AssertionKind>(reader.u8() % 2),
                               .bank = bank,
                               .value = Digest(reader.take(reader.u8() % (kMaxDigestSize + 1)))};
  }
  std::vector<DigestEntry>& digests = made.digests.emplace_back();
  for (std::uint8_t left = reader.u8() % 20; left > 0; --left) {
    const HashAlgorithm algorithm = algorithm_from(reader);
    constexpr std::uint8_t kAlternativeEvery = 4;
    const bool alternative = reader.u8() % kAlternativeEvery == 0;
    digests.push_back(
        {algorithm, digest_from(reader, algorithm), alternative ? DigestOrigin::alternative : DigestOrigin::logged});
  }
  // What else makes a log one that can be read in several ways.
  const std::uint8_t kind = reader.u8();
  record.tentative = (kind & 1U) != 0;
  record.starts_instance = (kind & 2U) != 0;
  std::string& line = made.lines.emplace_back();
  if ((kind & 4U) != 0) {
    record.content = (kind & 8U) != 0 ? ContentType::tsm : ContentType::ima_template;
    record.type = kind >> 6U;
    line = "m";
    line += static_cast<char>('a' + (kind >> 6U));
    line += " extend sha1/0123456789012345678901234567890123456789";
    record.data = as_bytes(line);
  }
  record.prefix = record.data.first((kind & 16U) != 0 && !line.empty() ? 1 : 0);
  record.digests = digests;
  return record;
}

inline GeneratedLogs logs_from(ByteReader& reader) {
  constexpr std::uint8_t kNewLog = 0xFF;
  constexpr std::uint8_t kNewBatch = 0xF0;
  GeneratedLogs made;
  made.logs.push_back({.info = info_from(reader), .batches = {}});
  made.logs.back().batches.emplace_back();
  for (std::uint64_t number = 0; reader.ok() && reader.left() > 0; ++number) {
    const std::uint8_t choice = reader.u8();
    if (choice == kNewLog) {
      made.logs.push_back({.info = info_from(reader), .batches = {}});
    }
    if (choice >= kNewBatch) {
      made.logs.back().batches.emplace_back();
    }
    if (choice != kNewLog) {
      made.logs.back().batches.back().records.push_back(record_from(reader, number, made));
    }
  }
  return made;
}

}  // namespace mrtool::replay_test
