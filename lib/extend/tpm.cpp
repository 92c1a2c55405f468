// A TPM's PCRs (TPM 2.0 part 1, 17; part 3, 22).
#include "lib/tpm/tpm.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "lib/crypto/hash.hpp"
#include "lib/extend/backends.hpp"
#include "lib/extend/event.hpp"
#include "lib/registers/kinds.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::extend {

namespace {

constexpr std::string_view kBackend = "tpm";
constexpr std::string_view kDevice = "device:";
constexpr std::string_view kProvider = "tpm";                                  // tpm1/pcr7
constexpr std::array<std::string_view, 2> kDevices{"/dev/tpmrm", "/dev/tpm"};  // with a resource manager first
constexpr std::string_view kState = "/run/mrtool/tpm";
constexpr std::size_t kStateDigits = 8;

// Behind a resource manager a TPM serves several connections. Anything else serves one: who kept that open between two
// operations would make everybody else wait or fail, the one too who has the log's lock.
bool serves_several(std::string_view tcti) {
  constexpr std::string_view kManaged = "tpmrm";
  constexpr std::string_view kDaemon = "tabrmd";
  const std::string_view name = tcti.substr(0, tcti.find(':'));
  const std::string_view path = tcti.substr(tcti.find_last_of("/:") + 1);
  return name.contains(kDaemon) || (tcti.starts_with(kDevice) && path.starts_with(kManaged));
}

// Of the device that a TCTI names: 1 of device:/dev/tpmrm1.
std::optional<std::uint32_t> device_number(std::string_view tcti, const Host& host) {
  if (!tcti.starts_with(kDevice)) {
    return std::nullopt;
  }
  const std::string_view path = tcti.substr(kDevice.size());
  for (const std::string_view device : kDevices) {
    for (const std::string& prefix : {host.system_path(std::string(device)), std::string(device)}) {
      if (const auto number = path.starts_with(prefix) ? parse_index(path.substr(prefix.size())) : std::nullopt) {
        return number;
      }
    }
  }
  return std::nullopt;
}

// One TPM has one, whichever of its devices it is reached by.
std::string state_directory_of(const std::string& tcti, const Host& host) {
  const auto number = device_number(tcti, host);
  const std::string suffix =
      number ? (*number == 0 ? std::string() : fmt::format("{}", *number))
             : "-" + HashEngine().hash(HashAlgorithm::sha256, as_bytes(tcti)).hex().substr(0, kStateDigits);
  return host.system_path(std::string(kState) + suffix);
}

std::string names_of(std::span<const HashAlgorithm> banks) {
  std::vector<std::string> names;
  for (const HashAlgorithm bank : banks) {
    names.push_back(to_string(bank));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

struct Place {
  std::string tcti;
  Register reg;  // as the TPM's own log calls it: without a provider
};

// The TPM that the register is in; nothing where this machine has none.
Result<std::optional<Place>> find_place(const Register& reg, const TargetOptions& options, Host& host,
                                        std::vector<std::string>& looked_for) {
  Register own = reg;
  own.provider.clear();
  if (!options.tcti.empty()) {
    if (!reg.provider.empty()) {
      return fail(ErrorKind::usage, fmt::format("{} names a TPM of this machine and --tcti names another way to one; "
                                                "give --tcti with {}",
                                                to_string(reg), to_string(own)));
    }
    return Place{.tcti = options.tcti, .reg = own};
  }
  std::uint32_t number = 0;
  if (!reg.provider.empty()) {
    const auto named = reg.provider.starts_with(kProvider)
                           ? parse_index(std::string_view(reg.provider).substr(kProvider.size()))
                           : std::nullopt;
    if (!named) {
      return std::nullopt;
    }
    number = *named;
  }
  for (const std::string_view device : kDevices) {
    const std::string path = host.system_path(fmt::format("{}{}", device, number));
    looked_for.push_back(path);
    if (host.kind(path) != FileKind::absent) {
      return Place{.tcti = std::string(kDevice) + path, .reg = own};
    }
  }
  return std::nullopt;
}

// What the TPM has of the PCR, as far as it is to be extended.
Result<std::vector<HashAlgorithm>> choose_banks(const std::vector<PcrBank>& allocated, const Place& place,
                                                std::span<const HashAlgorithm> wanted) {
  std::vector<HashAlgorithm> present;
  for (const PcrBank& bank : allocated) {
    if (std::ranges::find(bank.pcrs, place.reg.index) != bank.pcrs.end()) {
      present.push_back(bank.bank);
    }
  }
  const std::string name = to_string(place.reg);
  if (present.empty()) {
    return fail(ErrorKind::io,
                fmt::format("the TPM at {} has no bank with {}; tpm2_getcap pcrs lists what it has", place.tcti, name));
  }
  for (const HashAlgorithm bank : wanted) {
    if (std::ranges::find(present, bank) == present.end()) {
      return fail(ErrorKind::io, fmt::format("the TPM at {} has no bank {} with {}, but {}; name one of these, or have "
                                             "it allocated by tpm2_pcrallocate and a restart",
                                             place.tcti, to_string(bank), name, names_of(present)));
    }
  }
  const auto is_wanted = [&](HashAlgorithm bank) {
    return wanted.empty() || std::ranges::find(wanted, bank) != wanted.end();
  };
  for (const HashAlgorithm bank : present) {
    if (is_wanted(bank) && (find_algorithm(bank) == nullptr || !HashEngine::can_compute(bank))) {
      return fail(ErrorKind::unsupported,
                  fmt::format("the TPM at {} has a bank {}, whose algorithm cannot be computed here: {} would diverge "
                              "there from its log; name the banks to extend with --bank to accept that",
                              place.tcti, to_string(bank), name));
    }
  }
  std::vector<HashAlgorithm> banks;
  for (const HashAlgorithmRow& row : hash_algorithms()) {
    if (is_wanted(row.id) && std::ranges::find(present, row.id) != present.end()) {
      banks.push_back(row.id);
    }
  }
  return banks;
}

class TpmTarget final : public ExtendTarget {
 public:
  TpmTarget(Place place, std::unique_ptr<Tpm> tpm, Host& host) : place_(std::move(place)), host_(host) {
    place_.tcti = tpm->tcti();
    tpm_ = std::move(tpm);
  }

  // The first thing that is done.
  Status find_banks(std::span<const HashAlgorithm> wanted) {
    return use([&](Tpm& tpm) -> Status {
      MRTOOL_TRY(allocated, tpm.all_banks());
      MRTOOL_TRY(banks, choose_banks(allocated, place_, wanted));
      banks_ = std::move(banks);
      for (const PcrBank& bank : allocated) {
        has_others_ = has_others_ || (std::ranges::find(bank.pcrs, place_.reg.index) != bank.pcrs.end() &&
                                      std::ranges::find(banks_, bank.bank) == banks_.end());
      }
      return {};
    });
  }

  const Register& reg() const override { return place_.reg; }
  std::string_view backend() const override { return kBackend; }
  std::string where() const override { return place_.tcti; }
  std::span<const HashAlgorithm> banks() const override { return banks_; }
  std::string state_directory() const override { return state_directory_of(place_.tcti, host_); }

  Result<std::vector<BankDigest>> read() override {
    std::vector<PcrBank> selection;
    for (const HashAlgorithm bank : banks_) {
      selection.push_back({.bank = bank, .pcrs = {place_.reg.index}});
    }
    std::vector<BankDigest> values;
    const Status status = use([&](Tpm& tpm) -> Status {
      MRTOOL_TRY(read, tpm.read_pcrs(selection));
      for (const HashAlgorithm bank : banks_) {
        values.push_back({.bank = bank, .digest = read.at({.reg = place_.reg, .bank = bank})});
      }
      return {};
    });
    if (!status) {
      return std::unexpected(status.error());
    }
    return values;
  }

  Status extend(std::span<const BankDigest> digests) override {
    std::map<HashAlgorithm, Digest> by_bank;
    for (std::size_t i = 0; i < digests.size(); ++i) {
      const BankDigest& given = digests[i];
      if (i >= banks_.size() || given.bank != banks_[i] || given.digest.size() != find_algorithm(given.bank)->size) {
        return wrong_digests();
      }
      by_bank.emplace(given.bank, given.digest);
    }
    if (by_bank.size() != banks_.size()) {
      return wrong_digests();
    }
    return use([&](Tpm& tpm) { return tpm.extend(place_.reg.index, by_bank); });
  }

  Status extend_by_event(ByteView data) override {
    if (has_others_) {
      return fail(ErrorKind::unsupported,
                  fmt::format("a TPM that hashes an event itself extends every bank: do without --bank {}, or without "
                              "--by-event",
                              names_of(banks_)));
    }
    return use([&](Tpm& tpm) -> Status {
      MRTOOL_TRY(extended, tpm.event(place_.reg.index, data));
      return compare(extended, data);
    });
  }

 private:
  // What it does with the TPM, which is opened where it is not open. A connection that failed is not used again.
  Status use(const std::function<Status(Tpm&)>& action) {
    if (!tpm_) {
      MRTOOL_TRY(opened, Tpm::open(place_.tcti, host_));
      tpm_ = std::move(opened);
    }
    Status status = action(*tpm_);
    if (!status || !serves_several(place_.tcti)) {
      tpm_.reset();
    }
    return status;
  }

  std::unexpected<Error> wrong_digests() const {
    return fail(ErrorKind::unsupported, fmt::format("{} needs one digest for each of its banks ({}), of their sizes",
                                                    to_string(place_.reg), names_of(banks_)));
  }

  // By what the TPM says that it extended the PCR, which happened whatever it says.
  Status compare(const std::map<HashAlgorithm, Digest>& extended, ByteView data) const {
    for (const BankDigest& expected : digests_of(data, banks_)) {
      const auto found = extended.find(expected.bank);
      if (found == extended.end() || !(found->second == expected.digest)) {
        return fail(ErrorKind::io,
                    fmt::format("the TPM at {} says that it extended {} in its bank {} by {}, expected {}: {} is no "
                                "longer where its log leads; use mrtool without --by-event",
                                place_.tcti, to_string(place_.reg), to_string(expected.bank),
                                found == extended.end() ? "nothing" : found->second.hex(), expected.digest.hex(),
                                to_string(place_.reg)));
      }
    }
    return {};
  }

  Place place_;
  Host& host_;
  std::unique_ptr<Tpm> tpm_;
  std::vector<HashAlgorithm> banks_;
  bool has_others_ = false;  // banks that are not extended
};

}  // namespace

OpenedTarget open_tpm(const Register& reg, const TargetOptions& options, Host& host,
                      std::vector<std::string>& looked_for) {
  if (reg.kind != RegisterKind::pcr) {
    if (options.backend == kBackend) {
      return fail(ErrorKind::usage,
                  fmt::format("a TPM has PCRs, and {} is none; name one of pcr0 to pcr16, or pcr23", to_string(reg)));
    }
    return nullptr;
  }
  MRTOOL_TRY(place, find_place(reg, options, host, looked_for));
  if (!place) {
    return nullptr;
  }
  MRTOOL_TRY(tpm, Tpm::open(place->tcti, host));
  auto target = std::make_unique<TpmTarget>(*std::move(place), std::move(tpm), host);
  if (Status status = target->find_banks(options.banks); !status) {
    return std::unexpected(std::move(status).error());
  }
  return target;
}

}  // namespace mrtool::extend
