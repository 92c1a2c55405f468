#include "lib/base/text_buffer.hpp"

#include <algorithm>

namespace mrtool {

void TextBuffer::grow(std::size_t size) {
  constexpr std::size_t kLeast = 4096;
  const std::size_t used = this->size();
  const auto had = static_cast<std::size_t>(end_ - buffer_.get());
  const std::size_t wanted = std::max({used + size, had + had / 2, kLeast});
  auto larger = std::make_unique_for_overwrite<char[]>(wanted);  // NOLINT(modernize-avoid-c-arrays)
  std::copy_n(buffer_.get(), used, larger.get());
  buffer_ = std::move(larger);
  at_ = buffer_.get() + used;
  end_ = buffer_.get() + wanted;
}

}  // namespace mrtool
