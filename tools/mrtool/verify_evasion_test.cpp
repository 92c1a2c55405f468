// Logs that are made to pass and must not: each was believed once, or is next to one that was.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "lib/base/byte_writer.hpp"
#include "lib/crypto/hash.hpp"
#include "tools/mrtool/layered_case_test.hpp"

namespace mrtool::testing {
namespace {

constexpr std::string_view kZeros = "0000000000000000000000000000000000000000000000000000000000000000";

Digest sha256(ByteView bytes) {
  return HashEngine().hash(HashAlgorithm::sha256, bytes);
}

// RTMR 3 in a bank of SHA-256, over logs that are put together by hand, and its value as a trusted one.
struct Evasion {
  Scratch files;
  Digest value = Digest::filled(32, 0);
  std::vector<std::string> more;  // further words of the command line

  void extend(std::string_view measured) {
    HashEngine().extend(HashAlgorithm::sha256, value, sha256(as_bytes(measured)).view());
  }
  std::string path(const std::string& name) const { return (files / name).string(); }

  // As many lines as there are, each extended.
  std::string text_log(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) {
      extend(line);
      text += line + "\n";
    }
    write_text(files / "text.log", text);
    return "tsm:rtmr3=" + path("text.log");
  }

  Finished verify(std::vector<std::string> words) const {
    words.insert(words.begin(), "verify");
    words.insert(words.end(), {"--trust-registers", "--against", "sha256:rtmr3=" + value.hex()});
    words.insert(words.end(), more.begin(), more.end());
    return mrtool(words);
  }

  void use_policy(const std::string& rule) {
    write_text(files / "policy.yaml", "schema: mrtool.policy/1\nrules:\n  - name: rule\n" + rule);
    more.insert(more.end(), {"--policy", path("policy.yaml")});
  }
};

// A log in CEL-JSON; records without a digest are not measured.
class CelLog {
 public:
  CelLog& add(const std::string& type, const std::string& line, bool measured = true, int pcr = 7) {
    auto digests = nlohmann::json::array();
    if (measured) {
      digests.push_back({{"hashAlg", "sha256"}, {"digest", sha256(as_bytes(line)).hex()}});
    }
    records_.push_back({{"recnum", records_.size()},
                        {"pcr", pcr},
                        {"digests", digests},
                        {"content_type", type},
                        {"content", {{"event", line}}}});
    return *this;
  }
  std::string write(const Evasion& in) const {
    write_text(in.files / "log.json", records_.dump());
    return "cel-json:" + in.path("log.json");
  }

 private:
  nlohmann::json records_ = nlohmann::json::array();
};

Finished verify_pcr7(const std::string& log, const Digest& value) {
  return mrtool({"verify", log, "--trust-registers", "--against", "sha256:7=" + value.hex()});
}

std::string ima_line(const ImaTestEntry& entry) {
  return "ima ima-ng " + to_hex(entry.data());
}
std::string virtual_extend(const ImaTestEntry& entry) {
  return "mr_ima extend sha256/" + entry.extended_as(HashAlgorithm::sha256).hex();
}

const std::string kSync = "SYNC sha256/" + std::string(kZeros);
const ImaTestEntry kBootAggregate{.name = "boot_aggregate", .file_digest = Bytes(32)};
const ImaTestEntry kProgram{.name = "/usr/bin/program"};
constexpr const char* kKnownFiles =
    "    select: {content: ima}\n"
    "    expect: only\n"
    "    digests: [\"sha256:3333333333333333333333333333333333333333333333333333333333333333\"]\n";

TEST_CASE("a value that is stated behind the last record explains nothing") {
  const Evasion made;
  const Digest truth = sha256(as_bytes(std::string_view("the truth")));
  CelLog log;
  log.add("linux_tsm", kSync).add("linux_tsm", "a record that never was");
  log.add("linux_tsm", "SYNC sha256/" + truth.hex(), false);
  const Finished finished = verify_pcr7(log.write(made), truth);
  CAPTURE(finished.out);
  CHECK(finished.status == 6);
}

TEST_CASE("a start that two records claim is claimed still") {
  Evasion made;
  const Digest claimed = sha256(as_bytes(std::string_view("what nothing explains")));
  const std::string sync = "SYNC sha256/" + claimed.hex();
  made.value = claimed;
  made.extend(sync);
  made.extend("a later record");
  CelLog log;
  log.add("coco_aael", "INIT sha256/" + claimed.hex(), false).add("linux_tsm", sync).add("linux_tsm", "a later record");
  const Finished finished = verify_pcr7(log.write(made), made.value);
  CAPTURE(finished.out);
  CHECK(finished.status == 6);
}

TEST_CASE("a log without records is compared with nothing") {
  Evasion made;
  const std::string carrier = made.text_log({kSync, virtual_extend(kProgram)});
  write_text(made.files / "empty", "");
  write_text(made.files / "comment", "# nothing\n");
  CHECK(made.verify({carrier, "ima:mr:mr_ima=" + made.path("empty")}).status == 6);
  CHECK(made.verify({carrier, "tsm:mr:mr_ima=" + made.path("comment")}).status == 6);
  // A register that has changed and is said to have this log; one of which no value is known; one that is untouched.
  const std::string other = "tsm:rtmr2=" + made.path("empty");
  CHECK(made.verify({carrier, other, "--against", "sha256:rtmr2=" + std::string(64, '1')}).status == 1);
  CHECK(made.verify({carrier, other}).status == 6);
  CHECK(made.verify({carrier, other, "--against", "sha256:rtmr2=" + std::string(kZeros)}).status == 0);
}

TEST_CASE("records that may not have happened extend no register inside") {
  Evasion made;
  made.text_log({kSync, "what really happened"});
  std::string text = "# mrtool/1 log sha256\n" + read_text(made.files / "text.log");
  Bytes list;
  for (const ImaTestEntry& entry : {kBootAggregate, kProgram}) {
    const std::string line = virtual_extend(entry);
    text += "# mrtool/1 record linux_tsm flags=extends,tentative data=" + to_hex(as_bytes(line)) + "\n# .EXTEND " +
            sha256(as_bytes(line)).hex() + "\n";
    const Bytes bytes = entry.entry();
    list.insert(list.end(), bytes.begin(), bytes.end());
  }
  write_text(made.files / "text.log", text);
  write_text(made.files / "list", std::string(as_text(list)));
  const Finished finished = made.verify({"tsm:rtmr3=" + made.path("text.log"), "ima:mr:mr_ima=" + made.path("list")});
  CAPTURE(finished.out);
  CHECK(finished.status == 3);
}

TEST_CASE("entries of IMA in lines start with a boot_aggregate too") {
  Evasion made;
  const Finished finished = made.verify({made.text_log({kSync, "first", ima_line(kProgram)})});
  CAPTURE(finished.out);
  CHECK(finished.status == 6);
}

TEST_CASE("a violation is one whatever its record is called") {
  Evasion made;
  const std::string ones(64, 'f');
  made.text_log({kSync});
  HashEngine().extend(HashAlgorithm::sha256, made.value, Digest::filled(32, 0xFF).view());
  write_text(made.files / "text.log", kSync + "\n# .EXTEND " + ones + "\n");
  const Finished direct = made.verify({"tsm:rtmr3=" + made.path("text.log")});
  CAPTURE(direct.out);
  CHECK(direct.status == 1);
  CHECK(made.verify({"tsm:rtmr3=" + made.path("text.log"), "--tolerate", "ima-violations"}).status == 0);
  write_text(made.files / "text.log",
             "# mrtool/1 log sha256\n" + kSync +
                 "\n# mrtool/1 record ima_template flags=extends name=" + to_hex(as_bytes(std::string_view("ima-ng"))) +
                 " data=" + to_hex(kBootAggregate.data()) + "\n# .EXTEND " + ones + "\n");
  const Finished carried = made.verify({"tsm:rtmr3=" + made.path("text.log")});
  CAPTURE(carried.out);
  CHECK(carried.status == 1);
}

TEST_CASE("rules about IMA see entries in lines, whatever the lines are called") {
  Evasion made;
  made.use_policy(kKnownFiles);
  const std::vector<std::string> lines = {kSync, ima_line(kBootAggregate), ima_line(kProgram)};
  const Finished plain = made.verify({made.text_log(lines)});
  CAPTURE(plain.out);
  CHECK(plain.status == 1);
  CHECK(plain.out.contains("record 1 of rtmr3 (sha256) is not as expected"));
  // The same as anonymous content of an application.
  Evasion renamed;
  renamed.use_policy(kKnownFiles);
  CelLog log;
  for (const std::string& line : lines) {
    renamed.extend(line);
    log.add("coco_aael", line);
  }
  const Finished finished = mrtool({"verify", log.write(renamed), "--trust-registers", "--policy",
                                    renamed.path("policy.yaml"), "--against", "sha256:7=" + renamed.value.hex()});
  CAPTURE(finished.out);
  CHECK(finished.status == 1);
  // Known files pass.
  Evasion known;
  known.use_policy("    select: {content: ima}\n    expect: only\n    digests: [\"sha256:" + std::string(64, '1') +
                   "\", \"sha256:" + std::string(kZeros) + "\"]\n");
  const Finished good = known.verify({known.text_log(lines)});
  CAPTURE(good.out);
  CHECK(good.status == 0);
}

TEST_CASE("a rule on any register knows of those that changed without a log") {
  Evasion made;
  made.use_policy(kKnownFiles);
  // Inside another one.
  const std::string carrier = made.text_log({kSync, virtual_extend(kProgram)});
  const Finished carried = made.verify({carrier});
  CAPTURE(carried.out);
  CHECK(carried.status == 6);
  // Beside the ones that logs were given of, in a bank of the logs or not.
  Evasion beside;
  beside.use_policy(kKnownFiles);
  const std::string log = beside.text_log({kSync, "a record"});
  CHECK(beside.verify({log}).status == 0);
  CHECK(beside.verify({log, "--against", "sha256:rtmr2=" + std::string(64, '1')}).status == 6);
  CHECK(beside.verify({log, "--against", "sha384:rtmr2=" + std::string(96, '1')}).status == 6);
  CHECK(beside.verify({log, "--against", "sha384:mrtd=" + std::string(96, '1')}).status == 0);
}

TEST_CASE("a register that has changed in a bank without a log is not untouched") {
  Evasion made;
  made.use_policy("    select: {register: rtmr2, content: tsm}\n    expect: none\n    where: {words: [evil, \"*\"]}\n");
  const std::string log = made.text_log({kSync, "a record"});
  write_text(made.files / "values.json", R"({"sha384": {"rtmr2": ")" + std::string(96, '1') +
                                             R"("}, "sha256": {"rtmr2": ")" + std::string(64, '1') + R"("}})");
  const Finished finished = made.verify({log, "--against", made.path("values.json")});
  CAPTURE(finished.out);
  CHECK(finished.status == 6);
}

TEST_CASE("a static register that is extended all the same is not passed over") {
  Evasion made;
  const std::string log = made.text_log(
      {kSync, "kernel.org/tsm/static_mr mr_ima sha256/" + std::string(64, '1'), virtual_extend(kProgram)});
  const Finished finished = made.verify({log});
  CAPTURE(finished.out);
  CHECK(finished.status == 6);
}

TEST_CASE("registers that do not exist vouch for nothing") {
  Evasion made;
  made.extend("a record");
  CelLog log;
  log.add("linux_tsm", "a record").add("linux_tsm", "another", true, 200);
  const Finished finished = verify_pcr7(log.write(made), made.value);
  CAPTURE(finished.out);
  CHECK(finished.status == 6);
}

}  // namespace
}  // namespace mrtool::testing
