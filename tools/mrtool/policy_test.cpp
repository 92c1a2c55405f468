// Policies over real logs; the examples in the man page and those in testdata/ load and fit the schema.
#include <doctest/doctest.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "formats/chain.hpp"
#include "lib/registers/names.hpp"
#include "lib/replay/replay.hpp"
#include "lib/verify/policy.hpp"
#include "tools/mrtool/process_test.hpp"

namespace mrtool::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kSource = MRTOOL_SOURCE_DIR;
const fs::path kCorpus = kSource.parent_path() / "shared" / "corpus";
const std::string kPolicies = kTestdata + "/policies/";
const std::string kShimGrub = kTestdata + "/vm/shimgrub-secureboot/binary_bios_measurements";

// Everything is vouched for: what the logs give stands for what a quote would.
struct Trusting final : BoundRecords {
  std::uint64_t count(const Register& /*reg*/, HashAlgorithm /*bank*/) const override { return ~std::uint64_t{0}; }
  bool vouched(const Register& /*reg*/, HashAlgorithm /*bank*/) const override { return true; }
};

// Reads logs, lets `change` at every record, and hands it to `use`.
template <class Change, class Use>
std::vector<RegisterResult> read_logs(const std::vector<std::string>& paths, Change change, Use use) {
  const auto host = make_host("");
  DiagnosticSink diagnostics;
  std::vector<LogName> names;
  for (const std::string& path : paths) {
    names.push_back({.format = nullptr, .reg = {}, .path = path});
  }
  LogChain chain(std::move(names), *host, diagnostics);
  Replay replay({}, diagnostics);
  HashEngine engine;
  for (LogChain::Step step; chain.next(step);) {
    if (step.first_of_log) {
      replay.begin_log(*step.info, step.log);
    }
    for (Record& record : step.batch->records) {
      change(record);
      replay.add(record);
      const Judgement judgement = judge(record, *step.info, engine);
      const Decoded decoded = decode(record, *step.info);
      use(JudgedRecord{
          .log = step.log, .info = step.info, .record = &record, .judgement = &judgement, .decoded = &decoded});
    }
  }
  REQUIRE(chain.errors().empty());
  std::vector<RegisterResult> results = replay.finish();
  for (RegisterResult& result : results) {
    result.against = {
        {.source = 0, .value = result.value, .state = MatchState::equal, .matched_records = result.records}};
  }
  return results;
}

void unchanged(Record& /*record*/) {}

template <class Change = void (*)(Record&)>
PolicyRun::Outcome appraise(const std::shared_ptr<const Policy>& policy, const std::vector<std::string>& logs,
                            Change change = unchanged) {
  PolicyRun run(policy);
  const auto results = read_logs(logs, change, [&](const JudgedRecord& record) { run.add(record); });
  return run.finish(results, Trusting());
}

std::shared_ptr<const Policy> loaded(const std::string& path) {
  const auto policy = load_policy(path, *make_host(""));
  REQUIRE_MESSAGE(policy.has_value(), (policy ? std::string() : to_string(policy.error())));
  return *policy;
}

std::string not_passed(const PolicyRun::Outcome& outcome) {
  std::string text;
  for (const QuoteCheck& check : outcome.checks) {
    if (check.verdict != Verdict::pass) {
      text += fmt::format("{}: {}: {}\n", check.name, to_string(check.verdict), check.detail);
    }
  }
  return text;
}

std::string made_from(const std::vector<std::string>& logs) {
  PolicyMaker maker;
  const auto results = read_logs(logs, unchanged, [&](const JudgedRecord& record) { maker.add(record); });
  return maker.yaml(results);
}

// YAML as the JSON that it stands for.
json to_json(const YAML::Node& node) {
  if (node.IsMap()) {
    json object = json::object();
    for (const auto& member : node) {
      object[member.first.as<std::string>()] = to_json(member.second);
    }
    return object;
  }
  if (node.IsSequence()) {
    json list = json::array();
    for (const auto& item : node) {
      list.push_back(to_json(item));
    }
    return list;
  }
  const std::string text = node.IsNull() ? std::string() : node.as<std::string>();
  if (node.Tag() == "?" && (text == "true" || text == "false")) {
    return text == "true";
  }
  const bool number = node.Tag() == "?" && !text.empty() && text.size() < 19 &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  return number ? json(std::stoull(text)) : json(text);
}

bool fits_schema(const std::string& text) {
  valijson::Schema schema;
  const json document = json::parse(read_text(MRTOOL_SOURCE_DIR "/tools/mrtool/schemas/mrtool.policy-1.schema.json"));
  valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(document), schema);
  return valijson::Validator().validate(schema, valijson::adapters::NlohmannJsonAdapter(to_json(YAML::Load(text))),
                                        nullptr);
}

std::vector<std::string> examples_of_man_page() {
  std::vector<std::string> examples;
  std::istringstream page(read_text(kSource / "man" / "mrtool-policy.5"));
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line == ".EX") {
      inside = true;
      examples.emplace_back();
    } else if (line == ".EE") {
      inside = false;
    } else if (inside) {
      examples.back() += line + "\n";
    }
  }
  return examples;
}

}  // namespace

TEST_CASE("policy: what is made of a log fits the schema") {
  for (const std::string log :
       {"vectors/agile-sha256.bin", "vectors/ccel-sha384.bin", "vm/shimgrub-secureboot/binary_bios_measurements"}) {
    CAPTURE(log);
    CHECK(fits_schema(mrtool({"verify", "--make-policy", log}).out));
  }
}

TEST_CASE("policy: every example in the man page loads") {
  const Scratch scratch;
  fs::copy(kPolicies, scratch.path(), fs::copy_options::recursive);
  const auto examples = examples_of_man_page();
  REQUIRE(examples.size() >= 6);
  for (const std::string& example : examples) {
    CAPTURE(example);
    write_text(scratch / "example.yaml", example);
    loaded((scratch / "example.yaml").string());
    CHECK((fits_schema(example) || !example.contains("mrtool.policy/1")));
  }
}

TEST_CASE("policy: the schema and the loader agree on testdata/policies") {
  for (const std::string name : {"files.yaml", "secure-boot.yaml", "references.json"}) {
    CAPTURE(name);
    loaded(kPolicies + name);
    CHECK(fits_schema(read_text(kPolicies + name)));
  }
  const auto wrong = load_policy(kPolicies + "wrong-key.yaml", *make_host(""));
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error().message == "line 4, column 30: unknown key \"typ\" in \"select\"; did you mean type?");
  CHECK_FALSE(fits_schema(read_text(kPolicies + "wrong-key.yaml")));
}

TEST_CASE("policy: a boot with Secure Boot, and one without") {
  const auto policy = loaded(kPolicies + "secure-boot.yaml");
  CHECK(not_passed(appraise(policy, {kShimGrub})) == "");
  const auto without = appraise(policy, {kTestdata + "/vm/sdboot-default/binary_bios_measurements"});
  CHECK(without.checks.at(0).verdict == Verdict::fail);
  CHECK(not_passed(appraise(loaded(kPolicies + "references.json"), {kShimGrub})) == "");
}

TEST_CASE("policy: relabelling records of a boot without Secure Boot never makes it pass") {
  const auto policy = loaded(kPolicies + "secure-boot.yaml");
  const std::string log = kTestdata + "/vm/sdboot-default/binary_bios_measurements";
  for (const std::uint32_t type : {0x05U, 0x0DU, 0x80000003U, 0x80000007U, 0x800000E0U, 0x7FFFFFFFU}) {
    const auto relabel = [type](Record& record) { record.type = record.extends ? type : record.type; };
    CHECK(appraise(policy, {log}, relabel).checks.at(0).verdict != Verdict::pass);
  }
}

TEST_CASE("make-policy: the log that a policy is made from meets it, and a changed one does not") {
  const Scratch scratch;
  std::vector<std::vector<std::string>> sets;
  for (const std::string& log : sample_logs()) {
    if (log.starts_with("vm/")) {
      sets.push_back({kTestdata + "/" + log});
    }
  }
  if (fs::exists(kCorpus)) {
    for (const auto& folder : fs::directory_iterator(kCorpus / "vm")) {
      const fs::path firmware = folder.path() / "tpm0" / "binary_bios_measurements";
      const fs::path ima = folder.path() / "ima" / "binary_runtime_measurements_sha256";
      if (fs::exists(firmware) && fs::exists(ima)) {
        sets.push_back({firmware.string(), ima.string()});
      }
    }
  } else {
    MESSAGE("skipped: ../shared/corpus is not here");
  }
  for (const auto& logs : sets) {
    CAPTURE(logs.front());
    const std::string text = made_from(logs);
    const std::string path = (scratch / "made.yaml").string();
    write_text(path, text);
    CHECK(fits_schema(text));
    const auto policy = loaded(path);
    // A violation is a file that nothing is known of, and no list of files can allow it.
    std::set<std::string> unknown;
    read_logs(logs, unchanged, [&](const JudgedRecord& record) {
      if (record.record->violation) {
        unknown.insert("known files in " + to_string(record.record->reg));
      }
    });
    for (const QuoteCheck& check : appraise(policy, logs).checks) {
      CAPTURE(check.name);
      CAPTURE(check.detail);
      CHECK(check.verdict == (unknown.contains(check.name) ? Verdict::inconclusive : Verdict::pass));
    }

    // Each record's data changed in turn, digests with it, is another measurement.
    std::size_t count = 0;
    read_logs(logs, [&](Record& record) { count += record.extends ? 1 : 0; }, [](const JudgedRecord&) {});
    const std::size_t stride = std::max<std::size_t>(1, count / 12);
    for (std::size_t changed = 0; changed < count; changed += stride) {
      std::size_t seen = 0;
      Bytes digest;
      std::vector<DigestEntry> digests;
      const auto change = [&](Record& record) {
        if (!record.extends || seen++ != changed) {
          return;
        }
        digest.assign(64, 0xA5);
        digests.assign(record.digests.begin(), record.digests.end());
        for (DigestEntry& entry : digests) {
          entry.value = ByteView(digest).first(entry.value.size());
        }
        record.digests = digests;
      };
      CAPTURE(changed);
      CHECK(not_passed(appraise(policy, logs, change)) != "");
    }
  }
}

}  // namespace mrtool::testing
