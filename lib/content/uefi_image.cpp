// PFP 1.06, 10.2.2: UEFI_IMAGE_LOAD_EVENT. The digest is the image's Authenticode hash.
#include <fmt/format.h>

#include "lib/content/decoders.hpp"
#include "lib/content/device_path.hpp"
#include "lib/content/field_reader.hpp"

namespace mrtool::pcclient {

Decoded decode_image_load(const Context& context) {
  FieldReader fields(context.data);
  const std::uint64_t location = fields.hex64("image_location_in_memory");
  const std::uint64_t length = fields.u64("image_length_in_memory");
  fields.hex64("image_link_time_address");
  const std::uint64_t path_length = fields.u64("length_of_device_path");
  if (!fields.ok()) {
    return fields.finish("image-load", "incomplete image load event");
  }
  const bool complete = path_length <= fields.left();
  const std::uint64_t begin = fields.position();
  DevicePathText path = format_device_path(fields.reader().take(std::min(path_length, fields.left())));
  fields.add("device_path", path.text, begin);
  std::string summary =
      path.text.empty() ? fmt::format("{} bytes at 0x{:x}, no device path", length, location) : std::move(path.text);
  Decoded decoded = fields.finish("image-load", std::move(summary));
  if (!complete) {
    decoded.problem = fmt::format("the device path has {} bytes, not {}", context.data.size() - begin, path_length);
  } else if (decoded.problem.empty()) {
    decoded.problem = std::move(path.problem);
  }
  return decoded;
}

}  // namespace mrtool::pcclient
