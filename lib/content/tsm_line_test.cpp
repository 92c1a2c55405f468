// Lines of the TSM and AAEL text logs: their forms, and what records of them decode to.
#include "lib/content/tsm_line.hpp"

#include <doctest/doctest.h>

#include "lib/content/aael_line.hpp"

using namespace mrtool;

namespace {

const std::string kZeros(64, '0');

Record line_record(ContentType content, std::string_view line, TsmLine kind = TsmLine::record) {
  Record record;
  record.content = content;
  record.type = content == ContentType::tsm ? static_cast<std::uint32_t>(kind) : 0;
  record.data = as_bytes(line);
  return record;
}

}  // namespace

TEST_CASE("a virtual register's extend has three fields, single spaces and a digest of its bank") {
  const std::string good = "mr_ima extend sha256/" + kZeros;
  const auto extend = tsm::parse_virtual_extend(good);
  REQUIRE(extend);
  CHECK(extend->name == "mr_ima");
  CHECK(extend->digest.algorithm == HashAlgorithm::sha256);
  CHECK(tsm::format_virtual_extend("mr_ima", HashAlgorithm::sha256, extend->digest.value.view()) == good);
  CHECK_FALSE(tsm::parse_virtual_extend("a extend sha256/" + std::string(64, 'F'))->digest.lower_case);
  for (const std::string& line : std::vector<std::string>{
           "mr_ima  extend sha256/" + kZeros, " mr_ima extend sha256/" + kZeros, good + " ", good + " x",
           "mr_ima extended sha256/" + kZeros, "SYNC extend sha256/" + kZeros, "#a extend sha256/" + kZeros,
           "a\tb extend sha256/" + kZeros, "mr_ima extend sha384/" + kZeros, "mr_ima extend md5/" + kZeros,
           "mr_ima extend " + kZeros}) {
    CAPTURE(line);
    CHECK_FALSE(tsm::parse_virtual_extend(line));
  }
}

TEST_CASE("a static register's line names its algorithm or not") {
  const std::string named = "kernel.org/tsm/static_mr mr_policy sha256/" + kZeros;
  CHECK(tsm::parse_static_register(named)->digest.algorithm == HashAlgorithm::sha256);
  const std::string bare = "kernel.org/tsm/static_mr mr_policy " + kZeros;
  CHECK(tsm::parse_static_register(bare)->digest.algorithm == HashAlgorithm::none);
  CHECK_FALSE(tsm::parse_static_register(bare + "0"));
  CHECK_FALSE(tsm::parse_static_register("kernel.org/tsm/static_mr " + kZeros));
}

TEST_CASE("a line's kind depends on the log's bank") {
  const std::string sync = "SYNC sha256/" + kZeros;
  CHECK(tsm::classify(sync) == TsmLine::sync);
  CHECK(tsm::classify(sync, HashAlgorithm::sha384) == TsmLine::record);
  const std::string extend = "# .EXTEND " + kZeros;
  CHECK(tsm::classify(extend) == TsmLine::extend);
  CHECK(tsm::classify(extend, HashAlgorithm::sha384) == TsmLine::comment);
  CHECK(tsm::classify(extend, HashAlgorithm::sm3_256) == TsmLine::extend);
  CHECK(tsm::kernel_name(HashAlgorithm::sha3_256) == "sha3-256");
  CHECK(tsm::parse_kernel_name("sm3") == HashAlgorithm::sm3_256);
}

TEST_CASE("the kernel takes A0 for white space, and 85 not") {
  CHECK(tsm::trimmed(" \t\n\v\f\r\xa0x\xa0") == "x");
  CHECK(tsm::trimmed("\x85x") == "\x85x");
  CHECK(tsm::trimmed("\xa0").empty());
  CHECK(tsm::is_stored_unchanged("a b"));
  CHECK_FALSE(tsm::is_stored_unchanged("a\rb"));
  CHECK_FALSE(tsm::is_stored_unchanged(""));
}

TEST_CASE("records of lines decode, and all of a line is covered by its digest") {
  const std::string text = "mr_ima extend sha256/" + kZeros;
  Record record = line_record(ContentType::tsm, text);
  HashEngine engine;
  const Digest digest = engine.hash(HashAlgorithm::sha384, record.data);
  const DigestEntry entry{.algorithm = HashAlgorithm::sha384, .value = digest.view()};
  record.extends = true;
  record.digests = {&entry, 1};
  const Decoded decoded = decode(record, {});
  CHECK(*decoded.find("virtual_register") == Value("mr_ima"));
  CHECK(*decoded.find("algorithm") == Value("sha256"));
  const Judgement judgement = judge(record, {}, engine);
  CHECK(judgement.covered == ByteRange{0, text.size()});
  CHECK(covered_fields(decoded, judgement).size() == decoded.fields.size());
  CHECK(event_type_name(record) == "record");

  CHECK(decode(line_record(ContentType::tsm, "a  b c"), {}).find("words")->as<Value::List>()->size() == 3);
  const std::string sync = "SYNC sha256/" + kZeros;
  CHECK(decode(line_record(ContentType::tsm, sync, TsmLine::sync), {}).kind == "sync");
  CHECK(event_type_name(line_record(ContentType::tsm, sync, TsmLine::sync)) == "SYNC");
  CHECK(decode(line_record(ContentType::tsm, "# x", TsmLine::comment), {}).kind == "comment");
}

TEST_CASE("nothing in the log explains a direct extension") {
  const std::string text = "# .EXTEND " + kZeros;
  Record record = line_record(ContentType::tsm, text, TsmLine::extend);
  const Digest digest = Digest::filled(32, 0);
  const DigestEntry entry{.algorithm = HashAlgorithm::sha256, .value = digest.view()};
  record.extends = true;
  record.digests = {&entry, 1};
  HashEngine engine;
  CHECK(judge(record, {}, engine).digests.at(0).check == Check::unverifiable);
  CHECK(event_type_name(record) == ".EXTEND");
}

TEST_CASE("an AAEL line is INIT, an event of three parts, or shown with a problem") {
  const Decoded event = decode(line_record(ContentType::aael, "domain operation a b"), {});
  CHECK(*event.find("domain") == Value("domain"));
  CHECK(*event.find("operation") == Value("operation"));
  CHECK(*event.find("content") == Value("a b"));
  CHECK(event.problem.empty());
  CHECK_FALSE(decode(line_record(ContentType::aael, "domain operation"), {}).problem.empty());
  const std::string init = "INIT sha256/" + kZeros;
  CHECK(decode(line_record(ContentType::aael, init), {}).kind == "aael-init");
  CHECK(event_type_name(line_record(ContentType::aael, init)) == "INIT");
  CHECK(event_type_name(line_record(ContentType::aael, "a b c")) == "event");
  CHECK(aael::format_init(HashAlgorithm::sha256, Digest::filled(32, 0).view()) == init);
  CHECK(aael::parse_init("INIT/sha256 " + kZeros)->specification_form);
  for (const std::string_view line : {"INIT", "INIT ", "INIT sha256", "INIT sha256/", "INIT md5/00", "INITsha256/00",
                                      "INIT sha256/0", "INIT 0x000b/"}) {
    CAPTURE(line);
    CHECK_FALSE(aael::parse_init(line));
  }
}
