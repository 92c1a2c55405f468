// How records become bytes.
#pragma once

#include "lib/base/error.hpp"
#include "lib/record/record.hpp"

namespace mrtool {

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual Status write(ByteView bytes) = 0;
};

// A sink that appends to bytes that the caller keeps alive.
class MemorySink final : public ByteSink {
 public:
  explicit MemorySink(Bytes& out) : out_(out) {}
  Status write(ByteView bytes) override;

 private:
  Bytes& out_;
};

// Writes one log. Records whose `raw` is not empty are written as they are; others are encoded from their fields.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual Status begin(const LogInfo& info) = 0;
  virtual Status write(const Record& record) = 0;
  virtual Status trailing(ByteView bytes) = 0;  // what Batch::trailing held
  virtual Status finish() = 0;
};

}  // namespace mrtool
