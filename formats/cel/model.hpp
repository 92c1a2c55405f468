// What the three encodings of CEL share: index kinds, content numbers, and what the fields of a record mean (CEL format
// notes, sections 1, 5 to 7).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "formats/cel/quirks.hpp"
#include "lib/base/error.hpp"
#include "lib/content/cel_content.hpp"
#include "lib/record/record.hpp"
#include "lib/record/writer.hpp"

namespace mrtool::cel {

// Private contents of this program, in the range that nobody has assigned.
inline constexpr std::uint32_t kTsm = 0xE0;        // blank lines before a line of a TSM log, and the line
inline constexpr std::uint32_t kAael = 0xE1;       // the same of CoCo's text log
inline constexpr std::uint32_t kNamedJson = 0xE2;  // name, NUL, JSON text: a content that only JSON has a name for

// Field numbers; those of indices are also the keys of CBOR.
inline constexpr std::uint8_t kRecnumField = 0;
inline constexpr std::uint8_t kPcrField = 1;
inline constexpr std::uint8_t kNvField = 2;
inline constexpr std::uint8_t kDigestsField = 3;
inline constexpr std::uint8_t kCcmrField = 0x6C;   // Google's: CC measurement register index (UEFI 2.10, 38.4.1)
inline constexpr std::uint8_t kNamedField = 0xE3;  // ours: the printed name of a register that has no index

// The register of a record, as a field of it says.
struct Index {
  std::uint8_t field = kPcrField;
  std::uint64_t number = 0;
  std::string name{};  // of kNamedField
};
// Nothing where CEL has no index for the register and no name fits.
std::optional<Index> index_of(const Record& record, const LogInfo& log, const WriteOptions& options);

// Content that every encoding can hold as bytes: its number and the value of its element.
struct RawContent {
  std::uint32_t number = 0;
  Bytes value;
};
// Nothing for contents whose element is made of several fields (PC client, IMA template), or has no form at all.
std::optional<RawContent> raw_content(const Record& record);
// Fills in content, type, name and data. `digests` are the record's. The value must stay where it is.
void apply_raw_content(Record& record, std::uint32_t number, ByteView value, std::span<const DigestEntry> digests);

// Whether a record with this content, register and digests extends the register in a CEL log (section 7).
bool extends_in_cel(const Record& record, std::span<const DigestEntry> digests);

// What readers find out about a record once its fields are known.
class Meaning {
 public:
  Meaning(Platform platform, QuirkReport& report) : platform_(platform), report_(report) {}

  // Fails where the index cannot be that of a register. `info` learns its platform from the first index.
  Status apply_index(Record& record, const Index& index, LogInfo& info);
  // Sets what follows from content and digests: extends, asserts, violation. `digests` may be changed: a violation's
  // zeros become what was extended.
  void apply(Record& record, std::span<DigestEntry> digests, Arena& arena);

 private:
  void apply_startup_locality(Record& record);
  Platform platform_;
  QuirkReport& report_;
  std::optional<bool> cc_indices_;
  bool pcr0_extended_ = false;
  bool locality_seen_ = false;
  bool hcrtm_seen_ = false;
};

// Record::framing of every encoding.
enum class Framing : std::uint8_t {
  plain,
  violation_zeros,  // an IMA violation whose digests the log has as zeros
};

// Digests as they are written: without those by another rule. Zeros again where the framing of a CEL log (`own`) says
// so.
bool writes_zeros(const Record& record, bool own);

// Visits the algorithm and the value of each.
template <class Visit>
void for_written_digests(const Record& record, bool own, const Visit& visit) {
  const bool zeros = writes_zeros(record, own);
  for (const DigestEntry& entry : record.digests) {
    if (entry.origin == DigestOrigin::alternative) {
      continue;
    }
    if (zeros) {
      visit(entry.algorithm, ByteView(Bytes(entry.value.size())));
    } else {
      visit(entry.algorithm, entry.value);
    }
  }
}

// All of them, for who has to know how many there are first.
struct WrittenDigest {
  HashAlgorithm algorithm = HashAlgorithm::none;
  ByteView value;  // of the record, or of `zeros`
  Bytes zeros{};
};
std::vector<WrittenDigest> written_digests(const Record& record, bool own);

// Fails (unsupported), at the record.
std::unexpected<Error> cannot_write(const Record& record, std::string message);

}  // namespace mrtool::cel
