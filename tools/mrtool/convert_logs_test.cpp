// mrtool convert from end to end: several logs, dialects, allowed loss, and outputs that cannot be had.
#include <doctest/doctest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tools/mrtool/process_test.hpp"
#include "tools/mrtool/run.hpp"

namespace mrtool::testing {
namespace {

using nlohmann::json;

const std::string kFirmware = "vm/custom-policy/binary_bios_measurements";
const std::string kList = "vm/custom-policy/binary_runtime_measurements";  // SHA-1 digests
const std::vector<std::string> kCelFormats = {"cel-tlv", "cel-cbor", "cel-json"};

// Bank and register to value, of every register that the logs extend.
std::map<std::string, std::string> replayed(std::vector<std::string> words) {
  words.insert(words.begin(), {"replay", "--json"});
  const Finished finished = mrtool(words);
  CHECK(finished.status == 0);
  std::map<std::string, std::string> values;
  const json document = json::parse(finished.out);
  for (const auto& entry : document["registers"]) {
    values[entry["bank"].get<std::string>() + ":" + entry["register"].get<std::string>()] = entry["value"];
  }
  return values;
}

Finished convert(const std::string& to, std::vector<std::string> words, const ProcessOptions& options = {}) {
  words.insert(words.begin(), {"convert", "--to", to});
  return mrtool(words, options);
}

// A text log of more than a megabyte, which is more than is kept in memory.
std::string large_log(const Scratch& scratch) {
  std::string text = "SYNC sha384/" + std::string(96, '0') + "\n\n";
  for (int i = 0; i < 40000; ++i) {
    text += fmt::format("example.org/test event number {} of many\n", i);
  }
  write_text(scratch / "large", text);
  return "tsm:rtmr3=" + (scratch / "large").string();
}

TEST_CASE("convert: a confidential machine's firmware log and a text log that goes on from it are one collection") {
  const Scratch scratch;
  const std::string firmware = "vectors/ccel-sha384.bin";
  const std::string value = replayed({firmware}).at("sha384:rtmr2");
  write_text(scratch / "log", "SYNC sha384/" + value + "\n\nexample.org/app start web\nexample.org/app stop web\n");
  const std::string text = "tsm:rtmr2=" + (scratch / "log").string();
  const auto before = replayed({"--bank", "sha384", firmware, text});
  for (const std::string& to : kCelFormats) {
    CAPTURE(to);
    const std::string out = (scratch / to).string();
    const Finished finished = convert(to, {"--bank", "sha384", firmware, text, "-o", out});
    CHECK(finished.status == 0);
    CHECK(finished.err == "");
    CHECK(replayed({out}) == before);
    const json records = json::parse(mrtool({"inspect", "--json", out}).out)["records"];
    std::map<std::string, std::uint64_t> counts;
    std::vector<std::string> contents;
    for (const json& record : records) {
      contents.push_back(record["content"]);
      ++counts[record["register"].get<std::string>()];
    }
    CHECK(contents.front() == "cel");
    CHECK(contents.at(contents.size() - 4) == "cel");
    CHECK(contents.back() == "linux_tsm");
    CHECK(records.front()["register"] == "mrtd");
    CHECK(counts["rtmr2"] == 1 + 3);
    // In its own format it is the same again.
    CHECK(convert(to, {out}).out == read_text(out));
  }
}

TEST_CASE("convert: a firmware log and an IMA list are one collection, with the digests that they hold") {
  const Scratch scratch;
  const std::string out = (scratch / "out").string();
  for (const std::string& to : kCelFormats) {
    CAPTURE(to);
    REQUIRE(convert(to, {kFirmware, kList, "-o", out}).status == 0);
    const auto firmware = replayed({kFirmware});
    auto expected = firmware;
    for (const auto& [key, value] : replayed({"--bank", "sha1", kList})) {
      expected[key] = value;
    }
    CHECK(expected.contains("sha1:pcr10"));
    CHECK_FALSE(expected.contains("sha256:pcr10"));
    CHECK(replayed({out}) == expected);
    // Other banks are computed for whoever asks; then the collection has that bank only.
    REQUIRE(convert(to, {"--bank", "sha256", kFirmware, kList, "-o", out}).status == 0);
    CHECK(replayed({out}) == replayed({"--bank", "sha256", kFirmware, kList}));
    const json pcrs = json::parse(read_text(kTestdata + "/vm/custom-policy/pcrs.json"));
    CHECK(replayed({out}).at("sha256:pcr10") == pcrs["sha256"]["10"].get<std::string>());
    REQUIRE(convert(to, {"--bank", "sha1,sha256", kFirmware, kList, "-o", out}).status == 0);
    CHECK(replayed({out}) == replayed({"--bank", "sha1,sha256", kFirmware, kList}));
  }
}

TEST_CASE("convert: an IMA list in another bank is the list that the kernel gives for it") {
  const Finished finished = convert("ima", {"--bank", "sha256", kList});
  CHECK(finished.status == 0);
  CHECK(finished.out == read_text(kTestdata + "/" + kList + "_sha256"));
  CHECK(convert("ima", {"--bank", "sha1", kList + "_sha256"}).out == read_text(kTestdata + "/" + kList));
}

TEST_CASE("convert: allowed loss is told, reported and leaves the values that are left") {
  const Scratch scratch;
  const std::string out = (scratch / "out").string();
  const std::string report = (scratch / "report").string();
  CHECK(convert("tcg", {kFirmware, "-o", out}).status == 4);
  CHECK_FALSE(std::filesystem::exists(out));
  const Finished finished = convert("tcg", {"--allow-loss", "--loss-report", report, kFirmware, "-o", out});
  CHECK(finished.status == 0);
  CHECK(finished.err.contains("[lost]"));
  const json losses = json::parse(read_text(report));
  CHECK(losses["to"] == "tcg");
  CHECK(losses["lost"].size() + losses["native"].get<std::size_t>() == losses["records"].get<std::size_t>());
  CHECK(losses["lost"][1]["field"].get<std::string>().starts_with("digest sha"));
  CHECK(replayed({out}) == replayed({"--bank", "sha1", kFirmware}));
}

TEST_CASE("convert: allowed loss that changes a value is refused all the same") {
  const Scratch scratch;
  const std::string out = (scratch / "out").string();
  // Without its StartupLocality, which pcrlock does not list, the log leads to another PCR 0.
  const Finished finished =
      convert("cel-json", {"--dialect", "pcrlock", "--allow-loss", "vectors/agile-sha256.bin", "-o", out});
  CHECK(finished.status == 1);
  CHECK(finished.err.contains("pcr0 in bank sha256"));
  CHECK_FALSE(std::filesystem::exists(out));
}

TEST_CASE("convert: dialects") {
  const Scratch scratch;
  const std::string out = (scratch / "out").string();
  CHECK(convert("cel", {"--dialect", "pcrlock", kFirmware}).status == 4);
  REQUIRE(convert("cel", {"--dialect", "pcrlock", "--allow-loss", kFirmware, "-o", out}).status == 0);
  const json pcrlock = json::parse(read_text(out));
  CHECK(pcrlock[0]["recnum"] == 1);
  CHECK(pcrlock[0]["content"]["event_type"].get<std::string>().starts_with("EV_"));
  CHECK(read_text(out).contains(R"({"pcr":0,"recnum":1,"digests":[{"hashAlg":"sha1","digest":")"));
  CHECK(replayed({out}) == replayed({kFirmware}));
  REQUIRE(convert("cel", {"--dialect", "fapi", out, "-o", (scratch / "fapi").string()}).status == 0);
  CHECK(replayed({(scratch / "fapi").string()}) == replayed({kFirmware}));
  const std::string tlv = convert("cel-tlv", {"--dialect", "safford", kFirmware}).out;
  CHECK(tlv.starts_with(std::string("\0\0\0\0\4\0\0\0\0\1\0\0\0\4", 14)));

  const Finished wrong = convert("cel-tlv", {"--dialect", "pcrlock", kFirmware});
  CHECK(wrong.status == 2);
  CHECK(wrong.err.contains("google, libcel, safford"));
  const Finished none = convert("tcg2", {"--dialect", "google", kFirmware});
  CHECK(none.status == 2);
  CHECK(none.err.contains("cel-json has spec, libcel, fapi, pcrlock"));
  CHECK(none.err.contains("cel-cbor has sequence, array"));
}

TEST_CASE("convert: an array of CBOR is the records of a sequence behind their number") {
  const std::string sequence = convert("cel-cbor", {"vectors/agile-sha256.bin"}).out;
  CHECK(convert("cel-cbor", {"--dialect", "array", "vectors/agile-sha256.bin"}).out == "\x85" + sequence);
}

TEST_CASE("convert: a text log takes records of other formats behind its own lines") {
  const Scratch scratch;
  const std::string collection = (scratch / "cel").string();
  const std::string out = (scratch / "out").string();
  REQUIRE(convert("cel-json", {"--register", "sha256:pcr0", "vectors/agile-sha256.bin", "-o", collection}).status == 0);
  const std::string value = replayed({collection}).at("sha256:pcr0");
  write_text(scratch / "log", "SYNC sha256/" + value + "\n\nexample.org/app start web\n");
  const std::string text = "tsm:pcr0=" + (scratch / "log").string();
  const auto before = replayed({collection, text});
  const Finished finished = convert("tsm", {collection, text, "-o", out});
  CHECK(finished.status == 0);
  CHECK(finished.err == "");
  CHECK(read_text(out).starts_with("# mrtool/1 log sha256\n# mrtool/1 record pcclient"));
  CHECK(read_text(out).ends_with("\nexample.org/app start web\n"));
  CHECK(replayed({"tsm:pcr0=" + out}) == before);
}

TEST_CASE("convert: JSON holds a log whole, and no selection of it") {
  const Scratch scratch;
  const std::string log = "vectors/agile-sha256.bin";
  const Finished part = convert("json", {"--register", "pcr0", log});
  CHECK(part.status == 4);
  CHECK(part.out.empty());
  CHECK(part.err.contains("whole"));
  CHECK(convert("json", {"--bank", "sha256", kList}).status == 4);
  // A bank that says what the log does not leaves nothing out.
  write_text(scratch / "log", "example.org start web\n");
  const std::string text = "tsm:rtmr3=" + (scratch / "log").string();
  const std::string out = (scratch / "out").string();
  REQUIRE(convert("json", {"--bank", "sha512", text, "-o", out}).status == 0);
  CHECK(replayed({out}) == replayed({"--bank", "sha512", text}));
}

TEST_CASE("convert: a terminal gets text and no bytes") {
  const auto at_terminal = [](const std::vector<std::string>& words, std::string& shown) {
    MemoryOutput out;
    MemoryOutput err;
    Environment environment{.out = out, .err = err};
    environment.output_is_terminal = true;
    const int status = run(words, environment);
    shown = out.text();
    return status;
  };
  const std::string log = kTestdata + "/vectors/agile-sha256.bin";
  std::string shown;
  for (const std::string to : {"tcg2", "cel-tlv", "cel-cbor"}) {
    CAPTURE(to);
    CHECK(at_terminal({"convert", "--to", to, log}, shown) == 2);
    CHECK(shown.empty());
  }
  CHECK(at_terminal({"convert", "--to", "cel-json", log}, shown) == 0);
  CHECK(json::parse(shown).size() == 5);
}

TEST_CASE("convert: of damaged logs nothing is delivered, alone or among others") {
  const Scratch scratch;
  const std::string out = (scratch / "out").string();
  std::string list = read_text(kTestdata + "/" + kList);
  list.resize(list.size() - 3);
  write_text(scratch / "list", list);
  write_text(scratch / "log", "SYNC sha384/" + std::string(96, '0') + "\n\ncut");
  const std::string text = "tsm:rtmr2=" + (scratch / "log").string();
  for (const std::string& to : kCelFormats) {
    CAPTURE(to);
    CHECK(convert(to, {"--allow-loss", (scratch / "list").string(), "-o", out}).status == 3);
    CHECK(convert(to, {kFirmware, (scratch / "list").string(), "-o", out}).status == 3);
    const Finished cut = convert(to, {text});
    CHECK(cut.status == 3);
    CHECK(cut.out.empty());
    CHECK_FALSE(std::filesystem::exists(out));
  }
}

TEST_CASE("convert: where the result cannot be kept or put, nothing is written and the status is 5") {
  const Scratch scratch;
  const std::string log = large_log(scratch);
  const std::string out = (scratch / "out").string();
  const Finished nowhere = convert("cel-json", {log, "-o", out}, {.environment = {"TMPDIR=/nowhere/at/all"}});
  CHECK(nowhere.status == 5);
  CHECK(nowhere.err.contains("/nowhere/at/all"));
  CHECK_FALSE(std::filesystem::exists(out));
  // A temporary file may not grow beyond some blocks.
  const Finished full =
      shell("trap '' XFSZ; ulimit -f 100; mrtool convert --to cel-json -o '" + out + "' '" + log + "'");
  CHECK(full.status == 5);
  CHECK(full.err.contains("a temporary file cannot be written"));
  CHECK_FALSE(std::filesystem::exists(out));
  CHECK(convert("cel-json", {log, "-o", "/nowhere/at/all"}).status == 5);
  CHECK(convert("cel-json", {log}, {.output = "/dev/full"}).status == 5);
  CHECK(convert("cel-json", {log, "-o", out}).status == 0);
  CHECK(replayed({out}) == replayed({log}));
}

TEST_CASE("inspect and replay: --bank names the bank of logs that do not, and those that are computed") {
  const Scratch scratch;
  write_text(scratch / "log", "example.org start web\n");
  const std::string log = "tsm:rtmr3=" + (scratch / "log").string();
  CHECK(mrtool({"replay", log}).status == 6);
  CHECK(replayed({"--bank", "sha512", log}).size() == 1);
  CHECK(mrtool({"inspect", log}).status == 6);
  const json shown = json::parse(mrtool({"inspect", "--json", "--bank", "sha512", log}).out);
  CHECK(shown["records"][0]["digests"][0]["bank"] == "sha512");
  CHECK(replayed({"--bank", "sha3_256", kList}).contains("sha3_256:pcr10"));
  CHECK(replayed({kList}).contains("sha512:pcr10"));
}

}  // namespace
}  // namespace mrtool::testing
