#include "lib/crypto/algorithms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace mrtool {

namespace {

constexpr std::array kAlgorithms = {
    HashAlgorithmRow{HashAlgorithm::sha1, "sha1", 20, 64, "SHA1", true},
    HashAlgorithmRow{HashAlgorithm::sha256, "sha256", 32, 64, "SHA256", false},
    HashAlgorithmRow{HashAlgorithm::sha384, "sha384", 48, 128, "SHA384", false},
    HashAlgorithmRow{HashAlgorithm::sha512, "sha512", 64, 128, "SHA512", false},
    HashAlgorithmRow{HashAlgorithm::sm3_256, "sm3_256", 32, 64, "SM3", false},
    HashAlgorithmRow{HashAlgorithm::sha3_256, "sha3_256", 32, 136, "SHA3-256", false},
    HashAlgorithmRow{HashAlgorithm::sha3_384, "sha3_384", 48, 104, "SHA3-384", false},
    HashAlgorithmRow{HashAlgorithm::sha3_512, "sha3_512", 64, 72, "SHA3-512", false},
    HashAlgorithmRow{HashAlgorithm::sha224, "sha224", 28, 64, "SHA224", false},
};

static_assert(kAlgorithms.size() == kAlgorithmCount);
static_assert(std::ranges::adjacent_find(kAlgorithms, std::ranges::greater_equal{}, &HashAlgorithmRow::id) ==
                  kAlgorithms.end(),
              "sorted by identifier, unique");

// The row of each small identifier, because it is looked up for every digest of a log; kNoRow where there is none.
constexpr std::uint8_t kNoRow = kAlgorithmCount;
constexpr auto kRows = [] {
  std::array<std::uint8_t, static_cast<std::size_t>(HashAlgorithm::sha3_512) + 1> rows{};
  rows.fill(kNoRow);
  for (std::size_t i = 0; i < kAlgorithms.size(); ++i) {
    if (const auto id = static_cast<std::size_t>(kAlgorithms[i].id); id < rows.size()) {
      rows[id] = static_cast<std::uint8_t>(i);
    }
  }
  return rows;
}();

// Folds the spellings that people and tools use into the table's: SHA-256, sha3-256, SM3.
std::string canonical(std::string_view text) {
  std::string name;
  for (const char c : text) {
    name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c == '-' ? '_' : c;
  }
  if (name == "sm3") {
    return "sm3_256";
  }
  if (name.starts_with("sha_")) {
    name.erase(3, 1);
  }
  return name;
}

}  // namespace

std::span<const HashAlgorithmRow> hash_algorithms() {
  return kAlgorithms;
}

const HashAlgorithmRow* find_algorithm(HashAlgorithm id) {
  if (const auto small = static_cast<std::size_t>(id); small < kRows.size()) {
    return kRows[small] == kNoRow ? nullptr : &kAlgorithms[kRows[small]];
  }
  const auto row = std::ranges::find(kAlgorithms, id, &HashAlgorithmRow::id);
  return row == kAlgorithms.end() ? nullptr : &*row;
}

std::optional<HashAlgorithm> parse_algorithm(std::string_view text) {
  const auto* const known = std::ranges::find(kAlgorithms, text, &HashAlgorithmRow::name);
  if (known != kAlgorithms.end()) {
    return known->id;
  }
  const std::string name = canonical(text);
  const auto row = std::ranges::find(kAlgorithms, name, &HashAlgorithmRow::name);
  if (row != kAlgorithms.end()) {
    return row->id;
  }
  if (name.starts_with("0x") && name.size() > 2) {
    std::uint16_t id = 0;
    const auto [end, error] = std::from_chars(name.data() + 2, name.data() + name.size(), id, 16);
    if (error == std::errc() && end == name.data() + name.size() && id != 0) {
      return static_cast<HashAlgorithm>(id);
    }
  }
  return std::nullopt;
}

std::string to_string(HashAlgorithm id) {
  const HashAlgorithmRow* row = find_algorithm(id);
  return row != nullptr ? std::string(row->name) : fmt::format("0x{:04x}", static_cast<unsigned>(id));
}

}  // namespace mrtool
