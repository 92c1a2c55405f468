// What becomes of each kind of record and of each pair of formats, found out by converting every log that is at hand:
// the tables of man/mrtool-formats.1.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <regex>

#include "formats/test_conversion.hpp"

using namespace mrtool;
using namespace mrtool::testing;

namespace {

const std::string kPage = MRTOOL_SOURCE_DIR "/man/mrtool-formats.1";

std::string read_page() {
  return std::string(as_text(read_test_file(kPage)));
}

// The lines between `.\" NAME` and the end of the example.
struct Section {
  std::size_t begin = 0;
  std::size_t end = 0;
};
Section section_of(const std::string& page, std::string_view name) {
  const std::string mark = fmt::format(".\\\" {}\n", name);
  const std::size_t begin = page.find(mark);
  REQUIRE(begin != std::string::npos);
  const std::size_t end = page.find(".EE\n", begin);
  REQUIRE(end != std::string::npos);
  return {.begin = begin + mark.size(), .end = end};
}

using Cells = std::map<std::string, std::string>;  // format to "native", "encapsulated", "lost", "partly"

// "KIND (from ...)", then lines "  native: FORMAT ...".
std::map<std::string, Cells> read_kinds(const std::string& page) {
  const Section section = section_of(page, "matrix");
  std::istringstream lines(
      std::regex_replace(page.substr(section.begin, section.end - section.begin), std::regex("\\\\-"), "-"));
  std::map<std::string, Cells> kinds;
  std::string kind;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    if (!line.starts_with(' ')) {
      kind = line.substr(0, line.find(" (from"));
      continue;
    }
    std::string carriage;
    words >> carriage;
    carriage.pop_back();
    for (std::string format; words >> format;) {
      kinds[kind][format] = carriage;
    }
  }
  return kinds;
}

bool is_rtmr(const Register& reg) {
  return reg.kind == RegisterKind::rtmr || reg.kind == RegisterKind::rem;
}

std::string kind_of_line(const Record& record) {
  if (!is_rtmr(record.reg)) {
    return {};
  }
  switch (static_cast<TsmLine>(record.type)) {
    case TsmLine::extend:
      return "TSM .EXTEND line";
    case TsmLine::comment:
      return "TSM comment";
    default:
      return "TSM line";
  }
}

std::string kind_of_event(const Record& record) {
  if (is_rtmr(record.reg)) {
    return "PC client event, RTMR or REM";
  }
  const bool sha1 =
      std::ranges::find(record.digests, HashAlgorithm::sha1, &DigestEntry::algorithm) != record.digests.end();
  if (sha1 && record.digests.size() > 1) {
    return {};
  }
  return sha1 ? "PC client event, PCR, bank sha1" : "PC client event, PCR";
}

// The row of the page's table that is about the record; empty where none is.
std::string kind_of(const Record& record) {
  const bool about_nothing =
      !record.extends && record.content != ContentType::tsm && record.content != ContentType::cel_management;
  if (about_nothing) {
    return {};
  }
  switch (record.content) {
    case ContentType::pcclient:
      return kind_of_event(record);
    case ContentType::ima_template:
      return "IMA entry";
    case ContentType::ima_tlv:
      return "IMA entry as TLVs";
    case ContentType::tsm:
      return kind_of_line(record);
    case ContentType::aael:
      return "AAEL line";
    case ContentType::systemd:
      return systemd_event(record) == nullptr && record.name.empty() ? "" : "systemd's string";
    case ContentType::cel_management:
      return "CEL management note";
    case ContentType::cos:
      return "Container-Optimized OS event";
    default:
      return {};
  }
}

struct Outcomes {
  std::uint64_t native = 0;
  std::uint64_t encapsulated = 0;
  std::uint64_t lost = 0;

  std::string word() const {
    if (lost != 0) {
      return native + encapsulated == 0 ? "lost" : "partly";
    }
    return encapsulated == 0 ? "native" : "encapsulated";
  }
};

// A log of one register, or of one bank, is made of those of a sample that it starts with; the SHA-1 layout of its
// SHA-1 digests.
struct Choice {
  std::optional<Register> reg;
  HashAlgorithm bank = HashAlgorithm::none;
};
Choice choose(const Sample& sample, const ConvertTarget& target) {
  Choice choice;
  DiagnosticSink unused;
  const auto reader = sample.format->make_reader(make_memory_source(sample.bytes), sample.reading, unused);
  Batch batch;
  for (bool more = true; more && !choice.reg;) {
    more = *reader->read(batch);
    const auto first = std::ranges::find_if(
        batch.records, [](const Record& record) { return record.extends && !record.digests.empty(); });
    if (first != batch.records.end()) {
      choice.reg = first->reg;
      choice.bank = target.format == "tcg" ? HashAlgorithm::sha1 : first->digests.front().algorithm;
    }
  }
  if (!target.one_register) {
    choice.reg.reset();
  }
  if ((!target.one_bank || target.holds_source) && target.format != "tcg") {
    choice.bank = HashAlgorithm::none;
  }
  return choice;
}

ConvertOptions options_for(const Choice& choice) {
  ConvertOptions options;
  if (choice.reg) {
    options.takes_record = [choice](const Record& record) { return record.reg == *choice.reg; };
  }
  if (choice.bank != HashAlgorithm::none) {
    options.takes_digest = [choice](const Register&, HashAlgorithm bank) { return bank == choice.bank; };
  }
  return options;
}

// Logs of every kind of record for which no file is there, and all of them in each encoding of CEL.
std::vector<Sample> all_samples() {
  constexpr std::string_view kTsm =
      "SYNC sha384/000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\n"
      "\n"
      "# a comment\n"
      "example.org start web\n"
      "\n"
      "# .EXTEND 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f\n";
  constexpr std::string_view kAael =
      "INIT sha384/000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\n"
      "example.org start web\n";
  constexpr std::string_view kSystemd =
      "\x1e{\"pcr\":11,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":"
      "\"51e6b92f405d1f98d96e3de343d61d420ad6923b25de21d766f9298192f14fed\"}],\"content_type\":\"systemd\","
      "\"content\":{\"string\":\"enter-initrd\",\"bootId\":\"0123456789abcdef0123456789abcdef\","
      "\"timestamp\":1234567,\"eventType\":\"phase\"}}\n";
  // The worked examples D and F of the CEL format notes behind a note of the version.
  constexpr std::string_view kCel =
      "0000000008000000000000000001000000010d03000000000400000011010000000c000000000101010000000100"
      "0000000008000000000000000101000000010d03000000250b00000020b2824a"
      "99ed22da15776aff9ecd7ecadcd8de7c3ed4079f58fc8da49b0f0cc69a500000"
      "001600000000116578616d706c652e636f6d2f6170703a31"
      "0000000008000000000000000201000000010d03000000250b00000020c28f38f3413b1e7489fab5ef6de51d2ca29954ff6fcd7781"
      "44419df0f722ec8f0800000038000000000e2f7573722f62696e2f68656c6c6f01000000205891b5b522d5df086d0ff0b110fbd9d2"
      "1bb4fc7163af34d08286a2e846f6be03";
  std::vector<Sample> all = samples();
  const auto add = [&all](std::string_view format, Bytes bytes) {
    Sample sample{.path = fmt::format("a made log of {}", format),
                  .format = find_format(format),
                  .reading = {.compute_banks = {HashAlgorithm::none}},
                  .bytes = std::move(bytes)};
    if (!sample.format->names_registers) {
      sample.reading.reg = *parse_register("rtmr2");
    }
    all.push_back(std::move(sample));
  };
  add("tsm", to_bytes(as_bytes(kTsm)));
  add("aael", to_bytes(as_bytes(kAael)));
  add("systemd", to_bytes(as_bytes(kSystemd)));
  add("cel-tlv", *from_hex(kCel));
  const std::size_t originals = all.size();
  for (std::size_t i = 0; i < originals; ++i) {
    for (const std::string_view format : {"cel-tlv", "cel-cbor", "cel-json"}) {
      const Converted made =
          convert(*all[i].format, all[i].bytes, all[i].reading, convert_target(*find_format(format), {}));
      if (!made.error && !made.result.refused && made.result.differences.empty()) {
        add(format, made.bytes);
        all.back().path = fmt::format("{} in {}", all[i].path, format);
      }
    }
  }
  return all;
}

struct Measured {
  std::map<std::pair<std::string, std::string>, Outcomes> pairs;  // from and to
  std::map<std::string, std::map<std::string, Outcomes>> kinds;
  std::map<std::string, std::string> counterexamples;
};

void measure(const Sample& sample, const FormatRow& to, const std::map<std::string, Cells>& declared,
             Measured& measured) {
  ConvertTarget target = convert_target(to, {});
  const Choice choice = choose(sample, target);
  target.write.reg = choice.reg;
  target.write.bank = target.one_bank ? choice.bank : HashAlgorithm::none;
  target.carry = [&](const Record& record, const LogInfo& info, const WriteOptions& options) {
    Carried carried = to.carry(record, info, options);
    const std::string kind = kind_of(record);
    if (!kind.empty()) {
      Outcomes& outcomes = measured.kinds[kind][std::string(to.name)];
      ++(carried.carriage == Carriage::native         ? outcomes.native
         : carried.carriage == Carriage::encapsulated ? outcomes.encapsulated
                                                      : outcomes.lost);
      // The page is about lines of text logs; in CEL they are its own.
      const bool own = info.format.starts_with("cel-") && to.name.starts_with("cel-");
      std::string expected = declared.at(kind).at(std::string(to.name));
      expected = own && expected == "encapsulated" ? "native" : expected;
      if (expected != to_string(carried.carriage)) {
        measured.counterexamples.emplace(fmt::format("{} to {}", kind, to.name),
                                         fmt::format("{}, record {}: {} ({})", sample.path, record.number,
                                                     to_string(carried.carriage), carried.reason));
      }
    }
    return carried;
  };
  const Converted made = convert(*sample.format, sample.bytes, sample.reading, target, options_for(choice));
  CAPTURE(sample.path);
  CAPTURE(to.name);
  CHECK_MESSAGE(!made.error, to_string(*made.error));
  CHECK(made.result.differences.empty());
  if (made.result.records == 0) {
    return;  // nothing that was asked for
  }
  Outcomes& outcomes = measured.pairs[{std::string(sample.format->name), std::string(to.name)}];
  outcomes.native += made.result.native;
  outcomes.encapsulated += made.result.encapsulated;
  outcomes.lost += made.lost;
}

std::string pairs_text(const std::map<std::pair<std::string, std::string>, Outcomes>& pairs) {
  std::string text;
  for (const FormatRow& from : formats()) {
    std::string lines;
    for (const std::string_view word : {"native", "encapsulated", "partly", "lost"}) {
      std::string names;
      for (const FormatRow& to : formats()) {
        const auto found = pairs.find({std::string(from.name), std::string(to.name)});
        if (found != pairs.end() && found->second.word() == word) {
          names += fmt::format(" {}", to.name);
        }
      }
      if (!names.empty()) {
        lines += fmt::format("  {:14}{}\n", fmt::format("{}:", word), names);
      }
    }
    text += lines.empty() ? "" : fmt::format("{}\n{}", from.name, lines);
  }
  return std::regex_replace(text, std::regex("-"), "\\-");
}

}  // namespace

TEST_CASE("the tables of the man page are what conversion of every log gives") {
  std::string page = read_page();
  const std::map<std::string, Cells> declared = read_kinds(page);
  Measured measured;
  for (const Sample& sample : all_samples()) {
    for (const FormatRow& to : formats()) {
      if (to.make_writer != nullptr) {
        measure(sample, to, declared, measured);
      }
    }
  }
  CHECK(measured.kinds.size() == declared.size());
  for (const auto& [what, counterexample] : measured.counterexamples) {
    FAIL_CHECK(what, ": ", counterexample);
  }
  if (!std::filesystem::is_directory(kCorpus)) {
    MESSAGE("skipped: ../shared/corpus is not there, and the table of pairs is about its logs too");
    return;
  }
  const Section section = section_of(page, "pairs");
  const std::string text = pairs_text(measured.pairs);
  if (std::getenv("MRTOOL_BLESS") != nullptr) {
    page.replace(section.begin, section.end - section.begin, text);
    std::ofstream(kPage, std::ios::binary | std::ios::trunc) << page;
    return;
  }
  CHECK(page.substr(section.begin, section.end - section.begin) == text);
}
