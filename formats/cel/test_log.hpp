// For the tests of this folder: reads and writes logs whole, and the worked examples of the format notes.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/test_log.hpp"
#include "lib/base/host.hpp"

namespace mrtool::cel::testing {

inline Bytes hex(std::string_view text) {
  std::string digits(text);
  std::erase_if(digits, [](char letter) { return letter == ' ' || letter == '\n'; });
  return from_hex(digits).value();
}

// A: cel_version 1.0, record 0 of PCR 0, no digests.
inline constexpr std::string_view kTlvA =
    "00000000010001000000010003000000000400000011010000000c000000000101010000000100";
inline constexpr std::string_view kGoogleA =
    "0000000008000000000000000001000000010003000000000400000011010000000c000000000101010000000100";
inline constexpr std::string_view kCborA = "a500000100038009040aa2000101a200010100";
// B: EV_EFI_ACTION, PCR 4.
inline constexpr std::string_view kTlvB =
    "000000000100010000000104030000003e0400000014cd0fdb4531a6ec41be2753ba042637d6e5f7f2560b000000203d6772b4f84ed47595d7"
    "2a"
    "2c4c5ffd15f5bb72c7507fe26f2aaee2c69d5633ba0500000036000000000480000007010000002843616c6c696e6720454649204170706c69"
    "63"
    "6174696f6e2066726f6d20426f6f74204f7074696f6e";
inline constexpr std::string_view kSaffordB =
    "000000000400000000010000000400000004030000003e0400000014cd0fdb4531a6ec41be2753ba042637d6e5f7f2560b000000203d6772b4"
    "f8"
    "4ed47595d72a2c4c5ffd15f5bb72c7507fe26f2aaee2c69d5633ba0500000036000000000480000007010000002843616c6c696e6720454649"
    "20"
    "4170706c69636174696f6e2066726f6d20426f6f74204f7074696f6e";
inline constexpr std::string_view kCborB =
    "a5000001040382a200040154cd0fdb4531a6ec41be2753ba042637d6e5f7f256a2000b0158203d6772b4f84ed47595d72a2c4c5ffd15f5bb72"
    "c7"
    "507fe26f2aaee2c69d5633ba09050aa2001a8000000701582843616c6c696e6720454649204170706c69636174696f6e2066726f6d20426f6f"
    "74"
    "204f7074696f6e";
inline constexpr std::string_view kJsonB =
    R"({"recnum": 0, "pcr": 4, "digests": [{"hashAlg": "sha1", "digest": "cd0fdb4531a6ec41be2753ba042637d6e5f7f256"}, )"
    R"({"hashAlg": "sha256", "digest": "3d6772b4f84ed47595d72a2c4c5ffd15f5bb72c7507fe26f2aaee2c69d5633ba"}], )"
    R"("content_type": "pcclient_std", "content": {"event_type": "ev_efi_action", "event_data": )"
    R"("43616c6c696e6720454649204170706c69636174696f6e2066726f6d20426f6f74204f7074696f6e"}})";
// C: an IMA entry, PCR 10.
inline constexpr std::string_view kTlvC =
    "00000000010101000000010a030000003e0400000014c8acbfa06c0d5bf7696db445ba8489fa2393c0d50b00000020dfa612432aebcb7ffb5c"
    "ce"
    "a2b973b1de828d91e19f989f8dc99b2b414a99b26c070000004f0000000006696d612d6e67010000003f280000007368613235363a005891b5"
    "b5"
    "22d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be030f0000002f7573722f62696e2f68656c6c6f00";
inline constexpr std::string_view kCborC =
    "a50001010a0382a200040154c8acbfa06c0d5bf7696db445ba8489fa2393c0d5a2000b015820dfa612432aebcb7ffb5ccea2b973b1de828d91"
    "e1"
    "9f989f8dc99b2b414a99b26c09070aa20066696d612d6e6701583f280000007368613235363a005891b5b522d5df086d0ff0b110fbd9d21bb4"
    "fc"
    "7163af34d08286a2e846f6be030f0000002f7573722f62696e2f68656c6c6f00";
inline constexpr std::string_view kJsonC =
    R"({"recnum": 1, "pcr": 10, "digests": [{"hashAlg": "sha1", "digest": "c8acbfa06c0d5bf7696db445ba8489fa2393c0d5"}, )"
    R"({"hashAlg": "sha256", "digest": "dfa612432aebcb7ffb5ccea2b973b1de828d91e19f989f8dc99b2b414a99b26c"}], )"
    R"("content_type": "ima_template", "content": {"template_name": "ima-ng", "template_data": )"
    R"("280000007368613235363a005891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be030f0000002f7573722f6269)"
    R"(6e2f68656c6c6f00"}})";
// D: Container-Optimized OS, ImageRef in PCR 13; ImageRef and LaunchSeparator in RTMR 3.
inline constexpr std::string_view kGooglePcrD =
    "0000000008000000000000000001000000010d03000000250b00000020b2824a99ed22da15776aff9ecd7ecadcd8de7c3ed4079f58fc8da49b"
    "0f"
    "0cc69a500000001600000000116578616d706c652e636f6d2f6170703a31";
inline constexpr std::string_view kGoogleCcmrD =
    "000000000800000000000000006c000000010403000000350c00000030b23c2e355fed5cbfd41174c006527b64eab58fb04a64ec32b364d6af"
    "1c"
    "222d35842e61128e391f22f327841925e942a5500000001600000000116578616d706c652e636f6d2f6170703a31"
    "000000000800000000000000016c000000010403000000350c000000302731fce4778c6f9a6fa22db4e6a7375c0f4672d407b0dcd2196617e7"
    "dd"
    "2d33b9348281c3e044b543a1de68cdf1d889ff50000000050800000000";
inline constexpr std::string_view kRtmrD =
    "ed04075e9bce44e1e9dd1cf5ca388e6943417fe82a01261f9913d8dd658d49a9df600f48b5e7bfea8d3446be6c784f54";
// E: systemd's phase enter-initrd, PCR 11.
inline constexpr std::string_view kTlvE =
    "00000000010001000000010b03000000250b0000002051e6b92f405d1f98d96e3de343d61d420ad6923b25de21d766f9298192f14fed090000"
    "00"
    "0c656e7465722d696e69747264";
inline constexpr std::string_view kCborE =
    "a50000010b0381a2000b01582051e6b92f405d1f98d96e3de343d61d420ad6923b25de21d766f9298192f14fed09090a4c656e7465722d696e"
    "69"
    "747264";
// F: IMA TLV content and its digest.
inline constexpr std::string_view kContentF =
    "0800000038000000000e2f7573722f62696e2f68656c6c6f01000000205891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e8"
    "46"
    "f6be03";
inline constexpr std::string_view kDigestF = "c28f38f3413b1e7489fab5ef6de51d2ca29954ff6fcd778144419df0f722ec8f";
// G: a line of a TSM log, RTMR 3.
inline constexpr std::string_view kGoogleG =
    "000000000800000000000000016c000000010403000000350c00000030af02a1ca8ec7855d381254676469b22119b75262e26b29b9f0eb9f1b"
    "62"
    "cb4163e8151c9601d56cef783baf8fff0e9e0be000000016636f6d2e6578616d706c652f626f6f74207374617274";
// H: B in pcrlock's style.
inline constexpr std::string_view kPcrlockH =
    R"([{"pcr":4,"recnum":1,"digests":[{"hashAlg":"sha256","digest":)"
    R"("3d6772b4f84ed47595d72a2c4c5ffd15f5bb72c7507fe26f2aaee2c69d5633ba"}],"content_type":"pcclient_std","content":)"
    R"({"event_type":"EV_EFI_ACTION","event_data":)"
    R"("43616c6c696e6720454649204170706c69636174696f6e2066726f6d20426f6f74204f7074696f6e"}}])";

using mrtool::testing::Raw;
using mrtool::testing::read_whole;
using mrtool::testing::SlowSource;
using mrtool::testing::WholeLog;

inline Result<Bytes> write_whole(const WholeLog& log, std::string_view format, Raw raw,
                                 const WriteOptions& options = {}) {
  return mrtool::testing::write_whole(format, log, raw, options);
}

// What conversion must keep.
inline bool same_event(const Record& a, const Record& b) {
  return a.reg == b.reg && a.content == b.content && a.type == b.type && a.extends == b.extends &&
         equal(a.name, b.name) && equal(a.data, b.data) && equal(a.prefix, b.prefix) && a.violation == b.violation &&
         a.tentative == b.tentative && a.asserts.has_value() == b.asserts.has_value() &&
         std::ranges::equal(a.digests, b.digests, [](const DigestEntry& x, const DigestEntry& y) {
           return x.algorithm == y.algorithm && equal(x.value, y.value);
         });
}

}  // namespace mrtool::cel::testing
