#include "lib/crypto/der.hpp"

#include <openssl/asn1.h>
#include <openssl/err.h>

#include <limits>

namespace mrtool {

namespace {

constexpr int kIndefiniteOrFailed = 0x81;
constexpr std::uint8_t kLongTag = 0x1F;

}  // namespace

Result<std::vector<DerItem>> read_der_items(ByteView bytes) {
  std::vector<DerItem> items;
  while (!bytes.empty()) {
    const unsigned char* content = bytes.data();
    long size = 0;
    int tag = 0;
    int tag_class = 0;
    const auto left = static_cast<long>(std::min<std::size_t>(bytes.size(), std::numeric_limits<int>::max()));
    const int flags = ASN1_get_object(&content, &size, &tag, &tag_class, left);
    ERR_clear_error();
    const bool short_tag = (bytes.front() & kLongTag) != kLongTag;
    if ((flags & kIndefiniteOrFailed) != 0 || !short_tag) {
      return fail(ErrorKind::malformed, "the DER is damaged");
    }
    items.push_back({.tag = bytes.front(), .content = {content, static_cast<std::size_t>(size)}});
    bytes = bytes.subspan(static_cast<std::size_t>(content - bytes.data() + size));
  }
  return items;
}

}  // namespace mrtool
