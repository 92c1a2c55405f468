#include "formats/tsm/lint.hpp"

#include "lib/content/tsm_line.hpp"

namespace mrtool::tsm {
namespace {

// The largest page size of Linux, and so the longest line of one write.
constexpr std::size_t kLargestPage = 64 * 1024;

}  // namespace

std::string_view Lint::next(std::string_view line, std::uint64_t blanks, TsmLine kind) {
  if (done_) {
    return {};
  }
  const std::string_view finding = look(line, blanks, kind);
  done_ = !finding.empty();
  first_ = false;
  after_first_sync_ = !synced_ && kind == TsmLine::sync;
  synced_ = synced_ || kind == TsmLine::sync;
  return finding;
}

std::string_view Lint::look(std::string_view line, std::uint64_t blanks, TsmLine kind) {
  if (!is_stored_unchanged(line)) {
    return "the kernel takes white space off both ends of a line and breaks it at CR";
  }
  if (blanks > 1 || (first_ && blanks > 0)) {
    return "the kernel writes one empty line at a time, and none first";
  }
  if (!synced_ && kind != TsmLine::sync && kind != TsmLine::extend) {
    return "the kernel writes nothing but .EXTEND lines before the first SYNC";
  }
  if (!synced_ && !first_ && kind == TsmLine::sync && blanks == 0) {
    return "the kernel writes an empty line before a SYNC";
  }
  if (after_first_sync_ && blanks == 0) {
    return "the kernel writes an empty line behind a SYNC";
  }
  if (line.size() > kLargestPage) {
    return "the kernel takes no line longer than a page";
  }
  return {};
}

std::uint32_t Lint::marks() const {
  return (done_ ? 1U : 0U) | (first_ ? 2U : 0U) | (synced_ ? 4U : 0U) | (after_first_sync_ ? 8U : 0U);
}

Lint Lint::from_marks(std::uint32_t marks) {
  Lint lint;
  lint.done_ = (marks & 1U) != 0;
  lint.first_ = (marks & 2U) != 0;
  lint.synced_ = (marks & 4U) != 0;
  lint.after_first_sync_ = (marks & 8U) != 0;
  return lint;
}

std::string_view Lint::end(std::uint64_t blanks) {
  return done_ || blanks == 0 ? std::string_view{} : "the kernel writes no empty line last";
}

}  // namespace mrtool::tsm
