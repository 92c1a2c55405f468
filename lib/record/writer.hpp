// How records become bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/error.hpp"
#include "lib/record/record.hpp"

namespace mrtool {

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual Status write(ByteView bytes) = 0;
  // Puts bytes before all that was written: a header that only the whole log tells. Fails (unsupported) in sinks that
  // have given away what was written.
  virtual Status write_first(ByteView bytes);
};

// A sink that appends to bytes that the caller keeps alive.
class MemorySink final : public ByteSink {
 public:
  explicit MemorySink(Bytes& out) : out_(out) {}
  Status write(ByteView bytes) override;
  Status write_first(ByteView bytes) override;

 private:
  Bytes& out_;
};

struct WriteOptions {
  std::string dialect{};  // of the format's dialects; empty: its default
  std::optional<Register>
      reg{};  // the one register of a format that holds one (tsm, aael); nothing: the first record's
  HashAlgorithm bank = HashAlgorithm::none;  // the one bank of a format that holds one; none: the log's strongest
  bool ccmr_as_pcr = false;                  // CEL: CC measurement register indices in the pcr field
};

// How much of a record a format can hold.
enum class Carriage : std::uint8_t {
  native,        // in the format's own terms
  encapsulated,  // in a documented wrapping from which the format's reader gets the same record back
  lost,          // not, or not all of it
};
std::string_view to_string(Carriage carriage);

struct Carried {
  Carriage carriage = Carriage::native;
  // What is lost: "record" or "comment" when nothing is written, else the parts that are not ("digest sha1"); empty
  // unless lost.
  std::string field;
  std::string reason;  // one sentence; empty unless lost

  // Nothing of the record is written.
  bool nothing_left() const { return carriage == Carriage::lost && (field == "record" || field == "comment"); }
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
