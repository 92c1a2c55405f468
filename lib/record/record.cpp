#include "lib/record/record.hpp"

#include <algorithm>
#include <array>

#include "lib/record/writer.hpp"

namespace mrtool {

std::string_view to_string(ContentType type) {
  // In the order of the enumeration; the words of CEL-JSON where it has one.
  static constexpr std::array<std::string_view, 10> kNames = {
      "none", "pcclient", "ima_template", "ima_tlv", "cel", "systemd", "cos", "linux_tsm", "aael", "unknown"};
  return kNames[static_cast<std::size_t>(type)];
}

std::span<std::uint8_t> Arena::room(std::size_t size) {
  while (current_ < blocks_.size() && blocks_[current_].size() - used_ < size) {
    ++current_;
    used_ = 0;
  }
  if (current_ == blocks_.size()) {
    blocks_.emplace_back(std::max(size, kBlock));
  }
  const std::span<std::uint8_t> room = std::span(blocks_[current_]).subspan(used_, size);
  used_ += size;
  return room;
}

ByteView Arena::keep(ByteView bytes) {
  const std::span<std::uint8_t> copy = room(bytes.size());
  std::ranges::copy(bytes, copy.begin());
  return copy;
}

std::optional<ByteView> Arena::keep_hex(std::string_view digits) {
  const std::span<std::uint8_t> bytes = room(digits.size() / 2);
  return decode_hex(digits, bytes) ? std::optional<ByteView>(bytes) : std::nullopt;
}

void Arena::clear() {
  // A single huge block is not worth keeping.
  std::erase_if(blocks_, [](const auto& block) { return block.size() > kBlock; });
  current_ = 0;
  used_ = 0;
}

std::string_view to_string(Carriage carriage) {
  static constexpr std::array<std::string_view, 3> kNames = {"native", "encapsulated", "lost"};
  return kNames[static_cast<std::size_t>(carriage)];
}

Status ByteSink::write_first(ByteView /*bytes*/) {
  return fail(ErrorKind::unsupported, "what is written here cannot be given a header afterwards");
}

Status MemorySink::write_first(ByteView bytes) {
  out_.insert(out_.begin(), bytes.begin(), bytes.end());
  return {};
}

Status MemorySink::write(ByteView bytes) {
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  return {};
}

}  // namespace mrtool
