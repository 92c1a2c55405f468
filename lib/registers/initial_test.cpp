#include "lib/registers/initial.hpp"

#include <doctest/doctest.h>

#include "lib/registers/names.hpp"
#include "lib/registers/values.hpp"

using namespace mrtool;

namespace {

InitialValue initial_of(std::string_view name, bool extended) {
  return platform_initial_value(*parse_register(name), 32, extended);
}

const Digest kZeros = Digest::filled(32, 0);
const Digest kOnes = Digest::filled(32, 0xFF);

}  // namespace

TEST_CASE("static PCRs, RTMRs, REMs and NV indices start at zeros") {
  for (const std::string_view name : {"pcr0", "pcr16", "pcr23", "rtmr0", "rem3", "nv:0x01c40200", "mr:a"}) {
    CHECK_MESSAGE(initial_of(name, false).value == kZeros, name);
    CHECK_MESSAGE(initial_of(name, true).value == kZeros, name);
  }
  CHECK(initial_of("pcr1", true).reason == "platform rule: PCR 1 starts at zeros");
}

TEST_CASE("dynamic PCRs hold ones until a dynamic launch resets them") {
  for (const std::string_view name : {"pcr17", "pcr22"}) {
    CHECK(initial_of(name, false).value == kOnes);
    CHECK(initial_of(name, true).value == kZeros);
    CHECK(initial_of(name, true).reason.contains("dynamic launch"));
  }
}

TEST_CASE("the startup locality is the last byte of PCR 0") {
  CHECK(locality_initial_value(20, 3).hex() == "0000000000000000000000000000000000000003");
  CHECK(locality_initial_value(0, 3).size() == 0);
}

TEST_CASE("sources say how they are authenticated in the words of the JSON output") {
  CHECK(to_string(Authenticated::signed_) == "signed");
  CHECK(to_string(Authenticated::none) == "none");
}
