#include "lib/base/followed_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace mrtool;

namespace {

class Directory {
 public:
  Directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "mrtool-followed-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

void put(const std::string& path, const std::string& text, std::ios::openmode mode = std::ios::trunc) {
  std::ofstream(path, std::ios::binary | mode) << text;
}

// Up to the end for now.
std::string rest_of(FollowedFile& file) {
  std::string text;
  std::array<std::uint8_t, 7> buffer{};
  for (;;) {
    const auto got = file.read(buffer);
    REQUIRE(got);
    if (*got == 0) {
      return text;
    }
    text += as_text(ByteView(buffer).first(*got));
  }
}

}  // namespace

TEST_CASE("a followed file is read on where it ended") {
  const Directory files;
  put(files / "list", "one two");
  const auto file = FollowedFile::open(files / "list");
  REQUIRE(file);
  CHECK(rest_of(**file) == "one two");
  CHECK(rest_of(**file).empty());
  CHECK((*file)->check());
  put(files / "list", " three", std::ios::app);
  CHECK((*file)->check());
  CHECK(rest_of(**file) == " three");
  CHECK((*file)->position() == 13);
}

TEST_CASE("a followed file may be reached by a symbolic link, and begin empty") {
  const Directory files;
  put(files / "list", "");
  REQUIRE(::symlink("list", (files / "link").c_str()) == 0);
  const auto file = FollowedFile::open(files / "link");
  REQUIRE(file);
  CHECK(rest_of(**file).empty());
  CHECK((*file)->check());
  put(files / "list", "one", std::ios::app);
  CHECK(rest_of(**file) == "one");
  CHECK((*file)->check());
}

TEST_CASE("a followed file that is cut or begins anew is an error") {
  const std::string text(10'000, 'a');
  const Directory files;
  put(files / "list", text);
  const auto file = FollowedFile::open(files / "list");
  REQUIRE(file);
  rest_of(**file);
  std::string again = text;
  SUBCASE("cut behind its front") {
    put(files / "list", text.substr(0, 9'999));
  }
  SUBCASE("cut to nothing") {
    put(files / "list", "");
  }
  SUBCASE("without what was first, and longer than before") {
    put(files / "list", "b" + text + text);
  }
  SUBCASE("replaced by another of other bytes behind the front") {
    again[9'999] = 'b';
    put(files / "new", again + text);
    std::filesystem::rename(files / "new", files / "list");
  }
  SUBCASE("replaced by a shorter one") {
    put(files / "new", text.substr(0, 9'999));
    std::filesystem::rename(files / "new", files / "list");
  }
  const Status checked = (*file)->check();
  REQUIRE_FALSE(checked);
  CHECK(checked.error().kind == ErrorKind::check_failed);
  CHECK(checked.error().file == files / "list");
}

TEST_CASE("a longer copy that takes a followed file's place is read on") {
  const std::string text(600'000, 'a');
  const Directory files;
  put(files / "list", text);
  const auto file = FollowedFile::open(files / "list");
  REQUIRE(file);
  rest_of(**file);
  put(files / "new", text + "more");
  std::filesystem::rename(files / "new", files / "list");
  CHECK(rest_of(**file).empty());
  CHECK((*file)->check());
  CHECK(rest_of(**file) == "more");
}

TEST_CASE("a followed file that is gone, or never was a file, is an error") {
  const Directory files;
  put(files / "list", "one");
  const auto file = FollowedFile::open(files / "list");
  REQUIRE(file);
  std::filesystem::remove(files / "list");
  CHECK((*file)->check().error().kind == ErrorKind::io);
  CHECK(FollowedFile::open(files / "list").error().kind == ErrorKind::io);
  CHECK(FollowedFile::open(files / "").error().kind == ErrorKind::io);
  REQUIRE(::mkfifo((files / "pipe").c_str(), 0600) == 0);
  CHECK(FollowedFile::open(files / "pipe").error().kind == ErrorKind::io);
}
