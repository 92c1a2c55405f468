#include "formats/kept_logs.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "formats/formats.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {
namespace {

const std::vector<HashAlgorithm> kBanks{HashAlgorithm::sha256};

std::string format_for(std::string_view format, std::string_view reg) {
  const auto host = make_host("");
  const auto log = make_kept_log(format, *parse_register(reg), kBanks, *host);
  return log ? std::string((*log)->format()) : log.error().message;
}

TEST_CASE("every row is a format of the table of formats, and makes a log of that format") {
  const auto host = make_host("");
  for (const KeptLogRow& row : kept_logs()) {
    CAPTURE(row.format);
    const FormatRow* const format = find_format(row.format);
    REQUIRE(format != nullptr);
    CHECK(format->name == row.format);
    REQUIRE_FALSE(row.kinds.empty());
    for (const RegisterKind kind : row.default_for) {
      CHECK(std::ranges::find(row.kinds, kind) != row.kinds.end());
    }
    Register reg;
    reg.kind = row.kinds.front();
    const auto log = row.make(reg, kBanks, *host);
    CHECK(log->format() == row.format);
    CHECK_FALSE(log->file_name().empty());
  }
}

TEST_CASE("the default, and others by name or alias") {
  CHECK(format_for("", "pcr16") == "cel-json");
  CHECK(format_for("", "rtmr3") == "tsm");
  CHECK(format_for("", "rem0") == "tsm");
  CHECK(format_for("", "measurement-example/mr:boot") == "tsm");
  CHECK(format_for("cel", "pcr16") == "cel-json");
  CHECK(format_for("tcg2", "pcr16") == "tcg2");
  CHECK(format_for("systemd", "rtmr2") == "systemd");
  CHECK(format_for("cel-json", "rtmr3") == "cel-json");
}

TEST_CASE("systemd's logs have a place of their own") {
  const auto place = [](std::string_view format, std::string_view name) {
    const Register reg = *parse_register(name);
    const KeptLogRow* const row = find_kept_log(format, reg).value();
    return row->place == nullptr ? std::string_view() : row->place(reg);
  };
  CHECK(place("systemd", "pcr11") == "/run/log/systemd/tpm2-measure.log");
  CHECK(place("systemd", "rtmr2") == "/run/log/systemd/cc-measure.log");
  CHECK(place("", "pcr11").empty());
}

TEST_CASE("a format that is none, or not for the register, is refused with those that can be kept") {
  CHECK(
      format_for("cel-tlv", "pcr16").contains("a log can be kept for pcr16 (cel-json, systemd, tcg2), found cel-tlv"));
  CHECK(format_for("tsm", "pcr16").ends_with("(cel-json, systemd, tcg2), found tsm"));
  CHECK(format_for("systemd", "rem0").ends_with("(tsm), found systemd"));
  CHECK(format_for("none\x1b", "pcr16").ends_with("found none\\x1b"));
  CHECK(format_for("", "mrtd") == "no log can be kept for mrtd");
}

}  // namespace
}  // namespace mrtool
