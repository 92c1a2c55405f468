#include <cstdlib>
#include <fstream>

#include "lib/base/byte_writer.hpp"
#include "lib/quote/test_documents.hpp"

namespace mrtool::testing {

void keep_as_seed(const std::string& name, const QuoteEvidence& evidence) {
  if (std::getenv("MRTOOL_MAKE_QUOTES") == nullptr) {
    return;
  }
  const Bytes key = evidence.key ? evidence.key->bytes : Bytes();
  const bool has_root = !evidence.manifest && !evidence.roots.empty();
  const Bytes more = evidence.manifest ? evidence.manifest->bytes : has_root ? evidence.roots.back().bytes : Bytes();
  const auto options =
      static_cast<std::uint8_t>((evidence.key ? 1 : 0) | (evidence.manifest ? 2 : 0) | (has_root ? 4 : 0));
  const Bytes seed = ByteWriter()
                         .u8(options)
                         .u16(static_cast<std::uint16_t>(key.size()))
                         .u16(static_cast<std::uint16_t>(more.size()))
                         .bytes(key)
                         .bytes(more)
                         .bytes(evidence.quote.bytes)
                         .take();
  std::ofstream out(MRTOOL_SOURCE_DIR "/testdata/quotes/cose-fuzz/" + name, std::ios::binary);
  out.write(as_text(seed).data(), static_cast<std::streamsize>(seed.size()));
  REQUIRE_MESSAGE(out, name);
}

}  // namespace mrtool::testing
