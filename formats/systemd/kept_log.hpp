// systemd's log as one that mrtool appends to: records as systemd itself writes them (FORMAT.md), under its protocol.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "lib/base/host.hpp"
#include "lib/extend/kept_log.hpp"

namespace mrtool::systemd {

// The event types that systemd has names for.
inline constexpr std::array<std::string_view, 12> kEventTypes{
    "phase",      "filesystem",      "volume-key", "machine-id",    "product-id",   "keyslot",
    "nvpcr-init", "nvpcr-separator", "dm-verity",  "imds-userdata", "os-separator", "login"};

// What a record says about when it was written.
struct Moment {
  std::string boot_id;           // 32 hexadecimal digits
  std::uint64_t since_boot = 0;  // microseconds of CLOCK_BOOTTIME
};
using Clock = std::function<Result<Moment>()>;
// The machine's own; `host` outlives it.
Clock clock_of(Host& host);

// For PCRs (all banks) or RTMRs (sha384). Events are strings, by their content systemd or tsm (a line is a string,
// too); Event::name is the event type, one of kEventTypes or none. An event that stands for one of a PCR says so in the
// SystemdEvent of its extras. There are no marks: resume() has nothing.
std::unique_ptr<extend::KeptLog> make_kept_log(const Register& reg, Clock clock);

}  // namespace mrtool::systemd
