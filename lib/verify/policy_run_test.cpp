#include "lib/verify/policy_fixture_test.hpp"

using namespace mrtool;
using namespace mrtool::policy_test;

namespace {

const std::string kSecureBoot = R"(
  - name: secure boot is on
    select: {register: pcr7, type: EV_EFI_VARIABLE_DRIVER_CONFIG, where: {name: SecureBoot}}
    phase: before-separator
    expect: all
    where: {enabled: true}
)";

std::string in_any_phase(std::string rule) {
  const std::string line = "    phase: before-separator\n";
  return rule.erase(rule.find(line), line.size());
}

Records boot(bool on) {
  Records log;
  log.event("pcr7", kDriverConfig, secure_boot(on)).separator("pcr7");
  return log;
}

std::string digest_of(std::string_view text, HashAlgorithm bank = kSha256) {
  return "\"" + to_string(bank) + ":" + hashed(bank, text).hex() + "\"";
}

}  // namespace

// --- all ---

TEST_CASE("all: the record is there and as expected, or not") {
  CHECK(verdict(kSecureBoot, boot(true)) == Verdict::pass);
  CHECK(verdict(kSecureBoot, boot(false)) == Verdict::fail);
}

TEST_CASE("all: needs a record") {
  Records log;
  log.event("pcr7", kDriverConfig, variable("SetupMode", {0})).separator("pcr7");
  CHECK(verdict(kSecureBoot, log) == Verdict::fail);
}

TEST_CASE("all: one of several that is not as expected breaks it") {
  Records log;
  log.event("pcr7", kDriverConfig, secure_boot(true))
      .event("pcr7", kDriverConfig, secure_boot(false))
      .separator("pcr7");
  CHECK(verdict(kSecureBoot, log) == Verdict::fail);
}

TEST_CASE("all: the record that breaks it is told, with its place") {
  const auto outcome = appraise(loaded(rules(kSecureBoot)), boot(false));
  REQUIRE(outcome.findings.size() == 2);
  CHECK(outcome.findings[0].code == "policy-unmet");
  CHECK(outcome.findings[0].effect == Verdict::fail);
  CHECK(outcome.findings[0].reg == reg_of("pcr7"));
  CHECK(outcome.findings[1].code == "policy-record");
  CHECK(outcome.findings[1].effect == Verdict::pass);
  CHECK(outcome.findings[1].record == 0);
}

// --- evasions ---

TEST_CASE("evasion: a record in another register does not count") {
  Records log;
  log.event("pcr7", kDriverConfig, variable("SetupMode", {0})).separator("pcr7");
  log.event("pcr5", kDriverConfig, secure_boot(true)).separator("pcr5");
  CHECK(verdict(kSecureBoot, log) == Verdict::fail);
}

TEST_CASE("evasion: a later record cannot satisfy a boot-phase rule") {
  Records log;
  log.separator("pcr7").event("pcr7", kDriverConfig, secure_boot(true));
  CHECK(verdict(kSecureBoot, log) == Verdict::fail);
  CHECK(verdict(in_any_phase(kSecureBoot), log) == Verdict::pass);
}

TEST_CASE("evasion: a separator counts by its digest, whatever the log calls it") {
  Records log;
  log.separator("pcr7").event("pcr7", kDriverConfig, secure_boot(true)).separator("pcr7");
  log.records[0].type = kAction;
  CHECK(verdict(kSecureBoot, log) == Verdict::fail);
  log.records[0].type = kApplication;
  CHECK(verdict(kSecureBoot, log) == Verdict::fail);
}

TEST_CASE("evasion: what is only called a separator ends no phase") {
  Records log;
  log.event("pcr7", kDriverConfig, secure_boot(true));
  log.record("pcr7", kSeparator, Bytes(4, 0), text_bytes("something else"));
  CHECK(verdict(kSecureBoot, log) == Verdict::inconclusive);
}

TEST_CASE("evasion: without a separator nothing says that the machine was still booting") {
  Records log;
  log.event("pcr7", kDriverConfig, secure_boot(true));
  CHECK(verdict(kSecureBoot, log) == Verdict::inconclusive);
  log.separator("pcr7");
  CHECK(verdict(kSecureBoot, log) == Verdict::pass);
  Vouching bound;
  bound.counts[{reg_of("pcr7"), kSha256}] = 1;  // of the two, the separator is not vouched for
  CHECK(verdict(kSecureBoot, log, bound) == Verdict::inconclusive);
}

TEST_CASE("evasion: an error separator is no good end of a boot") {
  Records log;
  log.event("pcr7", kDriverConfig, secure_boot(true)).event("pcr7", kSeparator, {1, 0, 0, 0}).separator("pcr7");
  CHECK(verdict(kSecureBoot, log) == Verdict::inconclusive);
}

TEST_CASE("evasion: a bad record between two separators still breaks a boot-phase rule") {
  Records log;
  log.event("pcr7", kDriverConfig, secure_boot(true)).separator("pcr7");
  log.event("pcr7", kDriverConfig, secure_boot(false));
  CHECK(verdict(kSecureBoot, log) == Verdict::pass);  // the system is up and does what it likes
  log.separator("pcr7");
  CHECK(verdict(kSecureBoot, log) == Verdict::fail);
}

TEST_CASE("evasion: a record under another type is the record that it is") {
  for (const std::uint32_t type : {kAction, kIpl, kVariableBoot, 0x12345678U, 0U}) {
    CAPTURE(type);
    Records alone = boot(false);
    alone.records[0].type = type;
    CHECK(verdict(kSecureBoot, alone) == Verdict::fail);  // no record is there that the rule needs
    Records with_other;
    with_other.event("pcr7", kDriverConfig, secure_boot(true)).event("pcr7", type, secure_boot(false));
    with_other.separator("pcr7");
    CHECK(verdict(kSecureBoot, with_other) == Verdict::inconclusive);
    with_other.event("pcr7", type, secure_boot(true));
  }
}

TEST_CASE("evasion: a record whose content was taken away may be the one that is looked for") {
  Records log;
  log.event("pcr7", kDriverConfig, secure_boot(true));
  log.record("pcr7", kApplication, Bytes(32, 0), secure_boot(false)).separator("pcr7");
  CHECK(verdict(kSecureBoot, log) == Verdict::inconclusive);
}

TEST_CASE("evasion: a variable that is cut where a digest rule adds a zero byte") {
  Bytes cut = secure_boot(false);
  cut.pop_back();
  Records log;
  log.event("pcr7", kDriverConfig, secure_boot(true)).record("pcr7", kDriverConfig, cut, secure_boot(false));
  log.separator("pcr7");
  CHECK(verdict(kSecureBoot, log) == Verdict::fail);
  log.records[1].type = kEfiAction;
  CHECK(verdict(kSecureBoot, log) != Verdict::pass);
}

TEST_CASE("evasion: a byte that no digest covers says nothing") {
  Bytes longer = variable("SecureBoot", {});
  const Bytes measured = longer;
  longer.push_back(1);
  longer[24] = 1;  // the length of the data, which is measured: the digest does not match any more
  Records log;
  log.record("pcr7", kDriverConfig, longer, measured).separator("pcr7");
  CHECK(verdict(kSecureBoot, log) != Verdict::pass);
}

TEST_CASE("evasion: fields of which only the value is measured are not known by name") {
  // EV_EFI_VARIABLE_BOOT as edk2 hashes it: without the variable's name.
  Records log;
  log.record("pcr1", kVariableBoot, variable("BootOrder", {1, 0}), Bytes{1, 0});
  const std::string rule = R"(
  - name: boot order
    select: {register: pcr1, type: EV_EFI_VARIABLE_BOOT, where: {name: BootOrder}}
    expect: EXPECT
    where: {options: Boot0001}
)";
  for (const std::string expect : {"all", "one", "only", "none"}) {
    CAPTURE(expect);
    std::string text = rule;
    text.replace(text.find("EXPECT"), 6, expect);
    if (expect == "only") {
      text.replace(text.find("Boot0001"), 8, "Boot0002");
    }
    CHECK(verdict(text, log) == Verdict::inconclusive);
  }
}

TEST_CASE("evasion: a register or bank that nothing vouches for") {
  for (const std::string expect : {"all", "one", "none", "only"}) {
    CAPTURE(expect);
    const std::string rule =
        "  - name: r\n    select: {register: pcr7, type: EV_EFI_VARIABLE_DRIVER_CONFIG, where: {name: "
        "SecureBoot}}\n    where: {enabled: true}\n    expect: " +
        expect + "\n";
    Vouching bound;
    bound.counts[{reg_of("pcr7"), kSha256}] = 0;
    CHECK(verdict(rule, boot(expect != "none"), bound) == Verdict::inconclusive);
    bound.counts.clear();
    bound.not_vouched.insert({reg_of("pcr7"), kSha256});
    CHECK(verdict(rule, boot(expect != "none"), bound) == Verdict::inconclusive);
  }
}

TEST_CASE("evasion: a record behind those that are vouched for does not count") {
  Records log;
  log.event("pcr7", kDriverConfig, variable("SetupMode", {0})).event("pcr7", kDriverConfig, secure_boot(true));
  Vouching bound;
  bound.counts[{reg_of("pcr7"), kSha256}] = 1;
  CHECK(verdict(in_any_phase(kSecureBoot), log, bound) == Verdict::fail);
  bound.counts[{reg_of("pcr7"), kSha256}] = 2;
  CHECK(verdict(in_any_phase(kSecureBoot), log, bound) == Verdict::pass);
}

TEST_CASE("evasion: an extend that may have failed satisfies nothing and can break") {
  Records log;
  log.event("pcr7", kDriverConfig, secure_boot(true)).separator("pcr7");
  log.records[0].tentative = true;
  CHECK(verdict(kSecureBoot, log) == Verdict::inconclusive);
  Records bad = boot(true);
  bad.event("pcr7", kDriverConfig, variable("X", {})).event("pcr7", kDriverConfig, secure_boot(false));
  bad.records[2].tentative = true;
  Vouching bound;
  bound.counts[{reg_of("pcr7"), kSha256}] = 3;  // the third may be the bad one
  CHECK(verdict(in_any_phase(kSecureBoot), bad, bound) == Verdict::fail);
}

TEST_CASE("evasion: records that are not measured are not looked at") {
  Records log;
  log.event("pcr7", kDriverConfig, secure_boot(true)).separator("pcr7");
  log.records[0].extends = false;
  CHECK(verdict(kSecureBoot, log) == Verdict::fail);
}

TEST_CASE("evasion: the judged bank is the strongest that is vouched for") {
  Records log;
  log.event("pcr7", kDriverConfig, secure_boot(true), {kSha1, kSha256}).separator("pcr7", {kSha1, kSha256});
  // In the SHA-256 bank the digest is of something else.
  const Digest other = hashed(kSha256, "something else");
  const std::vector<DigestEntry> digests{log.records[0].digests[0], {kSha256, other.view()}};
  log.records[0].digests = digests;
  CHECK(verdict(kSecureBoot, log) != Verdict::pass);
  Vouching sha1_only;
  sha1_only.banks = {kSha1};
  CHECK(verdict(kSecureBoot, log, sha1_only) == Verdict::pass);
}

// --- one, none, only ---

TEST_CASE("one: a record is enough, whatever the others are") {
  const std::string rule = R"(
  - name: the kernel was measured
    select: {register: pcr9}
    expect: one
    where: {measured: "vmlinuz*"}
)";
  Records log;
  log.event("pcr9", kIpl, text_bytes("initrd")).event("pcr9", kIpl, text_bytes("vmlinuz-6.1")).image("pcr9", "x");
  CHECK(verdict(rule, log) == Verdict::pass);
  Records without;
  without.event("pcr9", kIpl, text_bytes("initrd"));
  CHECK(verdict(rule, without) == Verdict::fail);
}

TEST_CASE("none: forbidden, known not to be there, or not known") {
  const std::string rule = R"(
  - name: no debug mode
    select: {register: pcr4, type: EV_EFI_ACTION}
    expect: none
    where: {text: "*debug*"}
)";
  Records log;
  log.event("pcr4", kEfiAction, text_bytes("Calling EFI Application"));
  CHECK(verdict(rule, log) == Verdict::pass);
  Records image = std::move(log);
  image.image("pcr4", "code");
  CHECK(verdict(rule, image) == Verdict::inconclusive);
  CHECK(verdict(rule + "    known: [" + digest_of("code") + "]\n", image) == Verdict::pass);
  image.event("pcr4", kEfiAction, text_bytes("debug on"));
  CHECK(verdict(rule, image) == Verdict::fail);
}

TEST_CASE("none: a forbidden digest") {
  const std::string rule =
      "  - name: no bad image\n    select: {register: pcr4, type: EV_EFI_BOOT_SERVICES_APPLICATION}\n"
      "    expect: none\n    digests: [" +
      digest_of("bad") + "]\n";
  Records log;
  log.image("pcr4", "good").separator("pcr4");
  CHECK(verdict(rule, log) == Verdict::pass);
  log.image("pcr4", "bad");
  CHECK(verdict(rule, log) == Verdict::fail);
  log.records[2].type = kAction;
  CHECK(verdict(rule, log) == Verdict::inconclusive);
}

TEST_CASE("none: digests of another bank say nothing") {
  const std::string rule = "  - name: no bad image\n    select: {register: pcr4}\n    expect: none\n    digests: [" +
                           digest_of("bad", kSha384) + "]\n";
  Records log;
  log.image("pcr4", "bad");
  CHECK(verdict(rule, log) == Verdict::inconclusive);
}

TEST_CASE("only: images by their digests") {
  const std::string rule =
      "  - name: known images\n    select: {register: pcr4, type: 'EV_EFI_BOOT_SERVICES_*'}\n"
      "    expect: only\n    digests: [" +
      digest_of("shim") + ", " + digest_of("grub") + "]\n";
  Records log;
  log.event("pcr4", kEfiAction, text_bytes("Calling EFI Application")).separator("pcr4").image("pcr4", "shim");
  CHECK(verdict(rule, log) == Verdict::pass);
  log.image("pcr4", "evil");
  CHECK(verdict(rule, log) == Verdict::fail);
  log.records[3].type = kIpl;
  log.records[3].data = {};
  CHECK(verdict(rule, log) == Verdict::inconclusive);
}

TEST_CASE("only: nothing to hold against it is nothing known, an untouched register is") {
  const std::string rule = "  - name: nothing in pcr12\n    select: {register: pcr12}\n    expect: none\n";
  CHECK(verdict(rule, Records()) == Verdict::inconclusive);
  RegisterResult untouched;
  untouched.reg = reg_of("pcr12");
  untouched.bank = kSha256;
  untouched.value = Digest::filled(32, 0);
  untouched.against = {{.source = 0, .value = untouched.value, .state = MatchState::equal, .matched_records = 0}};
  CHECK(appraise(loaded(rules(rule)), Records(), Vouching(), {untouched}).checks[0].verdict == Verdict::pass);
  untouched.against[0].state = MatchState::unexplained;
  CHECK(appraise(loaded(rules(rule)), Records(), Vouching(), {untouched}).checks[0].verdict == Verdict::inconclusive);
  Records log;
  log.image("pcr12", "x");
  CHECK(verdict(rule, log) == Verdict::fail);
}

TEST_CASE("phase: after the separator") {
  const std::string rule =
      "  - name: nothing later\n    select: {register: pcr5}\n    phase: after-separator\n    expect: none\n";
  Records log;
  log.event("pcr5", kEfiAction, text_bytes("before")).separator("pcr5");
  CHECK(verdict(rule, log) == Verdict::pass);
  log.event("pcr5", kEfiAction, text_bytes("after"));
  CHECK(verdict(rule, log) == Verdict::fail);
}

// --- ordered ---

TEST_CASE("ordered: steps one after the other, in one register") {
  const std::string rule = R"(
  - name: order
    select: {register: pcr4}
    expect: ordered
    steps:
      - {select: {type: EV_EFI_ACTION}, where: {text: "Calling*"}}
      - {digests: [)" + digest_of("shim") +
                           R"(]}
      - {where: {measured: done}}
)";
  Records log;
  log.event("pcr4", kEfiAction, text_bytes("Calling EFI Application")).separator("pcr4").image("pcr4", "shim");
  CHECK(verdict(rule, log) == Verdict::fail);
  log.event("pcr4", kEfiAction, text_bytes("done"));
  CHECK(verdict(rule, log) == Verdict::pass);
  Vouching bound;
  bound.counts[{reg_of("pcr4"), kSha256}] = 3;
  CHECK(verdict(rule, log, bound) == Verdict::fail);
  Records swapped;
  swapped.image("pcr4", "shim").event("pcr4", kEfiAction, text_bytes("Calling EFI Application"));
  swapped.event("pcr4", kEfiAction, text_bytes("done"));
  CHECK(verdict(rule, swapped) == Verdict::fail);
  bound.counts[{reg_of("pcr4"), kSha256}] = 0;
  CHECK(verdict(rule, log, bound) == Verdict::inconclusive);
}

// --- patterns ---

TEST_CASE("patterns: each kind holds and does not") {
  const Bytes data = variable("SecureBoot", {1});
  Records log;
  log.event("pcr7", kDriverConfig, data);
  const auto holds = [&](const std::string& where) {
    return verdict(
        "  - name: r\n    select: {register: pcr7, type: EV_EFI_VARIABLE_DRIVER_CONFIG}\n    expect: all\n"
        "    where: " +
            where + "\n",
        log);
  };
  for (const std::string where :
       {"{name: SecureBoot}", "{name: 'Secure*'}", "{name: '?ecureBoot'}", "{name: [a, SecureBoot]}",
        "{name: {equals: SecureBoot}}", "{name: {not: a}}", "{name: {not: [a, b]}}", "{unicode_name_length: 10}",
        "{unicode_name_length: 0xa}", "{unicode_name_length: {min: 10, max: 10}}", "{unicode_name_length: {min: 9}}",
        "{enabled: true}", "{enabled: [true]}", "{name: {contains: [SecureBoot]}}", "{name: {within: [a, SecureBoot]}}",
        "{name: 'S*r*B*t'}", "{kind: uefi-variable}"}) {
    CAPTURE(where);
    CHECK(holds(where) == Verdict::pass);
  }
  for (const std::string where :
       {"{name: secureboot}", "{name: Secure}", "{name: ''}", "{name: [a, b]}", "{name: {equals: 'Secure*'}}",
        "{name: {not: 'Secure*'}}", "{unicode_name_length: 11}", "{unicode_name_length: ten}",
        "{unicode_name_length: {max: 9}}", "{enabled: false}", "{absent: {not: a}}", "{name.x: SecureBoot}",
        "{name: {contains: [SecureBoot, b]}}", "{name: {within: [a]}}", "{name: {min: 0}}", "{name: 'Secure\\*'}"}) {
    CAPTURE(where);
    CHECK(holds(where) == Verdict::fail);
  }
}

TEST_CASE("patterns: globs take linear steps for each star") {
  CHECK(policy::matches_glob("*a*a*a*a*a*a*a*b", std::string(20000, 'a')) == false);
  CHECK(policy::matches_glob("", ""));
  CHECK(policy::matches_glob("***", ""));
  CHECK(policy::matches_glob("\\*x", "*x"));
  CHECK_FALSE(policy::matches_glob("\\*x", "yx"));
  CHECK(policy::matches_glob(std::string_view("a\0b", 3), std::string_view("a\0b", 3)));
  CHECK_FALSE(policy::matches_glob("a", std::string_view("a\0b", 3)));
}

TEST_CASE("contains: revocations are not rolled back") {
  // One EFI_SIGNATURE_LIST of SHA-256 digests.
  const auto dbx = [](const std::vector<std::string>& texts) {
    ByteWriter list;
    list.bytes(*from_hex("2616c4c14c509240aca941f936934328"));
    list.u32(static_cast<std::uint32_t>(28 + 48 * texts.size()));
    list.u32(0);
    list.u32(48);
    for (const std::string& text : texts) {
      list.bytes(Bytes(16, 0));
      list.bytes(hashed(kSha256, text).view());
    }
    return variable("dbx", list.take());
  };
  const std::string rule = R"(
  - name: no roll-back
    select: {register: pcr7, type: EV_EFI_VARIABLE_DRIVER_CONFIG, where: {name: dbx}}
    expect: all
    where: {signature_lists.keys.hash: {contains: {from: dbx.txt}}}
)";
  MemoryHost host;
  host.files["dir/dbx.txt"] = hashed(kSha256, "a").hex() + "  a\n" + hashed(kSha256, "b").hex() + "  b\n";
  Records whole;
  whole.event("pcr7", kDriverConfig, dbx({"a", "b", "c"}));
  CHECK(verdict(rule, whole, {}, host) == Verdict::pass);
  Records rolled_back;
  rolled_back.event("pcr7", kDriverConfig, dbx({"a", "c"}));
  CHECK(verdict(rule, rolled_back, {}, host) == Verdict::fail);
}

TEST_CASE("measured: what was hashed, whatever the log says that it is") {
  const std::string rule = R"(
  - name: command lines
    select: {register: pcr8}
    expect: only
    where: {measured: ["root=/dev/sda ro", "linux *"]}
)";
  const auto grub = [](std::string_view prefix, std::string_view text) {
    return text_bytes(std::string(prefix) + std::string(text));
  };
  Records log;
  log.record("pcr8", kIpl, grub("kernel_cmdline: ", "root=/dev/sda ro"), text_bytes("root=/dev/sda ro"));
  log.record("pcr8", kIpl, grub("grub_cmd: ", "linux x"), text_bytes("linux x"));
  CHECK(verdict(rule, log) == Verdict::pass);
  log.record("pcr8", kIpl, grub("grub_cmd: ", "init=/bin/sh"), text_bytes("init=/bin/sh"));
  CHECK(verdict(rule, log) == Verdict::fail);
}

TEST_CASE("evasion: the word before GRUB's text is not measured") {
  // A command line that breaks the rule, told as a command, beside one that keeps it.
  const std::string rule = R"(
  - name: command line
    select: {register: pcr8, type: EV_IPL, where: {kind: kernel-command-line}}
    expect: all
    where: {command_line: good}
)";
  Records log;
  log.record("pcr8", kIpl, text_bytes("kernel_cmdline: good"), text_bytes("good"));
  log.record("pcr8", kIpl, text_bytes("grub_cmd: evil"), text_bytes("evil"));
  CHECK(verdict(rule, log) == Verdict::inconclusive);
}

// --- virtual registers and TSM lines ---

TEST_CASE("virtual: records of a virtual register, whatever carries it") {
  const std::string rule = R"(
  - name: known applications
    select: {virtual: app, content: tsm}
    expect: only
    where: {words.1: start}
)";
  Records log;
  log.virtual_line("app", "app start x").line("rtmr3", "other line");
  CHECK(verdict(rule, log) == Verdict::pass);
  log.virtual_line("app", "app stop start");
  CHECK(verdict(rule, log) == Verdict::fail);
}

// --- severity and names ---

TEST_CASE("severity: a rule that only warns has no effect and is told") {
  const auto outcome = appraise(loaded(rules(kSecureBoot + "    severity: warn\n")), boot(false));
  REQUIRE(outcome.checks.size() == 1);
  CHECK(outcome.checks[0].verdict == Verdict::skipped);
  REQUIRE_FALSE(outcome.findings.empty());
  for (const Finding& finding : outcome.findings) {
    CHECK(finding.effect == Verdict::pass);
  }
  CHECK(outcome.findings[0].severity == Severity::warning);
}

// --- reference values ---

namespace {

Verdict reference(const std::string& select, const Digest& allowed, const RegisterResult& result,
                  const Vouching& bound = {}) {
  const auto policy =
      loaded("schema: mrtool.policy/1\nregisters:\n  - {select: '" + select + "', allow: ['" + allowed.hex() + "']}\n");
  const auto outcome = appraise(policy, Records(), bound, {result});
  REQUIRE(outcome.checks.size() == 1);
  CHECK(outcome.findings.size() == (outcome.checks[0].verdict == Verdict::pass ? 0 : 1));
  return outcome.checks[0].verdict;
}

RegisterResult result_of(std::string_view reg, const Digest& value) {
  RegisterResult result;
  result.reg = reg_of(reg);
  result.bank = kSha256;
  result.value = value;
  result.against = {{.source = 0, .value = value, .state = MatchState::equal, .matched_records = 1}};
  return result;
}

}  // namespace

TEST_CASE("reference values: allowed, not allowed, not known") {
  const Digest good = hashed(kSha256, "good");
  const Digest bad = hashed(kSha256, "bad");
  CHECK(reference("sha256:7", good, result_of("pcr7", good)) == Verdict::pass);
  CHECK(reference("pcr7", good, result_of("pcr7", good)) == Verdict::pass);
  CHECK(reference("sha256:all", good, result_of("pcr7", good)) == Verdict::pass);
  CHECK(reference("sha256:7", good, result_of("pcr7", bad)) == Verdict::fail);
  CHECK(reference("sha256:7", good, result_of("pcr8", good)) == Verdict::inconclusive);
  Vouching bound;
  bound.not_vouched.insert({reg_of("pcr7"), kSha256});
  CHECK(reference("sha256:7", good, result_of("pcr7", good), bound) == Verdict::inconclusive);
  // What the log gives is no value of the register.
  RegisterResult replayed = result_of("pcr7", good);
  replayed.against.clear();
  CHECK(reference("sha256:7", good, replayed) == Verdict::inconclusive);
  // Two values of one register: each must be allowed.
  RegisterResult twice = result_of("pcr7", good);
  twice.against.push_back({.source = 1, .value = bad, .state = MatchState::differs, .matched_records = 0});
  CHECK(reference("sha256:7", good, twice) == Verdict::fail);
}
