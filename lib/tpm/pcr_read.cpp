#include "lib/tpm/pcr_read.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace mrtool {

namespace {

constexpr int kTries = 16;

using Values = std::map<RegisterKey, Digest>;

RegisterKey key_of(HashAlgorithm bank, std::uint32_t pcr) {
  return {.reg = {.kind = RegisterKind::pcr, .index = pcr, .name = {}, .provider = {}, .carrier = {}}, .bank = bank};
}

std::unexpected<Error> unexpected_reply(std::string_view problem) {
  return fail(ErrorKind::io, fmt::format("the TPM's reply to TPM2_PCR_Read cannot be understood: {}", problem));
}

std::optional<std::pair<HashAlgorithm, std::uint32_t>> first_of(const std::vector<PcrBank>& selection) {
  for (const PcrBank& bank : selection) {
    if (!bank.pcrs.empty()) {
      return std::pair(bank.bank, bank.pcrs.front());
    }
  }
  return std::nullopt;
}

// Takes a register off what is still to be read; false when it is not there.
bool strike(std::vector<PcrBank>& left, HashAlgorithm algorithm, std::uint32_t pcr) {
  for (PcrBank& bank : left) {
    const auto place = std::ranges::find(bank.pcrs, pcr);
    if (bank.bank == algorithm && place != bank.pcrs.end()) {
      bank.pcrs.erase(place);
      return true;
    }
  }
  return false;
}

Status take_reply(const PcrReply& reply, std::vector<PcrBank>& left, Values& values) {
  std::size_t taken = 0;
  for (const PcrBank& bank : reply.selection) {
    const HashAlgorithmRow* const row = find_algorithm(bank.bank);
    for (const std::uint32_t pcr : bank.pcrs) {
      if (!strike(left, bank.bank, pcr)) {
        return unexpected_reply(fmt::format("it holds {}:{}, which was not asked for", to_string(bank.bank), pcr));
      }
      if (taken == reply.digests.size()) {
        return unexpected_reply("it holds fewer values than it says");
      }
      const Digest& digest = reply.digests[taken++];
      if (row == nullptr || digest.size() != row->size) {
        return unexpected_reply(fmt::format("a value of {} bytes for {}:{}", digest.size(), to_string(bank.bank), pcr));
      }
      values.emplace(key_of(bank.bank, pcr), digest);
    }
  }
  if (taken != reply.digests.size()) {
    return unexpected_reply("it holds more values than it says");
  }
  if (taken == 0) {
    const auto missing = first_of(left);
    return fail(ErrorKind::io, fmt::format("the TPM has no {}:{}", missing ? to_string(missing->first) : "",
                                           missing ? missing->second : 0));
  }
  return {};
}

// Nothing when the registers changed between two replies.
Result<std::optional<Values>> read_once(const std::vector<PcrBank>& wanted, const PcrReader& read) {
  std::vector<PcrBank> left = wanted;
  Values values;
  std::optional<std::uint32_t> counter;
  while (first_of(left)) {
    MRTOOL_TRY(reply, read(left));
    if (counter.value_or(reply.update_counter) != reply.update_counter) {
      return std::nullopt;
    }
    counter = reply.update_counter;
    if (Status status = take_reply(reply, left, values); !status) {
      return std::unexpected(std::move(status).error());
    }
    std::erase_if(left, [](const PcrBank& bank) { return bank.pcrs.empty(); });
  }
  return values;
}

}  // namespace

Result<Values> read_pcrs(const std::vector<PcrBank>& wanted, const PcrReader& read) {
  for (int i = 0; i < kTries; ++i) {
    MRTOOL_TRY(values, read_once(wanted, read));
    if (values) {
      return *std::move(values);
    }
  }
  return fail(ErrorKind::io,
              fmt::format("the TPM's registers changed while they were read, {} times in a row", kTries));
}

}  // namespace mrtool
