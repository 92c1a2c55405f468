#include "tools/tsmfs/definitions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "lib/base/text.hpp"
#include "lib/content/tsm_line.hpp"

namespace mrtool::tsmfs {
namespace {

constexpr std::size_t kTdxRegister = 48;
constexpr std::size_t kSampleValue = 64;  // config_mr, user_data

struct KindWord {
  std::string_view word;
  AccessKind kind;
};
constexpr std::array kKindWords{KindWord{"fixed", AccessKind::fixed}, KindWord{"stored", AccessKind::stored},
                                KindWord{"append-only", AccessKind::append_only}};

std::unexpected<Error> refused(std::string_view text, std::string_view problem) {
  return fail(ErrorKind::usage, fmt::format("register \"{}\": {}", escape_for_terminal(text), problem));
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// Takes what stands before the first separator off the front.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view front = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return front;
}

// One word behind a name; false when it is none.
bool apply(std::string_view word, Definition& definition) {
  if (const auto* const row = std::ranges::find(kKindWords, word, &KindWord::word); row != kKindWords.end()) {
    definition.kind = row->kind;
    return true;
  }
  const std::string_view key = take_until(word, '=');
  if (key == "value") {
    auto value = from_hex(word);
    definition.initial = value ? *std::move(value) : Bytes();
    return !definition.initial.empty();
  }
  const auto number = parse_number(word);
  if (key == "size" && number && *number > 0 && *number <= kPageSize && definition.bank == HashAlgorithm::none) {
    definition.initial.assign(static_cast<std::size_t>(*number), 0);
    return true;
  }
  if (key == "fails-after" && number) {
    definition.working_extends = number;
    return true;
  }
  return false;
}

Definition zeros(std::string name, HashAlgorithm bank, AccessKind kind) {
  return {.name = std::move(name), .bank = bank, .kind = kind, .initial = Bytes(find_algorithm(bank)->size)};
}

// As the samples do, a register starts with its own name and zeros.
Definition named(const std::string& name, HashAlgorithm bank, AccessKind kind, std::size_t size) {
  Bytes initial = to_bytes(as_bytes(name));
  initial.resize(size);
  return {.name = name, .bank = bank, .kind = kind, .initial = std::move(initial)};
}

Definition report(std::string name, HashAlgorithm bank, std::vector<std::string> covers) {
  return {.name = std::move(name), .bank = bank, .kind = AccessKind::report, .covers = std::move(covers)};
}

constexpr std::size_t kSha256 = 32;
constexpr std::size_t kSha384 = 48;

std::vector<Definition> tdx_guest() {
  std::vector<Definition> all;
  for (const char* const name : {"mrconfigid", "mrowner", "mrownerconfig"}) {
    all.push_back({.name = name, .initial = Bytes(kTdxRegister)});
  }
  all.push_back(zeros("mrtd", HashAlgorithm::sha384, AccessKind::fixed));
  for (const char* const name : {"rtmr0", "rtmr1", "rtmr2", "rtmr3"}) {
    all.push_back(zeros(name, HashAlgorithm::sha384, AccessKind::extended));
  }
  return all;
}

std::vector<Definition> measurement_example() {
  return {named("static_mr", HashAlgorithm::none, AccessKind::fixed, kSha384),
          named("config_mr", HashAlgorithm::none, AccessKind::fixed, kSampleValue),
          zeros("rtmr0", HashAlgorithm::sha256, AccessKind::append_only),
          zeros("rtmr1", HashAlgorithm::sha384, AccessKind::extended),
          {.name = "user_data", .kind = AccessKind::stored, .initial = Bytes(kSampleValue)},
          report("report_digest", HashAlgorithm::sha512, {"static_mr", "config_mr", "rtmr0", "rtmr1", "user_data"}),
          report("full_report", HashAlgorithm::none,
                 {"static_mr", "config_mr", "rtmr0", "rtmr1", "user_data", "report_digest"})};
}

std::vector<Definition> tsm_mr_sample() {
  Definition agile256 = named("rtmr_crypto_agile", HashAlgorithm::sha256, AccessKind::extended, kSha256);
  agile256.memory = "rtmr0";
  Definition agile384 = named("rtmr_crypto_agile", HashAlgorithm::sha384, AccessKind::extended, kSha384);
  agile384.memory = "rtmr1";
  return {named("static_mr", HashAlgorithm::sha384, AccessKind::fixed, kSha384),
          named("config_mr", HashAlgorithm::none, AccessKind::fixed, kSampleValue),
          named("rtmr0", HashAlgorithm::sha256, AccessKind::append_only, kSha256),
          named("rtmr1", HashAlgorithm::sha384, AccessKind::extended, kSha384),
          std::move(agile256),
          std::move(agile384),
          report("report_digest", HashAlgorithm::sha512, {"static_mr", "config_mr", "rtmr0", "rtmr1"})};
}

constexpr std::array kKnownProviders{
    KnownProvider{"tdx_guest", "a TDX guest's registers, at zeros", tdx_guest},
    KnownProvider{"measurement-example", "the sample module of the RFC", measurement_example},
    KnownProvider{"tsm_mr_sample", "the sample module of Linux 6.16, for --tree upstream", tsm_mr_sample},
};

}  // namespace

Result<Definition> parse_definition(std::string_view text) {
  std::string_view rest = text;
  std::string_view name = take_until(rest, ',');
  Definition definition;
  const std::size_t colon = name.find(':');
  if (colon != std::string_view::npos) {
    const auto bank = tsm::parse_kernel_name(name.substr(colon + 1));
    if (!bank || find_algorithm(*bank) == nullptr) {
      return refused(text, "expected the kernel's name of a hash behind the colon (sha256, sha384, sha3-256)");
    }
    definition = zeros({}, *bank, AccessKind::extended);
    name = name.substr(0, colon);
  }
  definition.name = name;
  while (!rest.empty()) {
    const std::string_view word = take_until(rest, ',');
    if (!apply(word, definition)) {
      return refused(text, fmt::format("expected append-only, fixed, stored, size=N without a hash, value=HEX or "
                                       "fails-after=N, found \"{}\"",
                                       escape_for_terminal(word)));
    }
  }
  return definition;
}

std::span<const KnownProvider> known_providers() {
  return kKnownProviders;
}

}  // namespace mrtool::tsmfs
