// Sets of digests, as policies list them or name files of them.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "lib/crypto/digest.hpp"
#include "lib/verify/policy_yaml.hpp"

namespace mrtool::policy {

struct NamedDigest {
  HashAlgorithm algorithm = HashAlgorithm::none;
  Digest value;
  bool verity = false;  // of a file's fs-verity tree, not of its bytes
};

class DigestSet {
 public:
  void add(const NamedDigest& digest);
  bool contains(HashAlgorithm algorithm, ByteView value) const;
  bool contains(const NamedDigest& digest) const;
  bool has_bank(HashAlgorithm algorithm) const { return banks_.contains(algorithm); }
  bool empty() const { return keys_.empty(); }
  std::size_t size() const { return keys_.size(); }

 private:
  std::unordered_set<std::string> keys_;
  std::set<HashAlgorithm> banks_;
};

// "sha256:HEX", "verity:sha256:HEX"; or HEX alone, whose size tells sha1, sha256, sha384 or sha512. The error is
// without a place.
Result<NamedDigest> parse_digest(std::string_view text);

// A list of such texts, or of {alg: NAME, value: HEX}.
Result<std::vector<NamedDigest>> digests_of(const Node& list);

// A file of digests: YAML or JSON with such a list, or one digest at the start of each line (what sha256sum prints is
// one form of it), empty lines and lines that start with # aside.
Result<std::vector<NamedDigest>> parse_digest_file(ByteView content);

}  // namespace mrtool::policy
