#include <fmt/format.h>

#include <algorithm>

#include "formats/json/carried_log.hpp"

namespace mrtool::carried {

std::unexpected<Error> PartSource::damaged(std::uint64_t at, std::string message) const {
  return std::unexpected(Error{.kind = ErrorKind::malformed,
                               .message = fmt::format("byte {} of the JSON document: {}", base_ + begin_ + at, message),
                               .file = {},
                               .offset = {},
                               .record = {}});
}

void PartSource::consume(std::size_t bytes) {
  begin_ += bytes;
  // Bytes are moved to the front no more often than as many have been used up.
  if (begin_ > buffer_.size() / 2) {
    buffer_.drop_front(begin_);
    base_ += begin_;
    begin_ = 0;
  }
}

// The next step that is more than a need for bytes.
Result<JsonItems::Step> PartSource::next() {
  while (true) {
    JsonItems::Step step = items_.next(rest(), document_.ended());
    if (step.state == JsonItems::State::malformed) {
      return damaged(step.at, step.message);
    }
    if (step.state != JsonItems::State::need_more) {
      return step;
    }
    if (document_.failure()) {
      return std::unexpected(*document_.failure());
    }
    document_.fill(buffer_, begin_ + step.need);
  }
}

Result<Header> PartSource::header() {
  MRTOOL_TRY(step, next());
  if (step.state != JsonItems::State::leading || items_.shape() != JsonShape::member) {
    return damaged(0, fmt::format("expected an object with an array \"{}\", found none", kArray));
  }
  auto header = read_header(rest().first(step.text));
  if (!header) {
    return damaged(0, header.error().message);
  }
  consume(step.size());
  return header;
}

Result<Bytes> PartSource::decode(ByteView part) {
  const auto object = parser_.parse(part);
  if (!object) {
    return damaged(0, object.error().message);
  }
  const JsonNode* raw = find_member(**object, "raw");
  auto bytes = raw == nullptr || !raw->is_string() ? std::nullopt : from_hex(raw->text());
  if (!bytes) {
    return damaged(0, "expected an object whose \"raw\" is hexadecimal");
  }
  return *std::move(bytes);
}

Result<std::size_t> PartSource::read(std::span<std::uint8_t> buffer) {
  while (given_ == bytes_.size() && !ended_) {
    MRTOOL_TRY(step, next());
    if (step.state == JsonItems::State::item) {
      MRTOOL_TRY(bytes, decode(rest().subspan(step.prefix, step.text)));
      bytes_ = std::move(bytes);
      given_ = 0;
    }
    ended_ = step.state == JsonItems::State::ended;
    consume(step.size());
  }
  const std::size_t count = std::min(buffer.size(), bytes_.size() - given_);
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(given_), count, buffer.begin());
  given_ += count;
  return count;
}

}  // namespace mrtool::carried
