// The signatures that IMA logs with its entries (Linux, security/integrity/digsig_asymmetric.c).
#include "lib/verify/policy_record.hpp"

namespace mrtool::policy {

namespace {

template <class T>
const T* member_of(const Value& value, std::string_view name) {
  const Value* member = value.find(name);
  return member == nullptr ? nullptr : member->as<T>();
}

bool is_by(const PublicKey& key, HashAlgorithm hash, ByteView digest, ByteView signature) {
  if (key.kind() == PublicKey::Kind::rsa) {
    return verify_digest_signature(key, SignatureScheme::rsassa, hash, digest, signature);
  }
  if (key.kind() != PublicKey::Kind::ec || !key.curve()) {
    return false;
  }
  const auto plain = ecdsa_signature_from_der(*key.curve(), signature);
  return plain && verify_digest_signature(key, SignatureScheme::ecdsa, hash, digest, *plain);
}

}  // namespace

Answer is_signed(const std::vector<PublicKey>& keys, const Evidence& evidence) {
  const FoundField signature = find_field(evidence, "signature");
  if (signature.there != Answer::yes || signature.value->is_null()) {
    return signature.there == Answer::unknown ? Answer::unknown : Answer::no;
  }
  const FoundField file = find_field(evidence, "file_digest");
  const auto* text = file.value == nullptr ? nullptr : file.value->as<std::string>();
  const auto* type = member_of<std::string>(*signature.value, "type");
  const auto* version = member_of<Number>(*signature.value, "version");
  const auto* hash = member_of<std::string>(*signature.value, "hash");
  const auto* bytes = member_of<Bytes>(*signature.value, "value");
  constexpr std::uint64_t kOverFileDigest = 2;
  if (text == nullptr || type == nullptr || version == nullptr || hash == nullptr || bytes == nullptr ||
      *type != "signature" || version->value != kOverFileDigest) {
    return Answer::unknown;
  }
  const auto digest = parse_digest(text->starts_with("ima:") ? std::string_view(*text).substr(4) : *text);
  const auto algorithm = parse_algorithm(*hash);
  if (!digest || digest->verity || !algorithm || *algorithm != digest->algorithm) {
    return Answer::unknown;
  }
  for (const PublicKey& key : keys) {
    if (is_by(key, *algorithm, digest->value.view(), *bytes)) {
      return Answer::yes;
    }
  }
  return Answer::no;
}

}  // namespace mrtool::policy
