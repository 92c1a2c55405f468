// The files that commands are run on, made when first asked for, and what their registers must hold.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.hpp"

namespace mrtool::benchmark {

class Inputs {
 public:
  // All are put into `directory`, which is there.
  explicit Inputs(std::string directory) : directory_(std::move(directory)) {}

  // The path of {name} in a command on so many records, made with what belongs to it when it isn't there yet. Names are
  //   ima, tsm, tcg2, cel  a log
  //   LOG.known            its registers, as --against reads them
  //   ima.sha1, ima.sha256 as evmctl reads them
  //   batch                a list of so many TCG2 logs of about 30 KB
  //   batch.known          the values of each, a line a log
  //   out                  nothing: a place that a command may write to
  Result<std::string> path_of(std::string_view name, std::size_t records);

 private:
  std::string place(std::string_view name, std::size_t records) const;
  Status make(std::string_view kind, std::size_t records);
  Status make_log(std::string_view kind, std::size_t records);
  Status make_batch(std::size_t logs);

  std::string directory_;
  std::set<std::string> made_;
};

// Records of a boot's log of about 30 KB.
inline constexpr std::size_t kBootRecords = 158;

// "1M", "100k", "160".
std::string short_count(std::size_t count);

}  // namespace mrtool::benchmark
