// The one model of a measurement event log: a sequence of records, each about one register.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/byte_reader.hpp"
#include "lib/base/bytes.hpp"
#include "lib/base/piece_buffer.hpp"
#include "lib/crypto/digest.hpp"
#include "lib/record/register.hpp"

namespace mrtool {

// Where a digest of a record comes from.
enum class DigestOrigin : std::uint8_t {
  logged,       // the log holds it
  computed,     // the reader computed it from the content by the format's rule (text logs, IMA in other banks)
  alternative,  // computed by another rule of the same format, for the same bank: kernels before 5.8 extended IMA's
                // SHA-1 digest, padded with zeros, into every bank. Replay folds these apart.
};

struct DigestEntry {
  HashAlgorithm algorithm = HashAlgorithm::none;
  ByteView value;  // of the size that the log states, whatever the algorithm
  DigestOrigin origin = DigestOrigin::logged;
  // The reader has made it as the hash of all of the record's data, so that there is nothing to check. Unlike the
  // origin, which a log that carries records of another can state, it is never taken from a log.
  bool is_hash_of_data = false;
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
  pcclient,        // TCG PC Client Platform Firmware Profile event data; `type` is the event type
  ima_template,    // `name` is the template's name or format, `data` the template data as it is hashed
  ima_tlv,         // CEL content 8: nested TLVs
  cel_management,  // CEL content 4: version, firmware end, timestamp, state transition; `data` in TLV form
  systemd,         // a string measured by systemd; `data` is the string
  cos,             // CEL content 80: one nested TLV of Container-Optimized OS
  tsm,             // one line of a TSM text log; `type` is a TsmLine
  aael,            // one line of CoCo's text log, INIT included
  unknown,         // content that its format names (`type`, `name`) and nothing here decodes
};
// The name that JSON output has for it.
std::string_view to_string(ContentType type);

// Record::type of ContentType::tsm.
enum class TsmLine : std::uint32_t { record, sync, extend, comment };

// What a format holds about a record or log beyond the model (integer widths, key order, quoting), for its own writer.
struct FormatExtras {
  virtual ~FormatExtras() = default;
};

// One record. Views point into the Batch that holds it.
struct Record {
  // Not defaulted: a list of records would write zeros to all of one before its members are set.
  Record() {}  // NOLINT(modernize-use-equals-default)

  std::uint64_t number = 0;  // position in its log, from 0
  std::uint64_t offset = 0;  // bytes from the start of the log to the record's first byte
  ByteView raw;              // the record as the log has it; empty when dropped, then writers encode the fields
  Register reg;
  std::uint64_t raw_index = 0;  // the index field as the log holds it
  std::uint32_t type = 0;       // event type number; meaning depends on `content`
  ContentType content = ContentType::none;
  bool extends = false;  // replay folds the digests into the register
  std::optional<Assertion> asserts;
  // The extend may have failed although it was logged; the next value that the log asserts, or the register, decides.
  bool tentative = false;
  bool violation = false;        // IMA: a measurement that could not be taken; nothing in it but its place is measured
  bool starts_instance = false;  // IMA: a kernel started here (boot_aggregate behind the first record)
  std::span<const DigestEntry> digests;  // in the log's order
  ByteView data;                         // the content's bytes
  ByteView name;  // what names the content where a number does not (an IMA template, a JSON type)
  std::optional<std::uint64_t> stated_number;  // the number that the log itself gives the record (CEL recnum)
  std::uint8_t framing = 0;  // which of its format's record layouts this is; each format defines its own numbers
  ByteView suffix;           // bytes between this record's stated end and the next record (a tolerated defect)
  ByteView prefix;  // bytes before the record that separate it from the one before it (blank lines); in `raw` too
  std::shared_ptr<const FormatExtras> extras;
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
  bool has_digest_rules = false;          // its kind was extended by different rules: ReadOptions::compute_alternatives
  bool grows_at_runtime = false;          // a log that runs ahead of its registers is normal (IMA, TSM), not a failure
  Bytes preamble;                         // bytes before the first record (an ACPI CCEL table, the [ of a JSON array)
  std::string dialect;                    // the format's own word for how this log spells it ("google", "pcrlock")
  std::shared_ptr<const FormatExtras> extras;
};

// Bytes that readers make (decoded hexadecimal, computed digests), at places that stay until clear().
class Arena {
 public:
  // A copy that lives until clear().
  ByteView keep(ByteView bytes);
  // The bytes that the digits are, as from_hex reads them.
  std::optional<ByteView> keep_hex(std::string_view digits);
  // Uninitialised room for `size` bytes.
  std::span<std::uint8_t> room(std::size_t size);
  void clear();

 private:
  static constexpr std::size_t kBlock = 64 * 1024;
  std::vector<std::vector<std::uint8_t>> blocks_;
  std::size_t used_ = 0;     // of the current block
  std::size_t current_ = 0;  // index in blocks_
};

// A run of records and the private bytes that they are views of. Moving a batch keeps its views valid; copying is
// disabled because it would not.
struct Batch {
  Batch() = default;
  Batch(Batch&&) noexcept = default;
  Batch& operator=(Batch&&) noexcept = default;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  PieceBuffer buffer;
  Arena arena;
  std::vector<DigestEntry> digest_pool;
  std::vector<Record> records;
  ByteView trailing;  // bytes behind the log's last record, in pieces over several batches: fill, or unexplained
};

}  // namespace mrtool
