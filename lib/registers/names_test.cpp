#include "lib/registers/names.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace mrtool;

namespace {

Register numbered(RegisterKind kind, std::uint32_t index) {
  return {.kind = kind, .index = index, .name = {}, .provider = {}, .carrier = {}};
}

std::string message_of(std::string_view text) {
  const auto selection = parse_selection(text);
  REQUIRE_FALSE(selection);
  CHECK(selection.error().kind == ErrorKind::usage);
  return selection.error().message;
}

}  // namespace

TEST_CASE("every name reads back as itself") {
  for (const std::string_view name : {"pcr0", "pcr23", "rtmr3", "mrtd", "rem0", "rim", "nv:0x01c40200", "mr:mr_ima",
                                      "mr:mr_ima@rtmr3", "mr:pcr7", "measurement-example/rtmr0", "tpm1/pcr7",
                                      "nitro/pcr31", "p/mr:a@mr:b@rtmr3", "index:41", "index:4294967295", "-"}) {
    const auto reg = parse_register(name);
    REQUIRE_MESSAGE(reg, name);
    CHECK(to_string(*reg) == name);
  }
}

TEST_CASE("what is not exactly a name is none") {
  for (const std::string_view name :
       {"",       "pcr",    "pcr24",       "pcr07",  "pcr 7",    "PCR7",         "pcr-1",         "pcr7 ",
        "7",      "rtmr4",  "rem4",        "mrtd0",  "rim@pcr1", "nv:0x1c40200", "nv:0x81000000", "nv:29622784",
        "mr:",    "mr:a b", "mr:a@",       "mr:a@b", "/pcr7",    "a/b/pcr7",     "a:b/pcr7",      "pcr99999999999",
        "index:", "--",     "nitro/pcr32", "mr:a=b"}) {
    CHECK_MESSAGE(!parse_register(name), name);
  }
  CHECK_FALSE(parse_register(std::string(100'000, '@')));
  CHECK_FALSE(parse_register("mr:" + std::string(1000, 'a')));
}

TEST_CASE("a bare number is a PCR only where that is asked for") {
  CHECK(parse_register("7", true) == numbered(RegisterKind::pcr, 7));
  CHECK_FALSE(parse_register("24", true));
  CHECK_FALSE(parse_register("0x7", true));
}

TEST_CASE("indices of a TPM log") {
  CHECK(register_from_index(0, Platform::tpm, false) == numbered(RegisterKind::pcr, 0));
  CHECK(register_from_index(23, Platform::tpm, false) == numbered(RegisterKind::pcr, 23));
  CHECK(register_from_index(24, Platform::tpm, false) == numbered(RegisterKind::invalid, 24));
  CHECK(register_from_index(0x01C40200, Platform::tpm, false) == numbered(RegisterKind::nv, 0x01C40200));
  CHECK(register_from_index(0x02000000, Platform::tpm, false).kind == RegisterKind::invalid);
  CHECK(register_from_index(0xFFFFFFFF, Platform::tpm, false).kind == RegisterKind::none);
  CHECK(register_from_index(0x1'0000'0007, Platform::tpm, false).kind == RegisterKind::invalid);
}

TEST_CASE("CC measurement register indices are one more than RTMR and REM numbers") {
  CHECK(to_string(register_from_index(0, Platform::tdx, true)) == "mrtd");
  CHECK(to_string(register_from_index(1, Platform::tdx, true)) == "rtmr0");
  CHECK(to_string(register_from_index(4, Platform::unknown, true)) == "rtmr3");
  CHECK(to_string(register_from_index(5, Platform::tdx, true)) == "index:5");
  CHECK(to_string(register_from_index(0, Platform::cca, true)) == "rim");
  CHECK(to_string(register_from_index(2, Platform::cca, true)) == "rem1");
  CHECK(register_from_index(0x01C40200, Platform::tdx, true).kind == RegisterKind::invalid);
}

TEST_CASE("an index survives the way to a register and back") {
  for (const bool mr_indexed : {false, true}) {
    for (const std::uint32_t index : {0U, 1U, 4U, 5U, 23U, 24U, 0x01C40200U, 0xFFFFFFFFU}) {
      CHECK(index_from_register(register_from_index(index, Platform::tdx, mr_indexed), mr_indexed) == index);
    }
  }
  CHECK_FALSE(index_from_register(numbered(RegisterKind::rtmr, 1), false));
  CHECK_FALSE(index_from_register(numbered(RegisterKind::pcr, 1), true));
  CHECK_FALSE(index_from_register(*parse_register("mr:a"), true));
}

TEST_CASE("display order: by kind, then by number, not by spelling") {
  std::vector<Register> registers;
  for (const std::string_view name :
       {"mr:b", "nv:0x01c40200", "rem0", "rim", "rtmr1", "rtmr0", "mrtd", "pcr10", "pcr9", "mr:a"}) {
    registers.push_back(*parse_register(name));
  }
  std::ranges::sort(registers, display_before);
  std::string order;
  for (const Register& reg : registers) {
    order += to_string(reg) + " ";
  }
  CHECK(order == "pcr9 pcr10 mrtd rtmr0 rtmr1 rim rem0 nv:0x01c40200 mr:a mr:b ");
}

TEST_CASE("a selection as tpm2-tools users write it") {
  const auto selection = parse_selection("sha256:0-7,10+sha384:rtmr2");
  REQUIRE(selection);
  CHECK(selection->contains(numbered(RegisterKind::pcr, 7), HashAlgorithm::sha256));
  CHECK(selection->contains(numbered(RegisterKind::pcr, 10), HashAlgorithm::sha256));
  CHECK_FALSE(selection->contains(numbered(RegisterKind::pcr, 8), HashAlgorithm::sha256));
  CHECK_FALSE(selection->contains(numbered(RegisterKind::pcr, 7), HashAlgorithm::sha1));
  CHECK(selection->contains(numbered(RegisterKind::rtmr, 2), HashAlgorithm::sha384));
  CHECK_FALSE(selection->contains(numbered(RegisterKind::rtmr, 2), HashAlgorithm::sha256));
  CHECK(to_string(*selection) == "sha256:0-7,10+sha384:rtmr2");
}

TEST_CASE("a selection without a bank is of every bank; all is a whole bank") {
  const auto every_bank = parse_selection("pcr7,rtmr0-rtmr2,nv:0x01c40200");
  REQUIRE(every_bank);
  CHECK(every_bank->contains(numbered(RegisterKind::pcr, 7), HashAlgorithm::sm3_256));
  CHECK(every_bank->contains(numbered(RegisterKind::rtmr, 1), HashAlgorithm::sha384));
  CHECK(every_bank->contains(numbered(RegisterKind::nv, 0x01C40200), HashAlgorithm::sha256));
  CHECK(to_string(*every_bank) == "pcr7,rtmr0-2,nv:0x01c40200");
  const auto whole = parse_selection("sha1:0+sha256:all");
  REQUIRE(whole);
  CHECK(whole->contains(numbered(RegisterKind::rtmr, 3), HashAlgorithm::sha256));
  CHECK_FALSE(whole->contains(numbered(RegisterKind::rtmr, 3), HashAlgorithm::sha1));
  CHECK(to_string(*whole) == "sha1:0+sha256:all");
}

TEST_CASE("bank aliases are read, the table's spelling is printed") {
  for (const std::string_view text : {"sm3:1", "sm3-256:1", "sm3_256:1"}) {
    const auto selection = parse_selection(text);
    REQUIRE_MESSAGE(selection, text);
    CHECK(to_string(*selection) == "sm3_256:1");
  }
}

TEST_CASE("repeated registers and banks merge; printing reads back as the same") {
  const auto selection = parse_selection("sha256:1,1,0-2+sha1:3+sha256:2-4,mr:a-b@rtmr3,tpm1/pcr0-3");
  REQUIRE(selection);
  CHECK(to_string(*selection) == "sha256:1,0,2-4,mr:a-b@rtmr3,tpm1/pcr0-3+sha1:3");
  const auto again = parse_selection(to_string(*selection));
  REQUIRE(again);
  CHECK(to_string(*again) == to_string(*selection));
}

TEST_CASE("a wrong selection says what to write instead") {
  CHECK(message_of("sha256:24").contains("0 to 23"));
  CHECK(message_of("sha256:0-24").contains("0 to 23"));
  CHECK(message_of("sha256:7-0").contains("write 0-7"));
  CHECK(message_of("sha265:7").contains("not a bank"));
  CHECK(message_of("sha256:rtmr0-pcr2").contains("mixes"));
  CHECK(message_of("sha256:rtmr7").contains("rtmr0 to rtmr3"));
  CHECK(message_of("nv:0x12").contains("eight digits"));
  CHECK(message_of("sha256:mrtd-3").contains("not a range"));
  for (const std::string_view text : {"", "+", "sha256:", "sha256:,", "sha256:0,", "sha256:0+", "sha256:-", "sha256:0-",
                                      "sha256:-7", "sha256:none", "sha256:0x01", ":7", "sha256:0-4294967295"}) {
    CHECK_FALSE_MESSAGE(parse_selection(text), text);
  }
}

TEST_CASE("registers that a running system can extend") {
  for (const std::string_view name : {"pcr0", "pcr23", "tpm1/pcr7", "rtmr3", "rem0", "mr:mr_ima@rtmr3"}) {
    CHECK_MESSAGE(is_extendable(*parse_register(name)), name);
  }
  for (const std::string_view name : {"mrtd", "rim", "mr:mrconfigid", "nv:0x01c40200", "index:41", "-"}) {
    CHECK_FALSE_MESSAGE(is_extendable(*parse_register(name)), name);
  }
}

TEST_CASE("what a provider calls a register") {
  const auto name_of = [](std::string_view provider, std::string_view name) {
    const auto reg = register_of_provider(provider, name);
    return reg ? to_string(*reg) : "none";
  };
  CHECK(name_of("tdx_guest", "rtmr0") == "rtmr0");
  CHECK(name_of("tdx_guest", "mrconfigid") == "mr:mrconfigid");
  CHECK(name_of("", "mrtd") == "mrtd");
  CHECK(name_of("tsm_mr_sample", "rtmr0") == "tsm_mr_sample/rtmr0");
  CHECK(name_of("tsm_mr_sample", "rtmr_crypto_agile") == "tsm_mr_sample/mr:rtmr_crypto_agile");
  CHECK(name_of("tdx_guest", "rtmr4") == "mr:rtmr4");
  for (const std::string_view wrong : {"", "a b", "x@rtmr0", "a/b", "a,b"}) {
    CHECK_MESSAGE(name_of("", wrong) == "none", wrong);
  }
}
