// The one model of a measurement event log: a sequence of records, each about one register.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/byte_reader.hpp"
#include "lib/base/bytes.hpp"
#include "lib/crypto/digest.hpp"
#include "lib/record/register.hpp"

namespace mrtool {

struct DigestEntry {
  HashAlgorithm algorithm = HashAlgorithm::none;
  ByteView value;  // of the size that the log states, whatever the algorithm
};

enum class AssertionKind : std::uint8_t {
  initial,  // the register's value before the log's first extend
  present,  // the register's value at this record
};

// What a record claims a register's value to be.
struct Assertion {
  AssertionKind kind = AssertionKind::initial;
  HashAlgorithm bank = HashAlgorithm::none;  // none: every bank
  // Shorter than the bank's size: the last bytes of it, zeros before them (StartupLocality 3 asserts "03").
  Digest value;
};

enum class ContentType : std::uint8_t {
  none,
  pcclient,  // TCG PC Client Platform Firmware Profile event data
};
std::string_view to_string(ContentType type);

// One record. Views point into the Batch that holds it.
struct Record {
  std::uint64_t number = 0;  // position in its log, from 0
  std::uint64_t offset = 0;  // bytes from the start of the log to the record's first byte
  ByteView raw;              // the record as the log has it; empty when dropped, then writers encode the fields
  Register reg;
  std::uint64_t raw_index = 0;  // the index field as the log holds it
  std::uint32_t type = 0;       // event type number; meaning depends on `content`
  ContentType content = ContentType::none;
  bool extends = false;  // replay folds the digests into the register
  std::optional<Assertion> asserts;
  std::span<const DigestEntry> digests;  // in the log's order
  ByteView data;                         // the content's bytes
  std::uint8_t framing = 0;  // which of its format's record layouts this is; each format defines its own numbers
  ByteView suffix;           // bytes between this record's stated end and the next record (a tolerated defect)
};

struct AlgorithmSize {
  HashAlgorithm algorithm = HashAlgorithm::none;
  std::uint16_t size = 0;  // bytes, as the log states

  bool operator==(const AlgorithmSize&) const = default;
};

// What holds for a whole log.
struct LogInfo {
  std::string format;    // name in the table of formats
  std::string evidence;  // by which bytes the format was recognised, or "named"
  Platform platform = Platform::unknown;
  ByteOrder byte_order = ByteOrder::little;
  std::uint8_t uintn_size = 8;            // bytes of a firmware UINTN, from the spec-ID event
  std::vector<AlgorithmSize> algorithms;  // the banks that the log announces, in its order
  bool grows_at_runtime = false;          // a log that runs ahead of its registers is normal (IMA, TSM), not a failure
  Bytes preamble;                         // bytes before the first record (an ACPI CCEL table)
};

// A run of records and the private bytes that they are views of. Moving a batch keeps its views valid; copying is
// disabled because it would not.
struct Batch {
  Batch() = default;
  Batch(Batch&&) noexcept = default;
  Batch& operator=(Batch&&) noexcept = default;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  Bytes buffer;
  std::vector<DigestEntry> digest_pool;
  std::vector<Record> records;
  ByteView trailing;  // bytes behind the log's last record, in pieces over several batches: fill, or unexplained
};

}  // namespace mrtool
