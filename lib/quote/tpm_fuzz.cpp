// Judges arbitrary bytes as a TPM's quote, signature, key and register values. Input: the sizes of the first three,
// each as two bytes, little-endian, then the bytes of all four.
#include <algorithm>
#include <cstdlib>

#include "lib/base/byte_reader.hpp"
#include "lib/quote/kinds.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): the fuzzer's own name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace mrtool;
  ByteReader reader(ByteView(bytes, size));
  const std::uint16_t quote = reader.u16();
  const std::uint16_t signature = reader.u16();
  const std::uint16_t key = reader.u16();
  const auto part = [&](std::uint64_t wanted) {
    return NamedBytes{.name = "input", .bytes = to_bytes(reader.take(std::min(wanted, reader.left())))};
  };
  QuoteEvidence evidence;
  evidence.nonce_policy = NoncePolicy::given;
  evidence.quote = part(quote);
  evidence.signature = part(signature);
  evidence.key = part(key);
  evidence.pcr_file = part(reader.left());
  if (!quotes::is_tpm2(evidence.quote.bytes)) {
    return 0;
  }
  const auto result = quotes::appraise_tpm2(evidence);
  // A pass needs a signature that was checked.
  if (result && verdict_of(result->checks) == Verdict::pass) {
    const bool signed_by_key = std::ranges::any_of(result->checks, [](const QuoteCheck& check) {
      return check.name == "signature" && check.verdict == Verdict::pass;
    });
    if (!signed_by_key) {
      std::abort();
    }
  }
  return 0;
}
