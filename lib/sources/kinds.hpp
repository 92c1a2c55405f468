// The kinds of sources, one file each: what they recognise and how they are read. Errors carry no file name yet; the
// caller puts it in.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/host.hpp"
#include "lib/registers/values.hpp"

namespace mrtool::sources {

// Adds a value after checking its digits and its length against the bank. Two different values for one register and
// bank fail; the same one twice does not. `where` leads the message: "line 7".
Status add_value(RegisterValues& values, const Register& reg, HashAlgorithm bank, std::string_view hex,
                 std::string_view where);
// The same from words: a register's name or a PCR number, a bank's name.
Status add_named_value(RegisterValues& values, std::string_view reg, std::string_view bank, std::string_view hex,
                       std::string_view where);

std::string_view trim(std::string_view text);
// Takes the first line, without its newline, off the front of a text.
std::string_view take_line(std::string_view& text);

// sha256:7=HEX,sha384:rtmr2=HEX. Never a path that exists in usual practice: what stands before the first '=' is a bank
// and a colon.
bool is_direct(std::string_view spec);
Result<RegisterValues> parse_direct(std::string_view spec);

// pcr-sha256/7 (Linux 5.12 and later) and pcrs (TPM 1.2).
Result<RegisterValues> read_sysfs(const std::string& directory, Host& host);
bool is_sysfs_pcrs(std::string_view text);
Result<RegisterValues> parse_sysfs_pcrs(std::string_view text);

// tpm2_pcrread text, and the pcrs block of tpm2_eventlog and tpm2_quote.
bool is_pcrread(std::string_view text);
Result<RegisterValues> parse_pcrread(std::string_view text);

// mrtool.registers/1, mrtool.replay/1 and {bank: {register: hex}}.
bool is_json(std::string_view text);
Result<RegisterValues> parse_json(std::string_view text);

}  // namespace mrtool::sources
