// What a binary list does not say of itself: its byte order, the length of its digests and their algorithm. All that
// there can be is tried together, and what the digest of an entry's data confirms holds.
#pragma once

#include <optional>
#include <string>

#include "formats/ima/entry.hpp"
#include "lib/crypto/hash.hpp"

namespace mrtool::ima {

enum class SurveyState : std::uint8_t {
  confirmed,  // an entry's digest is the hash of its data
  assumed,    // none is, but only one layout and one algorithm fit, or the bank was named
  undecided,  // several fit
  none,       // these are no entries
};

struct Survey {
  SurveyState state = SurveyState::none;
  Layout layout;
  HashAlgorithm bank = HashAlgorithm::none;
  bool padded = false;          // the digests are SHA-1, padded with zeros to the bank's size
  bool known_template = false;  // the first entry's template is known
  bool whole_entry = false;     // at least one entry is there in full
};

// `named` decides where the bytes do not.
Survey survey(HashEngine& engine, ByteView bytes, HashAlgorithm named);

// The algorithm of the table of which `digest` is the hash of `data`, and whether it is SHA-1 padded with zeros.
struct Confirmation {
  HashAlgorithm algorithm = HashAlgorithm::none;
  bool padded = false;
};
std::optional<Confirmation> confirm(HashEngine& engine, ByteView digest, ByteView data);

// Template digests have 20, 32, 48 or 64 bytes.
bool is_digest_size(std::size_t size);

// "ima" data in the form that is hashed: kLegacyDataBytes bytes.
Bytes legacy_data(ByteView file_digest, ByteView name);

// The header of a list that a kernel handed to the next one: struct ima_kexec_hdr.
struct KexecHeader {
  ByteOrder order = ByteOrder::little;
  std::uint64_t buffer_bytes = 0;  // of the list, this header included
  std::uint64_t entries = 0;
};
inline constexpr std::size_t kKexecHeaderBytes = 24;
std::optional<KexecHeader> read_kexec_header(ByteView bytes);

}  // namespace mrtool::ima
