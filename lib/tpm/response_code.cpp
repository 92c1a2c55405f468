#include "lib/tpm/response_code.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mrtool {

namespace {

using namespace std::chrono_literals;

constexpr auto kFirstPause = 10ms;
constexpr auto kLongestPause = 500ms;
constexpr auto kPatience = 5s;

constexpr std::string_view kNoSecret = "a PCR with an authorisation value or a policy cannot be extended by mrtool";
constexpr std::string_view kLater = "several tries did not help; run it again later";
constexpr std::string_view kGone = "see whether its device is there, or its daemon runs";

// In order of the codes.
constexpr std::array kRows{
    ResponseCodeRow{TPM2_RC_BAD_TAG, "TPM_RC_BAD_TAG", "the TPM does not understand the command as TPM 2.0 has it",
                    "it is perhaps a TPM 1.2, which is not supported"},
    ResponseCodeRow{TPM2_RC_HASH, "TPM_RC_HASH", "the TPM does not know the hash algorithm of a digest",
                    "name the banks that it has with --bank (tpm2_getcap pcrs lists them)"},
    ResponseCodeRow{TPM2_RC_VALUE, "TPM_RC_VALUE", "the TPM does not have the PCR, or a value is out of its range",
                    "tpm2_getcap pcrs lists what it has"},
    ResponseCodeRow{TPM2_RC_AUTH_FAIL, "TPM_RC_AUTH_FAIL", "the TPM refuses the empty password", kNoSecret},
    ResponseCodeRow{TPM2_RC_SIZE, "TPM_RC_SIZE", "the TPM refuses the size of a digest or of the event's data", ""},
    ResponseCodeRow{TPM2_RC_POLICY_FAIL, "TPM_RC_POLICY_FAIL", "the TPM wants a policy for the PCR", kNoSecret},
    ResponseCodeRow{TPM2_RC_BAD_AUTH, "TPM_RC_BAD_AUTH", "the TPM refuses the empty password", kNoSecret},
    ResponseCodeRow{TPM2_RC_INITIALIZE, "TPM_RC_INITIALIZE", "the TPM has not been started",
                    "the firmware does so; for a TPM of a simulator run tpm2_startup -c"},
    ResponseCodeRow{TPM2_RC_FAILURE, "TPM_RC_FAILURE", "the TPM is in failure mode and takes no commands",
                    "tpm2_gettestresult says why; only a restart of the machine gets it out"},
    ResponseCodeRow{TPM2_RC_DISABLED, "TPM_RC_DISABLED", "the command is disabled in the TPM", ""},
    ResponseCodeRow{TPM2_RC_AUTH_TYPE, "TPM_RC_AUTH_TYPE", "the TPM wants another authorisation than a password",
                    kNoSecret},
    ResponseCodeRow{TPM2_RC_AUTH_MISSING, "TPM_RC_AUTH_MISSING", "the TPM wants an authorisation", kNoSecret},
    ResponseCodeRow{TPM2_RC_UPGRADE, "TPM_RC_UPGRADE", "the TPM's firmware is being upgraded",
                    "finish the upgrade and restart the machine"},
    ResponseCodeRow{TPM2_RC_AUTH_UNAVAILABLE, "TPM_RC_AUTH_UNAVAILABLE",
                    "the TPM lets nobody extend the PCR by a password", kNoSecret},
    ResponseCodeRow{TPM2_RC_REBOOT, "TPM_RC_REBOOT", "the TPM has to be restarted before it takes commands",
                    "restart the machine"},
    ResponseCodeRow{TPM2_RC_COMMAND_CODE, "TPM_RC_COMMAND_CODE", "the TPM does not have the command", ""},
    ResponseCodeRow{TPM2_RC_MEMORY, "TPM_RC_MEMORY", "the TPM is out of memory",
                    "flush what other programs left in it (tpm2_flushcontext -t), or use /dev/tpmrm0"},
    ResponseCodeRow{TPM2_RC_LOCALITY, "TPM_RC_LOCALITY", "the PCR cannot be extended from here",
                    "PCR 17 to 22 are for the dynamic launch (localities 1 to 4) and closed to the operating system; "
                    "name one of PCR 0 to 16, or 23"},
    ResponseCodeRow{TPM2_RC_YIELDED, "TPM_RC_YIELDED", "the TPM put the command off", kLater, true},
    ResponseCodeRow{TPM2_RC_CANCELED, "TPM_RC_CANCELED", "the command was cancelled", "run it again"},
    ResponseCodeRow{TPM2_RC_TESTING, "TPM_RC_TESTING", "the TPM tests itself", kLater, true},
    ResponseCodeRow{TPM2_RC_NV_RATE, "TPM_RC_NV_RATE", "the TPM limits how often its memory is written", kLater, true},
    ResponseCodeRow{TPM2_RC_LOCKOUT, "TPM_RC_LOCKOUT", "the TPM is locked after too many wrong passwords",
                    "wait, or have its owner run tpm2_dictionarylockout --clear-lockout"},
    ResponseCodeRow{TPM2_RC_RETRY, "TPM_RC_RETRY", "the TPM could not start the command", kLater, true},
    ResponseCodeRow{TPM2_RC_NV_UNAVAILABLE, "TPM_RC_NV_UNAVAILABLE", "the TPM cannot write to its memory", kLater,
                    true},
    ResponseCodeRow{TSS2_MU_RC_BAD_VALUE, "TSS2_MU_RC_BAD_VALUE", "libtss2 does not know a bank's hash algorithm",
                    "install a later libtss2, or name the other banks with --bank"},
    ResponseCodeRow{TSS2_TCTI_RC_NO_CONNECTION, "TSS2_TCTI_RC_NO_CONNECTION", "there is no connection to the TPM",
                    kGone},
    ResponseCodeRow{TSS2_TCTI_RC_TRY_AGAIN, "TSS2_TCTI_RC_TRY_AGAIN", "the TPM did not answer in time", ""},
    ResponseCodeRow{TSS2_TCTI_RC_IO_ERROR, "TSS2_TCTI_RC_IO_ERROR", "the connection to the TPM failed", kGone},
    ResponseCodeRow{TSS2_TCTI_RC_MALFORMED_RESPONSE, "TSS2_TCTI_RC_MALFORMED_RESPONSE",
                    "the TPM's answer was cut short or is none", kGone},
};
static_assert(std::ranges::is_sorted(kRows, std::ranges::less_equal(), &ResponseCodeRow::code) &&
              std::ranges::adjacent_find(kRows, {}, &ResponseCodeRow::code) == kRows.end());

// Codes of format one also say which parameter, handle or session they are about (part 2, 6.6.2); a resource manager
// passes the TPM's codes on in a layer of its own: libtss2's is 12, and the kernel says 11.
std::uint32_t without_place(std::uint32_t code) {
  constexpr std::uint32_t kFormatOne = TPM2_RC_FMT1;
  constexpr std::uint32_t kFormatOneCode = 0xBF;
  const std::uint32_t layer = code & TSS2_RC_LAYER_MASK;
  const std::uint32_t rest = code & ~TSS2_RC_LAYER_MASK;
  const bool passed_on = (layer == TSS2_RESMGR_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER) && rest >= kFormatOne;
  if (layer != 0 && !passed_on) {
    return code;
  }
  return (rest & kFormatOne) != 0 ? rest & kFormatOneCode : rest;
}

}  // namespace

std::span<const ResponseCodeRow> response_codes() {
  return kRows;
}

const ResponseCodeRow* find_response_code(std::uint32_t code) {
  const auto row = std::ranges::lower_bound(kRows, without_place(code), {}, &ResponseCodeRow::code);
  return row != kRows.end() && row->code == without_place(code) ? &*row : nullptr;
}

std::string describe_response_code(const Tss2& tss2, std::uint32_t code) {
  if (const ResponseCodeRow* const row = find_response_code(code)) {
    return fmt::format("{} ({}){}{}", row->meaning, row->name, row->advice.empty() ? "" : "; ", row->advice);
  }
  return tss2.rc_decode != nullptr ? std::string(tss2.rc_decode(code)) : fmt::format("TSS2 code 0x{:08x}", code);
}

std::uint32_t with_retries(const std::function<std::uint32_t()>& call,
                           const std::function<void(std::chrono::milliseconds)>& pause) {
  std::chrono::milliseconds length = kFirstPause;
  std::chrono::milliseconds waited{0};
  for (;;) {
    const std::uint32_t code = call();
    const ResponseCodeRow* const row = code == TSS2_RC_SUCCESS ? nullptr : find_response_code(code);
    if (row == nullptr || !row->retried || waited >= kPatience) {
      return code;
    }
    pause(length);
    waited += length;
    length = std::min<std::chrono::milliseconds>(2 * length, kLongestPause);
  }
}

}  // namespace mrtool
