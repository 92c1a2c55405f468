#include "tools/mrtool/cli/filter.hpp"

#include <doctest/doctest.h>

namespace mrtool {
namespace {

Result<Filter> filter_of(std::vector<std::string> words) {
  words.insert(words.begin(), "inspect");
  const auto line = parse_command_line(words);
  REQUIRE(line);
  return Filter::from(*line);
}

Record record_of(std::uint32_t type, std::uint64_t number = 0, std::uint32_t pcr = 0) {
  Record record;
  record.number = number;
  record.reg = {.kind = RegisterKind::pcr, .index = pcr, .name = {}, .provider = {}, .carrier = {}};
  record.type = type;
  record.content = ContentType::pcclient;
  return record;
}

constexpr std::uint32_t kSeparator = 4;
constexpr std::uint32_t kIpl = 13;

TEST_CASE("without options everything is taken") {
  const auto filter = filter_of({});
  REQUIRE(filter);
  CHECK(filter->takes(record_of(kSeparator)));
  CHECK(filter->takes_bank(HashAlgorithm::sha1));
  CHECK(!filter->selects_values());
  CHECK(filter->record_options().empty());
}

TEST_CASE("the options that leave out records are those that were given") {
  CHECK(filter_of({"--bank", "sha1"})->record_options().empty());
  CHECK(filter_of({"--type", "ipl"})->record_options() == "--type selects");
  CHECK(filter_of({"--register", "0", "--type", "ipl", "--record", "1"})->record_options() ==
        "--register and --type and --record select");
  CHECK(filter_of({"--type", "ipl"})->value_options().empty());
  CHECK(filter_of({"--register", "0", "--bank", "sha1"})->value_options() == "--register and --bank select");
}

TEST_CASE("record numbers: one, a span, an open span, several") {
  const auto filter = filter_of({"--record", "3,5-7", "--record", "10-"});
  REQUIRE(filter);
  for (const std::uint64_t number : {3U, 5U, 6U, 7U, 10U, 999999U}) {
    CHECK(filter->takes(record_of(kIpl, number)));
  }
  for (const std::uint64_t number : {0U, 4U, 8U, 9U}) {
    CHECK(!filter->takes(record_of(kIpl, number)));
  }
}

TEST_CASE("record numbers that cannot be understood are refused") {
  for (const char* const text : {"", "x", "-3", "7-5", "3,", "1-2-3", "0x1", "99999999999999999999"}) {
    CAPTURE(text);
    const auto filter = filter_of({std::string("--record=") + text});
    REQUIRE(!filter);
    CHECK(filter.error().kind == ErrorKind::usage);
  }
}

TEST_CASE("types match with or without EV_, in either case, with wildcards") {
  for (const char* const glob : {"EV_SEPARATOR", "separator", "Sep*", "*", "ev_separato?"}) {
    CAPTURE(glob);
    const auto filter = filter_of({"--type", glob});
    REQUIRE(filter);
    CHECK(filter->takes(record_of(kSeparator)));
  }
  const auto filter = filter_of({"--type", "sep", "--type", "ipl"});
  REQUIRE(filter);
  CHECK(!filter->takes(record_of(kSeparator)));
  CHECK(filter->takes(record_of(kIpl)));
}

TEST_CASE("lines of text logs match with all of their text, however long the pattern takes to fail") {
  std::string line = "example.org deploy image [x]";
  Record record = record_of(0);
  const auto takes = [&](const std::string& glob) {
    record.data = as_bytes(line);
    return filter_of({"--type", glob})->takes(record);
  };
  for (const ContentType content : {ContentType::tsm, ContentType::aael}) {
    record.content = content;
    CHECK(takes("example.org *"));
    CHECK(takes("* deploy *"));
    CHECK(takes("example.org deploy image [x?"));
    CHECK(!takes("example.org"));
    CHECK(!takes("EXAMPLE.ORG *"));
  }
  line = std::string(60000, 'a');
  CHECK(!takes("*a*a*a*a*a*a*a*a*a*b"));
  CHECK(takes("aa*a"));
  line = std::string(70000, 'a');
  CHECK(!takes("aa*a"));
  record.content = ContentType::pcclient;
  line = "example.org deploy";
  CHECK(!takes("example.org *"));
}

TEST_CASE("registers are taken with their banks") {
  const auto filter = filter_of({"--register", "sha256:0-3", "--register", "pcr9"});
  REQUIRE(filter);
  const Register pcr0 = record_of(kIpl, 0, 0).reg;
  CHECK(filter->takes(pcr0, HashAlgorithm::sha256));
  CHECK(!filter->takes(pcr0, HashAlgorithm::sha1));
  CHECK(filter->takes(record_of(kIpl, 0, 9)));
  CHECK(!filter->takes(record_of(kIpl, 0, 8)));
}

TEST_CASE("unknown registers and banks are refused") {
  CHECK(!filter_of({"--register", "pcrx"}));
  CHECK(!filter_of({"--register="}));
  CHECK(!filter_of({"--bank", "sha9"}));
  CHECK(!filter_of({"--bank", "sha1,"}));
}

}  // namespace
}  // namespace mrtool
