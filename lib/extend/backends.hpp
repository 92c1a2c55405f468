// The rows of the table of backends: one file each.
#pragma once

#include "lib/extend/extend_target.hpp"

namespace mrtool::extend {

using OpenedTarget = Result<std::unique_ptr<ExtendTarget>>;

// .../tsm/PROVIDER/NAME/append_event: the RFC of September 2024, whose kernel keeps the log (registers notes, 3.1).
OpenedTarget open_append_event(const Register& reg, const TargetOptions& options, Host& host,
                               std::vector<std::string>& looked_for);
// .../misc/DEVICE/measurements/NAME:HASH, Linux 6.16 and later (3.3).
OpenedTarget open_measurements(const Register& reg, const TargetOptions& options, Host& host,
                               std::vector<std::string>& looked_for);
// .../tsm/PROVIDER/NAME/digest, and NAME/HASH/digest (3.1, 3.2).
OpenedTarget open_digest(const Register& reg, const TargetOptions& options, Host& host,
                         std::vector<std::string>& looked_for);
// /sys/kernel/config/tsm/rtmrs/ANY/{index,digest} (3.4).
OpenedTarget open_configfs(const Register& reg, const TargetOptions& options, Host& host,
                           std::vector<std::string>& looked_for);
// A TPM's PCRs, by libtss2.
OpenedTarget open_tpm(const Register& reg, const TargetOptions& options, Host& host,
                      std::vector<std::string>& looked_for);
// "software:FILE": registers in a file of mrtool.registers/1, made where it is not there.
OpenedTarget open_software(const Register& reg, const TargetOptions& options, Host& host,
                           std::vector<std::string>& looked_for);

}  // namespace mrtool::extend
