#include "lib/record/record.hpp"

#include "lib/record/writer.hpp"

namespace mrtool {

std::string_view to_string(ContentType type) {
  switch (type) {
    case ContentType::none:
      return "none";
    case ContentType::pcclient:
      return "pcclient";
  }
  return "none";
}

Status MemorySink::write(ByteView bytes) {
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  return {};
}

}  // namespace mrtool
