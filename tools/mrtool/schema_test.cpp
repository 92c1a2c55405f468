// What the tool prints as JSON is what the installed schemas say, and YAML says the same.
#include <doctest/doctest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "lib/crypto/hash.hpp"
#include "tools/mrtool/process_test.hpp"

namespace mrtool::testing {
namespace {

using nlohmann::json;

json load_schema(const std::string& name) {
  return json::parse(read_text(MRTOOL_SOURCE_DIR "/tools/mrtool/schemas/mrtool." + name + "-1.schema.json"));
}

// The same definitions with one of them as the document.
json part_of(json schema, const std::string& definition) {
  return {{"$schema", schema["$schema"]},
          {"definitions", schema["definitions"]},
          {"allOf", json::array({{{"$ref", "#/definitions/" + definition}}})}};
}

std::string problems(const json& schema_document, const json& document) {
  valijson::Schema schema;
  valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(schema_document), schema);
  valijson::ValidationResults results;
  valijson::Validator().validate(schema, valijson::adapters::NlohmannJsonAdapter(document), &results);
  std::string all;
  valijson::ValidationResults::Error error;
  while (results.popError(error)) {
    for (const std::string& part : error.context) {
      all += part;
    }
    all += ": " + error.description + "\n";
  }
  return all;
}

// Scalars compared as YAML's text of them; null and booleans by what they are.
bool same(const YAML::Node& yaml, const json& value) {
  switch (value.type()) {
    case json::value_t::object: {
      const auto member_same = [&yaml](const auto& member) { return same(yaml[member.key()], member.value()); };
      return yaml.IsMap() && yaml.size() == value.size() && std::ranges::all_of(value.items(), member_same);
    }
    case json::value_t::array:
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (!same(yaml[i], value[i])) {
          return false;
        }
      }
      return yaml.IsSequence() && yaml.size() == value.size();
    case json::value_t::null:
      return yaml.IsNull();
    case json::value_t::string:
      return yaml.as<std::string>() == value.get<std::string>();
    case json::value_t::boolean:
      return yaml.as<bool>() == value.get<bool>();
    default:
      return yaml.Tag() == "?" && yaml.as<std::string>() == value.dump();
  }
}

TEST_CASE("inspect: every log's JSON fits its schema and YAML is equal") {
  const json schema = load_schema("inspect");
  for (const std::string& log : sample_logs()) {
    CAPTURE(log);
    const json document = json::parse(mrtool({"inspect", "--json", "--raw", log}).out);
    CHECK(problems(schema, document) == "");
    CHECK(same(YAML::Load(mrtool({"inspect", "--yaml", "--raw", log}).out), document));
  }
}

TEST_CASE("inspect: every line of JSON fits its part of the schema") {
  const json schema = load_schema("inspect");
  for (const std::string& log : sample_logs()) {
    CAPTURE(log);
    std::istringstream stream(mrtool({"inspect", "--ndjson", log}).out);
    std::vector<json> lines;
    for (std::string line; std::getline(stream, line);) {
      lines.push_back(json::parse(line));
    }
    REQUIRE(lines.size() >= 2);
    CHECK(problems(part_of(schema, "head"), lines.front()) == "");
    CHECK(problems(part_of(schema, "tail"), lines.back()) == "");
    for (std::size_t i = 1; i + 1 < lines.size(); ++i) {
      CHECK(problems(part_of(schema, "record"), lines[i]) == "");
    }
  }
}

TEST_CASE("inspect: what could not be read is told within the schema") {
  const json document = json::parse(mrtool({"inspect", "--json", "no-such-file"}).out);
  CHECK(problems(load_schema("inspect"), document) == "");
  CHECK(document["logs"][0]["format"].is_null());
  CHECK(document["diagnostics"][0]["log"] == 0);
}

TEST_CASE("replay: every log's JSON fits its schema and YAML is equal") {
  const json schema = load_schema("replay");
  for (const std::string& log : sample_logs()) {
    CAPTURE(log);
    const std::vector<std::string> against = {"--against", "sha1:0=" + std::string(40, 'a'), "--against",
                                              "sha256:7=" + std::string(64, '0')};
    for (const bool compare : {false, true}) {
      std::vector<std::string> words = {"replay", "--json", log};
      words.insert(words.end(), against.begin(), compare ? against.end() : against.begin());
      const json document = json::parse(mrtool(words).out);
      CHECK(problems(schema, document) == "");
      words[1] = "--yaml";
      CHECK(same(YAML::Load(mrtool(words).out), document));
    }
  }
}

TEST_CASE("a state fits its schema, of either command") {
  const json schema = load_schema("state");
  const Scratch scratch;
  const auto saved = [&scratch](std::vector<std::string> words) {
    words.insert(words.end(), {"--save-state", (scratch / "state").string()});
    CHECK(mrtool(words).status == 0);
    return json::parse(read_text(scratch / "state"));
  };
  // A start that only the log claims, a stated value that differs, and registers that the log carries.
  const std::string hex(96, 'a');
  write_text(scratch / "log", "SYNC sha384/" + hex + "\n\nmr_ima extend sha256/" + std::string(64, 'b') +
                                  "\n\nSYNC sha384/" + std::string(96, 'c') + "\nlast\n");
  const json replayed = saved({"replay", "rtmr3=" + (scratch / "log").string()});
  CHECK(problems(schema, replayed) == "");
  CHECK_FALSE(replayed["diagnostics"].empty());
  CHECK_FALSE(replayed["fold"]["carried"].empty());
  CHECK(replayed["judged"].is_null());

  const std::string value = "SYNC sha384/" + std::string(96, '0');
  write_text(scratch / "log", value + "\nlast\n");
  Digest folded = Digest::filled(48, 0);
  HashEngine engine;
  for (const std::string& line : {value, std::string("last")}) {
    engine.extend(HashAlgorithm::sha384, folded, engine.hash(HashAlgorithm::sha384, as_bytes(line)).view());
  }
  write_text(scratch / "policy.yaml",
             "schema: mrtool.policy/1\nrules:\n  - name: last\n    select: {register: rtmr3, where: {measured: "
             "last}}\n    expect: one\n");
  const json verified =
      saved({"verify", "rtmr3=" + (scratch / "log").string(), "--against", "sha384:rtmr3=" + folded.hex(),
             "--trust-registers", "--policy", (scratch / "policy.yaml").string()});
  CHECK(problems(schema, verified) == "");
  CHECK_FALSE(verified["policies"][0]["chains"].empty());
  json wrong = verified;
  wrong["log"]["records"] = 2;
  CHECK(problems(schema, wrong) != "");
  wrong = verified;
  wrong.erase("checksum");
  CHECK(problems(schema, wrong) != "");
}

TEST_CASE("registers: JSON fits its schema, YAML is equal, and it is a source itself") {
  const Scratch scratch;
  for (const std::string& source :
       {std::string("vm/direct-ima-ng/tpm2_pcrread.yaml"),
        "sha384:rtmr2=" + std::string(96, 'a') + ",sha256:mr:mr_ima@rtmr3=" + std::string(64, 'b')}) {
    CAPTURE(source);
    const std::string text = mrtool({"registers", "--json", source}).out;
    const json document = json::parse(text);
    CHECK(problems(load_schema("registers"), document) == "");
    CHECK(same(YAML::Load(mrtool({"registers", "--yaml", source}).out), document));
    write_text(scratch / "registers.json", text);
    const json again = json::parse(mrtool({"registers", "--json", (scratch / "registers.json").string()}).out);
    CHECK(again["registers"] == document["registers"]);
    CHECK(again["kind"] == "mrtool.registers");
    CHECK(again["authenticated"] == "none");
  }
}

TEST_CASE("verify: JSON of every verdict fits its schema and YAML is equal") {
  const json schema = load_schema("verify");
  const std::string zeros = "sha256:0=" + std::string(64, '0');
  const std::vector<std::string> quote = {"vectors/ccel-sha384.bin",          "--ca", "quotes/tdx-root.pem", "--nonce",
                                          "00112233445566778899aabbccddeeff", "--at", "2026-11-24",          "--quote"};
  const std::vector<std::string> boot = {"vm/shimgrub-secureboot/binary_bios_measurements", "--against",
                                         "vm/shimgrub-secureboot/tpm2_pcrread.yaml", "--trust-registers", "--policy"};
  struct Run {
    std::vector<std::string> words;
    std::string last;
    std::string verdict;
  };
  for (const Run& run : {Run{quote, "quotes/tdx-v4.quote", "pass"}, Run{quote, "quotes/tdx-debug.quote", "fail"},
                         Run{boot, "policies/secure-boot.yaml", "pass"},
                         Run{{"vectors/agile-sha256.bin"}, "vectors/ccel-sha384.bin", "inconclusive"},
                         Run{{"vectors/agile-sha256-cut.bin", "--against"}, zeros, "fail"}}) {
    std::vector<std::string> words = {"verify", "--json"};
    words.insert(words.end(), run.words.begin(), run.words.end());
    words.push_back(run.last);
    CAPTURE(run.last);
    const json document = json::parse(mrtool(words).out);
    CHECK(problems(schema, document) == "");
    CHECK(document["verdict"] == run.verdict);
    words[1] = "--yaml";
    CHECK(same(YAML::Load(mrtool(words).out), document));
  }
  json wrong = json::parse(mrtool({"verify", "--json", "vectors/agile-sha256.bin"}).out);
  CHECK(problems(schema, wrong) == "");
  wrong["verdict"] = "maybe";
  CHECK(problems(schema, wrong) != "");
}

TEST_CASE("every line of a batch fits the schema of its command") {
  const Scratch scratch;
  std::string list = "{bad\n{\"logs\": 5}\n{\"logs\": \"no-such-file\", \"path\": \"m\"}\n\xFF\n";
  for (const std::string& log : sample_logs()) {
    list += log + "\n";
  }
  write_text(scratch / "list", list);
  for (const std::string command : {"replay", "verify"}) {
    const json schema = load_schema(command);
    std::istringstream lines(mrtool({command, "--batch", (scratch / "list").string()}).out);
    std::size_t count = 0;
    json document;
    for (std::string line; std::getline(lines, line); ++count) {
      CAPTURE(line);
      document = json::parse(line);
      CHECK(problems(schema, document) == "");
      CHECK(document.contains("path"));
      CHECK(document.contains("status"));
      CHECK(document.contains("diagnostics"));
    }
    CHECK(count == sample_logs().size() + 4);
    document["status"] = 7;
    CHECK(problems(schema, document) != "");
    document["status"] = 0;
    document["path"] = 5;
    CHECK(problems(schema, document) != "");
  }
}

TEST_CASE("explain: each document fits its schema and YAML is equal") {
  const json schema = load_schema("explain");
  const std::vector<std::string> values = {"--against", "sha1:4=7786f01fe87696a66424bff3c1e671df500e8dff", "--against",
                                           "sha1:0=" + std::string(40, '1')};
  std::vector<std::string> words = {"explain", "--json", "vectors/sha1-no-spec-id.bin"};
  words.insert(words.end(), values.begin(), values.end());
  std::istringstream lines(mrtool(words).out);
  words[1] = "--yaml";
  const std::vector<YAML::Node> nodes = YAML::LoadAll(mrtool(words).out);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const json document = json::parse(line);
    CHECK(problems(schema, document) == "");
    REQUIRE(count < nodes.size());
    CHECK(same(nodes[count], document));
  }
  CHECK(count == 2);
  json wrong = json::parse(mrtool({"explain", "--json", words[2], "--against", values[1]}).out);
  wrong["hypotheses"][0].erase("holds");
  CHECK(problems(schema, wrong) != "");
}

TEST_CASE("extend: each document fits its schema, of an event, a comment and a recovery") {
  const json schema = load_schema("extend");
  const Scratch scratch;
  const std::string backend = "software:" + (scratch / "registers.json").string();
  std::size_t count = 0;
  for (const std::string reg : {"rtmr3", "pcr14"}) {
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"one", "# two", "--force"}, {"--recover"}, {"--file", "vectors/agile-sha256.bin"}}) {
      std::vector<std::string> all = {"extend", reg, "--json", "--backend", backend};
      all.insert(all.end(), words.begin(), words.end());
      const Finished finished = mrtool(all);
      CHECK(finished.status == 0);
      std::istringstream lines(finished.out);
      for (std::string line; std::getline(lines, line); ++count) {
        CHECK(problems(schema, json::parse(line)) == "");
      }
    }
  }
  CHECK(count == 8);
  json wrong = json::parse(mrtool({"extend", "rtmr3", "--json", "--backend", backend, "x"}).out);
  CHECK(problems(schema, wrong) == "");
  wrong["banks"][0].erase("after");
  CHECK(problems(schema, wrong) != "");
}

TEST_CASE("formats: JSON fits its schema and YAML is equal") {
  const json document = json::parse(mrtool({"formats", "--json"}).out);
  CHECK(problems(load_schema("formats"), document) == "");
  CHECK(same(YAML::Load(mrtool({"formats", "--yaml"}).out), document));
  CHECK_FALSE(document.contains("matrix"));
  const json matrix = json::parse(mrtool({"formats", "--matrix", "--json"}).out);
  CHECK(problems(load_schema("formats"), matrix) == "");
  CHECK(matrix.contains("matrix"));
}

TEST_CASE("convert: the loss report fits its schema") {
  const Scratch scratch;
  const std::string report = (scratch / "report").string();
  for (const std::string to : {"ima", "tcg", "tcg2"}) {
    mrtool({"convert", "--to", to, "--loss-report", report, "vectors/agile-sha256.bin", "-o", "/dev/null"});
    CHECK(problems(load_schema("loss"), json::parse(read_text(report))) == "");
  }
}

TEST_CASE("convert: every log in JSON fits its schema") {
  const json schema = load_schema("log");
  const Scratch scratch;
  write_text(scratch / "tsm", "SYNC sha384/" + std::string(96, '0') + "\n# a comment\nexample.org deploy image x\n");
  std::vector<std::string> logs = sample_logs();
  logs.push_back("rtmr3=" + (scratch / "tsm").string());
  std::size_t written = 0;
  for (const std::string& log : logs) {
    CAPTURE(log);
    const Finished finished = mrtool({"convert", "--to", "json", log});
    if (log.contains("cut")) {
      CHECK(finished.out.empty());
      continue;
    }
    CHECK(finished.status == 0);
    const json document = json::parse(finished.out);
    CHECK(problems(schema, document) == "");
    CHECK(!document["records"].empty());
    ++written;
  }
  CHECK(written >= sample_logs().size());
}

TEST_CASE("the example in the page of the log format fits its schema") {
  const std::string page = read_text(MRTOOL_SOURCE_DIR "/man/mrtool-log.5");
  const std::size_t begin = page.find(".nf\n") + 4;
  std::string example = page.substr(begin, page.find(".fi") - begin);
  const std::size_t dots = example.find("...");  // what the page leaves out of the bytes
  REQUIRE(dots != std::string::npos);
  example.erase(dots, 3);
  CHECK(problems(load_schema("log"), json::parse(example)) == "");
}

TEST_CASE("the schemas refuse what is wrong") {
  const json document = json::parse(mrtool({"inspect", "--json", "vectors/agile-sha256.bin"}).out);
  const json schema = load_schema("inspect");
  json wrong = document;
  wrong["records"][0]["offset"] = "0";
  CHECK(problems(schema, wrong) != "");
  wrong = document;
  wrong["records"][0]["digests"][0]["check"] = "maybe";
  CHECK(problems(schema, wrong) != "");
  wrong = document;
  wrong["records"][0].erase("covered");
  CHECK(problems(schema, wrong) != "");
  wrong = document;
  wrong["schema"] = "mrtool.inspect/2";
  CHECK(problems(schema, wrong) != "");
  json log = json::parse(mrtool({"convert", "--to", "json", "vectors/agile-sha256.bin"}).out);
  log["records"][0]["raw"] = "0";
  CHECK(problems(load_schema("log"), log) != "");
}

}  // namespace
}  // namespace mrtool::testing
