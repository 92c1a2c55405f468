// What the place of a TSM text log says about it: the log itself names neither its register nor, always, its bank
// (TSM log format notes, 1).
#pragma once

#include <optional>
#include <string>

#include "lib/base/host.hpp"
#include "lib/record/reader.hpp"

namespace mrtool::tsm {

// The register of .../tsm/<provider>/<register>/event_log.
std::optional<Register> register_of_path(const std::string& path);

// What the file hash_algo beside the log says; none where there is no such file. Fails (malformed) where it names no
// algorithm.
Result<HashAlgorithm> bank_beside(const std::string& path, Host& host);

// Completes the options of a log at `path`; "-" has no place. Fails (usage) where another bank was asked for than the
// file beside the log names.
Status complete(ReadOptions& options, const std::string& path, Host& host);

}  // namespace mrtool::tsm
