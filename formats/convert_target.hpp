// A row of the table of formats as what lib/convert writes to.
#pragma once

#include "formats/formats.hpp"
#include "lib/convert/convert.hpp"

namespace mrtool {

// `format` has a writer and says what it can carry.
ConvertTarget convert_target(const FormatRow& format, const WriteOptions& options);

}  // namespace mrtool
