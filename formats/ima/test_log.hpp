// For the tests of this folder: the worked examples, and lists read and written whole.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/test_log.hpp"
#include "lib/base/byte_writer.hpp"
#include "lib/base/host.hpp"
#include "lib/registers/names.hpp"
#include "lib/replay/replay.hpp"

namespace mrtool::ima::testing {

// Six entries of SHA-1 digests: boot_aggregate, a file, a violation, a buffer, a signed file, an unsigned one.
inline constexpr std::string_view kEntry1 =
    "0a0000006bdad7efa602f84ca31ffe3f11ff7c476e25dcdd06000000696d612d"
    "6e673f000000280000007368613235363a007b6436b0c98f62380866d9432c2a"
    "f0ee08ce16a171bda6951aecd95ee1307d610f000000626f6f745f6167677265"
    "6761746500";
inline constexpr std::string_view kEntry2 =
    "0a000000c8acbfa06c0d5bf7696db445ba8489fa2393c0d506000000696d612d"
    "6e673f000000280000007368613235363a005891b5b522d5df086d0ff0b110fb"
    "d9d21bb4fc7163af34d08286a2e846f6be030f0000002f7573722f62696e2f68"
    "656c6c6f00";
inline constexpr std::string_view kEntry3 =
    "0a000000000000000000000000000000000000000000000006000000696d612d"
    "6e6741000000280000007368613235363a000000000000000000000000000000"
    "000000000000000000000000000000000000110000002f7661722f6c6f672f61"
    "70702e6c6f6700";
inline constexpr std::string_view kEntry4 =
    "0a0000008a3136c65aeed93452e86e0452301157ef9dbf0507000000696d612d"
    "62756655000000280000007368613235363a002b5f12a14ed6961493930520e7"
    "8e4ec5be4d6c93d59d7d719ac027080e7d8d2e0e0000006b657865632d636d64"
    "6c696e650013000000636f6e736f6c653d7474795330207175696574";
inline constexpr std::string_view kEntry5 =
    "0a000000d4269f622b5f3beaf36f0cf352b8d8cbc802089d07000000696d612d"
    "73696756000000280000007368613235363a00167112362adb3b2041c11f7337"
    "437872f9d821e57e8c3edd68d87a1d0babd0f5110000002f7573722f62696e2f"
    "68656c6c6f5f320011000000030204a1b2c3d400080011223344556677";
inline constexpr std::string_view kEntry6 =
    "0a0000009da662bb8c37dbea02ff915f872a0715d1d45c1607000000696d612d"
    "7369673f000000280000007368613235363a00e3b0c44298fc1c149afbf4c899"
    "6fb92427ae41e4649b934ca495991b7852b8550b0000002f6574632f656d7074"
    "790000000000";
inline constexpr std::string_view kLegacyEntry =
    "0a000000c46f9765364398f3cf1b6710d7229bf73b281f5a03000000696d61f5"
    "72d396fae9206628714fb2ce00f72e94f2258f0e0000002f7573722f62696e2f"
    "68656c6c6f";
inline constexpr std::string_view kLegacyViolation =
    "0a000000000000000000000000000000000000000000000003000000696d6100"
    "00000000000000000000000000000000000000100000002f7661722f6c6f672f"
    "6170702e6c6f67";
inline constexpr std::string_view kCustomEntry =
    "0a000000ef20889545f35b23dd3d79d468bfd30f435af327090000006e2d6e67"
    "7c642d6e673f0000000f0000002f7573722f62696e2f68656c6c6f0028000000"
    "7368613235363a005891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d0"
    "8286a2e846f6be03";
inline constexpr std::string_view kVerityData =
    "2f0000007665726974793a7368613235363a005891b5b522d5df086d0ff0b110"
    "fbd9d21bb4fc7163af34d08286a2e846f6be030f0000002f7573722f62696e2f"
    "68656c6c6f00";
inline constexpr std::string_view kKexecHeader = "0100000000000000e2000000000000000200000000000000";

inline constexpr std::string_view kAsciiSha1 =
    "10 6bdad7efa602f84ca31ffe3f11ff7c476e25dcdd ima-ng "
    "sha256:7b6436b0c98f62380866d9432c2af0ee08ce16a171bda6951aecd95ee1307d61 boot_aggregate\n"
    "10 c8acbfa06c0d5bf7696db445ba8489fa2393c0d5 ima-ng "
    "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 /usr/bin/hello\n"
    "10 0000000000000000000000000000000000000000 ima-ng "
    "sha256:0000000000000000000000000000000000000000000000000000000000000000 /var/log/app.log\n"
    "10 8a3136c65aeed93452e86e0452301157ef9dbf05 ima-buf "
    "sha256:2b5f12a14ed6961493930520e78e4ec5be4d6c93d59d7d719ac027080e7d8d2e kexec-cmdline "
    "636f6e736f6c653d7474795330207175696574\n"
    "10 d4269f622b5f3beaf36f0cf352b8d8cbc802089d ima-sig "
    "sha256:167112362adb3b2041c11f7337437872f9d821e57e8c3edd68d87a1d0babd0f5 /usr/bin/hello_2 "
    "030204a1b2c3d400080011223344556677\n"
    "10 9da662bb8c37dbea02ff915f872a0715d1d45c16 ima-sig "
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 /etc/empty \n";

inline Bytes bytes_of(std::initializer_list<std::string_view> hex) {
  Bytes all;
  for (const std::string_view part : hex) {
    const Bytes bytes = *from_hex(part);
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  return all;
}

inline Bytes sha1_list() {
  return bytes_of({kEntry1, kEntry2, kEntry3, kEntry4, kEntry5, kEntry6});
}

using mrtool::testing::Raw;
using mrtool::testing::read_whole;
using mrtool::testing::SlowSource;
using mrtool::testing::WholeLog;

using mrtool::testing::write_whole;

// The digest of a record in a bank, by origin; nothing when it has none.
inline std::optional<std::string> digest_of(const Record& record, HashAlgorithm bank, bool alternative = false) {
  for (const DigestEntry& entry : record.digests) {
    if (entry.algorithm == bank && (entry.origin == DigestOrigin::alternative) == alternative) {
      return to_hex(entry.value);
    }
  }
  return std::nullopt;
}

// H(value ‖ digest) over the records about a register, from zeros.
inline std::string folded(const WholeLog& log, std::string_view reg, HashAlgorithm bank, bool alternative = false,
                          std::size_t records = SIZE_MAX) {
  HashEngine engine;
  Digest value = Digest::filled(find_algorithm(bank)->size, 0);
  for (std::size_t i = 0; i < std::min(records, log.records.size()); ++i) {
    const Record& record = *log.records[i];
    const auto digest = digest_of(record, bank, alternative);
    if (record.reg == *parse_register(reg) && digest) {
      engine.extend(bank, value, *from_hex(*digest));
    }
  }
  return value.hex();
}

}  // namespace mrtool::ima::testing
