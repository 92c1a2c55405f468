// One line of a TSM text log: what kind it is and what its special forms say (TSM log format notes, 2, 4, 8.1, 8.3).
// Lines are bytes without their LF; nothing here trims or folds them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/content/pcclient.hpp"
#include "lib/crypto/digest.hpp"
#include "lib/record/record.hpp"

namespace mrtool::tsm {

// The name that the kernel gives an algorithm ("sha3-256", "sm3"); empty where it has none.
std::string_view kernel_name(HashAlgorithm algorithm);
// The reverse, exactly as the kernel spells it.
std::optional<HashAlgorithm> parse_kernel_name(std::string_view name);

// "<alg>/<hex>": a digest of the algorithm's size, hexadecimal of either case.
struct NamedDigest {
  HashAlgorithm algorithm = HashAlgorithm::none;
  Digest value;
  bool lower_case = true;  // as the kernel writes it
};
std::optional<NamedDigest> parse_named_digest(std::string_view text);
std::string format_named_digest(HashAlgorithm algorithm, ByteView value);
// The algorithm that is named; of bare hexadecimal, SHA-1 or SHA-2 of its size.
HashAlgorithm bank_of(const NamedDigest& digest);

// "SYNC <alg>/<hex>" and nothing else: the register's value before this line was extended.
std::optional<NamedDigest> parse_sync(std::string_view line);
std::string format_sync(HashAlgorithm bank, ByteView value);

// "# .EXTEND <hex>" and nothing else, of `size` bytes (0: of the size of any algorithm): a digest extended as it is.
struct ExtendLine {
  Digest value;
  bool lower_case = true;
};
std::optional<ExtendLine> parse_extend(std::string_view line, std::size_t size = 0);
std::string format_extend(ByteView value);

// The kind of a line that is not empty, in a log of that bank (none: of any bank). A SYNC of another bank is a record,
// an .EXTEND of another size a comment.
TsmLine classify(std::string_view line, HashAlgorithm bank = HashAlgorithm::none);

// "<name> extend <alg>/<hex>": an extend of a register that exists in the log only (8.1).
struct VirtualExtend {
  std::string_view name;  // of the line
  NamedDigest digest;
};
std::optional<VirtualExtend> parse_virtual_extend(std::string_view line);
std::string format_virtual_extend(std::string_view name, HashAlgorithm bank, ByteView value);

// "kernel.org/tsm/static_mr <name> <alg>/<hex>", or bare hexadecimal of any algorithm's size (8.3).
struct StaticRegister {
  std::string_view name;  // of the line
  NamedDigest digest;     // algorithm none: bare
};
std::optional<StaticRegister> parse_static_register(std::string_view line);

// "ima <template> <template data in hexadecimal>": an entry of an IMA list, measured as a line (8.2).
struct ImaEntry {
  std::string_view template_name;  // of the line
  Bytes data;
  bool violation = false;  // the file digest is zeros, which only a violation's is, or a boot_aggregate's without a TPM

  // The entry as a record of an IMA list would be, in the place of the line that holds it; views of both.
  Record record(const Record& line) const;
};
std::optional<ImaEntry> parse_ima_entry(std::string_view line);
std::string format_ima_entry(std::string_view template_name, ByteView data);

// What the kernel takes for white space: 09-0D, 20 and A0.
bool is_space(char byte);
// Without the kernel's white space at both ends (3.2).
std::string_view trimmed(std::string_view line);
// The kernel stores the line as it is when it is written to it: not empty, no LF or CR, nothing to trim.
bool is_stored_unchanged(std::string_view line);

// What applies to a record of content tsm; for the table of content types.
const pcclient::EventType& content_rule(const Record& record);
// "record", "SYNC", ".EXTEND", "comment".
std::string type_name(const Record& record);

}  // namespace mrtool::tsm
