// SELECTION@FILE, base64 and reports.
#include <doctest/doctest.h>

#include "lib/sources/kinds.hpp"
#include "lib/sources/source_test.hpp"

using namespace mrtool;
using namespace mrtool::testing;

namespace {

Result<RegisterValues> load_selected(std::string_view selection, std::string_view content) {
  const TemporaryDirectory directory;
  return load(std::string(selection) + "@" + directory.write("values", content));
}

std::string base64(std::string_view text) {
  const auto decoded = sources::decode_base64(text);
  return decoded ? std::string(as_text(*decoded)) : "none";
}

}  // namespace

TEST_CASE("bare values: banks in the order of the selection, registers ascending in each") {
  const std::string content = std::string(20, 'a') + std::string(20, 'b') + std::string(32, 'c');
  const auto values = load_selected("sha1:7,0+sha256:4", content);
  REQUIRE(values);
  CHECK(values->kind == "values");
  CHECK(values->authenticated == Authenticated::none);
  CHECK(values->values.size() == 3);
  CHECK(value_of(*values, "pcr0", HashAlgorithm::sha1) == Digest::filled(20, 'a').hex());
  CHECK(value_of(*values, "pcr7", HashAlgorithm::sha1) == Digest::filled(20, 'b').hex());
  CHECK(value_of(*values, "pcr4", HashAlgorithm::sha256) == Digest::filled(32, 'c').hex());
  const auto all = load_selected("sha256:all", std::string(std::size_t{24} * 32, 'd'));
  REQUIRE(all);
  CHECK(all->values.size() == 24);
}

TEST_CASE("a bank that is selected twice: merged as tpm2_pcrread does, or one behind the other as tpm2_quote does") {
  const std::string zero(20, 'a');
  const std::string one(20, 'b');
  const std::string two(20, 'c');
  const auto merged = load_selected("sha1:0,2+sha1:1,2", zero + one + two);
  const auto separate = load_selected("sha1:0,2+sha1:1,2", zero + two + one + two);
  REQUIRE(merged);
  REQUIRE(separate);
  CHECK(merged->values == separate->values);
  CHECK(value_of(*merged, "pcr1", HashAlgorithm::sha1) == Digest::filled(20, 'b').hex());
  CHECK(error_of(load_selected("sha1:0,2+sha1:1,2", zero + two + one + zero)).message.contains("different value"));
}

TEST_CASE("one raw register, one sysfs PCR file, and a file of many") {
  CHECK(value_of(*load_selected("sha384:rtmr2", std::string(48, 'r')), "rtmr2", HashAlgorithm::sha384) ==
        Digest::filled(48, 'r').hex());
  CHECK(value_of(*load_selected("sha256:7", digits('A', 32) + "\n"), "pcr7", HashAlgorithm::sha256) == kA32);
  CHECK(value_of(*load_selected("sha256:7", "0x" + kA32), "pcr7", HashAlgorithm::sha256) == kA32);
  const auto two = load_selected("sha1:0,1", kC20 + "\n" + digits('d', 20) + "\n");
  REQUIRE(two);
  CHECK(value_of(*two, "pcr1", HashAlgorithm::sha1) == digits('d', 20));
}

TEST_CASE("bare values that do not fit their selection, and selections that are none") {
  for (const std::size_t size : {0U, 1U, 31U, 33U, 64U}) {
    const Error error = error_of(load_selected("sha256:7", std::string(size, 'x')));
    CHECK(error.kind == ErrorKind::malformed);
    CHECK(error.message.contains("expected 32 bytes"));
  }
  CHECK(error_of(load_selected("sha256:0,1", kA32 + "\n")).kind == ErrorKind::malformed);
  CHECK(error_of(load_selected("sha256:0", kC20 + "\n")).kind == ErrorKind::malformed);
  CHECK(error_of(load_selected("pcr7", std::string(32, 'x'))).kind == ErrorKind::usage);
  CHECK(error_of(load_selected("sha256:all+sha1:0", std::string(32, 'x'))).message.contains("expected 788 bytes"));
  CHECK(error_of(load_selected("sha257:7", std::string(32, 'x'))).kind == ErrorKind::io);
  CHECK(error_of(load("sha256:7@/nonexistent")).kind == ErrorKind::io);
}

TEST_CASE("an @ in a path or a register's name is one") {
  const TemporaryDirectory directory;
  CHECK(load(directory.write("sha1:0@b", "sha1:\n 0 : " + kC20 + "\n")));
  CHECK(value_of(*load("sha1:0@" + directory.write("a@b", std::string(20, 'x'))), "pcr0", HashAlgorithm::sha1) ==
        Digest::filled(20, 'x').hex());
  CHECK(value_of(*load("sha256:mr:a@rtmr3@" + directory.write("c", std::string(32, 'x'))), "mr:a@rtmr3",
                 HashAlgorithm::sha256) == Digest::filled(32, 'x').hex());
}

TEST_CASE("the marshaled PCR file of the notes on registers and reports, 2.8") {
  const auto bytes = from_hex(
      "00000001000b0381000000000001000000020020d4b03a7d653bafaee216220e1f7e3377e15202ba828d007285016969ffc0547b0020"
      "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969");
  REQUIRE(bytes);
  const auto values = load_text(as_text(*bytes));
  REQUIRE(values);
  CHECK(values->kind == "tpm2_pcrs");
  CHECK(values->values.size() == 2);
  CHECK(value_of(*values, "pcr0", HashAlgorithm::sha256) ==
        "d4b03a7d653bafaee216220e1f7e3377e15202ba828d007285016969ffc0547b");
  CHECK(value_of(*values, "pcr7", HashAlgorithm::sha256) ==
        "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969");
}

TEST_CASE("base64, exactly") {
  CHECK(base64("aGVsbG8=") == "hello");
  CHECK(base64("aGVs\nbG8h\n") == "hello!");
  CHECK(base64("aGVsbA==\r\n") == "hell");
  for (const std::string_view text : {"", "\n", "a", "aGVsbG8", "aGVsbG8==", "=GVsbG8=", "aGV=bG8=", "aGVs bG8=",
                                      "aGVsbG8=\xFF", "====", "aGVs-G8="}) {
    CHECK_MESSAGE(base64(text) == "none", text);
  }
}

TEST_CASE("base64 of a known kind is read, of anything else it is not, and one layer only") {
  const std::string once = "eyJzaGExIjogeyIwIjogIjAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAifX0=\n";
  const auto values = load_text(once);
  REQUIRE(values);
  CHECK(value_of(*values, "pcr0", HashAlgorithm::sha1) == digits('0', 20));
  CHECK(error_of(load_text("aGVsbG8=")).kind == ErrorKind::malformed);
  CHECK(error_of(load_text("ZXlKemFHRXhJam9nZXlJd0lqb2dJakF3TURBd01EQXdNREF3TURBd01EQXdNREF3TURBd01EQXdNREF3TURBd01E"
                           "QXdNREF3TURBaWZYMD0K"))
            .kind == ErrorKind::malformed);
}

TEST_CASE("quotes that others published: values without a verifier, and TPM quotes, which hold none") {
  const std::filesystem::path corpus = std::filesystem::path(MRTOOL_SOURCE_DIR) / "../shared/corpus/quotes";
  if (!std::filesystem::exists(corpus)) {
    MESSAGE("skipped: no corpus beside the repository");
    return;
  }
  for (const std::string name :
       {"trustee-tdx_quote_4.dat", "trustee-tdx_quote_5.dat", "go-tdx-guest-quote_v5_sample.dat"}) {
    const auto values = load((corpus / name).string());
    REQUIRE_MESSAGE(values, name);
    CHECK(values->authenticated == Authenticated::none);
    CHECK(value_of(*values, "rtmr0", HashAlgorithm::sha384).size() == 96);
    CHECK(value_of(*values, "mrtd", HashAlgorithm::sha384).size() == 96);
  }
  const Error error = error_of(load((corpus / "dstack-tpm_quote_sample.msg").string()));
  CHECK(error.kind == ErrorKind::malformed);
  CHECK(error.message.contains("holds a hash of register values, not the values"));
}

TEST_CASE("captured virtual machines: both binary forms of the PCR files of their quotes") {
  const std::filesystem::path machines = std::filesystem::path(MRTOOL_SOURCE_DIR) / "../shared/corpus/vm";
  if (!std::filesystem::exists(machines)) {
    MESSAGE("skipped: no corpus beside the repository");
    return;
  }
  int compared = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(machines)) {
    const std::string name = entry.path().filename();
    const std::string stem = name.substr(0, name.find('.'));
    if (!name.ends_with(".values.pcrs")) {
      continue;
    }
    std::string selection;
    std::ifstream(entry.path().parent_path() / "selection") >> selection;
    const auto bare = load(selection + "@" + entry.path().string());
    const auto serialized = load(entry.path().parent_path() / (stem + ".pcrs"));
    REQUIRE_MESSAGE(bare, entry.path());
    REQUIRE_MESSAGE(serialized, entry.path());
    CHECK_MESSAGE(bare->values == serialized->values, entry.path());
    ++compared;
  }
  CHECK(compared >= 10);
}

TEST_CASE("registers that others published") {
  const std::filesystem::path corpus = std::filesystem::path(MRTOOL_SOURCE_DIR) / "../shared/corpus/registers";
  if (!std::filesystem::exists(corpus)) {
    MESSAGE("skipped: no corpus beside the repository");
    return;
  }
  const auto values_in = [&corpus](const std::string& prefix, const std::string& name) {
    const auto values = load(prefix + (corpus / name).string());
    REQUIRE_MESSAGE(values, (values ? std::string() : to_string(values.error())));
    return *values;
  };
  CHECK(values_in("", "fwupd-tpm12-sysfs-pcrs.txt").values.size() == 24);
  CHECK(values_in("", "fwupd-tpm12-sysfs-pcrs-empty.txt").values.size() == 24);
  CHECK(values_in("", "safeboot-pcrs-t490.txt").kind == "tpm2_pcrread");
  const auto report = values_in("", "guest-components-tdx_report_1.bin");
  CHECK(report.kind == "tdreport");
  CHECK(value_of(report, "rtmr0", HashAlgorithm::sha384).starts_with("f4ec1a04"));
  CHECK(value_of(report, "rtmr1", HashAlgorithm::sha384).starts_with("4e5f8826"));
  CHECK(values_in("sha256:all@", "tpm_futurepcr-QEMU-pcr-sha256.txt").values.size() == 24);
}
