// The kinds of sources, one file each: what they recognise and how they are read. Errors carry no file name yet; the
// caller puts it in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/host.hpp"
#include "lib/registers/names.hpp"
#include "lib/registers/values.hpp"
#include "lib/sources/sources.hpp"

namespace mrtool::sources {

// Bytes that a register's file has at most: the kernel never gives more than a page.
inline constexpr std::uint64_t kRegisterFile = 4096;

// Adds a value after checking its digits and its length against the bank. Two different values for one register and
// bank fail; the same one twice does not. `where` leads the message: "line 7".
Status add_value(RegisterValues& values, const Register& reg, HashAlgorithm bank, std::string_view hex,
                 std::string_view where);
// The same of bytes.
Status add_bytes(RegisterValues& values, const Register& reg, HashAlgorithm bank, ByteView bytes,
                 std::string_view where);
// The same from words: a register's name or a PCR number, a bank's name.
Status add_named_value(RegisterValues& values, std::string_view reg, std::string_view bank, std::string_view hex,
                       std::string_view where);

std::string_view trim(std::string_view text);
// Takes the first line, without its newline, off the front of a text.
std::string_view take_line(std::string_view& text);
// Part `i` of a path, counted from its last one (0); empty where there are fewer.
std::string_view part_from_end(std::string_view path, std::size_t i);
// The same error about a file, unless it names one already.
Error about_file(Error error, const std::string& file);

// The words that stand for this machine.

// Every register that is found: TPMs, measurement-register trees, a TDX guest's report.
Result<RegisterValues> read_live(Host& host, const SourceOptions& options);
// All banks of the TPM itself.
Result<RegisterValues> read_tpm(Host& host, const SourceOptions& options);
// The registers of a TDX guest, by a report that the TDX module makes now.
Result<RegisterValues> read_tdx_guest(Host& host, const SourceOptions& options);
inline constexpr std::string_view kTdxGuestDevice = "/dev/tdx_guest";

// sha256:7=HEX,sha384:rtmr2=HEX. Never a path that exists in usual practice: what stands before the first '=' is a bank
// and a colon.
bool is_direct(std::string_view spec);
Result<RegisterValues> parse_direct(std::string_view spec);

// SELECTION@FILE: a file of bare values, and what they are of.
struct SelectedFile {
  std::string selection;
  std::string path;
};
// Nothing unless what stands before an '@' is a selection and the rest a file.
std::optional<SelectedFile> split_selected(const std::string& spec, Host& host);
// The values of the selection, bank by bank in its order and ascending in each, either as bytes one behind the other
// (tpm2_pcrread -o, one raw register) or as hexadecimal, one a line (a sysfs PCR file).
Result<RegisterValues> parse_selected(const std::string& selection, ByteView bytes);

// pcr-sha256/7 (Linux 5.12 and later) and pcrs (TPM 1.2).
bool is_sysfs(const std::string& directory, Host& host);
Result<RegisterValues> read_sysfs(const std::string& directory, Host& host);
bool is_sysfs_pcrs(std::string_view text);
Result<RegisterValues> parse_sysfs_pcrs(std::string_view text);

// A kernel's tree of measurement registers in any of its shapes, or a part of one. Sets no error where the directory is
// none: it has no values then.
Result<RegisterValues> read_tsm_tree(const std::string& directory, Host& host);

// tpm2_pcrread text, and the pcrs block of tpm2_eventlog and tpm2_quote.
bool is_pcrread(std::string_view text);
Result<RegisterValues> parse_pcrread(std::string_view text);

// mrtool.registers/1, mrtool.replay/1 and {bank: {register: hex}}.
bool is_json(std::string_view text);
Result<RegisterValues> parse_json(std::string_view text);

// An attestation report, of which nothing but its own consistency is checked.
bool is_report(ByteView bytes);
Result<RegisterValues> parse_report(ByteView bytes);

// The bytes that a text of nothing but base64 (RFC 4648, section 4; line breaks allowed) stands for.
std::optional<Bytes> decode_base64(std::string_view text);

}  // namespace mrtool::sources
