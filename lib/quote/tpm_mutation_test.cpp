// Every byte of what a verifier is given for a quote, changed: what still passes must be bytes that nothing covers, and
// each of those is listed here with the reason.
#include <doctest/doctest.h>

#include <functional>
#include <set>

#include "lib/quote/quote.hpp"
#include "lib/quote/test_tpm_quote.hpp"

namespace mrtool {

namespace {

using testing::evidence_of;
using testing::kTestNonce;
using testing::TestKey;
using testing::TestQuote;
using testing::tpmt_signature;

struct Case {
  QuoteEvidence evidence;
  // Bytes of the key, in its TPMT_PUBLIC, by which no step of the procedure goes.
  std::set<std::size_t> uncovered_key;
};

bool passes(const QuoteEvidence& evidence) {
  const QuoteKind* const kind = find_quote_kind(evidence.quote.bytes);
  if (kind == nullptr) {
    return false;
  }
  const auto result = kind->appraise(evidence);
  return result && verdict_of(result->checks) == Verdict::pass;
}

void change_every_byte(const QuoteEvidence& evidence, const std::function<Bytes&(QuoteEvidence&)>& part,
                       const std::function<bool(std::size_t)>& uncovered) {
  QuoteEvidence changed = evidence;
  const std::size_t size = part(changed).size();
  for (std::size_t i = 0; i < size; ++i) {
    for (const std::uint8_t flip : {std::uint8_t{0x01}, std::uint8_t{0xFF}}) {
      CAPTURE(i);
      CAPTURE(int{flip});
      part(changed)[i] ^= flip;
      if (!uncovered(i)) {
        CHECK_FALSE(passes(changed));
      }
      part(changed)[i] ^= flip;
    }
  }
  CHECK(passes(changed));
}

bool never(std::size_t /*offset*/) {
  return false;
}

std::set<std::size_t> range(std::size_t begin, std::size_t end) {
  std::set<std::size_t> all;
  for (std::size_t i = begin; i < end; ++i) {
    all.insert(i);
  }
  return all;
}

Bytes rsa_area(const TestKey& key, std::uint16_t scheme) {
  const Bytes der = key.der();
  constexpr std::size_t kModulus = 256;
  constexpr std::size_t kExponent = 5;  // with its tag and length
  ByteWriter writer(ByteOrder::big);
  writer.u16(0x0001).u16(0x000B).u32(0x00050072).u16(0).u16(0x0010).u16(scheme).u16(0x000B).u16(2048).u32(0);
  writer.u16(kModulus).bytes(ByteView(der).subspan(der.size() - kExponent - kModulus, kModulus));
  return writer.take();
}

Bytes ec_area(const TestKey& key) {
  const Bytes der = key.der();
  ByteWriter writer(ByteOrder::big);
  writer.u16(0x0023).u16(0x000B).u32(0x00050072).u16(0).u16(0x0010).u16(0x0018).u16(0x000B).u16(0x0003).u16(0x0010);
  writer.u16(32).bytes(ByteView(der).last(64).first(32)).u16(32).bytes(ByteView(der).last(32));
  return writer.take();
}

std::vector<Case> cases() {
  // nameAlg: the name is shown, and compared with nothing, for a quote does not hold it.
  // Attributes: but for fixedTPM, restricted, decrypt and sign they say who may use the key, not what it signs.
  constexpr std::size_t kNameAlgorithm = 2;
  constexpr std::size_t kAttributes = 4;
  std::set<std::size_t> uncovered = range(kNameAlgorithm, kAttributes);
  uncovered.insert({kAttributes, kAttributes + 2, kAttributes + 3});
  const TestQuote quote{
      .selections = {{.bank = HashAlgorithm::sha256, .pcrs = 0x81}, {.bank = HashAlgorithm::sha1, .pcrs = 0x400}}};
  std::vector<Case> all;
  {
    const TestKey key = TestKey::rsa(2048);
    const Bytes plain = key.sign(SignatureScheme::rsapss, HashAlgorithm::sha256, quote.message());
    all.push_back(
        {evidence_of(quote.message(), tpmt_signature(0x0016, HashAlgorithm::sha256, plain, {}), rsa_area(key, 0x0016)),
         uncovered});
  }
  {
    const TestKey key = TestKey::ec("P-256");
    const Bytes plain = key.sign(SignatureScheme::ecdsa, HashAlgorithm::sha256, quote.message());
    all.push_back(
        {evidence_of(quote.message(), tpmt_signature(0x0018, HashAlgorithm::sha256, plain, Curve::p256), ec_area(key)),
         uncovered});
  }
  ByteWriter pcrs(ByteOrder::big);
  write_pcr_selections(pcrs, quote.selections);
  const RegisterValues values = quote.values();
  pcrs.u32(1).u32(3);
  for (const RegisterKey& key : selected_pcrs(quote.selections)) {
    const ByteView value = values.values.at(key).view();
    pcrs.u16(static_cast<std::uint16_t>(value.size())).bytes(value);
  }
  for (Case& item : all) {
    item.evidence.pcr_file = NamedBytes{.name = "quote.pcrs", .bytes = pcrs.data()};
  }
  return all;
}

// The same values as C structures: with room for what isn't there.
Bytes serialized(const PcrFile& file) {
  ByteWriter writer;
  writer.u32(static_cast<std::uint32_t>(file.selections.size()));
  for (std::size_t i = 0; i < kMaxPcrSelections; ++i) {
    const PcrSelection selection = i < file.selections.size() ? file.selections[i] : PcrSelection{.size = 0};
    writer.u16(static_cast<std::uint16_t>(selection.bank)).u8(selection.size).u32(selection.pcrs).u8(0);
  }
  const std::vector<RegisterKey> keys = selected_pcrs(file.selections);
  writer.u32(1).u32(static_cast<std::uint32_t>(keys.size()));
  for (std::size_t i = 0; i < 8; ++i) {
    const ByteView value = i < keys.size() ? file.values.values.at(keys[i]).view() : ByteView{};
    writer.u16(static_cast<std::uint16_t>(value.size())).bytes(value).fill(0, kMaxDigestSize - value.size());
  }
  return writer.take();
}

}  // namespace

TEST_CASE("TPM quote: no changed byte of quote, signature or nonce passes") {
  for (const Case& item : cases()) {
    change_every_byte(item.evidence, [](QuoteEvidence& evidence) -> Bytes& { return evidence.quote.bytes; }, never);
    change_every_byte(
        item.evidence, [](QuoteEvidence& evidence) -> Bytes& { return evidence.signature->bytes; }, never);
    change_every_byte(item.evidence, [](QuoteEvidence& evidence) -> Bytes& { return evidence.nonce; }, never);
  }
}

TEST_CASE("TPM quote: no changed byte of the key's numbers, scheme and decisive attributes passes") {
  for (const Case& item : cases()) {
    change_every_byte(
        item.evidence, [](QuoteEvidence& evidence) -> Bytes& { return evidence.key->bytes; },
        [&](std::size_t offset) { return item.uncovered_key.contains(offset); });
  }
}

TEST_CASE("TPM quote: no changed byte of register values passes, but what is no value") {
  for (const Case& item : cases()) {
    change_every_byte(item.evidence, [](QuoteEvidence& evidence) -> Bytes& { return evidence.pcr_file->bytes; }, never);
  }
}

TEST_CASE("TPM quote: of register values as C structures only padding and unused room may change") {
  constexpr std::size_t kEntry = 8;
  constexpr std::size_t kSelections = 4 + 16 * kEntry;
  constexpr std::size_t kDigests = kSelections + 8;
  constexpr std::size_t kDigest = 66;
  for (Case item : cases()) {
    const auto file = parse_pcr_file(item.evidence.pcr_file->bytes);
    REQUIRE(file);
    item.evidence.pcr_file->bytes = serialized(*file);
    std::set<std::size_t> uncovered = range(4 + 2 * kEntry, kSelections);  // entries that the count leaves out
    for (const std::size_t entry : {std::size_t{0}, std::size_t{1}}) {
      // How long a bitmap is, where its last bytes are zeros; its fourth byte; C's padding.
      uncovered.insert({4 + entry * kEntry + 2, 4 + entry * kEntry + 6, 4 + entry * kEntry + 7});
    }
    const std::vector<std::size_t> sizes{32, 32, 20};
    for (std::size_t i = 0; i < 8; ++i) {
      const std::size_t used = i < sizes.size() ? 2 + sizes[i] : 0;  // a buffer behind its digest, and unused ones
      uncovered.merge(range(kDigests + i * kDigest + used, kDigests + (i + 1) * kDigest));
    }
    change_every_byte(
        item.evidence, [](QuoteEvidence& evidence) -> Bytes& { return evidence.pcr_file->bytes; },
        [&](std::size_t offset) { return uncovered.contains(offset); });
  }
}

}  // namespace mrtool
