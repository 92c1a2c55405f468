// What extend shows of an event or a recovery, and its renderings.
#pragma once

#include <string>

#include "lib/extend/keeper.hpp"
#include "tools/mrtool/commands/measurer.hpp"
#include "tools/mrtool/render/document.hpp"

namespace mrtool {

struct ExtendView {
  const Measurer& measurer;
  const extend::Extended* event = nullptr;            // nothing: a recovery alone
  const extend::RecoveryReport* recovered = nullptr;  // nothing: there was nothing unfinished, or it was told before
};

// mrtool.extend/1.
void describe_extend(const ExtendView& view, DocumentWriter& writer);

// "rtmr3: record 5 of /run/...: sha384 3f1c..."
std::string extend_sentence(const Measurer& measurer, const extend::Extended& event);

}  // namespace mrtool
