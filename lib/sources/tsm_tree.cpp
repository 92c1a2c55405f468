// The values of a kernel's measurement registers: raw bytes, in the places of register_places.hpp.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/sources/kinds.hpp"
#include "lib/sources/register_places.hpp"

namespace mrtool::sources {

namespace {

// A register without a hash is told in the bank whose values have its size.
std::optional<HashAlgorithm> bank_of_size(std::size_t size) {
  constexpr std::array kBanks{HashAlgorithm::sha1, HashAlgorithm::sha256, HashAlgorithm::sha384, HashAlgorithm::sha512};
  const auto* const bank =
      std::ranges::find_if(kBanks, [size](HashAlgorithm algorithm) { return find_algorithm(algorithm)->size == size; });
  return bank == kBanks.end() ? std::nullopt : std::optional(*bank);
}

class Values {
 public:
  explicit Values(Host& host) : host_(host) {}

  // What cannot be read is noted, what is wrong fails.
  Status add(const RegisterPlace& place);
  void note(const Error& error) {
    values_.notes.push_back(to_string(error));
    if (!failure_) {
      failure_ = error;
    }
  }

  // The first failure, if nothing at all could be read.
  Result<RegisterValues> finish() {
    if (values_.values.empty() && failure_) {
      return std::unexpected(*std::move(failure_));
    }
    return std::move(values_);
  }

 private:
  Host& host_;
  RegisterValues values_{.source = {}, .kind = "tsm", .authenticated = Authenticated::none, .values = {}};
  std::optional<Error> failure_;
};

Status Values::add(const RegisterPlace& place) {
  const auto bytes = host_.read_file(place.file, kRegisterFile);
  const bool plain = place.bank == HashAlgorithm::none;
  if (!bytes && (plain || bytes.error().kind == ErrorKind::io)) {
    note(bytes.error());
    return {};
  }
  if (!bytes) {
    return std::unexpected(bytes.error());
  }
  const auto bank = plain ? bank_of_size(bytes->size()) : place.bank;
  if (!bank) {
    values_.notes.push_back(
        fmt::format("{}: left out: its {} bytes are of no register's size", place.file, bytes->size()));
    return {};
  }
  const auto reg = place.reg();
  if (!reg) {
    note(about_file(fail(ErrorKind::malformed, "left out: this is no name of a register").error(), place.file));
    return {};
  }
  if (Status added = add_bytes(values_, *reg, *bank, *bytes, "register file"); !added) {
    return std::unexpected(about_file(std::move(added).error(), place.file));
  }
  return {};
}

}  // namespace

Result<RegisterValues> read_tsm_tree(const std::string& directory, Host& host) {
  MRTOOL_TRY(found, find_register_places(directory, host));
  Values values(host);
  for (const Error& problem : found.problems) {
    values.note(problem);
  }
  for (const RegisterPlace& place : found.places) {
    if (Status added = values.add(place); !added) {
      return std::unexpected(std::move(added).error());
    }
  }
  return values.finish();
}

}  // namespace mrtool::sources
