#include "lib/convert/read_back.hpp"

#include <fmt/format.h>

#include <array>
#include <set>
#include <utility>

namespace mrtool {
namespace {

class StatedKeys {
 public:
  StatedKeys(const StatedLimit& limit, ReadBack& result) : limit_(limit), result_(result) {}

  void see(const Record& record) {
    if (!record.extends) {
      return;
    }
    for (std::size_t i = 0; i < record.digests.size(); ++i) {
      const DigestEntry& digest = record.digests[i];
      // Record after record is about the same register, in the same banks.
      const RegisterKey* const last = last_[i % last_.size()];
      if (digest.origin == DigestOrigin::logged &&
          (last == nullptr || last->bank != digest.algorithm || last->reg != record.reg)) {
        last_[i % last_.size()] = see({.reg = record.reg, .bank = digest.algorithm});
      }
    }
  }

 private:
  // The key where it is remembered.
  const RegisterKey* see(RegisterKey key) {
    if (const auto found = kept_.find(key); found != kept_.end()) {
      return &*found;
    }
    if (limit_.wanted && !limit_.wanted(key)) {
      return nullptr;
    }
    if (kept_.size() == limit_.most) {
      result_.all_stated = false;
      return nullptr;
    }
    result_.stated.push_back(key);
    return &*kept_.insert(std::move(key)).first;
  }

  const StatedLimit& limit_;
  ReadBack& result_;
  std::set<RegisterKey> kept_;
  std::array<const RegisterKey*, 4> last_{};  // of the first digests, of the next ones...
};

Error unreadable(Error error, std::string_view format) {
  if (error.kind == ErrorKind::io) {
    return error;
  }
  return {.kind = ErrorKind::check_failed,
          .message = fmt::format("the {} log that was written cannot be read back: {}", format, error.message),
          .file = {},
          .offset = error.offset,
          .record = error.record};
}

}  // namespace

ReadBack read_back(Reader& reader, std::string_view format, const StatedLimit& limit) {
  ReadBack result;
  StatedKeys stated(limit, result);
  DiagnosticSink unused;
  Replay replay({}, unused);
  Batch batch;
  bool begun = false;
  for (bool more = true; more;) {
    auto read = reader.read(batch);
    if (!read) {
      result.values = std::unexpected(unreadable(std::move(read).error(), format));
      return result;
    }
    more = *read;
    if (!std::exchange(begun, true)) {
      replay.begin_log(reader.info());
    }
    replay.add(batch);
    for (const Record& record : batch.records) {
      stated.see(record);
    }
  }
  result.values = replay.finish();
  return result;
}

}  // namespace mrtool
