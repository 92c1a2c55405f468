// What a conversion loses, record by record: any number of losses in bounded memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "lib/base/spool.hpp"

namespace mrtool {

struct Loss {
  std::size_t log = 0;       // index among the logs of the conversion
  std::uint64_t record = 0;  // its number in that log, from 0
  std::string field;         // "record", "comment", "digest sha1", ...
  std::string reason;        // one sentence

  bool operator==(const Loss&) const = default;
};

class LossReport {
 public:
  explicit LossReport(std::unique_ptr<Spool> spool) : spool_(std::move(spool)) {}

  Status add(const Loss& loss);
  std::uint64_t size() const { return size_; }

  // In the order of add().
  Status for_each(const std::function<void(const Loss&)>& take) const;

 private:
  std::unique_ptr<Spool> spool_;
  std::uint64_t size_ = 0;
};

}  // namespace mrtool
