// mrtool convert as people and scripts run it.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "tools/mrtool/commands/format_matrix.hpp"
#include "tools/mrtool/process_test.hpp"

namespace mrtool::testing {
namespace {

using nlohmann::json;

TEST_CASE("convert: a refusal tells every loss, writes nothing and leaves the file alone") {
  const Scratch scratch;
  const std::string out = (scratch / "out").string();
  const std::string report = (scratch / "report").string();
  write_text(out, "as it was");
  const Finished refused =
      mrtool({"convert", "--to", "ima", "vectors/agile-sha256.bin", "-o", out, "--loss-report", report});
  CHECK(refused.status == 4);
  CHECK(refused.out.empty());
  CHECK(refused.err.contains("record 0: record lost"));
  CHECK(refused.err.contains("nothing is written"));
  CHECK(read_text(out) == "as it was");
  const json document = json::parse(read_text(report));
  CHECK(document["schema"] == "mrtool.loss/1");
  CHECK(document["from"] == json::array({"tcg2"}));
  CHECK(document["to"] == "ima");
  CHECK(document["records"] == 5);
  CHECK(document["lost"].size() == 5);
  CHECK(document["lost"][4]["record"] == 4);
}

TEST_CASE("convert: exit statuses") {
  CHECK(mrtool({"convert", "vectors/agile-sha256.bin"}).status == 2);
  CHECK(mrtool({"convert", "--to", "nonsense", "vectors/agile-sha256.bin"}).status == 2);
  CHECK(mrtool({"convert", "--to", "tcg2", "--dialect", "x", "vectors/agile-sha256.bin"}).status == 2);
  CHECK(mrtool({"convert", "--to", "tpm2-yaml", "vectors/agile-sha256.bin"}).status == 4);
  CHECK(mrtool({"convert", "--to", "tcg2", "no-such-file"}).status == 5);
  CHECK(mrtool({"convert", "--to", "tcg2", "--register", "pcr23", "vectors/agile-sha256.bin"}).status == 6);
}

TEST_CASE("convert: damaged input delivers nothing") {
  for (const std::string to : {"tcg2", "json", "cel-tlv"}) {
    CAPTURE(to);
    const Finished finished = mrtool({"convert", "--to", to, "--allow-loss", "vectors/agile-sha256-cut.bin"});
    CHECK(finished.status == 3);
    CHECK(finished.out.empty());
    CHECK(finished.err.ends_with("mrtool: error: nothing is written: a log is converted as a whole or not at all\n"));
  }
}

TEST_CASE("convert: the losses of each log are told with its path") {
  const std::string lossy = "vm/custom-policy/binary_bios_measurements";
  const Finished finished =
      mrtool({"convert", "--to", "tcg", "--allow-loss", "--allow-gap", lossy, "vectors/sha1-no-spec-id.bin"});
  CAPTURE(finished.err);
  CHECK(finished.err.contains("mrtool: warning: " + lossy + ": "));
  CHECK(!finished.err.contains("sha1-no-spec-id.bin: "));
}

TEST_CASE("convert: a filter of bytes, from standard input to standard output") {
  const Finished finished = mrtool({"convert", "--to", "tcg2"}, {.input = kTestdata + "/vectors/agile-sha256.bin"});
  CHECK(finished.status == 0);
  CHECK(finished.out == read_text(kTestdata + "/vectors/agile-sha256.bin"));
}

TEST_CASE("convert: allowed loss is written and told") {
  const Finished finished =
      mrtool({"convert", "--to", "tcg", "--allow-loss", "vm/custom-policy/binary_bios_measurements"});
  CHECK((finished.status == 0 || finished.status == 4));
  CHECK(!finished.err.empty());
}

TEST_CASE("convert: logs that are not one chain are refused unless joined by request") {
  const Scratch scratch;
  const std::string line = "SYNC sha384/" + std::string(96, 'a') + "\nexample.org start web\n";
  write_text(scratch / "log", line);
  const std::string tsm = "tsm:rtmr1=" + (scratch / "log").string();
  const std::vector<std::string> words = {"convert", "--to", "cel-tlv", "--bank", "sha384", "vectors/ccel-sha384.bin",
                                          tsm};
  const Finished refused = mrtool(words);
  CHECK(refused.status == 1);
  CHECK(refused.out.empty());
  CHECK(refused.err.contains("not one chain"));
  std::vector<std::string> joined = words;
  joined.emplace_back("--allow-gap");
  const Finished collected = mrtool(joined, {.output = (scratch / "out").string()});
  CHECK(collected.status == 0);
  CHECK(collected.err == "");
  const json document = json::parse(mrtool({"inspect", "--json", (scratch / "out").string()}).out);
  // Five measured records, for the spec-ID event has no SHA-384 digest; a note before them and one behind; two lines.
  CHECK(document["records"].size() == 5 + 2 + 2);
  CHECK(document["records"][0]["content"] == "cel");
  CHECK(document["records"][6]["content"] == "cel");
}

TEST_CASE("the matrix in the man page is the one that the formats give") {
  const std::string path = MRTOOL_SOURCE_DIR "/man/mrtool-formats.1";
  const std::string matrix = std::regex_replace(format_matrix_text(), std::regex("-"), "\\-");
  std::string page = read_text(path);
  constexpr std::string_view kBegin = ".\\\" matrix\n";
  const std::size_t begin = page.find(kBegin) + kBegin.size();
  const std::size_t end = page.find(".EE\n", begin);
  REQUIRE(end != std::string::npos);
  if (std::getenv("MRTOOL_BLESS") != nullptr) {
    page.replace(begin, end - begin, matrix);
    write_text(path, page);
    return;
  }
  CHECK(page.substr(begin, end - begin) == matrix);
}

}  // namespace
}  // namespace mrtool::testing
