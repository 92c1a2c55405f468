// Records made by hand, for the tests of decoders and digest rules.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/byte_writer.hpp"
#include "lib/content/decoders.hpp"
#include "lib/crypto/hash.hpp"

namespace mrtool::pcclient {

// A record of PCR `index` with one digest per algorithm. It is its own buffer, so it is not copied.
struct EventFixture {
  explicit EventFixture(Bytes bytes, std::uint32_t index = 0) : data(std::move(bytes)) {
    record.reg = {.kind = RegisterKind::pcr, .index = index, .name = {}, .provider = {}, .carrier = {}};
    record.raw_index = index;
    record.data = data;
  }
  explicit EventFixture(std::string_view text, std::uint32_t index = 0)
      : EventFixture(to_bytes(as_bytes(text)), index) {}
  EventFixture(const EventFixture&) = delete;
  EventFixture& operator=(const EventFixture&) = delete;

  Context context() const { return {record, log, data}; }

  Bytes data;
  Record record;
  LogInfo log;
};

inline const Value& field(const Decoded& decoded, std::string_view name) {
  static const Value kAbsent;
  const auto found = std::ranges::find(decoded.fields, name, &Field::name);
  CAPTURE(name);
  REQUIRE(found != decoded.fields.end());
  return found == decoded.fields.end() ? kAbsent : found->value;
}

inline std::string text_of(const Value& value) {
  const auto* text = value.as<std::string>();
  return text != nullptr ? *text : std::string("(not text)");
}

inline std::uint64_t number_of(const Value& value) {
  const auto* number = value.as<Number>();
  REQUIRE(number != nullptr);
  return number->value;
}

inline Bytes utf16(std::string_view ascii, bool nul = true) {
  ByteWriter writer;
  for (const char c : ascii) {
    writer.u16(static_cast<unsigned char>(c));
  }
  if (nul) {
    writer.u16(0);
  }
  return writer.take();
}

// The first rule by which `hashed` explains the record's digest, and what it covers.
struct Held {
  std::string_view recipe;  // empty: none
  ByteRange covers;
};

inline Held rule_of(std::span<const Recipe> recipes, const EventFixture& event, ByteView hashed) {
  HashEngine engine;
  const Digest digest = engine.hash(HashAlgorithm::sha256, hashed);
  for (const Recipe& recipe : recipes) {
    const auto preimage = recipe.preimage(event.context());
    if (!preimage) {
      continue;
    }
    static constexpr std::array<std::uint8_t, 1> kNul = {0};
    const ByteView bytes = preimage->made.empty() ? preimage->part : ByteView(preimage->made);
    if (engine.hash(HashAlgorithm::sha256, bytes, preimage->nul_after ? ByteView(kNul) : ByteView()) == digest) {
      return {recipe.name, preimage->covers};
    }
  }
  return {};
}

// Decodes every prefix. From `from` bytes on, what comes before the whole must be reported as damaged.
inline void cut_at_every_byte(Decoded (*decode)(const Context&), const Bytes& whole, std::size_t from) {
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const EventFixture event(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    const Decoded decoded = decode(event.context());
    CAPTURE(size);
    CHECK((size < from || !decoded.problem.empty()));
    for (const Field& part : decoded.fields) {
      CAPTURE(part.name);
      CHECK(part.range.begin <= part.range.end);
      CHECK(part.range.end <= size);
    }
  }
  const EventFixture event(whole);
  CHECK(decode(event.context()).problem == "");
}

}  // namespace mrtool::pcclient
