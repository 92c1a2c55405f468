#include "tools/mrtool/commands/format_matrix.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "lib/crypto/hash.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {
namespace {

using namespace std::string_view_literals;

struct Sample {
  std::string_view kind;
  std::string_view source;  // for people
  std::string_view format;  // whose log the sample is from
  std::string_view reg;
  HashAlgorithm bank;
  ContentType content;
  std::uint32_t type;
  std::string_view name;
  std::string_view data;
  bool measured = true;  // the digest is that of the data
  bool extends = true;
};

constexpr std::uint32_t of(TsmLine line) {
  return static_cast<std::uint32_t>(line);
}

constexpr std::uint32_t kSeparator = 4;

// An ima-ng entry: length and algorithm with digest, length and path (IMA format notes, template fields).
constexpr std::string_view kImaData =
    "\x0c\0\0\0sha1:\0\x01\x02\x03\x04\x05\x06"
    "\x05\0\0\0/bin\0"sv;

constexpr auto kSamples = std::to_array<Sample>({
    {"PC client event, PCR", "tcg2, cel", "tcg2", "pcr7", HashAlgorithm::sha256, ContentType::pcclient, kSeparator, "",
     "\0\0\0\0"sv},
    {"PC client event, PCR, bank sha1", "tcg, tcg2, cel", "tcg2", "pcr7", HashAlgorithm::sha1, ContentType::pcclient,
     kSeparator, "", "\0\0\0\0"sv},
    {"PC client event, RTMR or REM", "ccel, cel", "ccel", "rtmr1", HashAlgorithm::sha384, ContentType::pcclient,
     kSeparator, "", "\0\0\0\0"sv},
    {"IMA entry", "ima, ima-ascii, cel", "ima", "pcr10", HashAlgorithm::sha256, ContentType::ima_template, 0, "ima-ng",
     kImaData},
    {"IMA entry as TLVs", "cel", "cel-tlv", "pcr10", HashAlgorithm::sha256, ContentType::ima_tlv, 0, "",
     "\0\0\0\0\x04/bin"sv},
    {"TSM line", "tsm, cel", "tsm", "rtmr3", HashAlgorithm::sha384, ContentType::tsm, of(TsmLine::record), "",
     "example.org start web"},
    {"TSM .EXTEND line", "tsm, cel", "tsm", "rtmr3", HashAlgorithm::sha384, ContentType::tsm, of(TsmLine::extend), "",
     "# .EXTEND 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f",
     false},
    {"TSM comment", "tsm, cel", "tsm", "rtmr3", HashAlgorithm::sha384, ContentType::tsm, of(TsmLine::comment), "",
     "# a comment", false, false},
    {"AAEL line", "aael, cel", "aael", "rtmr2", HashAlgorithm::sha384, ContentType::aael, 0, "",
     "example.org start web"},
    {"systemd's string", "systemd, cel", "systemd", "pcr11", HashAlgorithm::sha256, ContentType::systemd, 0, "phase",
     "enter-initrd"},
    {"CEL management note", "cel", "cel-tlv", "pcr0", HashAlgorithm::none, ContentType::cel_management, 0, "",
     "\x02\0\0\0\0"sv, false, false},
    {"Container-Optimized OS event", "cel", "cel-tlv", "pcr13", HashAlgorithm::sha256, ContentType::cos, 0, "",
     "\0\0\0\0\x03web"sv},
});

// .EXTEND is about the digest that it holds; others of which the digest is not their own have none here.
Carried carried_by(const FormatRow& format, const Sample& sample) {
  Record record;
  record.reg = *parse_register(sample.reg);
  record.content = sample.content;
  record.type = sample.type;
  record.name = as_bytes(sample.name);
  record.data = as_bytes(sample.data);
  record.extends = sample.extends;
  record.raw_index = index_from_register(record.reg, sample.format == "ccel").value_or(0);

  Digest digest;
  std::vector<DigestEntry> digests;
  LogInfo info;
  info.format = sample.format;
  if (sample.measured) {
    digest = HashEngine().hash(sample.bank, record.data);
  } else if (sample.extends) {
    constexpr std::string_view kWord = "# .EXTEND ";
    digest = Digest(*from_hex(sample.data.substr(kWord.size())));
  }
  if (sample.extends) {
    digests.push_back({.algorithm = sample.bank, .value = digest.view()});
    info.algorithms.push_back({sample.bank, static_cast<std::uint16_t>(digest.size())});
  }
  record.digests = digests;
  return format.carry(record, info, {.reg = format.names_registers ? std::nullopt : std::optional(record.reg)});
}

}  // namespace

std::vector<MatrixRow> format_matrix() {
  std::vector<MatrixRow> rows;
  for (const Sample& sample : kSamples) {
    MatrixRow& row = rows.emplace_back(MatrixRow{.kind = sample.kind, .source = sample.source, .cells = {}});
    for (const FormatRow& format : formats()) {
      if (format.make_writer != nullptr && format.carry != nullptr) {
        row.cells.push_back({.format = format.name, .carried = carried_by(format, sample)});
      }
    }
  }
  return rows;
}

std::string format_matrix_text() {
  std::string out;
  for (const MatrixRow& row : format_matrix()) {
    fmt::format_to(std::back_inserter(out), "{} (from {})\n", row.kind, row.source);
    for (const Carriage carriage : {Carriage::native, Carriage::encapsulated, Carriage::lost}) {
      std::string names;
      for (const MatrixCell& cell : row.cells) {
        if (cell.carried.carriage == carriage) {
          fmt::format_to(std::back_inserter(names), " {}", cell.format);
        }
      }
      if (!names.empty()) {
        fmt::format_to(std::back_inserter(out), "  {:14}{}\n", fmt::format("{}:", to_string(carriage)), names);
      }
    }
  }
  return out;
}

}  // namespace mrtool
