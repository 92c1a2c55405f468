// What is to be measured: one event, in the terms of the log's records.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/extend/extend_target.hpp"
#include "lib/record/record.hpp"

namespace mrtool::extend {

struct Event {
  ContentType content = ContentType::none;
  std::uint32_t type = 0;           // event type, or TsmLine
  Bytes data;                       // the content's bytes
  Bytes name;                       // Record::name
  std::vector<BankDigest> digests;  // one for each bank of the register; empty: logged, never extended
  bool extends = true;              // false: a comment or a mark
  // The owner of the register hashes `data` itself (TPM2_PCR_Event); `digests` are what it will come to.
  bool by_event = false;
  std::shared_ptr<const FormatExtras> extras;
};

// A record that is views of `event` and `pool`, about `reg`, without a place in a log.
Record as_record(const Event& event, const Register& reg, std::vector<DigestEntry>& pool);

// H(content) in each bank.
std::vector<BankDigest> digests_of(ByteView content, std::span<const HashAlgorithm> banks);
// The same of all that a source gives, of any length. Fails as the source does.
Result<std::vector<BankDigest>> digests_of(ByteSource& content, std::span<const HashAlgorithm> banks);

}  // namespace mrtool::extend
