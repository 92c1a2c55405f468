#include "lib/quote/cose.hpp"

#include <doctest/doctest.h>

#include <array>
#include <map>

#include "lib/quote/test_documents.hpp"

using namespace mrtool;
using namespace mrtool::testing;

namespace {

const Bytes kPayload = to_bytes(as_bytes("This is the content."));

// A key that fits, made once.
const TestKey& key_for(const CoseAlgorithm& algorithm) {
  static const TestKey p256 = TestKey::ec("P-256");
  static const TestKey p384 = TestKey::ec("P-384");
  static const TestKey p521 = TestKey::ec("P-521");
  static const TestKey rsa = TestKey::rsa(2048);
  if (!algorithm.curve) {
    return rsa;
  }
  return *algorithm.curve == Curve::p256 ? p256 : *algorithm.curve == Curve::p384 ? p384 : p521;
}

std::string verify(ByteView bytes, const PublicKey& key) {
  const auto message = parse_cose_sign1(bytes);
  if (!message) {
    return message.error().message;
  }
  const auto verified = verify_cose_sign1(*message, key);
  return verified ? "verified" : verified.error().message;
}

Bytes message_with(const Bytes& header, const Bytes& unprotected) {
  return cbor::array({cbor::bytes(header), unprotected, cbor::bytes(kPayload), cbor::bytes(Bytes(96))});
}

Bytes cose_key(std::int64_t type, std::int64_t curve, const Bytes& x, const Bytes& y) {
  return cbor::map({{cbor::integer(1), cbor::integer(type)},
                    {cbor::integer(-1), cbor::integer(curve)},
                    {cbor::integer(-2), cbor::bytes(x)},
                    {cbor::integer(-3), y}});
}

}  // namespace

TEST_CASE("cose: every algorithm of the table, tagged and bare") {
  for (const CoseAlgorithm& algorithm : cose_algorithms()) {
    CAPTURE(algorithm.name);
    const TestKey& key = key_for(algorithm);
    for (const bool tagged : {false, true}) {
      const Bytes message = sign1(key, kPayload, {.algorithm = algorithm.id, .tagged = tagged});
      CHECK(verify(message, key.public_key()) == "verified");
    }
  }
}

TEST_CASE("cose: a message is not verified by a key that its algorithm is not for") {
  for (const CoseAlgorithm& algorithm : cose_algorithms()) {
    const Bytes message = sign1(key_for(algorithm), kPayload, {.algorithm = algorithm.id});
    for (const CoseAlgorithm& other : cose_algorithms()) {
      if (algorithm.curve == other.curve) {
        continue;
      }
      CHECK(verify(message, key_for(other).public_key()).contains("is not for a key of kind"));
    }
  }
  const TestKey weak = TestKey::rsa(1024);
  CHECK(verify(sign1(weak, kPayload, {.algorithm = -257}), weak.public_key()).contains("is not for a key of kind"));
}

TEST_CASE("cose: another key, payload, header or signature is noticed") {
  const TestKey& key = key_for(*find_cose_algorithm(-35));
  const Bytes message = sign1(key, kPayload);
  CHECK(verify(message, TestKey::ec("P-384").public_key()).contains("is not by this key over this message"));
  // Every byte; the unprotected header is empty.
  for (std::size_t i = 0; i < message.size(); ++i) {
    Bytes changed = message;
    changed[i] ^= 0x01;
    CAPTURE(i);
    CHECK(verify(changed, key.public_key()) != "verified");
  }
}

TEST_CASE("cose: the algorithm counts only where it is signed") {
  const TestKey& key = key_for(*find_cose_algorithm(-35));
  const Bytes in_unprotected = cbor::map({{cbor::integer(1), cbor::integer(-35)}});
  CHECK(verify(message_with({}, in_unprotected), key.public_key()).contains("names no signature algorithm"));
  CHECK(verify(message_with(cbor::map({}), in_unprotected), key.public_key()).contains("names no signature algorithm"));
  CHECK(verify(message_with(cbor::map({{cbor::integer(1), cbor::text("ES384")}}), cbor::map({})), key.public_key())
            .contains("names no signature algorithm"));
  CHECK(verify(message_with(in_unprotected, in_unprotected), key.public_key()).contains("found one in both"));
  CHECK(verify(sign1(key, kPayload, {.algorithm = -65535}), key.public_key()).contains("not one that is accepted"));
}

TEST_CASE("cose: critical header parameters are not passed over") {
  const Bytes critical = cbor::map({{cbor::integer(1), cbor::integer(-35)},
                                    {cbor::integer(2), cbor::array({cbor::integer(1000)})},
                                    {cbor::integer(1000), cbor::null()}});
  const auto message = parse_cose_sign1(message_with(critical, cbor::map({})));
  REQUIRE_FALSE(message);
  CHECK(message.error().kind == ErrorKind::unsupported);
}

TEST_CASE("cose: what is no COSE_Sign1 is refused") {
  const Bytes header = cbor::map({{cbor::integer(1), cbor::integer(-35)}});
  const Bytes empty = cbor::map({});
  const Bytes string = cbor::bytes(Bytes(8));
  for (const Bytes& bytes : {
           cbor::map({}),
           cbor::array({cbor::bytes(header), empty, string}),
           cbor::array({cbor::bytes(header), empty, string, string, string}),
           cbor::array({header, empty, string, string}),
           cbor::array({cbor::bytes(header), string, string, string}),
           cbor::array({cbor::bytes(header), empty, cbor::null(), string}),
           cbor::array({cbor::bytes(header), empty, string, cbor::text("x")}),
           cbor::array({cbor::bytes(cbor::array({})), empty, string, string}),
           cbor::array({cbor::bytes(Bytes{0xA1}), empty, string, string}),
           cbor::tag(98, cbor::array({cbor::bytes(header), empty, string, string})),
           cbor::tag(18, cbor::tag(18, cbor::array({cbor::bytes(header), empty, string, string}))),
       }) {
    CAPTURE(to_hex(bytes));
    const auto message = parse_cose_sign1(bytes);
    REQUIRE_FALSE(message);
    CHECK(message.error().kind == ErrorKind::malformed);
  }
}

// cose-wg/Examples, sign1-tests/sign-pass-02 and RFC 9052, C.2.1: the key "11", with external data in the former.
TEST_CASE("cose: the example of RFC 9052, C.2.1") {
  const Bytes x = *from_hex("bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff");
  const Bytes y = *from_hex("20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e");
  const auto key = parse_cose_key(cose_key(2, 1, x, cbor::bytes(y)));
  REQUIRE(key);
  const Bytes message = *from_hex(
      "d28443a10126a10442313154546869732069732074686520636f6e74656e742e58408eb33e4ca31d1c465ab05aac34cc6b23d58fef5c0831"
      "06"
      "c4d25a91aef0b0117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36");
  CHECK(verify(message, *key) == "verified");
  const auto parsed = parse_cose_sign1(message);
  REQUIRE(parsed);
  CHECK(to_hex(sig_structure(*parsed)) ==
        "846a5369676e61747572653143a101264054546869732069732074686520636f6e74656e742e");
}

TEST_CASE("cose: keys that are none") {
  const Bytes x = *from_hex("bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff");
  const Bytes y = *from_hex("20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e");
  CHECK(parse_cose_key(cose_key(2, 1, x, cbor::bytes(y))));
  CHECK_FALSE(parse_cose_key(cose_key(1, 1, x, cbor::bytes(y))));
  CHECK_FALSE(parse_cose_key(cose_key(2, 6, x, cbor::bytes(y))));
  CHECK_FALSE(parse_cose_key(cose_key(2, 2, x, cbor::bytes(y))));  // not on that curve
  CHECK_FALSE(parse_cose_key(cose_key(2, 1, x, Bytes{0xF5})));     // a compressed point
  CHECK_FALSE(parse_cose_key(cose_key(2, 1, y, cbor::bytes(y))));
  CHECK_FALSE(parse_cose_key(cose_key(2, 1, {}, cbor::bytes({}))));
  CHECK_FALSE(parse_cose_key(cbor::array({})));
  CHECK_FALSE(parse_cose_key({}));
}
