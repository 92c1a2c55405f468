#include "tools/mrtool/batch/list.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tools/mrtool/batch/progress.hpp"

namespace mrtool {
namespace {

// Gives a few bytes at a time, and may fail at the end.
class SlowSource final : public ByteSource {
 public:
  SlowSource(std::string text, std::size_t piece, bool fails = false)
      : text_(std::move(text)), piece_(piece), fails_(fails) {}

  Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
    const std::size_t count = std::min({piece_, buffer.size(), text_.size() - given_});
    if (count == 0 && fails_) {
      return fail(ErrorKind::io, "broken");
    }
    std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(given_), count, buffer.begin());
    given_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t piece_;
  bool fails_;
  std::size_t given_ = 0;
};

std::vector<ListLine> lines_of(const std::string& text, std::size_t piece) {
  ListReader reader(std::make_unique<SlowSource>(text, piece));
  std::vector<ListLine> lines;
  for (auto line = reader.next(); line && *line; line = reader.next()) {
    lines.push_back(**line);
  }
  return lines;
}

TEST_CASE("lines end with LF, CR LF or the list, keep their numbers, and blank ones are passed over") {
  for (const std::size_t piece : {1U, 2U, 3U, 7U, 1000U}) {
    CAPTURE(piece);
    const std::vector<ListLine> lines = lines_of("a\n\n \t\r\n b c \r\n\r\nd\re", piece);
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].text == "a");
    CHECK(lines[0].number == 1);
    CHECK(lines[1].text == " b c ");
    CHECK(lines[1].number == 4);
    CHECK(lines[2].text == "d\re");
    CHECK(lines[2].number == 6);
  }
  CHECK(lines_of("", 1).empty());
  CHECK(lines_of("\n\r\n", 1).empty());
}

TEST_CASE("a line that is too long is passed over to its end and told of") {
  const std::string fits(ListReader::kLineBytes, 'x');
  const std::string text = fits + "\n" + fits + "y\n" + fits + fits + fits + "\nlast";
  for (const std::size_t piece : {std::size_t{4096}, std::size_t{1} << 20U}) {
    const std::vector<ListLine> lines = lines_of(text, piece);
    REQUIRE(lines.size() == 4);
    CHECK(lines[0].text == fits);
    CHECK_FALSE(lines[0].too_long);
    CHECK(lines[1].too_long);
    CHECK(lines[1].text.empty());
    CHECK(lines[2].too_long);
    CHECK(lines[3].text == "last");
    CHECK(lines[3].number == 4);
  }
}

TEST_CASE("a list that breaks off is an error behind its whole lines") {
  ListReader reader(std::make_unique<SlowSource>("a\nb", 10, true));
  const auto first = reader.next();
  REQUIRE(first);
  CHECK((*first)->text == "a");
  const auto second = reader.next();
  REQUIRE_FALSE(second);
  CHECK(second.error().kind == ErrorKind::io);
}

TEST_CASE("progress is a bar where the total is known, and a number where it is not") {
  CHECK(progress_text(0, 10) == "[" + std::string(30, ' ') + "] 0 of 10");
  CHECK(progress_text(4512, 10000) == "[" + std::string(13, '#') + std::string(17, ' ') + "] 4,512 of 10,000");
  CHECK(progress_text(10, 10) == "[" + std::string(30, '#') + "] 10 of 10");
  CHECK(progress_text(12, 10) == "[" + std::string(30, '#') + "] 12 of 12");
  CHECK(progress_text(1234567, std::nullopt) == "1,234,567");
  CHECK(progress_text(0, 0) == "0");
}

TEST_CASE("progress that is shown often is drawn seldom, and erased once") {
  MemoryOutput terminal;
  Progress progress(&terminal, 1000);
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t done = 0; done < 1000; ++done) {
    progress.show(done);
  }
  const auto tenths = (std::chrono::steady_clock::now() - start) / std::chrono::milliseconds(100);
  CHECK(std::ranges::count(terminal.text(), '[') >= 1);
  CHECK(std::ranges::count(terminal.text(), ']') <= tenths + 1);
  const std::size_t drawn = terminal.text().size();
  progress.erase();
  CHECK(terminal.text().substr(drawn) == "\r\x1B[K");
  progress.erase();
  CHECK(terminal.text().size() == drawn + 4);

  Progress nowhere(nullptr, 10);
  nowhere.show(1);
  nowhere.erase();
}

}  // namespace
}  // namespace mrtool
