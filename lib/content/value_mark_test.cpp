#include "lib/content/value_mark.hpp"

#include "lib/content/decoders.hpp"
#include "lib/content/event_fixture_test.hpp"

namespace mrtool::pcclient {

TEST_CASE("a value mark says what it was made of") {
  const Digest value = Digest::filled(32, 0xAB);
  const Bytes data = format_value_mark(HashAlgorithm::sha256, value.view());
  const auto parsed = parse_value_mark(kNoAction, data);
  REQUIRE(parsed);
  CHECK(parsed->algorithm == HashAlgorithm::sha256);
  CHECK(parsed->value == value);
  CHECK_FALSE(parse_value_mark(5, data));
  const Decoded decoded = decode_no_action(EventFixture(data).context());
  CHECK(decoded.kind == "value-mark");
  CHECK(decoded.summary == "the register holds sha256/" + value.hex() + " here");
  CHECK(decoded.problem.empty());
}

TEST_CASE("a value mark that is cut, longer, or of another algorithm states nothing") {
  const Bytes data = format_value_mark(HashAlgorithm::sha256, Digest::filled(32, 1).view());
  for (std::size_t size = 0; size < data.size(); ++size) {
    CHECK_FALSE(parse_value_mark(kNoAction, ByteView(data).first(size)));
  }
  Bytes longer = data;
  longer.push_back('0');
  CHECK_FALSE(parse_value_mark(kNoAction, longer));
  CHECK_FALSE(decode_no_action(EventFixture(longer).context()).problem.empty());
}

}  // namespace mrtool::pcclient
