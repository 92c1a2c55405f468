// Registers in a file of mrtool.registers/1, as `mrtool registers --json` prints them: for trying things out and for
// tests, where the user names it. The file is replaced as a whole.
#include <fmt/format.h>

#include <algorithm>

#include "lib/base/json_text.hpp"
#include "lib/base/limits.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/extend/backends.hpp"
#include "lib/extend/lock.hpp"
#include "lib/registers/names.hpp"
#include "lib/sources/kinds.hpp"

namespace mrtool::extend {
namespace {

constexpr std::string_view kName = "software";
constexpr std::string_view kPrefix = "software:";

using Values = std::map<RegisterKey, Digest>;

// No values where the file is not there.
Result<Values> read_values(Host& host, const std::string& path) {
  if (host.kind(path) == FileKind::absent) {
    return Values();
  }
  MRTOOL_TRY(bytes, host.read_file(path, limits::kSmallFile));
  auto values = sources::parse_json(as_text(bytes));
  if (!values) {
    return std::unexpected(sources::about_file(std::move(values).error(), path));
  }
  return std::move(values->values);
}

std::string describe(const Values& values, const std::string& path) {
  JsonText registers = JsonText::array();
  for (const auto& [key, value] : values) {
    registers.push_back({{"register", to_string(key.reg)},
                         {"bank", to_string(key.bank)},
                         {"value", value.hex()},
                         {"extendable", is_extendable(key.reg)}});
  }
  const JsonText document{{"schema", "mrtool.registers/1"}, {"source", path},
                          {"kind", "mrtool.registers"},     {"authenticated", to_string(Authenticated::none)},
                          {"registers", registers},         {"notes", JsonText::array()}};
  return document.dump(2, ' ', false, JsonText::error_handler_t::replace) + "\n";
}

class SoftwareRegister final : public ExtendTarget {
 public:
  SoftwareRegister(Register reg, std::vector<HashAlgorithm> banks, std::string path, Host& host)
      : reg_(std::move(reg)), banks_(std::move(banks)), path_(std::move(path)), host_(host) {}

  const Register& reg() const override { return reg_; }
  std::string_view backend() const override { return kName; }
  std::string where() const override { return path_; }
  std::span<const HashAlgorithm> banks() const override { return banks_; }
  std::string state_directory() const override { return fmt::format("{}/{}", beside(), to_string(reg_)); }

  Result<std::vector<BankDigest>> read() override {
    MRTOOL_TRY(values, read_values(host_, path_));
    std::vector<BankDigest> present;
    for (const HashAlgorithm bank : banks_) {
      present.push_back({.bank = bank, .digest = value_in(values, bank)});
    }
    return present;
  }

  Status extend(std::span<const BankDigest> digests) override {
    // The registers of a file are replaced together, so they have a lock of their own.
    if (auto status = host_.make_directories(beside()); !status) {
      return status;
    }
    constexpr std::chrono::seconds kLongest{10};
    MRTOOL_TRY(lock, acquire_lock(host_, beside() + "/lock", beside() + "/lock.next", kLongest));
    MRTOOL_TRY(values, read_values(host_, path_));
    HashEngine engine;
    for (const BankDigest& digest : digests) {
      Digest value = value_in(values, digest.bank);
      engine.extend(digest.bank, value, digest.digest.view());
      values[{.reg = reg_, .bank = digest.bank}] = value;
    }
    return host_.write_file(path_, as_bytes(describe(values, path_)));
  }

 private:
  std::string beside() const { return path_ + ".mrtool"; }
  // A register that the file does not have starts at zeros.
  Digest value_in(const Values& values, HashAlgorithm bank) const {
    const auto value = values.find({.reg = reg_, .bank = bank});
    return value == values.end() ? Digest::filled(find_algorithm(bank)->size, 0) : value->second;
  }

  Register reg_;
  std::vector<HashAlgorithm> banks_;
  std::string path_;
  Host& host_;
};

// The bank that the platform of such a register has.
HashAlgorithm usual_bank(const Register& reg) {
  return reg.kind == RegisterKind::pcr || reg.kind == RegisterKind::rem ? HashAlgorithm::sha256 : HashAlgorithm::sha384;
}

}  // namespace

OpenedTarget open_software(const Register& reg, const TargetOptions& options, Host& host,
                           std::vector<std::string>& looked_for) {
  if (!options.backend.starts_with(kPrefix)) {
    return nullptr;
  }
  const std::string path = options.backend.substr(kPrefix.size());
  if (path.empty()) {
    return fail(ErrorKind::usage, "expected the file of the software registers, as in software:FILE, found none");
  }
  if (!is_extendable(reg) && reg.kind != RegisterKind::virtual_mr) {
    return fail(
        ErrorKind::unsupported,
        fmt::format("expected a register that can be extended, found {}, which is measured once", to_string(reg)));
  }
  looked_for.push_back(path);
  MRTOOL_TRY(values, read_values(host, path));
  std::vector<HashAlgorithm> banks;
  for (const HashAlgorithmRow& row : hash_algorithms()) {
    const bool is_there = values.contains({.reg = reg, .bank = row.id});
    const bool is_named = std::ranges::find(options.banks, row.id) != options.banks.end();
    if ((options.banks.empty() ? is_there : is_named) && HashEngine::can_compute(row.id)) {
      banks.push_back(row.id);
    }
  }
  if (banks.empty()) {
    banks.push_back(usual_bank(reg));
  }
  return std::make_unique<SoftwareRegister>(reg, std::move(banks), path, host);
}

}  // namespace mrtool::extend
