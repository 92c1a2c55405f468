#include "lib/base/reread_host.hpp"

#include "lib/base/limits.hpp"

namespace mrtool {

namespace {

// What was kept, then the error that the first reading ended with.
class KeptSource final : public ByteSource {
 public:
  KeptSource(std::unique_ptr<ByteSource> bytes, std::optional<Error> error)
      : bytes_(std::move(bytes)), error_(std::move(error)) {}

  Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
    MRTOOL_TRY(count, bytes_->read(buffer));
    if (count == 0 && error_) {
      return std::unexpected(*error_);
    }
    return count;
  }

 private:
  std::unique_ptr<ByteSource> bytes_;
  std::optional<Error> error_;
};

}  // namespace

RereadHost::Kept RereadHost::keep(ByteSource& source) {
  Kept kept{.bytes = host_.spool(), .error = {}};
  Bytes piece(limits::kReadPiece);
  while (!kept.error) {
    const auto count = source.read(piece);
    if (!count) {
      kept.error = count.error();
    } else if (*count == 0) {
      break;
    } else if (const Status added = kept.bytes->append(ByteView(piece).first(*count)); !added) {
      kept.error = added.error();
    }
  }
  return kept;
}

std::unique_ptr<ByteSource> RereadHost::reopen(const Kept& kept) {
  return std::make_unique<KeptSource>(kept.bytes->open(), kept.error);
}

Result<std::unique_ptr<ByteSource>> RereadHost::open(const std::string& path) {
  if (const auto known = kept_.find(path); known != kept_.end()) {
    return reopen(known->second);
  }
  MRTOOL_TRY(source, host_.open(path));
  if (host_.kind(path) != FileKind::other) {
    return source;
  }
  return reopen(kept_.emplace(path, keep(*source)).first->second);
}

std::unique_ptr<ByteSource> RereadHost::standard_input() {
  if (const auto known = kept_.find(std::string(kStandardInput)); known != kept_.end()) {
    return reopen(known->second);
  }
  return reopen(kept_.emplace(kStandardInput, keep(*host_.standard_input())).first->second);
}

}  // namespace mrtool
