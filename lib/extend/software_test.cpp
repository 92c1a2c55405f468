// Software registers.
#include <doctest/doctest.h>

#include "lib/extend/backends.hpp"
#include "lib/extend/test_keeper.hpp"
#include "lib/sources/kinds.hpp"

using namespace mrtool;
using namespace mrtool::extend;
using namespace mrtool::extend::testing;

namespace {

Result<RegisterValues> load(const std::string& path) {
  return sources::parse_json(read_text(path));
}

OpenedTarget open_in(const Scratch& scratch, std::string_view reg, Host& host) {
  std::vector<std::string> looked_for;
  return open_software(reg_of(reg), {.backend = "software:" + (scratch / "regs.json"), .tcti = {}}, host, looked_for);
}

}  // namespace

TEST_CASE("only when it is named, and never a register that is measured once") {
  const Scratch scratch;
  const auto host = make_host("");
  std::vector<std::string> looked_for;
  const auto unnamed = open_software(reg_of("rtmr3"), {}, *host, looked_for);
  REQUIRE(unnamed);
  CHECK(*unnamed == nullptr);
  for (const std::string name : {"mrtd", "rim", "nv:0x01c40200"}) {
    const auto target = open_in(scratch, name, *host);
    REQUIRE_FALSE(target);
    CHECK(target.error().kind == ErrorKind::unsupported);
  }
  const auto no_file = open_software(reg_of("rtmr3"), {.backend = "software:", .tcti = {}}, *host, looked_for);
  REQUIRE_FALSE(no_file);
  CHECK(no_file.error().kind == ErrorKind::usage);
}

TEST_CASE("a new register starts at zeros in its platform's bank; the file reads as a source of register values") {
  const Scratch scratch;
  const auto host = make_host("");
  for (const auto& [name, bank] :
       {std::pair{"rtmr3", HashAlgorithm::sha384}, std::pair{"pcr11", HashAlgorithm::sha256},
        std::pair{"rem3", HashAlgorithm::sha256}, std::pair{"mr:own", HashAlgorithm::sha384}}) {
    CAPTURE(name);
    const auto target = open_in(scratch, name, *host);
    REQUIRE(target);
    REQUIRE((*target)->banks().size() == 1);
    CHECK((*target)->banks()[0] == bank);
    Digest value = Digest::filled(find_algorithm(bank)->size, 0);
    CHECK((*target)->read().value()[0].digest == value);
    const auto digests = digests_of(as_bytes("event"), (*target)->banks());
    REQUIRE((*target)->extend(digests));
    HashEngine().extend(bank, value, digests[0].digest.view());
    CHECK((*target)->read().value()[0].digest == value);
    const auto values = load(scratch / "regs.json");
    REQUIRE(values);
    CHECK(values->kind == "mrtool.registers");
    CHECK(values->values.at({.reg = reg_of(name), .bank = bank}) == value);
  }
}

TEST_CASE("the banks are those that the file has for the register, and its other values stay") {
  const Scratch scratch;
  const auto host = make_host("");
  const std::string other(64, 'a');
  write_text(scratch / "regs.json",
             R"({"schema":"mrtool.registers/1","registers":[{"register":"pcr7","bank":"sha1","value":")" +
                 std::string(40, '1') + R"("},{"register":"pcr7","bank":"sha256","value":")" + std::string(64, '2') +
                 R"("},{"register":"pcr8","bank":"sha256","value":")" + other + R"("}]})");
  const auto target = open_in(scratch, "pcr7", *host);
  REQUIRE(target);
  REQUIRE((*target)->banks().size() == 2);
  CHECK((*target)->read().value()[0].digest.hex() == std::string(40, '1'));
  REQUIRE((*target)->extend(digests_of(as_bytes("x"), (*target)->banks())));
  const auto values = load(scratch / "regs.json");
  REQUIRE(values);
  CHECK(values->values.size() == 3);
  CHECK(values->values.at({.reg = reg_of("pcr8"), .bank = HashAlgorithm::sha256}).hex() == other);
}

TEST_CASE("a damaged file is refused, with its name") {
  const Scratch scratch;
  const auto host = make_host("");
  write_text(scratch / "regs.json", "{");
  const auto target = open_in(scratch, "rtmr3", *host);
  REQUIRE_FALSE(target);
  CHECK(target.error().kind == ErrorKind::malformed);
  CHECK(target.error().file == scratch / "regs.json");
}
