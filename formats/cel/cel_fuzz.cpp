// Any bytes, in every encoding.
#include <cstdint>
#include <cstdlib>

#include "formats/cel/round_trip.hpp"

using namespace mrtool;
using namespace mrtool::cel::testing;

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const char* format : {"cel-tlv", "cel-cbor", "cel-json"}) {
    if (!broken_property(format, {data, size}).empty()) {
      std::abort();
    }
  }
  return 0;
}
