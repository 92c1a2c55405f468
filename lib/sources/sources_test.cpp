#include "lib/sources/sources.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "lib/base/test_files.hpp"
#include "lib/sources/source_test.hpp"

using namespace mrtool;
using namespace mrtool::testing;

TEST_CASE("direct values: several, with and without 0x, either case, aliases of banks") {
  const auto values =
      load("sha256:7=" + kA32 + ",sha384:rtmr2=0x" + kB48 + ",SHA-1:pcr0=" + digits('C', 20) + ",sm3:1=" + kA32);
  REQUIRE(values);
  CHECK(values->kind == "direct");
  CHECK(values->authenticated == Authenticated::none);
  CHECK(values->values.size() == 4);
  CHECK(value_of(*values, "pcr7", HashAlgorithm::sha256) == kA32);
  CHECK(value_of(*values, "rtmr2", HashAlgorithm::sha384) == kB48);
  CHECK(value_of(*values, "pcr0", HashAlgorithm::sha1) == kC20);
  CHECK(value_of(*values, "pcr1", HashAlgorithm::sm3_256) == kA32);
}

TEST_CASE("a direct value that is wrong is a usage error that says what is expected") {
  CHECK(error_of(load("sha256:7=aabb")).message.contains("64 hexadecimal digits"));
  CHECK(error_of(load("sha256:24=" + kA32)).message.contains("expected a register"));
  CHECK(error_of(load("sha256:7=" + digits('g', 32))).message.contains("not hexadecimal"));
  CHECK(error_of(load("pcr7=" + kA32)).message.contains("BANK:REGISTER=HEX"));
  CHECK(error_of(load("sha265:7=" + kA32)).message.contains("expected a bank"));
  for (const std::string& spec : {std::string("sha256:7="), "sha256:7=" + kA32 + ",", "sha256:7=" + kA32 + ",8=" + kA32,
                                  std::string("sha256:=00"), "0x1234:7=" + kA32,
                                  "sha256:7=" + kA32 + ",sha256:7=" + digits('b', 32), "sha256:index:41=" + kA32}) {
    CHECK_MESSAGE(error_of(load(spec)).kind == ErrorKind::usage, spec);
  }
}

TEST_CASE("the same direct value twice is one value") {
  const auto values = load("sha256:7=" + kA32 + ",sha256:pcr7=" + kA32);
  REQUIRE(values);
  CHECK(values->values.size() == 1);
}

TEST_CASE("a missing file is an io error, an existing one with '=' in its name is a file") {
  CHECK(error_of(load("/nonexistent/registers")).kind == ErrorKind::io);
  CHECK(error_of(load("./sha256:7=00")).kind == ErrorKind::io);
  const TemporaryDirectory directory;
  CHECK(load(directory.write("a:b=c", "sha1:\n 0 : " + kC20 + "\n")));
}

TEST_CASE("sysfs: the bank's directory, or the one that holds all banks") {
  const TemporaryDirectory directory;
  directory.write("tpm0/pcr-sha256/7", digits('A', 32) + "\n");
  directory.write("tpm0/pcr-sha256/10", kA32);
  directory.write("tpm0/pcr-sha1/0", kC20 + "\n");
  directory.write("tpm0/tpm_version_major", "2\n");
  const auto all = load(directory / "tpm0");
  REQUIRE(all);
  CHECK(all->kind == "sysfs");
  CHECK(all->source == directory / "tpm0");
  CHECK(all->values.size() == 3);
  const auto one = load(directory / "tpm0/pcr-sha256/");
  REQUIRE(one);
  CHECK(one->values.size() == 2);
  CHECK(value_of(*one, "pcr7", HashAlgorithm::sha256) == kA32);
}

TEST_CASE("sysfs: a register file that is wrong names the file") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("pcr-sha256/7", kC20 + "\n");
  CHECK(error_of(load(directory.path())).kind == ErrorKind::malformed);
  CHECK(error_of(load(directory.path())).file == file);
  const TemporaryDirectory beyond;
  beyond.write("pcr-sha256/24", kA32);
  CHECK(error_of(load(beyond.path())).kind == ErrorKind::malformed);
  const TemporaryDirectory unknown;
  unknown.write("pcr-md5/7", digits('0', 16));
  CHECK(error_of(load(unknown.path())).message.contains("expected a bank"));
}

TEST_CASE("a directory without register files is not a source") {
  const TemporaryDirectory directory;
  directory.write("readme", "hello");
  CHECK(error_of(load(directory.path())).kind == ErrorKind::malformed);
}

TEST_CASE("a TPM 1.2 pcrs file, by itself and in its directory") {
  std::string line = "PCR-07:";
  for (int i = 0; i < 20; ++i) {
    line += " CC";
  }
  const auto values = load_text(line + " \n");
  REQUIRE(values);
  CHECK(values->kind == "sysfs");
  CHECK(value_of(*values, "pcr7", HashAlgorithm::sha1) == kC20);
  const TemporaryDirectory directory;
  directory.write("pcrs", line + "\n");
  CHECK(load(directory.path()));
  CHECK(error_of(load_text(line + "\nPCR-8: 00\n")).message.contains("line 2"));
  CHECK(error_of(load_text("PCR-24: 00\n")).kind == ErrorKind::malformed);
  CHECK(error_of(load_text("PCR-00: 00 11\n")).message.contains("40 hexadecimal digits"));
}

TEST_CASE("tpm2_pcrread text of every tpm2-tools generation") {
  for (const std::string& text : {
           "  sha1:\n    0 : 0x" + digits('C', 20) + "\n    10: 0x" + kC20 + "\n  sha256:\n    7 : 0x" + kA32 + "\n",
           "sha1 :\n  0  : " + kC20 + "\n  10 : " + kC20 + "\nsha256 :\n  7  : " + kA32 + "\n",
           "pcrs:\n  sha1:\n    0  : 0x" + kC20 + "\n    10 : 0x" + kC20 + "\n  sha256:\n    7  : 0x" + kA32,
           "---\r\nsha1:\r\n  0: " + kC20 + "\r\n  10: " + kC20 + "\r\nsha384:\r\nsha256:\r\n\r\n  7: " + kA32 + "\r\n",
       }) {
    const auto values = load_text(text);
    REQUIRE_MESSAGE(values, text);
    CHECK(values->kind == "tpm2_pcrread");
    CHECK(values->values.size() == 3);
    CHECK(value_of(*values, "pcr10", HashAlgorithm::sha1) == kC20);
    CHECK(value_of(*values, "pcr7", HashAlgorithm::sha256) == kA32);
  }
}

TEST_CASE("tpm2_pcrread's shape takes registers that are no PCRs by name") {
  const auto values = load_text("  sha384:\n    rtmr0: 0x" + kB48 + "\n    mr:a:b: 0x" + kB48 + "\n");
  REQUIRE(values);
  CHECK(value_of(*values, "rtmr0", HashAlgorithm::sha384) == kB48);
  CHECK(value_of(*values, "mr:a:b", HashAlgorithm::sha384) == kB48);
}

TEST_CASE("the pcrs block of tpm2_eventlog is its last one; text of an event that looks like one is none") {
  const auto values = load_text("---\nversion: 1\nevents:\n- EventNum: 0\n  Event: |-\npcrs:\n  sha1:\n    0 : 0x" +
                                digits('d', 20) + "\npcrs:\n  sha1:\n    0  : 0x" + kC20 + "\n");
  REQUIRE(values);
  CHECK(value_of(*values, "pcr0", HashAlgorithm::sha1) == kC20);
}

TEST_CASE("what tpm2_quote prints") {
  const auto values = load_text("quoted: ff54\nsignature:\n  alg: ecdsa\n  sig: 30\npcrs:\n  sha1:\n    10: 0x" + kC20 +
                                "\ncalcDigest: 00\n");
  REQUIRE(values);
  CHECK(values->values.size() == 1);
  CHECK(error_of(load_text("quoted: ff54\nsignature:\n  alg: ecdsa\n")).kind == ErrorKind::malformed);
}

TEST_CASE("a wrong line of tpm2_pcrread text is named") {
  CHECK(error_of(load_text("sha1:\n  0 : " + kC20 + "\n  1 : " + kA32 + "\n")).message.contains("line 3"));
  CHECK(
      error_of(load_text("sha1:\n  0 : " + kC20 + "\n  0 : " + digits('d', 20) + "\n")).message.contains("different"));
  CHECK(error_of(load_text("sha1:\n  zero\n")).message.contains("line 2"));
  CHECK(error_of(load_text("pcrs:\n  0 : " + kC20 + "\n")).message.contains("line 2"));
  CHECK(error_of(load_text("sha1:\n  24 : " + kC20 + "\n")).kind == ErrorKind::malformed);
  CHECK(error_of(load_text("sha1:\nsha256:\n")).message.contains("no register value"));
}

TEST_CASE("JSON of ours and the plain shape") {
  const auto registers = load_text(R"({"registers":[{"register":"rtmr2","bank":"sha384","value":")" + kB48 +
                                   R"(","extendable":true}],"source":"x","schema":"mrtool.registers/1"})");
  REQUIRE(registers);
  CHECK(registers->kind == "mrtool.registers");
  CHECK(value_of(*registers, "rtmr2", HashAlgorithm::sha384) == kB48);

  const auto replay = load_text(
      R"({"schema":"mrtool.replay/1","logs":[{"path":"a"}],"registers":[{"register":"pcr7","bank":"sha256","value":")" +
      kA32 + R"(","records":3,"against":[{"source":"s","value":"00","register":"pcr8"}]}],"verdict":"computed"})");
  REQUIRE(replay);
  CHECK(replay->kind == "mrtool.replay");
  CHECK(replay->values.size() == 1);
  CHECK(value_of(*replay, "pcr7", HashAlgorithm::sha256) == kA32);

  const auto plain =
      load_text("\n{\"sha1\": {\"0\": \"" + kC20 + "\", \"pcr1\": \"0x" + kC20 + "\"}, \"sha256\": {}}\n");
  REQUIRE(plain);
  CHECK(plain->kind == "json");
  CHECK(plain->values.size() == 2);
}

TEST_CASE("JSON that is wrong fails as malformed") {
  CHECK(error_of(load_text("{\"sha1\": {")).offset.has_value());
  CHECK(error_of(load_text(R"({"schema":"mrtool.inspect/1","registers":[]})")).message.contains("expected the schema"));
  CHECK(error_of(load_text(R"({"schema":"mrtool.replay/2","registers":[]})")).message.contains("expected the schema"));
  CHECK(error_of(load_text("{}")).message.contains("no register value"));
  CHECK(error_of(load_text(R"({"sha1":{"0":"aa"}})")).message.contains("40 hexadecimal digits"));
  CHECK(error_of(load_text(R"({"schema":"mrtool.registers/1","registers":[{"bank":"sha1"}]})"))
            .message.contains("registers[0]"));
  CHECK(error_of(load_text("{\"sha1\": {\"0\": \"" + kC20 + "\", \"0\": \"" + digits('d', 20) + "\"}}"))
            .message.contains("different"));
}

TEST_CASE("JSON nested without end is refused, not followed") {
  std::string deep = "{\"a\":";
  deep.append(1'000'000, '[');
  CHECK(error_of(load_text(deep)).message.contains("nested"));
}

TEST_CASE("other files are told apart") {
  CHECK(error_of(load_text("")).message.contains("empty"));
  CHECK(error_of(load_text(" \n\n")).message.contains("empty"));
  CHECK(error_of(load_text(kA32 + "\n")).message.contains("without its register"));
  CHECK(error_of(load_text("hello: world\n")).kind == ErrorKind::malformed);
  CHECK(error_of(load_text(std::string(1000, '\0'))).kind == ErrorKind::malformed);
}

TEST_CASE("cutting a source anywhere never crashes and never invents a value") {
  const std::string text = "pcrs:\n  sha1:\n    0 : 0x" + kC20 + "\n    1 : 0x" + kC20 + "\n";
  const std::string json = "{\"sha1\": {\"0\": \"" + kC20 + "\"}}";
  for (const std::string& whole : {text, json}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const auto values = load_text(std::string_view(whole).substr(0, size));
      for (const auto& [reg, value] : values ? values->values : std::map<RegisterKey, Digest>()) {
        CHECK(value.hex() == kC20);
      }
    }
  }
}

TEST_CASE("captured virtual machines: sysfs, tpm2_pcrread and JSON say the same") {
  if (!testing::has_corpus("vm")) {
    return;
  }
  int compared = 0;
  for (const auto& machine : std::filesystem::directory_iterator(testing::kCorpus / "vm")) {
    if (!std::filesystem::exists(machine.path() / "sysfs")) {
      continue;
    }
    const auto sysfs = load(machine.path() / "sysfs");
    REQUIRE_MESSAGE(sysfs, machine.path());
    CHECK(sysfs->values.size() >= 24);
    for (const std::string_view name : {"pcrs.json", "tpm2_pcrread.yaml"}) {
      if (!std::filesystem::exists(machine.path() / name)) {
        continue;
      }
      const auto other = load(machine.path() / name);
      REQUIRE_MESSAGE(other, machine.path());
      CHECK_MESSAGE(other->values == sysfs->values, machine.path());
      ++compared;
    }
  }
  CHECK(compared >= 10);
}
