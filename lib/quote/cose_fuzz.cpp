// Nitro documents, CCA tokens, SNP reports and what comes with them from arbitrary bytes: no crash, and nothing passes,
// for no seed answers the nonce. Input: an option byte, the sizes of a key and of a manifest as two bytes each,
// little-endian, then the bytes of key, manifest (or root) and report.
#include <array>
#include <cstdlib>

#include "lib/base/byte_reader.hpp"
#include "lib/quote/cbor.hpp"
#include "lib/quote/cose.hpp"
#include "lib/quote/kinds.hpp"
#include "lib/quote/svsm.hpp"

namespace {

using mrtool::ByteView;

constexpr std::array kAppraisals{mrtool::quotes::appraise_cca, mrtool::quotes::appraise_nitro,
                                 mrtool::quotes::appraise_snp};

void check_views(const mrtool::CborItem& item, ByteView whole) {
  if (item.raw.data() < whole.data() || item.raw.data() + item.raw.size() > whole.data() + whole.size()) {
    std::abort();
  }
  for (const mrtool::CborItem& child : item.items) {
    check_views(child, whole);
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the fuzzer's own name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kNonceSize = 64;
  mrtool::ByteReader reader(ByteView(data, size));
  const std::uint8_t options = reader.u8();
  const std::uint16_t key_size = reader.u16();
  const std::uint16_t manifest_size = reader.u16();
  const ByteView key = reader.take(key_size);
  const ByteView manifest = reader.take(manifest_size);
  const ByteView report = reader.rest();
  if (!reader.ok()) {
    return 0;
  }
  if (const auto document = mrtool::parse_cbor(report)) {
    check_views(document->root, report);
  }
  (void)mrtool::parse_cose_key(report);
  (void)mrtool::quotes::decode_svsm_manifest(report);

  mrtool::QuoteEvidence evidence;
  evidence.quote.bytes = mrtool::to_bytes(report);
  if ((options & 1U) != 0) {
    evidence.key = mrtool::NamedBytes{.name = "key", .bytes = mrtool::to_bytes(key)};
  }
  if ((options & 2U) != 0) {
    evidence.manifest = mrtool::NamedBytes{.name = "manifest", .bytes = mrtool::to_bytes(manifest)};
  }
  if ((options & 4U) != 0) {
    evidence.roots.push_back({.name = "root", .bytes = mrtool::to_bytes(manifest)});
  }
  evidence.nonce_policy = mrtool::NoncePolicy::given;
  evidence.nonce = mrtool::Bytes(kNonceSize, 1);
  for (const auto appraise : kAppraisals) {
    const auto result = appraise(evidence);
    if (result && mrtool::verdict_of(result->checks) == mrtool::Verdict::pass) {
      std::abort();
    }
  }
  return 0;
}
