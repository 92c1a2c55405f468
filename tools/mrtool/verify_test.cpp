// mrtool verify as people run it: the layers of a worked case, a fault put into each, and every way to a false pass.
#include <doctest/doctest.h>

#include "lib/quote/test_tpm_quote.hpp"
#include "tools/mrtool/layered_case_test.hpp"

namespace mrtool::testing {
namespace {

LayeredCase::Outcome verified(LayeredCase& made) {
  made.write();
  return made.verify();
}

// The layer in which a changed case breaks.
template <class Change>
std::string layer_broken_by(Change change, int status = 1) {
  LayeredCase made;
  change(made);
  const LayeredCase::Outcome outcome = verified(made);
  CAPTURE(outcome.document.dump(1));
  CHECK(outcome.status == status);
  return outcome.broken();
}

TEST_CASE("a worked case passes in every layer") {
  LayeredCase made;
  const LayeredCase::Outcome outcome = verified(made);
  CAPTURE(outcome.document.dump(1));
  CHECK(outcome.status == 0);
  CHECK(outcome.document.at("verdict") == "pass");
  CHECK(outcome.verdict("quote") == "pass");
  CHECK(outcome.verdict("registers") == "pass");
  CHECK(outcome.verdict("log") == "pass");
  CHECK(outcome.verdict("virtual") == "pass");
  CHECK(outcome.verdict("policy") == "skipped");
  CHECK(outcome.err.empty());
}

TEST_CASE("a fault in the quote breaks the quote's layer") {
  CHECK(layer_broken_by([](LayeredCase& made) { made.more = {"--nonce", "00"}; }) == "quote");
  CHECK(layer_broken_by([](LayeredCase& made) { made.more = {"--no-nonce"}; }, 0).empty());
  CHECK(layer_broken_by([](LayeredCase& made) { made.quote.td_attributes |= 1U; }) == "quote");
  CHECK(layer_broken_by([](LayeredCase& made) { made.quote.quote_signer = TestKey::ec("P-256"); }) == "quote");
  CHECK(layer_broken_by([](LayeredCase& made) { made.more = {"--at", "2099-01-01"}; }) == "quote");
}

TEST_CASE("without a word about a nonce the case is inconclusive") {
  LayeredCase made;
  made.write();
  const Finished finished =
      mrtool({"verify", made.path("ccel.bin"), "rtmr3=" + made.path("runtime.log"), "mr:mr_ima=" + made.path("ima.bin"),
              "--quote", made.path("quote.bin"), "--ca", made.path("root.pem")});
  CHECK(finished.status == 6);
  CHECK(finished.out.contains("--no-nonce"));
}

TEST_CASE("a fault in a native log breaks the registers' layer") {
  CHECK(layer_broken_by([](LayeredCase& made) { made.lines[1] += "!"; }) == "registers");
  CHECK(layer_broken_by([](LayeredCase& made) { made.lines.erase(made.lines.begin() + 1); }) == "registers");
  CHECK(layer_broken_by([](LayeredCase& made) { std::swap(made.lines[2], made.lines[3]); }) == "registers");
  CHECK(layer_broken_by([](LayeredCase& made) { made.lines.pop_back(); }) == "registers");
  CHECK(layer_broken_by([](LayeredCase& made) { made.quote.rtmr[0] = Bytes(48, 0x33); }) == "registers");
  // A runtime register without its log: nothing says what it holds.
  CHECK(layer_broken_by([](LayeredCase& made) {
          made.lines = {"SYNC sha384/" + std::string(96, '1')};
          made.quote.rtmr[3] = Bytes(48, 0x44);
        }) == "registers");
}

TEST_CASE("a fault in the carried log breaks the virtual layer, or its digests") {
  CHECK(layer_broken_by([](LayeredCase& made) { made.ima[1].file_digest[0] ^= 1U; }) == "virtual");
  CHECK(layer_broken_by([](LayeredCase& made) { std::swap(made.ima[1], made.ima[2]); }) == "virtual");
  CHECK(layer_broken_by([](LayeredCase& made) { made.ima.pop_back(); }) == "virtual");
  CHECK(layer_broken_by([](LayeredCase& made) { made.ima.erase(made.ima.begin() + 1); }) == "virtual");
}

TEST_CASE("logs that have grown since the quote pass, and what is new is told") {
  LayeredCase made;
  made.lines.push_back("example.org/deploy image two");
  made.ima.push_back({.name = "/usr/bin/new"});
  const LayeredCase::Outcome outcome = verified(made);
  CAPTURE(outcome.document.dump(1));
  CHECK(outcome.status == 0);
  CHECK(outcome.check("log", "newer-records") == "skipped");
}

TEST_CASE("an extend of a virtual register behind the quote does not count") {
  LayeredCase made;
  made.ima.push_back({.name = "/usr/bin/new"});
  made.lines.push_back("mr_ima extend sha256/" + made.ima.back().extended_as(HashAlgorithm::sha256).hex());
  CHECK(verified(made).status == 0);
  // What is vouched for ends before the new entry, so that a list which lacks an older one still fails.
  made.ima.erase(made.ima.begin() + 1);
  CHECK(verified(made).broken() == "virtual");
}

TEST_CASE("a virtual register that no log carries binds nothing") {
  LayeredCase made;
  std::erase_if(made.lines, [](const std::string& line) { return line.starts_with("mr_ima"); });
  made.take_lines();
  const LayeredCase::Outcome outcome = verified(made);
  CAPTURE(outcome.document.dump(1));
  CHECK(outcome.status == 6);
  CHECK(outcome.broken() == "virtual");
}

TEST_CASE("a runtime log whose front is missing is inconclusive, and says where") {
  LayeredCase made;
  const Digest before = fold_lines({made.lines[0], made.lines[1]}, made.before);
  std::vector<std::string> tail = {"SYNC sha384/" + before.hex()};
  tail.insert(tail.end(), made.lines.begin() + 2, made.lines.end());
  made.lines = tail;
  made.quote.rtmr[3] = to_bytes(fold_lines(tail, before).view());
  const LayeredCase::Outcome outcome = verified(made);
  CAPTURE(outcome.document.dump(1));
  CHECK(outcome.status == 6);
  CHECK(outcome.check("log", "continuity") == "inconclusive");
}

TEST_CASE("a policy that is not met breaks the policy's layer") {
  LayeredCase made;
  made.write();
  const auto with_policy = [&made](const std::string& text) {
    write_text(made.files / "policy.yaml", "schema: mrtool.policy/1\n" + text);
    made.more = {"--policy", made.path("policy.yaml")};
    return made.verify();
  };
  const std::string mrtd(96, '7');
  const LayeredCase::Outcome wrong =
      with_policy("registers:\n  - {select: \"sha384:mrtd\", allow: [\"" + mrtd + "\"]}\n");
  CAPTURE(wrong.document.dump(1));
  CHECK(wrong.status == 1);
  CHECK(wrong.broken() == "policy");
  std::string right;
  for (int i = 0; i < 48; ++i) {
    right += "7d";
  }
  const LayeredCase::Outcome met =
      with_policy("registers:\n  - {select: \"sha384:mrtd\", allow: [\"" + right + "\"]}\n");
  CAPTURE(met.document.dump(1));
  CHECK(met.status == 0);
  CHECK(met.verdict("policy") == "pass");
}

TEST_CASE("IMA in its three ways: a virtual register, records of their own, and a register of its own") {
  SUBCASE("records") {
    LayeredCase made;
    std::erase_if(made.lines, [](const std::string& line) { return line.starts_with("mr_ima"); });
    for (const ImaTestEntry& entry : made.ima) {
      made.lines.push_back("ima ima-ng " + to_hex(entry.data()));
    }
    made.take_lines();
    made.write();
    const Finished finished =
        mrtool({"verify", "--json", made.path("ccel.bin"), "rtmr3=" + made.path("runtime.log"), "--quote",
                made.path("quote.bin"), "--ca", made.path("root.pem"), "--nonce", std::string(LayeredCase::kNonce)});
    CAPTURE(finished.out);
    CHECK(finished.status == 0);
    CHECK(finished.out.contains("ima-violations"));
  }
  SUBCASE("a register of its own") {
    LayeredCase made;
    HashEngine engine;
    Digest value = Digest::filled(48, 0);
    for (const ImaTestEntry& entry : made.ima) {
      engine.extend(HashAlgorithm::sha384, value, entry.extended_as(HashAlgorithm::sha384).view());
    }
    made.quote.rtmr[2] = to_bytes(value.view());
    made.quote.rtmr[3] = Bytes(48);
    made.write();
    const Finished finished =
        mrtool({"verify", "--json", "rtmr2=" + made.path("ima.bin"), "--quote", made.path("quote.bin"), "--ca",
                made.path("root.pem"), "--nonce", std::string(LayeredCase::kNonce)});
    CAPTURE(finished.out);
    CAPTURE(finished.err);
    CHECK(finished.status == 0);
  }
}

TEST_CASE("a file that nobody signed is no quote") {
  LayeredCase made;
  made.write();
  write_text(made.files / "pcrs.txt", "sha384:\n  0 : 0x" + std::string(96, '0') + "\n");
  for (const char* file : {"pcrs.txt", "runtime.log", "ima.bin", "root.pem"}) {
    CAPTURE(file);
    const Finished finished = mrtool({"verify", made.path("ccel.bin"), "--quote", made.path(file), "--no-nonce"});
    CHECK(finished.status == 3);
    CHECK(finished.out.empty());
    CHECK(finished.err.contains("expected a signed report"));
  }
}

TEST_CASE("values that nothing authenticates do not suffice") {
  const std::string log = "vm/direct-ima-ng/binary_bios_measurements";
  const std::string values = "vm/direct-ima-ng/tpm2_pcrread.yaml";
  CHECK(mrtool({"verify", log, "--against", values}).status == 6);
  CHECK(mrtool({"verify", log, "--against", values, "--trust-registers"}).status == 0);
  CHECK(mrtool({"verify", log}).status == 6);
}

TEST_CASE("a comparison in a SHA-1 bank alone does not suffice") {
  const Finished replayed = mrtool({"replay", "--json", "vm/legacy-ima-sha1/binary_bios_measurements"});
  std::string values;
  const auto document = nlohmann::json::parse(replayed.out);
  for (const auto& entry : document.at("registers")) {
    if (entry.at("bank") == "sha1") {
      values += (values.empty() ? "sha1:" : ",sha1:") + entry.at("register").get<std::string>() + "=" +
                entry.at("value").get<std::string>();
    }
  }
  const std::vector<std::string> words = {"verify", "vm/legacy-ima-sha1/binary_bios_measurements", "--against", values,
                                          "--trust-registers"};
  CHECK(mrtool(words).status == 6);
  std::vector<std::string> allowed = words;
  allowed.emplace_back("--allow-sha1");
  CHECK(mrtool(allowed).status == 0);
}

TEST_CASE("what --require names has to be vouched for, and what it does not name may differ") {
  const std::string log = "vm/direct-ima-ng/binary_bios_measurements";
  const std::string values = "vm/direct-ima-ng/tpm2_pcrread.yaml";
  const auto requiring = [&](const std::string& selection) {
    return mrtool({"verify", log, "--against", values, "--trust-registers", "--require", selection}).status;
  };
  CHECK(requiring("sha256:0-7") == 0);
  CHECK(requiring("sha256:0-7,9+sha384:0") == 0);
  CHECK(requiring("sha256:10") == 1);  // it has left its initial value, and the log does not say why
  CHECK(requiring("sha256:16") == 6);  // nothing is about it
  CHECK(requiring("sha3_256:0") == 6);
  CHECK(requiring("sha384:rtmr0") == 6);
}

TEST_CASE("a quote over an empty or untouched selection vouches for nothing") {
  LayeredCase made;
  const TestKey key = TestKey::ec("P-256");
  write_text(made.files / "key.der", std::string(as_text(key.der())));
  const auto verify_with = [&](const PcrSelections& selections) {
    TestQuote quote;
    quote.selections = selections;
    const Bytes message = quote.message();
    const Bytes plain = key.sign(SignatureScheme::ecdsa, HashAlgorithm::sha256, message);
    write_text(made.files / "quote.msg", std::string(as_text(message)));
    write_text(made.files / "quote.sig",
               std::string(as_text(tpmt_signature(0x0018, HashAlgorithm::sha256, plain, Curve::p256))));
    return mrtool({"verify", "vectors/agile-sha256.bin", "--quote", made.path("quote.msg"), "--sig",
                   made.path("quote.sig"), "--key", made.path("key.der"), "--nonce", to_hex(kTestNonce)});
  };
  const Finished empty = verify_with({});
  CAPTURE(empty.out);
  CHECK(empty.status == 1);
  // Registers that the log says nothing about, of values that it does not lead to.
  const Finished untouched = verify_with({{.bank = HashAlgorithm::sha256, .pcrs = 0x10000}});
  CAPTURE(untouched.out);
  CHECK(untouched.status != 0);
}

TEST_CASE("a policy that was made from a log is met by it, and by no other") {
  const Scratch scratch;
  const std::string policy = (scratch / "policy.yaml").string();
  const std::string folder = "vm/shimgrub-secureboot/";
  const auto made = mrtool({"verify", "--make-policy", folder + "binary_bios_measurements", "--against",
                            folder + "tpm2_pcrread.yaml", "-o", policy});
  CAPTURE(made.err);
  REQUIRE(made.status == 0);
  const auto held_against = [&policy](const std::string& machine) {
    const std::string where = "vm/" + machine + "/";
    return mrtool({"verify", where + "binary_bios_measurements", "--against", where + "tpm2_pcrread.yaml",
                   "--trust-registers", "--policy", policy});
  };
  const Finished same = held_against("shimgrub-secureboot");
  CAPTURE(same.out);
  CHECK(same.status == 0);
  const Finished other = held_against("sdboot-default");
  CAPTURE(other.out);
  CHECK(other.status == 1);
}

TEST_CASE("no policy is made of a log and values that contradict each other, or beside options that it would ignore") {
  const std::string log = "vm/shimgrub-secureboot/binary_bios_measurements";
  const Finished other = mrtool({"verify", "--make-policy", log, "--against", "vm/direct-ima-ng/tpm2_pcrread.yaml"});
  CHECK(other.status == 1);
  CHECK(other.out.empty());
  CHECK(other.err.contains("sha256:pcr7"));
  for (const char* const ignored : {"--quote", "--policy", "--require"}) {
    CHECK(mrtool({"verify", "--make-policy", log, ignored, "sha256:7"}).status == 2);
  }
  CHECK(mrtool({"verify", "--make-policy", log, "--json"}).status == 2);
}

TEST_CASE("no layer claims what was not looked at") {
  const auto verdict_of = [](const nlohmann::json& document, const std::string& name) {
    for (const auto& layer : document.at("layers")) {
      for (const auto& check : layer.at("checks")) {
        if (check.at("check") == name) {
          return check.at("verdict").get<std::string>();
        }
      }
    }
    return std::string("absent");
  };
  const Finished cut = mrtool({"verify", "--json", "vectors/agile-sha256-cut.bin"});
  CHECK(cut.status == 3);
  const auto damaged = nlohmann::json::parse(cut.out);
  CHECK(verdict_of(damaged, "format") == "inconclusive");
  CHECK(verdict_of(damaged, "unexplained") == "skipped");
  const Finished none = mrtool({"verify", "--json", "quotes/tdreport.bin"});
  CHECK(none.status == 3);
  const auto unread = nlohmann::json::parse(none.out);
  CHECK(verdict_of(unread, "format") == "inconclusive");
  CHECK(verdict_of(unread, "digests") == "skipped");
  CHECK(verdict_of(unread, "continuity") == "skipped");
  const Finished unsigned_quote = mrtool({"verify", "--json", "vectors/agile-sha256.bin", "--quote",
                                          "quotes/tpm2/quote.msg", "--pcrs", "quotes/tpm2/quote.pcrs", "--no-nonce"});
  CAPTURE(unsigned_quote.out);
  CHECK(unsigned_quote.status != 0);
  CHECK(verdict_of(nlohmann::json::parse(unsigned_quote.out), "source") == "inconclusive");
}

TEST_CASE("no policy is made of a log that cannot be read") {
  const Finished finished = mrtool({"verify", "--make-policy", "vectors/agile-sha256-cut.bin"});
  CHECK(finished.status == 3);
  CHECK(finished.out.empty());
}

TEST_CASE("a policy with a mistake is refused with its place") {
  LayeredCase made;
  write_text(made.files / "policy.yaml", "schema: mrtool.policy/1\nregisters:\n  - {selct: \"sha256:0\", allow: []}\n");
  const Finished finished = mrtool({"verify", "vectors/agile-sha256.bin", "--policy", made.path("policy.yaml")});
  CHECK(finished.status == 3);
  CHECK(finished.err.contains("line 3"));
  CHECK(finished.err.contains("select"));
}

TEST_CASE("evidence without a quote is a mistake") {
  const Finished finished = mrtool({"verify", "vectors/agile-sha256.bin", "--nonce", "00"});
  CHECK(finished.status == 2);
  CHECK(finished.err.contains("--quote"));
}

TEST_CASE("a log that breaks its format is refused unless its tolerance is named") {
  const std::string log = "vectors/agile-sha256-cut.bin";
  const Finished finished = mrtool({"verify", log, "--against", "sha256:0=" + std::string(64, '0')});
  CHECK(finished.status == 3);
  CHECK(mrtool({"verify", log, "--tolerate", "T9999"}).status == 2);
  CHECK(mrtool({"verify", log, "--tolerate", "V01"}).status == 2);
}

TEST_CASE("a log can be read from a pipe") {
  const Finished finished = shell(
      "cat vm/direct-ima-ng/binary_bios_measurements | mrtool verify - --against vm/direct-ima-ng/tpm2_pcrread.yaml "
      "--trust-registers");
  CAPTURE(finished.err);
  CHECK(finished.status == 0);
}

TEST_CASE("quiet says the verdict alone") {
  const Finished finished = mrtool({"verify", "-q", "vm/direct-ima-ng/binary_bios_measurements", "--against",
                                    "vm/direct-ima-ng/tpm2_pcrread.yaml", "--trust-registers"});
  CHECK(finished.out == "verdict: pass\n");
}

TEST_CASE("a finding without effect is a note, and passes nothing") {
  const Finished finished =
      mrtool({"verify", "-v", "--trust-registers", "--require", "sha256:10", "--against",
              "vm/custom-policy/tpm2_pcrread.yaml", "vm/custom-policy/binary_runtime_measurements"});
  CHECK(
      finished.out.contains("\nnote: sha1:pcr0 has left its initial value, and no record is about it [unexplained]\n"));
  CHECK_FALSE(finished.out.contains("\npass: "));
}

}  // namespace
}  // namespace mrtool::testing
