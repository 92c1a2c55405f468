// By which bytes the three rows of this folder are told from each other and from everything else.
#pragma once

#include <optional>

#include "formats/formats.hpp"
#include "formats/tcg/reader.hpp"

namespace mrtool::tcg {

// The row and its evidence, or nothing where the bytes begin no log of this folder. A first record that is cut short is
// recognised: it is the reader that says so.
struct Recognised {
  Row row = Row::tcg;
  Detection detection;
};
std::optional<Recognised> recognise(const Probe& probe);

std::optional<Detection> detect_tcg(const Probe& probe);
std::optional<Detection> detect_tcg2(const Probe& probe);
std::optional<Detection> detect_ccel(const Probe& probe);

}  // namespace mrtool::tcg
