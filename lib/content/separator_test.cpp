#include "lib/content/event_fixture_test.hpp"

namespace mrtool::pcclient {

namespace {

const Bytes kZeros = {0, 0, 0, 0};
const Bytes kOnes = {0xFF, 0xFF, 0xFF, 0xFF};
const Bytes kError = {1, 0, 0, 0};

}  // namespace

TEST_CASE("separator of zeros is covered by its digest") {
  const EventFixture event(kZeros, 7);
  const Held held = rule_of(separator_recipes(), event, kZeros);
  CHECK(held.recipe == "separator-zeros");
  CHECK(held.covers == ByteRange{0, 4});
  const Decoded decoded = decode_separator(event.context());
  CHECK(decoded.kind == "separator");
  CHECK(decoded.summary == "separator");
  CHECK(field(decoded, "value") == Value::hex(0));
}

TEST_CASE("separator of ones") {
  const EventFixture event(kOnes);
  CHECK(rule_of(separator_recipes(), event, kOnes).recipe == "separator-ones");
  CHECK(decode_separator(event.context()).summary == "separator 0xffffffff");
}

TEST_CASE("error separator whose data is the error value") {
  const EventFixture event(kError);
  const Held held = rule_of(separator_recipes(), event, kError);
  CHECK(held.recipe == kErrorSeparatorRecipe);
  CHECK(held.covers == ByteRange{0, 4});
  CHECK(decode_separator(event.context()).summary == "separator 0x00000001");
}

TEST_CASE("error separator with vendor data covers none of it") {
  const EventFixture event(Bytes{0x12, 0, 0, 0x80, 7});
  const Held held = rule_of(separator_recipes(), event, kError);
  CHECK(held.recipe == kErrorSeparatorRecipe);
  CHECK(held.covers == ByteRange{0, 0});
  const Decoded decoded = decode_separator(event.context());
  CHECK(decoded.summary == "separator with 5 bytes of vendor data");
  CHECK(field(decoded, "vendor_data") == Value(event.data));
}

TEST_CASE("error digest behind a harmless looking separator is still the error rule") {
  const EventFixture event(kZeros);
  CHECK(rule_of(separator_recipes(), event, kError).recipe == kErrorSeparatorRecipe);
}

TEST_CASE("text separator of POWER firmware has the digest of a constant") {
  const EventFixture event("Skiboot Boot");
  const Held held = rule_of(separator_recipes(), event, kOnes);
  CHECK(held.recipe == "separator-ones");
  CHECK(held.covers == ByteRange{0, 0});
  CHECK(text_of(field(decode_separator(event.context()), "text")) == "Skiboot Boot");
}

TEST_CASE("Windows separator is its text") {
  const EventFixture event("WBCL", 12);
  CHECK(rule_of(separator_recipes(), event, event.data).recipe == "exact");
  CHECK(decode_separator(event.context()).summary == "separator: WBCL");
}

TEST_CASE("separator without data") {
  const EventFixture event(Bytes{});
  CHECK(rule_of(separator_recipes(), event, kZeros).recipe == "separator-zeros");
  CHECK(rule_of(separator_recipes(), event, {}).recipe == "exact");
  CHECK(decode_separator(event.context()).summary == "separator without data");
}

TEST_CASE("separator with another digest has no rule") {
  const EventFixture event(kZeros);
  CHECK(rule_of(separator_recipes(), event, Bytes{2, 0, 0, 0}).recipe.empty());
}

}  // namespace mrtool::pcclient
