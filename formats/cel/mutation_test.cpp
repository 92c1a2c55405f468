#include <doctest/doctest.h>

#include <random>

#include "formats/cel/round_trip.hpp"

using namespace mrtool;
using namespace mrtool::cel;
using namespace mrtool::cel::testing;

namespace {

void mutate(std::string_view format, const Bytes& seed, unsigned rounds) {
  std::mt19937 random(1);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same mutations every time
  for (unsigned round = 0; round < rounds; ++round) {
    Bytes bytes = seed;
    constexpr unsigned kMostChanges = 3;
    for (auto change = 1 + random() % kMostChanges; change > 0 && !bytes.empty(); --change) {
      const std::size_t at = random() % bytes.size();
      switch (random() % 4) {
        case 0:
          bytes[at] = static_cast<std::uint8_t>(random());
          break;
        case 1:
          bytes[at] ^= static_cast<std::uint8_t>(1U << (random() % 8));
          break;
        case 2:
          bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at));
          break;
        default:
          bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::uint8_t>(random()));
          break;
      }
    }
    const std::string broken = broken_property(format, bytes);
    CHECK_MESSAGE(broken.empty(), format, " ", broken, " ", to_hex(bytes));
  }
}

}  // namespace

TEST_CASE("mutated CEL logs in every encoding: an error, or the same events again") {
  constexpr unsigned kRounds = 3000;
  mutate("cel-tlv",
         hex(std::string(kTlvA) + std::string(kTlvB) + std::string(kTlvC) + std::string(kTlvE) + std::string(kGoogleG)),
         kRounds);
  mutate("cel-cbor", hex("83" + std::string(kCborA) + std::string(kCborC) + std::string(kCborE)), kRounds);
  const std::string json = "[" + std::string(kJsonB) + ",\n" + std::string(kJsonC) + "]\n";
  mutate("cel-json", to_bytes(as_bytes(json)), kRounds);
}
