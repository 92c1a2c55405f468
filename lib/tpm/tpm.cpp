#include "lib/tpm/tpm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <thread>

#include "lib/base/shared_library.hpp"
#include "lib/tpm/libtss2.hpp"
#include "lib/tpm/response_code.hpp"

namespace mrtool {

namespace {

constexpr std::string_view kDevice = "device";
constexpr std::array kDevices{"/dev/tpmrm0", "/dev/tpm0"};  // with a resource manager first
constexpr std::uint32_t kPcrs = 24;
constexpr std::uint32_t kBitsPerByte = 8;

// Frees what ESAPI allocated.
template <class Structure>
class Owned {
 public:
  explicit Owned(const Tss2& tss2) : tss2_(tss2) {}
  ~Owned() { tss2_.free(value_); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  Structure** out() { return &value_; }
  const Structure& operator*() const { return *value_; }
  const Structure* operator->() const { return value_; }

 private:
  const Tss2& tss2_;
  Structure* value_ = nullptr;
};

// Counts in a reply are bounded by libtss2, and again here.
std::vector<PcrBank> from_tss2(const TPML_PCR_SELECTION& list) {
  std::vector<PcrBank> banks;
  for (const TPMS_PCR_SELECTION& item :
       std::span(list.pcrSelections).first(std::min<std::size_t>(list.count, std::size(list.pcrSelections)))) {
    PcrBank bank{.bank = static_cast<HashAlgorithm>(item.hash), .pcrs = {}};
    const std::uint32_t bits = kBitsPerByte * std::min<std::uint32_t>(item.sizeofSelect, TPM2_PCR_SELECT_MAX);
    for (std::uint32_t i = 0; i < std::min(bits, kPcrs); ++i) {
      if ((item.pcrSelect[i / kBitsPerByte] >> (i % kBitsPerByte) & 1U) != 0) {
        bank.pcrs.push_back(i);
      }
    }
    banks.push_back(std::move(bank));
  }
  return banks;
}

Result<TPML_PCR_SELECTION> to_tss2(const std::vector<PcrBank>& banks) {
  TPML_PCR_SELECTION list{};
  for (const PcrBank& bank : banks) {
    if (list.count == std::size(list.pcrSelections)) {
      return fail(ErrorKind::io, fmt::format("more than {} banks", std::size(list.pcrSelections)));
    }
    TPMS_PCR_SELECTION& item = list.pcrSelections[list.count++];
    item.hash = static_cast<TPMI_ALG_HASH>(bank.bank);
    item.sizeofSelect = kPcrs / kBitsPerByte;
    for (const std::uint32_t pcr : bank.pcrs) {
      if (pcr >= kPcrs) {
        return fail(ErrorKind::io, fmt::format("a TPM has no PCR {}", pcr));
      }
      BYTE& byte = item.pcrSelect[pcr / kBitsPerByte];
      byte = static_cast<BYTE>(byte | 1U << (pcr % kBitsPerByte));
    }
  }
  return list;
}

Result<TPML_DIGEST_VALUES> to_tss2(const std::map<HashAlgorithm, Digest>& digests) {
  TPML_DIGEST_VALUES list{};
  for (const auto& [bank, digest] : digests) {
    if (list.count == std::size(list.digests)) {
      return fail(ErrorKind::io, fmt::format("more than {} banks", std::size(list.digests)));
    }
    TPMT_HA& item = list.digests[list.count++];
    item.hashAlg = static_cast<TPMI_ALG_HASH>(bank);
    // Longest member of the union: every digest fits.
    static_assert(sizeof(item.digest.sha512) == kMaxDigestSize);
    std::ranges::copy(digest.view(), item.digest.sha512);
  }
  return list;
}

std::map<HashAlgorithm, Digest> from_tss2(const TPML_DIGEST_VALUES& list) {
  std::map<HashAlgorithm, Digest> digests;
  for (const TPMT_HA& item :
       std::span(list.digests).first(std::min<std::size_t>(list.count, std::size(list.digests)))) {
    const auto bank = static_cast<HashAlgorithm>(item.hashAlg);
    if (const HashAlgorithmRow* const row = find_algorithm(bank)) {
      digests.emplace(bank, ByteView(item.digest.sha512).first(row->size));
    }
  }
  return digests;
}

Result<ESYS_TR> handle_of(std::uint32_t pcr) {
  if (pcr >= kPcrs) {
    return fail(ErrorKind::io, fmt::format("a TPM has no PCR {}", pcr));
  }
  return ESYS_TR_PCR0 + pcr;
}

std::unexpected<Error> no_device(Host& host) {
  return fail(ErrorKind::io, fmt::format("no TPM is found: neither {} nor {} is there",
                                         host.system_path(kDevices.front()), host.system_path(kDevices.back())));
}

// The configuration for libtss2's loader.
Result<std::string> resolve(const std::string& tcti, Host& host) {
  const std::string_view name = std::string_view(tcti).substr(0, tcti.find(':'));
  if (!tcti.empty() && name != kDevice) {
    return tcti;
  }
  std::string path = tcti.size() > kDevice.size() + 1 ? tcti.substr(kDevice.size() + 1) : std::string();
  for (std::size_t i = 0; path.empty() && i < kDevices.size(); ++i) {
    if (host.kind(host.system_path(kDevices.at(i))) != FileKind::absent) {
      path = host.system_path(kDevices.at(i));
    }
  }
  if (path.empty()) {
    return no_device(host);
  }
  const FileKind kind = host.kind(path);
  if (kind == FileKind::regular || kind == FileKind::directory) {
    return std::unexpected(Error{.kind = ErrorKind::io,
                                 .message = "expected a TPM's device, found a file or directory",
                                 .file = path,
                                 .offset = {},
                                 .record = {}});
  }
  return fmt::format("{}:{}", kDevice, path);
}

// The kernel lets one program at a time have a TPM without a resource manager.
Error explain_device(Error error) {
  if (error.message.ends_with(std::generic_category().message(EBUSY))) {
    error.message += "; another program has the TPM: use /dev/tpmrm0, which serves several, or wait for it to end";
  } else if (error.message.ends_with(std::generic_category().message(EACCES))) {
    error.message += "; run as root, or as a member of the group that the device belongs to";
  }
  return error;
}

// Why a TCTI could not be opened: libtss2 keeps the reason to itself.
Error explain(const std::string& conf, std::string_view reason, Host& host) {
  const std::size_t colon = conf.find(':');
  const std::string name = conf.substr(0, colon);
  if (name == kDevice) {
    if (auto opened = host.open(conf.substr(colon + 1)); !opened) {
      return explain_device(std::move(opened).error());
    }
  } else if (!name.contains('/')) {
    const std::string file = fmt::format("libtss2-tcti-{}.so.0", name);
    const std::string package = fmt::format("libtss2-tcti-{}0", name);
    if (const auto library = load_library({.user = "a TPM", .file = file.c_str(), .package = package.c_str()});
        !library) {
      return library.error();
    }
  }
  return {.kind = ErrorKind::io,
          .message = fmt::format("the TPM cannot be reached through {}: {}", conf, reason),
          .file = {},
          .offset = {},
          .record = {}};
}

}  // namespace

struct Tpm::State {
  explicit State(const Tss2& functions) : tss2(functions) {}
  ~State() {
    tss2.esys_finalize(&esys);
    tss2.tcti_finalize(&tcti);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::unexpected<Error> failed(std::string_view command, TSS2_RC code) const {
    return fail(ErrorKind::io,
                fmt::format("{} failed on the TPM at {}: {}", command, conf, describe_response_code(tss2, code)));
  }
  // Runs one of ESAPI's functions on this TPM.
  template <class Function, class... Arguments>
  TSS2_RC call(Function function, Arguments... arguments) {
    return with_retries([&] { return function(esys, arguments...); },
                        [](std::chrono::milliseconds length) { std::this_thread::sleep_for(length); });
  }

  const Tss2& tss2;
  std::string conf;
  TSS2_TCTI_CONTEXT* tcti = nullptr;
  ESYS_CONTEXT* esys = nullptr;
};

Tpm::Tpm(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tpm::~Tpm() = default;

const std::string& Tpm::tcti() const {
  return state_->conf;
}

Result<std::unique_ptr<Tpm>> Tpm::open(const std::string& tcti, Host& host) {
  MRTOOL_TRY(conf, resolve(tcti, host));
  MRTOOL_TRY(tss2, load_tss2());
  auto state = std::make_unique<State>(*tss2);
  state->conf = conf;
  TSS2_RC code = tss2->tcti_initialize(conf.c_str(), &state->tcti);
  if (code == TSS2_RC_SUCCESS) {
    code = tss2->esys_initialize(&state->esys, state->tcti, nullptr);
  }
  if (code != TSS2_RC_SUCCESS) {
    return std::unexpected(explain(conf, describe_response_code(*tss2, code), host));
  }
  return std::unique_ptr<Tpm>(new Tpm(std::move(state)));
}

Result<std::vector<PcrBank>> Tpm::all_banks() {
  Owned<TPMS_CAPABILITY_DATA> data(state_->tss2);
  TPMI_YES_NO more = 0;
  const TSS2_RC code = state_->call(state_->tss2.get_capability, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                    TPM2_CAP_PCRS, 0U, 1U, &more, data.out());
  if (code != TSS2_RC_SUCCESS) {
    return state_->failed("TPM2_GetCapability", code);
  }
  if (data->capability != TPM2_CAP_PCRS) {
    return fail(ErrorKind::io, "the TPM's reply to TPM2_GetCapability is of another capability");
  }
  std::vector<PcrBank> banks = from_tss2(data->data.assignedPCR);
  std::erase_if(banks, [](const PcrBank& bank) { return bank.pcrs.empty(); });
  return banks;
}

Result<std::vector<PcrBank>> Tpm::banks() {
  MRTOOL_TRY(banks, all_banks());
  std::erase_if(banks, [](const PcrBank& bank) { return find_algorithm(bank.bank) == nullptr; });
  return banks;
}

Result<std::map<RegisterKey, Digest>> Tpm::read_pcrs(const std::vector<PcrBank>& selection) {
  const auto read = [this](const std::vector<PcrBank>& wanted) -> Result<PcrReply> {
    MRTOOL_TRY(list, to_tss2(wanted));
    PcrReply reply;
    Owned<TPML_PCR_SELECTION> selected(state_->tss2);
    Owned<TPML_DIGEST> digests(state_->tss2);
    const TSS2_RC code = state_->call(state_->tss2.pcr_read, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &list,
                                      &reply.update_counter, selected.out(), digests.out());
    if (code != TSS2_RC_SUCCESS) {
      return state_->failed("TPM2_PCR_Read", code);
    }
    reply.selection = from_tss2(*selected);
    for (const TPM2B_DIGEST& digest :
         std::span(digests->digests).first(std::min<std::size_t>(digests->count, std::size(digests->digests)))) {
      reply.digests.emplace_back(ByteView(digest.buffer).first(std::min<std::size_t>(digest.size, kMaxDigestSize)));
    }
    return reply;
  };
  return mrtool::read_pcrs(selection, read);
}

Status Tpm::extend(std::uint32_t pcr, const std::map<HashAlgorithm, Digest>& digests) {
  MRTOOL_TRY(handle, handle_of(pcr));
  MRTOOL_TRY(list, to_tss2(digests));
  const TSS2_RC code =
      state_->call(state_->tss2.pcr_extend, handle, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &list);
  return code == TSS2_RC_SUCCESS ? Status() : state_->failed("TPM2_PCR_Extend", code);
}

Result<std::map<HashAlgorithm, Digest>> Tpm::event(std::uint32_t pcr, ByteView data) {
  MRTOOL_TRY(handle, handle_of(pcr));
  if (data.size() > kMaxEventSize) {
    return fail(ErrorKind::unsupported, fmt::format("a TPM hashes an event of at most {} bytes itself, this one has {}",
                                                    kMaxEventSize, data.size()));
  }
  TPM2B_EVENT event{};
  static_assert(sizeof(event.buffer) == kMaxEventSize);
  event.size = static_cast<UINT16>(data.size());
  std::ranges::copy(data, event.buffer);
  Owned<TPML_DIGEST_VALUES> digests(state_->tss2);
  const TSS2_RC code =
      state_->call(state_->tss2.pcr_event, handle, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &event, digests.out());
  if (code != TSS2_RC_SUCCESS) {
    return state_->failed("TPM2_PCR_Event", code);
  }
  return from_tss2(*digests);
}

}  // namespace mrtool
