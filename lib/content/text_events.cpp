// Event data that is plain text: EV_EFI_ACTION, EV_ACTION and others (PFP 1.06, 10.4.3 and table 27).
#include <algorithm>

#include "lib/base/text.hpp"
#include "lib/content/decoders.hpp"
#include "lib/content/event_text.hpp"
#include "lib/content/raw.hpp"

namespace mrtool::pcclient {

namespace {

// coreboot logs each measured object under a label of this size, padded with NULs.
constexpr std::size_t kCorebootLabelSize = 50;

bool is_coreboot_label(ByteView data) {
  return data.size() == kCorebootLabelSize && data.back() == 0 && printable_text(data).has_value();
}

// POWER firmware extends a value itself, or a digest of another bank, cut or padded with zeros to each bank's size.
// Independent hashes never share that many bytes.
bool digests_are_one_value(std::span<const DigestEntry> digests) {
  constexpr std::size_t kZerosOfPadding = 8;
  if (digests.empty()) {
    return false;
  }
  const ByteView first = digests.front().value;
  if (digests.size() == 1) {
    return first.size() >= kZerosOfPadding && all_equal_to(first.last(kZerosOfPadding), 0);
  }
  return std::ranges::all_of(digests, [first](const DigestEntry& entry) {
    const std::size_t shared = std::min(first.size(), entry.value.size());
    return shared >= kZerosOfPadding && equal(first.first(shared), entry.value.first(shared));
  });
}

}  // namespace

Decoded decode_text(const Context& context) {
  const std::string_view text = without_padding(context.data);
  if (!is_utf8(as_bytes(text))) {
    return decode_raw(context);
  }
  Decoded decoded{.kind = "text", .summary = std::string(text), .fields = {}, .problem = {}};
  decoded.fields.push_back({"text", Value(text), {0, context.data.size()}});
  return decoded;
}

Otherwise action_otherwise(const Context& context) {
  const bool label = is_coreboot_label(context.data) || digests_are_one_value(context.record.digests);
  return label ? Otherwise::unverifiable : Otherwise::differs;
}

}  // namespace mrtool::pcclient
