#include "formats/ima/entry.hpp"

#include <fmt/core.h>

#include "lib/base/limits.hpp"
#include "lib/base/text.hpp"
#include "lib/content/ima_template.hpp"

namespace mrtool::ima {
namespace {

constexpr std::uint32_t kLongestName = 255;

EntryResult malformed(std::string message) {
  return {.state = EntryState::malformed, .need = 0, .message = std::move(message)};
}

// What is missing when a read went past the end.
EntryResult incomplete(const ByteReader& reader) {
  const ByteReader::Failure& failure = *reader.failure();
  return {.state = EntryState::incomplete, .need = failure.offset + failure.wanted, .message = {}};
}

EntryResult finish(const ByteReader& reader, Entry& entry) {
  if (!reader.ok()) {
    return incomplete(reader);
  }
  entry.size = reader.position();
  return {};
}

EntryResult read_legacy(ByteReader& reader, Entry& entry) {
  entry.legacy = true;
  entry.file_digest = reader.take(kLegacyDigestBytes);
  const std::uint32_t length = reader.u32();
  if (reader.ok() && length > kLongestName) {
    return malformed(fmt::format("expected a file name of at most {} bytes, found one of {}", kLongestName, length));
  }
  entry.data = reader.take(length);
  return finish(reader, entry);
}

}  // namespace

EntryResult read_entry(ByteView bytes, const Layout& layout, Entry& entry) {
  ByteReader reader(bytes, 0, layout.order);
  entry = {};
  entry.pcr = reader.u32();
  entry.digest = reader.take(layout.digest_bytes);
  const std::uint32_t name_bytes = reader.u32();
  if (reader.ok() && (name_bytes == 0 || name_bytes > kLongestName)) {
    return malformed(
        fmt::format("expected a template name of 1 to {} bytes, found one of {}", kLongestName, name_bytes));
  }
  entry.name = reader.take(name_bytes);
  if (!reader.ok()) {
    return incomplete(reader);
  }
  if (!is_printable_ascii(entry.name)) {
    return malformed("expected a template name in printable characters, found other bytes");
  }
  if (as_text(entry.name) == kLegacyName) {
    return read_legacy(reader, entry);
  }
  const std::uint32_t data_bytes = reader.u32();
  if (reader.ok() && data_bytes > limits::kRecordBytes) {
    return malformed(fmt::format("expected template data of at most {} bytes, found a length of {}",
                                 limits::kRecordBytes, data_bytes));
  }
  entry.data = reader.take(data_bytes);
  return finish(reader, entry);
}

}  // namespace mrtool::ima
