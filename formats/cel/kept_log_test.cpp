#include "formats/cel/kept_log.hpp"

#include "formats/test_kept_log.hpp"
#include "formats/test_log.hpp"
#include "lib/base/test_files.hpp"
#include "lib/content/tsm_line.hpp"

namespace mrtool::cel {
namespace {

using testing::KeptFile;

const std::vector<HashAlgorithm> kBanks{HashAlgorithm::sha1, HashAlgorithm::sha256};
constexpr std::uint32_t kIpl = 13;  // EV_IPL

Register reg_of(std::string_view name) {
  return *parse_register(name);
}

// The log's records, read and written again by the folder's own reader and writer as those of another log.
std::string rewritten(std::string_view text) {
  const auto log = testing::read_whole("cel-json", as_bytes(text));
  CHECK_FALSE(log->error);
  for (const Diagnostic& said : log->diagnostics.all()) {
    CHECK_MESSAGE(said.severity == Severity::note, said.message);
  }
  log->info.format = "tcg2";
  log->trailing.clear();
  return std::string(as_text(testing::write_whole("cel-json", *log, testing::Raw::dropped).value()));
}

struct Json {
  std::unique_ptr<extend::KeptLog> log = make_kept_log();
  KeptFile file{*log, kBanks};
};

TEST_CASE("events of several PCRs: each append is what a scan finds, and all are what the writer writes at once") {
  Json json;
  KeptFile& file = json.file;
  file.measure(file.event(ContentType::tsm, "example.org start"), reg_of("pcr16"));
  file.measure(file.event(ContentType::pcclient, "grub_cmd: boot", kIpl), reg_of("pcr8"));
  file.measure(file.event(ContentType::tsm, "b\xff\"\xc3\xa4 \x01"), reg_of("pcr16"));
  file.measure(file.event(ContentType::systemd, "phase"), reg_of("pcr11"));
  extend::Event direct = file.event(ContentType::none, "");
  direct.digests = extend::digests_of(as_bytes("elsewhere"), kBanks);
  file.measure(direct, reg_of("pcr16"));
  CHECK(file.text() == rewritten(file.text()));
  CHECK(file.end.records == 5);
  CHECK(file.end.next_numbers.at(reg_of("pcr16")) == 3);
  CHECK(file.text().starts_with("[\n{\"recnum\": 0, \"pcr\": 16, \"digests\": [{\"hashAlg\": \"sha1\", "));
  CHECK(file.text().ends_with("}\n]\n"));
}

TEST_CASE("a register that somebody else extended is marked in each bank, without a digest") {
  Json json;
  KeptFile& file = json.file;
  const Register reg = reg_of("pcr16");
  file.measure(file.event(ContentType::tsm, "one"), reg);
  file.extend("by somebody else", reg);
  file.measure(file.event(ContentType::pcclient, "two", kIpl), reg);
  file.measure(file.event(ContentType::tsm, "three"), reg);
  file.extend("again", reg);
  file.measure(file.event(ContentType::tsm, "four"), reg);
  CHECK(file.end.records == 8);
  const auto log = testing::read_whole("cel-json", file.bytes);
  REQUIRE(log->records.size() == 8);
  const Record& mark = (*log)[2];
  CHECK(mark.content == ContentType::tsm);
  CHECK(mark.digests.empty());
  CHECK_FALSE(mark.extends);
  REQUIRE(mark.asserts);
  CHECK(mark.asserts->bank == HashAlgorithm::sha256);
  CHECK(as_text(mark.data) == tsm::format_sync(HashAlgorithm::sha256, mark.asserts->value.view()));
  CHECK(file.text() == rewritten(file.text()));
}

TEST_CASE("a log that begins where the platform does not start the register begins with marks") {
  Json json;
  KeptFile& file = json.file;
  file.extend("firmware", reg_of("pcr8"));
  file.measure(file.event(ContentType::tsm, "one"), reg_of("pcr8"));
  CHECK(file.end.records == 3);
  // Where it is at its start nothing is to be marked; dynamic PCRs start at zeros when something extends them.
  file.measure(file.event(ContentType::tsm, "two"), reg_of("pcr23"));
  file.measure(file.event(ContentType::tsm, "two"), reg_of("pcr17"));
  CHECK(file.end.records == 5);
}

TEST_CASE("only the banks that are not where the log left them are marked") {
  Json json;
  KeptFile& file = json.file;
  const Register reg = reg_of("pcr16");
  file.measure(file.event(ContentType::tsm, "one"), reg);
  auto present = file.present(reg);
  present[1].digest = Digest::filled(32, 7);
  const auto marks = json.log->resume(reg, present, file.end);
  REQUIRE(marks.size() == 1);
  CHECK(as_text(marks[0].data) == tsm::format_sync(HashAlgorithm::sha256, present[1].digest.view()));
}

TEST_CASE("an RTMR by its CC index, and a provider's by its name") {
  const auto log = make_kept_log();
  KeptFile file(*log, {HashAlgorithm::sha384});
  file.measure(file.event(ContentType::tsm, "one"), reg_of("rtmr3"));
  file.measure(file.event(ContentType::tsm, "two"), reg_of("measurement-example/rtmr0"));
  CHECK(file.text().contains("\"ccmr\": 4"));
  CHECK(file.text().contains("\"mr\": \"measurement-example/rtmr0\""));
}

constexpr std::string_view kForeign =
    R"({"pcr":4,"recnum":1,"digests":[{"hashAlg":"sha256","digest":"3d6772b4f84ed47595d72a2c4c5ffd15f5bb72c7507fe26f2aa)"
    R"(ee2c69d5633ba"}],"content_type":"pcclient_std","content":{"event_type":"EV_EFI_ACTION","event_data":"43616c6c696)"
    R"(e6720454649204170706c69636174696f6e2066726f6d20426f6f74204f7074696f6e"}})";

TEST_CASE("logs that other tools closed in their own way: only what closes them is replaced") {
  for (const auto& [before, behind] : std::vector<std::pair<std::string, std::string>>{
           {"[", "]"}, {" [\n ", "\n]"}, {"[", "]\n\n\t"}, {"[", "\n]\n"}, {"[", ",\n]\n"}, {"[", " ]\n"}}) {
    CAPTURE(behind);
    const auto log = make_kept_log();
    KeptFile file(*log, {HashAlgorithm::sha256});
    const std::string kept = before + std::string(kForeign);
    file.load(kept + behind, reg_of("pcr16"));
    CHECK(file.end.records == 1);
    CHECK(file.end.values.size() == 1);
    file.measure(file.event(ContentType::tsm, "one"), reg_of("pcr16"));
    file.measure(file.event(ContentType::tsm, "two"), reg_of("pcr16"));
    CHECK(file.text().starts_with(kept + ",\n{\"recnum\": 0, \"pcr\": 16"));
    CHECK(file.text().ends_with("\"content\": {\"event\": \"two\"}}\n]\n"));
  }
}

TEST_CASE("a log without records, and none at all") {
  const auto log = make_kept_log();
  for (const std::string_view text : {"", "[]\n", "[\n]\n", "[ ]\n", "[]"}) {
    CAPTURE(text);
    KeptFile file(*log, {HashAlgorithm::sha256});
    file.load(text, reg_of("pcr16"));
    CHECK(file.end.records == 0);
    CHECK(file.end.values.empty());
    file.measure(file.event(ContentType::tsm, "one"), reg_of("pcr16"));
    CHECK(testing::read_whole("cel-json", file.bytes)->records.size() == 1);
  }
}

TEST_CASE("other forms of CEL-JSON, damage and other formats are refused, with the reason") {
  const auto log = make_kept_log();
  const auto refused = [&](const std::string& text) {
    const auto end = log->scan(make_memory_source(as_bytes(text)), reg_of("pcr16"), HashAlgorithm::none);
    REQUIRE_FALSE(end);
    CHECK(end.error().kind == ErrorKind::malformed);
    return end.error().message;
  };
  const std::string record(kForeign);
  CHECK(refused("\x1e" + record + "\n").starts_with("expected one JSON array of records"));
  CHECK(refused(record + "\n").starts_with("expected one JSON array of records"));
  CHECK(refused("{\"records\":[" + record + "]}").starts_with("expected one JSON array of records"));
  CHECK(refused(" \n").starts_with("expected one JSON array of records"));
  CHECK(refused("[" + record) == "expected ']' behind the last item, found the end");
  CHECK(refused("[" + record + "]x").starts_with("expected the end, found"));
  CHECK(refused("[" + record + "," + record.substr(0, 50)) == "expected the rest of an item, found the end");
  CHECK(refused("[1]") == "expected an object for a record, found something else");
  CHECK_FALSE(refused("SYNC sha256/00\n").empty());
}

TEST_CASE("a log cut at any byte is refused, or is none at all") {
  Json json;
  KeptFile& file = json.file;
  file.measure(file.event(ContentType::tsm, "one"), reg_of("pcr16"));
  file.measure(file.event(ContentType::pcclient, "two", kIpl), reg_of("pcr16"));
  for (std::size_t size = 1; size < file.bytes.size() - 1; ++size) {
    CAPTURE(size);
    CHECK_FALSE(json.log->scan(make_memory_source(ByteView(file.bytes).first(size)), reg_of("pcr16"), kBanks[0]));
  }
}

TEST_CASE("what the log's reader would take for something else is not written as it is") {
  Json json;
  KeptFile& file = json.file;
  const Register reg = reg_of("pcr16");
  const auto problem = [&](std::string_view line) {
    const auto append = json.log->encode(file.event(ContentType::tsm, line), reg, file.end, true);
    REQUIRE_FALSE(append);
    CHECK(append.error().kind == ErrorKind::unsupported);
    return append.error().message;
  };
  CHECK(problem("a\nb").contains("line feed"));
  CHECK(problem("").contains("line feed"));
  CHECK(problem("# text").contains("comment"));
  CHECK(problem("SYNC sha256/" + std::string(64, '0')).contains("statement"));
  // A digest that was extended as it is: the line that says so in a TSM log is read as one that may have failed.
  extend::Event direct = file.event(ContentType::tsm, tsm::format_extend(Digest::filled(32, 1).view()));
  direct.type = static_cast<std::uint32_t>(TsmLine::extend);
  file.measure(direct, reg);
  file.measure(file.event(ContentType::tsm, "one"), reg);
  const auto log = testing::read_whole("cel-json", file.bytes);
  CHECK((*log)[0].content == ContentType::none);
  CHECK_FALSE((*log)[0].tentative);
  // A comment is logged and extends nothing.
  extend::Event comment = file.event(ContentType::tsm, "# text");
  comment.digests.clear();
  comment.extends = false;
  file.measure(comment, reg);
}

TEST_CASE("firmware's log in every dialect: what is appended counts on from it, per register") {
  const auto firmware =
      testing::read_whole("tcg2", testing::read_test_file(testing::kTestdataFolder / "vectors" / "agile-sha256.bin"));
  REQUIRE_FALSE(firmware->error);
  for (const std::string_view dialect : find_format("cel-json")->dialects) {
    CAPTURE(dialect);
    const Bytes written =
        testing::write_whole("cel-json", *firmware, testing::Raw::dropped, {.dialect = std::string(dialect)}).value();
    const auto log = make_kept_log();
    KeptFile file(*log, {HashAlgorithm::sha256});
    file.load(as_text(written), reg_of("pcr16"));
    CHECK(file.end.records > 0);
    file.measure(file.event(ContentType::tsm, "one"), reg_of("pcr16"));
    file.measure(file.event(ContentType::tsm, "two"), reg_of("pcr0"));
    CHECK(testing::read_whole("cel-json", file.bytes)->diagnostics.count("T40") == 0);
    CHECK(testing::read_whole("cel-json", file.bytes)->diagnostics.count("T41") == 0);
  }
}

}  // namespace
}  // namespace mrtool::cel
