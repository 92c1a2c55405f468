#include "lib/crypto/certificate.hpp"

#include <doctest/doctest.h>

namespace mrtool {

namespace {

// Self-signed, made for this test: C=DE, O=Test + Co, CN=Pr\u00fcfer, serial 0a1b2c.
const Bytes kCertificate = *from_hex(
    "308201aa30820150a00302010202030a1b2c300a06082a8648ce3d0403023033310b300906035504061302444531123010060355040a0c"
    "0954657374202b20436f3110300e06035504030c075072c3bc666572301e170d3236313132343135303735345a170d3336313132313135"
    "303735345a3033310b300906035504061302444531123010060355040a0c0954657374202b20436f3110300e06035504030c075072c3bc"
    "6665723059301306072a8648ce3d020106082a8648ce3d0301070342000482c37378bfd47c736053b4a2e3818c1a0802a8a3a097c1e973"
    "880db38b9158cf1b5b0a185a96e40f4b09e06ae7c37fb61789bc6c7c38fba32651646074df9898a3533051301d0603551d0e04160414a6"
    "c5de0341a50c2b8c332273dbba0c05451d898e301f0603551d23041830168014a6c5de0341a50c2b8c332273dbba0c05451d898e300f06"
    "03551d130101ff040530030101ff300a06082a8648ce3d0403020348003045022100e81e71bba4ea5a7be9e7cf3fc622947ad0db9cb3d8"
    "63cd1254211a630a418302022077c5ad3f5cb50174e6835a1acdfeb2545f7a846a8062189e333908451942de69");

}  // namespace

TEST_CASE("certificate with a name beyond ASCII") {
  const auto summary = summarize_certificate(kCertificate);
  REQUIRE(summary);
  CHECK(summary->subject ==
        "CN=Pr\xC3\xBC"
        "fer,O=Test \\+ Co,C=DE");
  CHECK(summary->issuer == summary->subject);
  CHECK(summary->common_name ==
        "Pr\xC3\xBC"
        "fer");
  CHECK(summary->serial == "0a1b2c");
  CHECK(summary->not_before == "2026-11-24T15:07:54Z");
  CHECK(summary->not_after == "2036-11-21T15:07:54Z");
  CHECK(summary->sha256 == "f0a99d2d142e71ba8b530b2e6451f1fa2fff8cbac8ffab2afdd55a1d23dedb0d");
}

TEST_CASE("bytes behind a certificate do not change what is said of it") {
  Bytes padded = kCertificate;
  padded.insert(padded.end(), 16, 0);
  const auto summary = summarize_certificate(padded);
  REQUIRE(summary);
  CHECK(summary->sha256 == summarize_certificate(kCertificate)->sha256);
}

TEST_CASE("certificate cut at every byte is none") {
  for (std::size_t size = 0; size < kCertificate.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(summarize_certificate(ByteView(kCertificate).first(size)));
  }
}

TEST_CASE("every byte of a certificate may be damaged") {
  for (std::size_t i = 0; i < kCertificate.size(); ++i) {
    for (const std::uint8_t value : {std::uint8_t{0}, std::uint8_t{0x7F}, std::uint8_t{0xFF}}) {
      Bytes damaged = kCertificate;
      damaged[i] = value;
      (void)summarize_certificate(damaged);
    }
  }
}

TEST_CASE("more certificates than are remembered, alike but for a byte, are each told as what they are") {
  constexpr std::size_t kSerial = 17;  // offset of its last byte
  REQUIRE(kCertificate[kSerial] == 0x2C);
  for (int round = 0; round < 3; ++round) {
    for (unsigned i = 0; i < 200; ++i) {
      for (int again = 0; again < 2; ++again) {
        Bytes changed = kCertificate;
        changed[kSerial] = static_cast<std::uint8_t>(i);
        const auto summary = summarize_certificate(changed);
        REQUIRE(summary);
        CHECK(summary->serial == "0a1b" + to_hex(ByteView(changed).subspan(kSerial, 1)));
        changed.resize(changed.size() - 1);
        CHECK_FALSE(summarize_certificate(changed));
      }
    }
  }
}

}  // namespace mrtool
