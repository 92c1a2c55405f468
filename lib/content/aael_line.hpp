// One line of the event log of CoCo's attestation agent in its text form, and the event text that its tagged form
// shares (AAEL format notes, 2 and 3). Lines are bytes without their LF.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/content/pcclient.hpp"
#include "lib/crypto/digest.hpp"

namespace mrtool::aael {

// "INIT <alg>/<hex>", or "INIT/<alg> <hex>" as the specification's text has it: the value before this line was
// extended.
struct InitLine {
  HashAlgorithm bank = HashAlgorithm::none;
  Digest value;                     // of the bank's size
  bool exact_size = true;           // else the line's value was cut, or zeros were appended
  bool specification_form = false;  // INIT/<alg> <hex>
};
std::optional<InitLine> parse_init(std::string_view line);
std::string format_init(HashAlgorithm bank, ByteView value);

// Adds the fields domain, operation and content of an event text that starts `begin` bytes into the record's data. The
// first two spaces part them. A text of another form becomes the field text, and the problem says so.
void add_event_fields(Decoded& decoded, std::string_view text, std::uint64_t begin);

// What applies to a record of content aael; for the table of content types.
const pcclient::EventType& content_rule(const Record& record);
// "INIT", "event", "comment".
std::string type_name(const Record& record);

}  // namespace mrtool::aael
