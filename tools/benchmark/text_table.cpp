#include "tools/benchmark/text_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace mrtool::benchmark {

std::string TextTable::text() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += fmt::format("{:<{}}  ", row[i], widths[i]);
    }
    line.resize(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

std::string TextTable::markdown() const {
  std::string out;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    out += fmt::format("| {} |\n", fmt::join(rows_[i], " | "));
    if (i == 0) {
      out += fmt::format("|{}\n", fmt::join(std::vector<std::string>(rows_[i].size(), "---|"), ""));
    }
  }
  return out;
}

}  // namespace mrtool::benchmark
