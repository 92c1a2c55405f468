// How each kind of record is carried by each format that can be written: what the formats themselves say of a sample of
// each kind.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/formats.hpp"

namespace mrtool {

struct MatrixCell {
  std::string_view format;
  Carried carried;
};

struct MatrixRow {
  std::string_view kind;    // "TSM line"
  std::string_view source;  // formats that hold such records
  std::vector<MatrixCell> cells;
};

std::vector<MatrixRow> format_matrix();
std::string format_matrix_text();

}  // namespace mrtool
