// EV_SEPARATOR (PFP 1.06, 3.3.2.2 and 10.4.1).
#include <array>

#include <fmt/format.h>

#include "lib/base/text.hpp"
#include "lib/content/decoders.hpp"
#include "lib/content/event_text.hpp"
#include "lib/content/field_reader.hpp"
#include "lib/content/raw.hpp"
#include "lib/content/recipes.hpp"

namespace mrtool::pcclient {

namespace {

constexpr std::uint32_t kZeros = 0;
constexpr std::uint32_t kOnes = 0xFFFFFFFF;
constexpr std::uint32_t kError = 1;

constexpr std::array<std::uint8_t, 4> kZeroBytes = {0, 0, 0, 0};
constexpr std::array<std::uint8_t, 4> kOneBytes = {0xFF, 0xFF, 0xFF, 0xFF};
constexpr std::array<std::uint8_t, 4> kErrorBytes = {1, 0, 0, 0};

// The digest is of the constant whatever the data is, and says something about the data only where the two are equal.
// Beside the error value stands what the vendor likes; some firmware writes text or nothing beside the others, but four
// bytes are a value, and must be the one that was measured.
std::optional<Preimage> constant(const Context& context, ByteView bytes) {
  const bool is_value = context.data.size() == bytes.size() && !equal(bytes, kErrorBytes);
  if (is_value && !equal(context.data, bytes)) {
    return std::nullopt;
  }
  Preimage preimage{.part = bytes, .made = {}, .nul_after = false, .covers = {}};
  if (equal(context.data, bytes)) {
    preimage.covers = {0, context.data.size()};
  }
  return preimage;
}

std::optional<Preimage> error_value(const Context& context) {
  return constant(context, kErrorBytes);
}
std::optional<Preimage> zeros(const Context& context) {
  return constant(context, kZeroBytes);
}
std::optional<Preimage> ones(const Context& context) {
  return constant(context, kOneBytes);
}

bool is_separator_value(std::uint32_t value) {
  return value == kZeros || value == kOnes || value == kError;
}

std::string summary_of(std::uint32_t value) {
  switch (value) {
    case kZeros:
      return "separator";
    case kError:
      return "separator 0x00000001";
    default:
      return fmt::format("separator 0x{:08x}", value);
  }
}

}  // namespace

Decoded decode_separator(const Context& context) {
  ByteReader peek(context.data);
  const std::uint32_t value = peek.u32();
  FieldReader reader(context.data);
  if (peek.ok() && peek.left() == 0 && is_separator_value(value)) {
    reader.hex32("value");
    return reader.finish("separator", summary_of(value));
  }
  if (context.data.empty()) {
    return reader.finish("separator", "separator without data");
  }
  if (printable_text(context.data)) {
    const std::string text = reader.text("text", context.data.size());
    return reader.finish("separator", "separator: " + text);
  }
  // What firmware writes beside the error separator is its own affair.
  reader.bytes("vendor_data", context.data.size());
  return reader.finish("separator", fmt::format("separator with {} bytes of vendor data", context.data.size()));
}

std::span<const Recipe> separator_recipes() {
  static constexpr std::array kRecipes = {
      Recipe{kErrorSeparatorRecipe, error_value},
      Recipe{"separator-zeros", zeros},
      Recipe{"separator-ones", ones},
      kExact,
  };
  return kRecipes;
}

}  // namespace mrtool::pcclient
