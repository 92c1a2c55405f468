// From what somebody wants measured to the events that a register and its log are to have: the digest in each bank, the
// form that the content has in that log, and whether the log will say what was meant.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/extend/event.hpp"

namespace mrtool::extend {

struct Request {
  std::optional<Bytes> text;        // what is measured; beside `digests`, what the log says that they are of
  std::vector<BankDigest> digests;  // extended as they are; empty: those of what is measured
  std::string virtual_register;     // the name of one that each of `digests` extends, in a line of its own
  std::optional<Bytes> data;        // the event data of a PC client event, in place of text
  std::optional<std::string> type;  // its event type ("EV_IPL", "0xd"), or systemd's word for it
  bool by_event = false;            // the TPM is to hash (TPM2_PCR_Event)
};

// Where the events go.
struct Place {
  Register reg;
  std::span<const HashAlgorithm> banks;  // of the register
  std::string_view log_format;           // name in the table of formats; "tsm" where the kernel keeps the log
  bool takes_digests = true;             // as ExtendTarget has it
};

// The events, in their order: more than one where digests are described by a comment line, and where a text that the
// log's format splits is forced.
// Fails: usage where the request does not go with the register (a bank without its digest, an event type in a log that
// has none); unsupported where the log would not say what was meant (a text that its format trims or splits, a comment,
// what reads as a statement of the register's value, a digest that the event type says is another), with the reason.
// `force` takes those as the format has them; never what would make the log lead to another value.
Result<std::vector<Event>> plan(const Request& request, const Place& place, bool force);

// "sha384:HEX", of the algorithm's size. Fails (usage).
Result<BankDigest> parse_bank_digest(std::string_view text);

}  // namespace mrtool::extend
