#include "lib/state/log_state.hpp"

#include <doctest/doctest.h>

#include <string>

#include "lib/base/json_text.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/state/state_test_log.hpp"

namespace mrtool {
namespace {

using state_test::full_state;

std::string written(const LogState& state) {
  const auto text = write_state(state);
  REQUIRE(text);
  return *text;
}

bool is_malformed(std::string_view text) {
  const auto state = read_state(as_bytes(text));
  return !state && state.error().kind == ErrorKind::malformed && !state.error().message.empty();
}

// As somebody writes it who knows how the checksum is made.
std::string forged(const JsonText& json) {
  constexpr int kIndent = 2;
  JsonText body = json;
  body.erase("checksum");
  std::string text = body.dump(kIndent);
  text.resize(text.size() - 2);
  const std::string checksum = HashEngine().hash(HashAlgorithm::sha256, as_bytes(text)).hex();
  return text + ",\n  \"checksum\": \"" + checksum + "\"\n}\n";
}

TEST_CASE("what is written is read back, with every member") {
  const std::string text = written(full_state());
  const auto state = read_state(as_bytes(text));
  REQUIRE(state);
  CHECK(state->position == full_state().position);
  CHECK(state->sha256 == full_state().sha256);
  CHECK(state->options == full_state().options);
  CHECK(state->fold.records == 10);
  CHECK(state->fold.registers.at(0).cells.at(0).readings.at(1).rule_changes_at == 5);
  CHECK(state->fold.carried.at(0).reg.carrier == "rtmr3");
  CHECK(state->fold.search.exhausted);
  CHECK(state->diagnostics.at(0).message == full_state().diagnostics.at(0).message);
  CHECK(state->records->findings.at(0).reg == *parse_register("rtmr3"));
  CHECK(state->policies.at(0).rules.at(0).begin()->second.breaks.at(1).offset == 30);
  CHECK(written(*state) == text);
  CHECK(forged(*parse_json_text(as_bytes(text))) == text);
}

TEST_CASE("every change of a single byte is refused") {
  const std::string text = written(full_state());
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char flip : {'\x01', '\x20', '\x40'}) {
      std::string changed = text;
      changed[at] = static_cast<char>(changed[at] ^ flip);
      CAPTURE(at);
      CHECK(is_malformed(changed));
    }
  }
}

TEST_CASE("a state that is cut short, or followed by something, is refused") {
  const std::string text = written(full_state());
  for (std::size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    CHECK(is_malformed(text.substr(0, size)));
  }
  CHECK(is_malformed(text + "\n"));
  CHECK(is_malformed(text + text));
  CHECK(is_malformed(" " + text));
}

TEST_CASE("with a checksum of its own, a state that nobody writes is refused all the same") {
  const JsonText sound = *parse_json_text(as_bytes(written(full_state())));
  const auto refused = [&sound](std::string_view pointer, const JsonText& value) {
    JsonText changed = sound;
    changed[JsonText::json_pointer(std::string(pointer))] = value;
    CAPTURE(pointer);
    CAPTURE(value.dump());
    return is_malformed(forged(changed));
  };
  CHECK_FALSE(refused("/tool", "4.5.6"));
  // Types, and members that are missing or too many.
  std::size_t values = 0;
  const JsonText flat = sound.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    const JsonText& there = sound[JsonText::json_pointer(pointer)];
    if (pointer == "/checksum" || (there.is_array() && there.empty())) {
      continue;
    }
    ++values;
    CHECK(refused(pointer, JsonText::array()));
    CHECK(refused(pointer, 1.5));
    const auto parent = JsonText::json_pointer(pointer).parent_pointer();
    const std::string name = JsonText::json_pointer(pointer).back();
    JsonText changed = sound;
    if (changed[parent].is_object() && parent.to_string() != "/options") {
      changed[parent].erase(name);
      CHECK(is_malformed(forged(changed)));
      changed = sound;
      changed[parent]["more"] = 1;
      CHECK(is_malformed(forged(changed)));
    }
  }
  CHECK(values > 100);
  // Words, ranges and sizes.
  CHECK(refused("/schema", "mrtool.state/2"));
  CHECK(refused("/command", "extend"));
  CHECK(refused("/command", "replay"));
  CHECK(refused("/judged", nullptr));
  CHECK(refused("/log/records", "0"));
  CHECK(refused("/log/records", "01"));
  CHECK(refused("/log/records", "-1"));
  CHECK(refused("/log/records", "18446744073709551616"));
  CHECK(refused("/log/records", "1001"));
  CHECK(refused("/log/marks", "4294967296"));
  CHECK(refused("/log/sha256", std::string(62, 'a')));
  CHECK(refused("/log/sha256", std::string(64, 'A')));
  CHECK(refused("/log/byte_order", "middle"));
  CHECK(refused("/log/algorithms/0/bytes", "65536"));
  CHECK(refused("/log/algorithms/0/bank", "sha9"));
  CHECK(refused("/log/algorithms/0/bank", "SHA384"));
  CHECK(refused("/fold/registers/0/register", "nothing"));
  CHECK(refused("/fold/registers/0/banks/0/value", std::string(130, 'a')));
  CHECK(refused("/fold/registers/0/banks/0/readings/0/rule", "another"));
  CHECK(refused("/diagnostics/0/record", "10"));
  CHECK(refused("/diagnostics/0/record", nullptr));
  CHECK(refused("/diagnostics/0/count", "0"));
  CHECK(refused("/diagnostics/0/code", ""));
  CHECK(refused("/policies/0/chains/0/register", "RTMR3"));
}

TEST_CASE("a register whose name no state can hold is not kept") {
  LogState state = full_state();
  state.fold.carried.at(0).reg.name = "a b\xFF";
  const auto text = write_state(state);
  REQUIRE_FALSE(text);
  CHECK(text.error().kind == ErrorKind::unsupported);
}

}  // namespace
}  // namespace mrtool
