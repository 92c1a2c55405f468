#include "lib/tpm/response_code.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace mrtool;

namespace {

constexpr std::uint32_t kParameter1 = TPM2_RC_P + TPM2_RC_1;
constexpr std::uint32_t kKernelsResourceManager = 11U << TSS2_RC_LAYER_SHIFT;

std::string name_of(std::uint32_t code) {
  const ResponseCodeRow* const row = find_response_code(code);
  return row == nullptr ? "" : std::string(row->name);
}

// Answers `busy` a number of times, then `then`.
struct Answers {
  std::uint32_t busy;
  int times;
  std::uint32_t then = TSS2_RC_SUCCESS;
  int calls = 0;
  std::vector<std::chrono::milliseconds> pauses = {};

  std::uint32_t run() {
    return with_retries([this] { return calls++ < times ? busy : then; },
                        [this](std::chrono::milliseconds length) { pauses.push_back(length); });
  }
  std::chrono::milliseconds waited() const {
    std::chrono::milliseconds sum{0};
    for (const auto length : pauses) {
      sum += length;
    }
    return sum;
  }
};

}  // namespace

TEST_CASE("a code is known whatever parameter, handle or session it is about") {
  CHECK(name_of(TPM2_RC_HASH) == "TPM_RC_HASH");
  CHECK(name_of(TPM2_RC_HASH + kParameter1) == "TPM_RC_HASH");
  CHECK(name_of(TPM2_RC_VALUE + TPM2_RC_1) == "TPM_RC_VALUE");
  CHECK(name_of(TPM2_RC_BAD_AUTH + TPM2_RC_S + TPM2_RC_1) == "TPM_RC_BAD_AUTH");
  CHECK(name_of(TPM2_RC_SIZE + TPM2_RC_P + 0xF00) == "TPM_RC_SIZE");
  // Warnings look as if they were about something, and are not.
  CHECK(name_of(TPM2_RC_LOCALITY) == "TPM_RC_LOCALITY");
  CHECK(name_of(TPM2_RC_INITIALIZE).ends_with("INITIALIZE"));
}

TEST_CASE("a TPM's code that a resource manager passes on is the TPM's") {
  CHECK(name_of(kKernelsResourceManager | TPM2_RC_COMMAND_CODE) == "TPM_RC_COMMAND_CODE");
  CHECK(name_of(TSS2_RESMGR_TPM_RC_LAYER | TPM2_RC_LOCALITY) == "TPM_RC_LOCALITY");
  CHECK(name_of(TSS2_RESMGR_TPM_RC_LAYER | (TPM2_RC_HASH + kParameter1)) == "TPM_RC_HASH");
  // The resource manager's own 30 is not the TPM's.
  CHECK(name_of(TSS2_RESMGR_RC_LAYER | TPM2_RC_BAD_TAG).empty());
  CHECK(name_of(TPM2_RC_BAD_TAG) == "TPM_RC_BAD_TAG");
}

TEST_CASE("codes of libtss2 keep their layer") {
  CHECK(name_of(TSS2_TCTI_RC_IO_ERROR) == "TSS2_TCTI_RC_IO_ERROR");
  CHECK(name_of(TSS2_ESYS_RC_IO_ERROR).empty());
  CHECK(name_of(TSS2_RC_SUCCESS).empty());
}

TEST_CASE("what a code means, and what to do about it") {
  const auto tss2 = load_tss2();
  REQUIRE(tss2);
  CHECK(
      describe_response_code(**tss2, TPM2_RC_LOCALITY).starts_with("the PCR cannot be extended from here (TPM_RC_LO"));
  CHECK(describe_response_code(**tss2, TPM2_RC_LOCALITY).contains("17 to 22"));
  CHECK(describe_response_code(**tss2, TPM2_RC_COMMAND_CODE) ==
        "the TPM does not have the command (TPM_RC_COMMAND_CODE)");
  for (const ResponseCodeRow& row : response_codes()) {
    CHECK(describe_response_code(**tss2, row.code).contains(row.name));
  }
}

TEST_CASE("a code that is not in the table is told by libtss2, or as a number") {
  const auto tss2 = load_tss2();
  REQUIRE(tss2);
  CHECK(describe_response_code(**tss2, TPM2_RC_NV_LOCKED) == "tpm:error(2.0): NV access locked");
  Tss2 without_words = **tss2;
  without_words.rc_decode = nullptr;
  CHECK(describe_response_code(without_words, TPM2_RC_NV_LOCKED) == "TSS2 code 0x00000148");
}

TEST_CASE("a command that the TPM did not start is tried again") {
  for (const std::uint32_t busy : {TPM2_RC_RETRY, TPM2_RC_YIELDED, TPM2_RC_TESTING, TPM2_RC_NV_RATE}) {
    Answers answers{.busy = busy, .times = 3};
    CHECK(answers.run() == TSS2_RC_SUCCESS);
    CHECK(answers.calls == 4);
    CHECK(answers.pauses.size() == 3);
    CHECK(answers.pauses[2] > answers.pauses[0]);
  }
  Answers fails_then{.busy = TPM2_RC_RETRY, .times = 1, .then = TPM2_RC_LOCALITY};
  CHECK(fails_then.run() == TPM2_RC_LOCALITY);
  CHECK(fails_then.calls == 2);
}

TEST_CASE("it is not tried for ever") {
  Answers answers{.busy = TPM2_RC_RETRY, .times = 1'000'000};
  CHECK(answers.run() == TPM2_RC_RETRY);
  CHECK(answers.calls < 50);
  CHECK(answers.waited() >= std::chrono::seconds(5));
  CHECK(answers.waited() < std::chrono::seconds(6));
}

TEST_CASE("what may have been done is never done again") {
  for (const std::uint32_t code : {TPM2_RC_LOCALITY, TPM2_RC_CANCELED, TSS2_TCTI_RC_IO_ERROR, TSS2_TCTI_RC_TRY_AGAIN,
                                   TPM2_RC_LOCKOUT, TPM2_RC_NV_LOCKED}) {
    Answers answers{.busy = code, .times = 1};
    CHECK(answers.run() == code);
    CHECK(answers.calls == 1);
  }
}
