// Entries of Linux IMA measurement lists: their fields, and the rule that ties their template digest to them.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "lib/content/ima_template.hpp"
#include "lib/content/pcclient.hpp"
#include "lib/crypto/hash.hpp"

namespace mrtool::ima {

// For the table of content types.
const pcclient::EventType& rule_of(const Record& record);
std::string type_name(const Record& record);

// The dialect of a list whose digests are SHA-1 padded with zeros, as for banks whose algorithm the kernel has no hash
// for: their digests are no hash of the data.
inline constexpr std::string_view kPaddedDialect = "padded-sha1";

// The fields of an entry whose template is known and whose data fits it, in the log's byte order or else in the other
// (a container that holds the entry may not know the order).
std::optional<Fields> fields_of(const Record& record, ByteOrder order);

// A digest field of an entry: "sha256:" NUL digest, "verity:sha256:" NUL digest, or a bare digest.
struct FileDigest {
  std::string_view type;       // "ima" or "verity" of d-ngv2, else empty
  std::string_view algorithm;  // as the kernel spells it; "sha1" or "md5" for a bare digest
  ByteView digest;
};
std::optional<FileDigest> parse_file_digest(FieldId id, ByteView bytes);

// What the digest of a boot_aggregate entry is of: the hash of PCRs 0 to 7, or 0 to 9, of its algorithm's bank.
struct BootAggregate {
  HashAlgorithm algorithm = HashAlgorithm::none;  // of the digest, and of the PCRs
  Digest value;                                   // all zeros: the kernel found no TPM when it started
};
// Of an entry named boot_aggregate whose algorithm is known.
std::optional<BootAggregate> boot_aggregate_of(const Record& record, ByteOrder order);
// H(PCR 0 ‖ PCR 1 ...), of as many registers as are given. `algorithm` must be computable.
Digest boot_aggregate_value(HashEngine& engine, HashAlgorithm algorithm, std::span<const Digest> registers);

}  // namespace mrtool::ima
