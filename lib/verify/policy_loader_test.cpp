#include "lib/verify/policy_fixture_test.hpp"

using namespace mrtool;
using namespace mrtool::policy_test;

namespace {

std::string problem(const std::string& text, MemoryHost host = {}) {
  const auto policy = load(text, std::move(host));
  return policy ? std::string("loaded") : to_string(policy.error());
}

const std::string kHead = "schema: mrtool.policy/1\n";
const std::string kHex(64, 'a');

}  // namespace

TEST_CASE("policy: a whole one is read") {
  MemoryHost host;
  host.files["dir/files.txt"] = kHex + "  /usr/bin/true\n";
  const auto policy = loaded(kHead + R"(registers:
  - {select: "sha256:0-7", allow: [")" +
                                 kHex + R"("], name: firmware, severity: warn}
rules:
  - name: secure boot is on
    select: {register: pcr7, bank: sha256, type: EV_EFI_VARIABLE_DRIVER_CONFIG, where: {name: SecureBoot}}
    phase: before-separator
    expect: all
    where: {enabled: true}
    severity: warn
  - name: files
    select: {content: ima}
    expect: only
    digests: {from: files.txt}
    known: ["sha1:0000000000000000000000000000000000000000"]
  - name: order
    select: {virtual: app}
    expect: ordered
    steps:
      - {select: {content: tsm}, where: {words: [a, b]}}
      - {digests: ["sha384:)" + std::string(96, 'b') +
                                 R"("]}
)",
                             host);
  REQUIRE(policy->references.size() == 1);
  CHECK(policy->references[0].name == "firmware");
  CHECK(policy->references[0].warn);
  CHECK(policy->references[0].select.items.size() == 8);
  REQUIRE(policy->rules.size() == 3);
  CHECK(policy->rules[0].phase == policy::Phase::before_separator);
  CHECK(policy->rules[0].warn);
  CHECK(policy->rules[0].select.readings.size() == 1);
  CHECK(policy->rules[1].expected.digests->size() == 1);
  CHECK(policy->rules[2].steps.size() == 2);
}

TEST_CASE("policy: JSON is YAML") {
  const auto policy =
      loaded(R"({"schema": "mrtool.policy/1", "registers": [{"select": "sha256:7", "allow": [")" + kHex + R"("]}]})");
  CHECK(policy->references.size() == 1);
}

TEST_CASE("policy: every mistake is told with its place") {
  struct Case {
    std::string text;
    std::string expected;
  };
  const std::string rule = "  - name: r\n    select: {register: pcr7}\n    expect: none\n";
  const std::vector<Case> cases{
      {"", "empty"},
      {"x", "line 1, column 1: this is no policy"},
      {"schema: mrtool.policy/2\nrules: []\n", "line 1, column 9: expected \"schema: mrtool.policy/1\""},
      {"rules: []\n", "line 1, column 1: expected \"schema: mrtool.policy/1\""},
      {kHead, "has neither registers nor rules"},
      {kHead + "rules: []\n", "has neither registers nor rules"},
      {kHead + "rule: []\n", "line 2, column 1: unknown key \"rule\" in the policy; did you mean rules?"},
      {kHead + "rules: {}\n", "line 2, column 8: expected a list of rules"},
      {kHead + "rules: [7]\n", "line 2, column 9: expected a rule: a map of name"},
      {rules(rule + "    exepct: all\n"), "line 6, column 5: unknown key \"exepct\" in a rule; did you mean expect?"},
      {rules(rule + "    expect: all\n"), "line 6, column 5: the key \"expect\" is here twice"},
      {rules(rule + "    severity: fatal\n"), "line 6, column 15: expected a severity (fail, warn), found \"fatal\""},
      {rules(rule + "    phase: before\n"),
       "line 6, column 12: expected a phase (any, before-separator, after-separator), found \"before\"; did you mean "
       "before-separator?"},
      {rules("  - name: r\n    select: {register: pcr7}\n    expect: al\n"),
       "line 5, column 13: expected an expectation"},
      {rules("  - select: {register: pcr7}\n    expect: none\n"), "line 3, column 5: a rule needs \"name\""},
      {rules("  - name: [r]\n    select: {register: pcr7}\n    expect: none\n"), "line 3, column 11: expected a name"},
      {rules("  - name: r\n    select: {registre: pcr7}\n    expect: none\n"),
       "line 4, column 14: unknown key \"registre\" in \"select\"; did you mean register?"},
      {rules("  - name: r\n    select: {register: pcr77}\n    expect: none\n"),
       "line 4, column 24: register selection"},
      {rules("  - name: r\n    select: {bank: sha257}\n    expect: none\n"),
       "line 4, column 20: \"sha257\" is no bank"},
      {rules("  - name: r\n    select: {type: EV_EFI_ACTON}\n    expect: none\n"),
       "line 4, column 20: no type of record is named \"EV_EFI_ACTON\"; did you mean EV_EFI_ACTION?"},
      {rules("  - name: r\n    select: {type: 'XX_*'}\n    expect: none\n"), "line 4, column 20: no type of record"},
      {rules("  - name: r\n    select: {content: imma}\n    expect: none\n"), "did you mean ima?"},
      {rules("  - name: r\n    select: {register: pcr7, virtual: x}\n    expect: none\n"),
       "line 4, column 39: \"virtual\""},
      {rules("  - name: r\n    select: {where: {name: x}}\n    expect: none\n"),
       "line 4, column 22: patterns on fields need a \"type\" or \"content\""},
      {rules(rule + "    where: {}\n"), "line 6, column 12: expected patterns"},
      {rules(rule + "    where: {measured: }\n"), "expected a pattern"},
      {rules(rule + "    where: {measured: []}\n"), "line 6, column 23: an empty list matches nothing"},
      {rules(rule + "    where: {measured: {eqals: x}}\n"), "line 6, column 24: unknown key \"eqals\""},
      {rules(rule + "    where: {measured: {equals: x, not: y}}\n"), "line 6, column 23: a pattern has one of"},
      {rules(rule + "    where: {measured: {min: -1}}\n"), "line 6, column 29: expected a whole number"},
      {rules(rule + "    where: {measured: {min: 3, max: 2}}\n"), "line 6, column 23: no number is"},
      {rules(rule + "    where: {measured: {equals: [x]}}\n"), "line 6, column 32: expected one text"},
      {rules(rule + "    where: {measured: {contains: []}}\n"), "line 6, column 34: an empty list says nothing"},
      {rules(rule + "    where: {measured..x: y}\n"), "line 6, column 13: expected the name of a field"},
      {rules(rule + "    digests: xyz\n"), "line 6, column 14: expected a list of digests"},
      {rules(rule + "    digests: [xyz]\n"), "line 6, column 15: \"xyz\" is no digest"},
      {rules(rule + "    digests: ['sha256:abcd']\n"), "line 6, column 15: a sha256 digest has 32 bytes, this one 2"},
      {rules(rule + "    digests: ['sha999:abcd']\n"), "line 6, column 15: \"sha999\" is no known hash algorithm"},
      {rules(rule + "    digests: [{alg: sha256}]\n"), "line 6, column 15: expected a digest"},
      {rules(rule + "    digests: {file: x}\n"), "line 6, column 15: unknown key \"file\""},
      {rules(rule + "    digests: {from: absent.txt}\n"), "line 6, column 21: dir/absent.txt: no such file"},
      {rules(rule + "    keys: [key.pem]\n"), "line 6, column 12: key.pem: "},
      {rules(rule + "    steps: [{where: {measured: x}}]\n"), "line 6, column 12: \"steps\" go with"},
      {rules("  - name: r\n    select: {register: pcr7}\n    expect: ordered\n"),
       "line 3, column 5: \"expect: ordered\""},
      {rules("  - name: r\n    select: {register: pcr0-7}\n    expect: ordered\n    steps: [{where: {measured: x}}]\n"),
       "line 4, column 13: \"expect: ordered\" needs exactly one register"},
      {rules("  - name: r\n    select: {register: pcr7}\n    expect: ordered\n    steps: [{}]\n"),
       "line 6, column 13: a step needs"},
      {rules("  - name: r\n    select: {register: pcr7}\n    expect: only\n"),
       "line 3, column 5: \"expect: only\" needs"},
      {rules("  - name: r\n    select: {type: EV_EFI_ACTION}\n    expect: all\n"),
       "no digest vouches for a record's type"},
      {kHead + "registers: [{select: pcr7}]\n", "line 2, column 13: a register's values need"},
      {kHead + "registers: [{select: 'sha256:7', allow: [abcd]}]\n",
       "line 2, column 42: a value of sha256 has 32 bytes, this one 2"},
      {kHead + "registers: [{select: 'sha256:7', allow: [xyz]}]\n", "line 2, column 42: expected a register's value"},
      {kHead + "registers: [{select: 'sha256:7', allow: []}]\n", "line 2, column 41: no value is allowed"},
      {"a: &x [1]\nb: *x\n", "line 2, column 4: aliases"},
      {"schema: mrtool.policy/1\n---\nx: y\n", "second document"},
      {"schema: !!str x\n", "line 1, column 9: tags"},
      {"? [a]\n: b\n", "column 3: a key must be a text"},
      {"a: [1\nb: 2\n", "line "},
      {"a: \xff\n", "UTF-8"},
      {std::string(40, '[') + std::string(40, ']'), "line 1, column 33: nested deeper than 32 levels"},
  };
  for (const Case& item : cases) {
    CAPTURE(item.text);
    MemoryHost host;
    host.files["dir/key.pem"] = "no key";
    const std::string found = problem(item.text, host);
    CAPTURE(found);
    CHECK(found.starts_with("dir/policy.yaml: "));
    CHECK(found.contains(item.expected));
  }
}

TEST_CASE("policy: nesting and aliases cost nothing") {
  CHECK(problem(std::string(1000000, '[')).contains("line 1, column 1: "));
  CHECK(problem(std::string(100000, '-') + " x").contains("dir/policy.yaml"));
  std::string nested;
  for (int i = 0; i < 100000; ++i) {
    nested += "- ";
  }
  CHECK(problem(nested).contains("nested deeper"));
}

TEST_CASE("policy: a file that is too large is refused") {
  CHECK(problem(std::string(16U << 20U, ' ') + " ").contains("dir/policy.yaml"));
}

TEST_CASE("policy: files of digests come in every usual form") {
  const std::string hex(64, 'b');
  for (const std::string& content :
       {hex + "  /usr/bin/true\n", "sha256:" + hex + " /usr/bin/true\n", "# comment\n\n  sha256:" + hex + "\r\n",
        "[\"sha256:" + hex + "\"]", "- sha256:" + hex + "\n", "[{\"alg\": \"sha-256\", \"value\": \"" + hex + "\"}]"}) {
    CAPTURE(content);
    const auto digests = policy::parse_digest_file(as_bytes(content));
    REQUIRE(digests.has_value());
    REQUIRE(digests->size() == 1);
    CHECK(digests->front().algorithm == HashAlgorithm::sha256);
    CHECK(digests->front().value.hex() == hex);
  }
  CHECK(policy::parse_digest_file(as_bytes("\n" + hex + "\nxyz\n")).error().message.starts_with("line 3: \"xyz\""));
  CHECK_FALSE(policy::parse_digest_file({}).has_value());
  const auto verity = policy::parse_digest("verity:sha256:" + hex);
  REQUIRE(verity.has_value());
  CHECK(verity->verity);
  CHECK_FALSE(policy::parse_digest("verity:" + hex).has_value());
  CHECK_FALSE(policy::parse_digest_file(as_bytes("sm3_256:" + hex.substr(2))).has_value());
}

TEST_CASE("reference values: lists of other shapes") {
  const std::string hex(64, 'c');
  for (const std::string& text :
       {"{\"sha256\": {\"pcr0\": \"" + hex + "\"}}", "{\"sha256\": {\"0\": [\"" + hex + "\", \"" + kHex + "\"]}}",
        "{\"schema\": \"mrtool.registers/1\", \"source\": \"x\", \"registers\": [{\"register\": \"pcr0\", \"bank\": "
        "\"sha256\", \"value\": \"" +
            hex + "\", \"extendable\": true}]}",
        "registers: [{register: pcr0, bank: sha256, allow: [" + hex + "]}]",
        "{\"measurements\": [{\"pcr\": 0, \"digests\": [{\"alg\": \"sha-256\", \"value\": \"" + hex + "\"}]}]}",
        "{\"measurements\": [{\"register\": \"pcr0\", \"digests\": [\"sha256:" + hex + "\"]}]}"}) {
    CAPTURE(text);
    const auto policy = loaded(text);
    REQUIRE(policy->references.size() == 1);
    CHECK(to_string(policy->references[0].select) == "sha256:0");
    CHECK(to_hex(policy->references[0].allow[0]) == hex);
  }
  const auto indexed = loaded("{\"measurements\": [{\"mrIndex\": 1, \"digests\": [{\"alg\": \"sha384\", \"value\": \"" +
                              std::string(96, 'd') + "\"}]}]}");
  CHECK(indexed->references[0].select.items[0].reg == reg_of("rtmr0"));
}

TEST_CASE("reference values: what is wrong with a list is told with its place") {
  const std::string hex(64, 'c');
  const std::vector<std::pair<std::string, std::string>> cases{
      {"{\"sha256\": {\"pcr99\": \"" + hex + "\"}}", "\"pcr99\" is no register"},
      {"{\"sha256\": {\"pcr9\": \"ab\"}}", "line 1, column 21: expected a value of 32 bytes"},
      {"{\"sha256\": {\"pcr9\": []}}", "no value is allowed"},
      {"{\"sha256\": 7}", "expected a map of registers"},
      {"{\"registers\": []}", "it holds no reference value"},
      {"{\"registers\": [{\"register\": \"pcr0\"}]}", "expected a register with"},
      {"{\"schema\": \"mrtool.inspect/1\", \"registers\": []}", "found \"mrtool.inspect/1\""},
      {"{\"schema\": \"mrtool.replay/1\", \"registers\": [{\"register\": \"pcr0\", \"bank\": \"sha256\", \"value\": "
       "\"" +
           hex + "\", \"complete\": false}]}",
       "not complete"},
      {"{\"logs\": [{\"partial\": true}], \"registers\": [{\"register\": \"pcr0\", \"bank\": \"sha256\", \"value\": "
       "\"" +
           hex + "\"}]}",
       "damaged log"},
      {"{\"measurements\": [{\"mrIndex\": 9, \"digests\": []}]}", "no register has this mrIndex"},
      {"{\"measurements\": [{\"digests\": []}]}", "expected a measurement with"},
      {"{\"measurements\": [{\"pcr\": 0}]}", "expected \"digests\""},
      {"{\"measurements\": [{\"pcr\": 0, \"digests\": []}]}", "no value is allowed"},
  };
  for (const auto& [text, expected] : cases) {
    CAPTURE(text);
    CAPTURE(problem(text));
    CHECK(problem(text).contains(expected));
    CHECK(problem(text).contains("line 1, column "));
  }
}
