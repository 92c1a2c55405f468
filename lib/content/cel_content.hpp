// The contents that CEL brings with it: management notes, IMA as nested TLVs, strings measured by systemd, events of
// Container-Optimized OS. What each digest covers differs by content (CEL format notes, sections 5 and 6).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lib/content/pcclient.hpp"

namespace mrtool::cel {

// The content element's type, where it is also what the digest covers.
inline constexpr std::uint32_t kManagement = 4;
inline constexpr std::uint32_t kPcclient = 5;
inline constexpr std::uint32_t kImaTemplate = 7;
inline constexpr std::uint32_t kImaTlv = 8;
inline constexpr std::uint32_t kSystemd = 9;
inline constexpr std::uint32_t kLibcelSystemd = 11;
inline constexpr std::uint32_t kCos = 80;

// The notes inside a management content.
enum class Note : std::uint8_t { version = 1, firmware_end = 2, timestamp = 80, state_transition = 81 };
// "suspend", "hibernate", "kexec"; empty for a number that means none.
std::string_view state_transition_name(std::uint64_t number);
// False where nothing in it is ever extended: it consists of version and firmware_end notes, or of none.
bool is_measured_management(ByteView data);

// Rows of the table of contents.
const pcclient::EventType& management_rule(const Record& record);
const pcclient::EventType& ima_tlv_rule(const Record& record);
const pcclient::EventType& systemd_rule(const Record& record);
const pcclient::EventType& cos_rule(const Record& record);
std::string management_name(const Record& record);
std::string ima_tlv_name(const Record& record);
std::string systemd_name(const Record& record);
std::string cos_name(const Record& record);

// Digest = H(content element), type and length included: what the private contents of CEL logs usually follow.
std::optional<pcclient::Preimage> content_element(const pcclient::Context& context);
// That rule, and H(data).
std::span<const pcclient::Recipe> private_recipes();

}  // namespace mrtool::cel
