#include "lib/verify/policy_digests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/text.hpp"

namespace mrtool::policy {

namespace {

constexpr std::string_view kVerity = "verity:";
constexpr std::string_view kBlanks = " \t\r";

// The algorithms that a bare digest's size stands for; sm3_256 and SHA-3 have to be named.
constexpr std::array kBySize{HashAlgorithm::sha1, HashAlgorithm::sha256, HashAlgorithm::sha384, HashAlgorithm::sha512};

HashAlgorithm by_size(std::size_t size) {
  for (const HashAlgorithm algorithm : kBySize) {
    if (find_algorithm(algorithm)->size == size) {
      return algorithm;
    }
  }
  return HashAlgorithm::none;
}

std::string key_of(HashAlgorithm algorithm, ByteView value, bool verity) {
  return fmt::format("{}{}:{}", verity ? kVerity : "", static_cast<unsigned>(algorithm), as_text(value));
}

Result<NamedDigest> make_digest(std::string_view algorithm_name, std::string_view hex) {
  const auto bytes = from_hex(hex);
  if (!bytes || bytes->empty()) {
    return fail(ErrorKind::malformed,
                fmt::format("\"{}\" is no digest: expected hexadecimal digits, an algorithm and a "
                            "colon before them where their number does not tell it",
                            escape_for_terminal(hex)));
  }
  const auto named = algorithm_name.empty() ? std::optional(by_size(bytes->size())) : parse_algorithm(algorithm_name);
  const HashAlgorithmRow* row = named ? find_algorithm(*named) : nullptr;
  if (row == nullptr) {
    return fail(ErrorKind::malformed,
                algorithm_name.empty()
                    ? fmt::format("no algorithm is known by digests of {} bytes", bytes->size())
                    : fmt::format("\"{}\" is no known hash algorithm", escape_for_terminal(algorithm_name)));
  }
  if (bytes->size() != row->size) {
    return fail(ErrorKind::malformed,
                fmt::format("a {} digest has {} bytes, this one {}", row->name, row->size, bytes->size()));
  }
  return NamedDigest{.algorithm = row->id, .value = Digest(*bytes), .verity = false};
}

Result<NamedDigest> digest_of(const Node& item) {
  if (item.kind == Node::Kind::scalar) {
    return parse_digest(item.text);
  }
  const Node* algorithm = item.find("alg");
  const Node* value = item.find("value");
  if (item.members.size() != 2 || algorithm == nullptr || value == nullptr) {
    return fail(ErrorKind::malformed, "expected a digest: ALG:HEX, or {alg: ALG, value: HEX}");
  }
  return make_digest(algorithm->text, value->text);
}

}  // namespace

void DigestSet::add(const NamedDigest& digest) {
  keys_.insert(key_of(digest.algorithm, digest.value.view(), digest.verity));
  banks_.insert(digest.algorithm);
}

bool DigestSet::contains(HashAlgorithm algorithm, ByteView value) const {
  return keys_.contains(key_of(algorithm, value, false));
}

bool DigestSet::contains(const NamedDigest& digest) const {
  return keys_.contains(key_of(digest.algorithm, digest.value.view(), digest.verity));
}

Result<NamedDigest> parse_digest(std::string_view text) {
  if (text.starts_with(kVerity)) {
    const std::string_view rest = text.substr(kVerity.size());
    const std::size_t colon_behind = rest.find(':');
    if (colon_behind == std::string_view::npos) {
      return fail(ErrorKind::malformed, "expected an algorithm between verity: and the digest");
    }
    MRTOOL_TRY(digest, make_digest(rest.substr(0, colon_behind), rest.substr(colon_behind + 1)));
    digest.verity = true;
    return digest;
  }
  const std::size_t colon = text.find(':');
  return colon == std::string_view::npos ? make_digest({}, text)
                                         : make_digest(text.substr(0, colon), text.substr(colon + 1));
}

Result<std::vector<NamedDigest>> digests_of(const Node& list) {
  if (list.kind != Node::Kind::list) {
    return fail_at(list, "expected a list of digests");
  }
  std::vector<NamedDigest> digests;
  digests.reserve(list.items.size());
  for (const Node& item : list.items) {
    auto digest = digest_of(item);
    if (!digest) {
      return fail_at(item, digest.error().message);
    }
    digests.push_back(*digest);
  }
  return digests;
}

Result<std::vector<NamedDigest>> parse_digest_file(ByteView content) {
  std::string_view text = as_text(content);
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) {
    return fail(ErrorKind::malformed, "it holds no digest");
  }
  if (text[start] == '[' || text.substr(start).starts_with("- ")) {
    MRTOOL_TRY(list, parse_yaml(content));
    return digests_of(list);
  }
  std::vector<NamedDigest> digests;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    if (line.empty() || line.starts_with('#')) {
      continue;
    }
    auto digest = parse_digest(line.substr(0, line.find_first_of(kBlanks)));
    if (!digest) {
      return fail(ErrorKind::malformed, fmt::format("line {}: {}", number, digest.error().message));
    }
    digests.push_back(*digest);
  }
  return digests;
}

}  // namespace mrtool::policy
