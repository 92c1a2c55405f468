#include "lib/quote/tpm_appraisal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lib/content/tpm_quote.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/registers/names.hpp"
#include "lib/registers/pcr_file.hpp"

namespace mrtool::quotes {

namespace {

template <class T>
Result<T> of_file(Result<T> result, const NamedBytes& file) {
  if (!result && result.error().file.empty()) {
    result.error().file = file.name;
  }
  return result;
}

QuoteCheck check(std::string_view name, Verdict verdict, std::string detail) {
  return {.name = std::string(name), .verdict = verdict, .detail = std::move(detail)};
}

QuoteCheck check_key(const AttestationKey* key) {
  constexpr std::string_view kName = "key";
  if (key == nullptr) {
    return check(kName, Verdict::inconclusive, "no attestation key was given (--key)");
  }
  if (!key->area) {
    return check(kName, Verdict::skipped,
                 fmt::format("an {} key of which no attributes are known: give it as TPM2B_PUBLIC to see that it is "
                             "restricted to what its TPM made",
                             key->key.description()));
  }
  const std::uint32_t attributes = key->area->attributes;
  constexpr std::uint32_t kNeeded = kFixedTpm | kRestricted | kSign;
  if ((attributes & kNeeded) != kNeeded || (attributes & kDecrypt) != 0) {
    return check(
        kName, Verdict::fail,
        fmt::format("an attestation key has the attributes fixedTPM, restricted and sign, and not decrypt; this "
                    "one has {}",
                    describe_attributes(attributes)));
  }
  return check(
      kName, Verdict::pass,
      fmt::format("an {} key with the attributes {}", key->key.description(), describe_attributes(attributes)));
}

QuoteCheck check_selection(const PcrSelections& selections) {
  constexpr std::string_view kName = "selection";
  if (count_pcrs(selections) == 0) {
    return check(kName, Verdict::fail,
                 "the quote covers no register: its selection is empty, or of banks that the TPM does not have");
  }
  Selection listed;
  std::string empty;
  for (const PcrSelection& selection : selections) {
    if (selection.pcrs == 0) {
      empty += fmt::format("; none of bank {}, which the TPM may not have", to_string(selection.bank));
    }
  }
  for (const RegisterKey& key : selected_pcrs(selections)) {
    listed.items.push_back({.bank = key.bank, .reg = key.reg});
  }
  return check(kName, Verdict::pass, fmt::format("the quote covers {}{}", to_string(listed), empty));
}

// The usual hash with a digest of that size, for a quote whose signature does not name one.
HashAlgorithm hash_of_size(std::size_t size) {
  for (const HashAlgorithm hash :
       {HashAlgorithm::sha1, HashAlgorithm::sha256, HashAlgorithm::sha384, HashAlgorithm::sha512}) {
    if (find_algorithm(hash)->size == size) {
      return hash;
    }
  }
  return HashAlgorithm::none;
}

bool is_weak(HashAlgorithm hash) {
  const HashAlgorithmRow* const row = find_algorithm(hash);
  return row != nullptr && row->weak;
}

class Appraisal {
 public:
  Appraisal(const QuoteEvidence& evidence, const AttestationKey* key, ByteView message, TpmQuote quote)
      : evidence_(evidence), key_(key), message_(message), quote_(std::move(quote)) {}

  Result<QuoteResult> run() {
    add(check("magic", Verdict::pass, "a quote that a TPM made up itself"));
    add(check_key(key_));
    MRTOOL_TRY(signature, read_signature());
    add(check_signature(signature));
    add(check_nonce(evidence_, quote_.extra_data, 0));
    add(check_selection(quote_.selections));
    add(check_hash_strength());
    note_digest();
    if (auto status = check_values(); !status) {
      return std::unexpected(std::move(status).error());
    }
    result_.fields = quote_fields(quote_);
    add_fields(signature);
    return std::move(result_);
  }

 private:
  void add(QuoteCheck item) { result_.checks.push_back(std::move(item)); }

  Result<std::optional<TpmSignature>> read_signature() const {
    if (!evidence_.signature) {
      return std::nullopt;
    }
    const PublicKey* const key = key_ != nullptr ? &key_->key : nullptr;
    MRTOOL_TRY(signature, of_file(parse_tpm_signature(evidence_.signature->bytes, key), *evidence_.signature));
    return signature;
  }

  // Settles the scheme, too.
  QuoteCheck check_signature(const std::optional<TpmSignature>& signature) {
    constexpr std::string_view kName = "signature";
    if (signature && signature->form == TpmSignature::Form::tpmt) {
      scheme_ = signature->scheme;
    } else if (key_ != nullptr && key_->area && key_->area->scheme) {
      scheme_ = *key_->area->scheme;
    } else {
      scheme_.hash = hash_of_size(quote_.pcr_digest.size());
    }
    if (!signature) {
      return check(kName, Verdict::inconclusive, "no signature was given (--sig)");
    }
    if (key_ == nullptr) {
      return check(kName, Verdict::inconclusive, "no key was given (--key), so that the signature says nothing");
    }
    if (signature->form == TpmSignature::Form::tpmt && !signature_scheme(signature->scheme.id)) {
      return check(kName, Verdict::inconclusive,
                   fmt::format("a signature by {} cannot be checked here", to_string(signature->scheme)));
    }
    const std::optional<TpmScheme> key_scheme = key_->area ? key_->area->scheme : std::nullopt;
    const std::optional<TpmScheme> found =
        verify_tpm_signature(key_->key, key_scheme, *signature, message_, quote_.pcr_digest.size());
    if (found) {
      scheme_ = *found;
      return check(kName, Verdict::pass,
                   fmt::format("signed by the {} key, {}", key_->key.description(), to_string(*found)));
    }
    return check(kName, Verdict::fail, signature_problem(*signature, key_scheme));
  }

  std::string signature_problem(const TpmSignature& signature, const std::optional<TpmScheme>& key_scheme) const {
    const bool stated = signature.form == TpmSignature::Form::tpmt;
    if (stated && key_scheme && *key_scheme != signature.scheme) {
      return fmt::format("the signature is {}; the key signs by {} only", to_string(signature.scheme),
                         to_string(*key_scheme));
    }
    const bool rsa = stated ? signature_scheme(signature.scheme.id) != SignatureScheme::ecdsa
                            : signature.form == TpmSignature::Form::raw_rsa;
    if (rsa != (key_->key.kind() == PublicKey::Kind::rsa)) {
      return fmt::format("the signature is {}; the key is {}", rsa ? "an RSA one" : "an ECDSA one",
                         key_->key.description());
    }
    return fmt::format("the signature is not over this quote by this {} key", key_->key.description());
  }

  QuoteCheck check_hash_strength() const {
    constexpr std::string_view kName = "hash-strength";
    if (find_algorithm(scheme_.hash) == nullptr) {
      return check(kName, Verdict::inconclusive, "nothing says by which hash the quote was signed");
    }
    const bool weak_signature = is_weak(scheme_.hash);
    const bool weak_banks =
        std::ranges::all_of(quote_.selections, [](const PcrSelection& selection) { return is_weak(selection.bank); });
    if (!weak_signature && !weak_banks) {
      return check(kName, Verdict::pass,
                   fmt::format("the quote is hashed with {}, and not every bank is SHA-1", to_string(scheme_.hash)));
    }
    const std::string what = weak_signature ? "the quote is signed over a SHA-1 digest" : "every quoted bank is SHA-1";
    return evidence_.allow_sha1 ? check(kName, Verdict::pass, what + ", as was allowed (--allow-sha1)")
                                : check(kName, Verdict::inconclusive,
                                        what + ", for which collisions can be made (--allow-sha1 takes it)");
  }

  // What values can be held against: where the selection is empty there are none.
  void note_digest() {
    const HashAlgorithmRow* const row = find_algorithm(scheme_.hash);
    if (row == nullptr || quote_.pcr_digest.size() != row->size || count_pcrs(quote_.selections) == 0) {
      return;
    }
    result_.quoted_digest = QuotedDigest{
        .order = selected_pcrs(quote_.selections), .hash = scheme_.hash, .value = Digest(quote_.pcr_digest)};
  }

  Status check_values() {
    if (!result_.quoted_digest && count_pcrs(quote_.selections) != 0) {
      add(check("pcr-digest", Verdict::fail,
                fmt::format("the quote's PCR digest has {} bytes; one by {} has another size", quote_.pcr_digest.size(),
                            to_string(scheme_.hash))));
      return {};
    }
    if (evidence_.pcr_file) {
      MRTOOL_TRY(values, of_file(read_pcr_file(evidence_.pcr_file->bytes), *evidence_.pcr_file));
      add(check_digest(values));
    }
    if (evidence_.pcr_values) {
      add(check_digest(*evidence_.pcr_values));
    }
    return {};
  }

  Result<RegisterValues> read_pcr_file(ByteView bytes) const {
    if (recognise_pcr_file(bytes)) {
      MRTOOL_TRY(file, parse_pcr_file(bytes));
      return std::move(file.values);
    }
    return parse_pcr_values(bytes, quote_.selections);
  }

  // Takes the values in when they are the quoted ones.
  QuoteCheck check_digest(const RegisterValues& given) {
    constexpr std::string_view kName = "pcr-digest";
    if (!result_.quoted_digest) {
      return check(kName, Verdict::fail, "register values were given, and the quote covers none");
    }
    const QuotedDigest& quoted = *result_.quoted_digest;
    if (!HashEngine::can_compute(quoted.hash)) {
      return check(kName, Verdict::inconclusive, fmt::format("{} cannot be computed here", to_string(quoted.hash)));
    }
    Bytes joined;
    std::map<RegisterKey, Digest> covered;
    for (const RegisterKey& key : quoted.order) {
      const auto found = given.values.find(key);
      if (found == given.values.end()) {
        return check(kName, Verdict::inconclusive,
                     fmt::format("no value of {}:{} was given, which the quote covers", to_string(key.bank),
                                 to_string(key.reg)));
      }
      const ByteView value = found->second.view();
      joined.insert(joined.end(), value.begin(), value.end());
      covered.insert(*found);
    }
    if (HashEngine().hash(quoted.hash, joined) != quoted.value) {
      return check(kName, Verdict::fail, "the register values that were given are not the ones that the TPM quoted");
    }
    const std::size_t others = given.values.size() - covered.size();
    result_.registers.values = std::move(covered);
    return check(kName, Verdict::pass,
                 fmt::format("the register values that were given are the ones that the TPM quoted ({}){}",
                             to_string(quoted.hash),
                             others == 0 ? "" : fmt::format("; {} others are not covered, and left out", others)));
  }

  void add_fields(const std::optional<TpmSignature>& signature) {
    if (signature) {
      result_.fields.push_back({"signature_scheme", Value(scheme_.id == kTpmAlgNull ? "unknown" : to_string(scheme_))});
    }
    if (key_ == nullptr) {
      return;
    }
    Value::Object key{{"description", Value(key_->key.description())}};
    if (key_->area) {
      key.push_back({"attributes", Value(describe_attributes(key_->area->attributes))});
      key.push_back({"name", key_->area->name});
    }
    result_.fields.push_back({"key", Value(std::move(key))});
  }

  const QuoteEvidence& evidence_;
  const AttestationKey* key_;
  ByteView message_;
  TpmQuote quote_;
  TpmScheme scheme_;
  QuoteResult result_;
};

}  // namespace

Result<QuoteResult> appraise_tpm_quote(const QuoteEvidence& evidence, const AttestationKey* key) {
  const ByteView message = tpm_attest_of(evidence.quote.bytes);
  if (is_tpm_attest(message) && tpm_attest_type(message) != "quote") {
    QuoteResult result;
    result.checks.push_back(
        check("magic", Verdict::fail,
              fmt::format("expected a TPM's quote, found an attestation of type {}", tpm_attest_type(message))));
    return result;
  }
  MRTOOL_TRY(quote, of_file(parse_tpm_quote(message), evidence.quote));
  return Appraisal(evidence, key, message, std::move(quote)).run();
}

}  // namespace mrtool::quotes
