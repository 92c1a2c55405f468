#include "formats/tcg/meaning.hpp"

#include <doctest/doctest.h>

#include "formats/tcg/test_log.hpp"

using namespace mrtool;
using namespace mrtool::tcg;
using namespace mrtool::tcg::testing;

namespace {

std::unique_ptr<WholeLog> read_tpm(LogBuilder& builder) {
  const Bytes bytes = builder.take();
  auto log = read_whole(Row::tcg2, bytes);
  CHECK_FALSE(log->error);
  return log;
}

bool asserts_locality(const Record& record, std::string_view value) {
  return record.asserts && record.asserts->kind == AssertionKind::initial &&
         record.asserts->bank == HashAlgorithm::none && record.asserts->value.hex() == value;
}

}  // namespace

TEST_CASE("StartupLocality behind the spec-ID event asserts PCR 0's first value and extends nothing") {
  const auto log = read_tpm(LogBuilder().spec_id().agile(0, 3, kLocality3));
  CHECK(asserts_locality(*log->records[1], "03"));
  CHECK_FALSE(log->records[1]->extends);
  CHECK(log->diagnostics.all().empty());
}

TEST_CASE("StartupLocality that is padded to 50 bytes") {
  std::string padded(kLocality3);
  padded.resize(50, '\0');
  const auto log = read_tpm(LogBuilder().spec_id().agile(0, 3, padded));
  CHECK(asserts_locality(*log->records[1], "03"));
  CHECK(log->diagnostics.has("V11"));
}

TEST_CASE("StartupLocality without its last byte asserts nothing") {
  const auto log = read_tpm(LogBuilder().spec_id().agile(0, 3, kLocality3.substr(0, 16)));
  CHECK_FALSE(log->records[1]->asserts);
}

TEST_CASE("StartupLocality behind other informational records and other registers counts") {
  const auto log = read_tpm(
      LogBuilder().spec_id().agile(0, 3, "SP800-155 Event\0...."sv).agile(7, kSeparator, "x").agile(0, 3, kLocality3));
  CHECK(asserts_locality(*log->records[3], "03"));
  CHECK(log->diagnostics.has("V12"));
}

TEST_CASE("StartupLocality that is repeated: the first one counts") {
  const auto log = read_tpm(LogBuilder().spec_id().agile(0, 3, kLocality3).agile(0, 3, "StartupLocality\0\4"sv));
  CHECK(asserts_locality(*log->records[1], "03"));
  CHECK_FALSE(log->records[2]->asserts);
  CHECK(log->diagnostics.count("T04") == 1);
}

TEST_CASE("StartupLocality after PCR 0 was extended does not count") {
  const auto log = read_tpm(LogBuilder().spec_id().agile(0, kVersion, "v").agile(0, 3, kLocality3));
  CHECK_FALSE(log->records[2]->asserts);
  CHECK(log->diagnostics.count("T05") == 1);
}

TEST_CASE("StartupLocality of another register asserts nothing") {
  CHECK_FALSE(read_tpm(LogBuilder().spec_id().agile(1, 3, kLocality3))->records[1]->asserts);
}

TEST_CASE("H-CRTM asserts locality 4 and extends") {
  const auto log = read_tpm(LogBuilder().spec_id().agile(0, kHcrtm, "HCRTM"));
  CHECK(asserts_locality(*log->records[1], "04"));
  CHECK(log->records[1]->extends);
}

TEST_CASE("H-CRTM in another register, or after PCR 0 was extended, asserts nothing") {
  const auto log =
      read_tpm(LogBuilder().spec_id().agile(1, kHcrtm, "HCRTM").agile(0, kVersion, "v").agile(0, kHcrtm, "HCRTM"));
  CHECK_FALSE(log->records[1]->asserts);
  CHECK_FALSE(log->records[3]->asserts);
  CHECK(log->records[3]->extends);
}

TEST_CASE("StartupLocality behind H-CRTM has no effect") {
  const auto log = read_tpm(LogBuilder().spec_id().agile(0, kHcrtm, "HCRTM").agile(0, 3, kLocality3));
  CHECK_FALSE(log->records[2]->asserts);
  CHECK(log->diagnostics.count("V13") == 1);
  CHECK_FALSE(log->diagnostics.has("T05"));
}

TEST_CASE("NV handles are registers of their own that informational records extend") {
  const auto log =
      read_tpm(LogBuilder().spec_id().agile(0x01C40200, 3, "NvIndexInstance\0"sv).agile(0x01C40201, kSeparator, "x"));
  CHECK(log->records[1]->reg.kind == RegisterKind::nv);
  CHECK(log->records[1]->reg.index == 0x01C40200);
  CHECK(log->records[1]->extends);
  CHECK(log->diagnostics.count("V15") == 1);
  CHECK_FALSE(log->records[2]->extends);
  CHECK(log->diagnostics.count("T09") == 1);
}

TEST_CASE("PCRs end at 23") {
  const auto log =
      read_tpm(LogBuilder().spec_id().agile(23, kSeparator, "x").agile(24, kSeparator, "x").agile(24, 3, "info"));
  CHECK(log->records[1]->reg.kind == RegisterKind::pcr);
  CHECK(log->records[1]->extends);
  CHECK(log->records[2]->reg.kind == RegisterKind::invalid);
  CHECK(log->records[2]->reg.index == 24);
  CHECK_FALSE(log->records[2]->extends);
  CHECK(log->diagnostics.count("T09") == 1);
}

TEST_CASE("index FFFFFFFF with a type that extends is a tolerance") {
  const auto log = read_tpm(LogBuilder().spec_id().agile(0xFFFFFFFF, kSeparator, "x"));
  CHECK_FALSE(log->records[1]->extends);
  CHECK(log->diagnostics.has("T09"));
  CHECK_FALSE(log->diagnostics.has("V05"));
}

TEST_CASE("measurement registers 0 and above 4 of a CCEL cannot be extended") {
  const Bytes bytes = LogBuilder()
                          .spec_id({{}}, 1)
                          .agile(0, 3, "info")
                          .agile(0, 3, "info")
                          .agile(0, kSeparator, "x")
                          .agile(5, kSeparator, "x")
                          .agile(4, kSeparator, "x")
                          .take();
  const auto log = read_whole(Row::ccel, bytes);
  CHECK(log->diagnostics.count("V14") == 2);
  CHECK(log->diagnostics.count("T09") == 2);
  CHECK(log->records[3]->reg.kind == RegisterKind::mrtd);
  CHECK_FALSE(log->records[3]->extends);
  CHECK(log->records[4]->reg.kind == RegisterKind::invalid);
  CHECK(log->records[5]->reg.kind == RegisterKind::rtmr);
  CHECK(log->records[5]->extends);
}

TEST_CASE("the platform that a caller knows names a CCEL's registers") {
  const Bytes bytes = LogBuilder().spec_id({{}}, 1).agile(0, 3, "x").agile(2, kSeparator, "x").take();
  const auto log = read_whole(Row::ccel, bytes, {.algorithms = {}, .platform = Platform::cca});
  CHECK(log->records[1]->reg.kind == RegisterKind::rim);
  CHECK(log->records[2]->reg.kind == RegisterKind::rem);
  CHECK(log->records[2]->reg.index == 1);
}

TEST_CASE("a quirk of very many records is counted, not repeated") {
  LogBuilder builder;
  builder.spec_id();
  for (int i = 0; i < 1000; ++i) {
    builder.agile(99, kSeparator, "x");
  }
  const auto log = read_tpm(builder);
  CHECK(log->diagnostics.count("T09") == 1000);
  CHECK(log->diagnostics.all().size() == DiagnosticSink::kKept);
}
