// A table of text, aligned for a terminal or in Markdown.
#pragma once

#include <string>
#include <vector>

namespace mrtool::benchmark {

class TextTable {
 public:
  explicit TextTable(std::vector<std::string> heads) : rows_{std::move(heads)} {}

  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string text() const;
  std::string markdown() const;

 private:
  std::vector<std::vector<std::string>> rows_;  // all as long as the first, which is the heads
};

}  // namespace mrtool::benchmark
