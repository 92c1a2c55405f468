#include "lib/state/trusted_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace mrtool {
namespace {

namespace fs = std::filesystem;

// A directory of this user's own, gone afterwards.
struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "mrtool-test-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const std::string& name) const { return (path / name).string(); }

  fs::path path;
};

bool refuses(const std::string& path) {
  const auto read = read_trusted_file(path, 100);
  return !read && read.error().kind == ErrorKind::io && read.error().file == path && !read.error().message.empty();
}

bool reads(const std::string& path, std::string_view content) {
  const auto read = read_trusted_file(path, 100);
  return read && *read && as_text(**read) == content;
}

TEST_CASE("what is written is read, is this user's alone, and takes the place of what was there") {
  const Folder folder;
  const std::string path = folder / "state";
  CHECK(*read_trusted_file(path, 100) == std::nullopt);
  for (const std::string content : {"one", "", "two"}) {
    REQUIRE(write_trusted_file(path, as_bytes(content), ""));
    CHECK(reads(path, content));
    struct stat status = {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == 0600);
    REQUIRE(::chmod(path.c_str(), 0644) == 0);
  }
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
}

TEST_CASE("nothing is written where it would be refused when it is read") {
  const Folder folder;
  const std::string path = folder / "state";
  CHECK(check_trusted_place(path, ""));
  REQUIRE(::chmod(folder.path.c_str(), 0777) == 0);
  const Status open = check_trusted_place(path, "");
  REQUIRE_FALSE(open);
  CHECK(is_untrusted(open.error()));
  CHECK_FALSE(write_trusted_file(path, as_bytes("x"), ""));
  CHECK(fs::is_empty(folder.path));
  REQUIRE(::chmod(folder.path.c_str(), 0700) == 0);
  CHECK(check_trusted_place(path, ""));
  const Status nowhere = check_trusted_place(folder / "none/state", "");
  REQUIRE_FALSE(nowhere);
  CHECK_FALSE(is_untrusted(nowhere.error()));
}

TEST_CASE("a file that others can write is refused; one that they can read is not") {
  const Folder folder;
  const std::string path = folder / "state";
  REQUIRE(write_trusted_file(path, as_bytes("x"), ""));
  for (const mode_t mode : {0620U, 0602U, 0666U, 0622U}) {
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    CHECK(refuses(path));
  }
  REQUIRE(::chmod(path.c_str(), 0644) == 0);
  CHECK(reads(path, "x"));
}

TEST_CASE("a file in a directory where others can replace it is refused, but for one like /tmp") {
  const Folder folder;
  const std::string path = folder / "state";
  REQUIRE(write_trusted_file(path, as_bytes("x"), ""));
  REQUIRE(::chmod(folder.path.c_str(), 0777) == 0);
  CHECK(refuses(path));
  REQUIRE(::chmod(folder.path.c_str(), 0770) == 0);
  CHECK(refuses(path));
  REQUIRE(::chmod(folder.path.c_str(), 0755) == 0);
  CHECK(reads(path, "x"));
  if (::geteuid() == 0) {
    REQUIRE(::chmod(folder.path.c_str(), 01777) == 0);
    CHECK(reads(path, "x"));
  }
}

TEST_CASE("a file of another user is refused") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can give a file away");
    return;
  }
  const Folder folder;
  const std::string path = folder / "state";
  REQUIRE(write_trusted_file(path, as_bytes("x"), ""));
  constexpr uid_t kSomebody = 12345;
  REQUIRE(::chown(path.c_str(), kSomebody, 0) == 0);
  CHECK(refuses(path));
  REQUIRE(::chown(path.c_str(), 0, 0) == 0);
  REQUIRE(::chown(folder.path.c_str(), kSomebody, 0) == 0);
  CHECK(refuses(path));
}

TEST_CASE("what is no regular file is neither read nor replaced, a symbolic link included") {
  const Folder folder;
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(refuses(folder / "pipe"));
  CHECK_FALSE(write_trusted_file(folder / "pipe", as_bytes("x"), ""));
  fs::create_directory(folder / "directory");
  CHECK(refuses(folder / "directory"));
  CHECK_FALSE(write_trusted_file(folder / "directory", as_bytes("x"), ""));
  CHECK_FALSE(write_trusted_file(folder / "absent/state", as_bytes("x"), ""));
  REQUIRE(write_trusted_file(folder / "state", as_bytes("x"), ""));
  fs::create_symlink(folder / "state", folder / "link");
  CHECK(refuses(folder / "link"));
  CHECK_FALSE(write_trusted_file(folder / "link", as_bytes("y"), ""));
  CHECK(reads(folder / "state", "x"));
}

TEST_CASE("a file that does not begin as expected is not replaced") {
  const Folder folder;
  const std::string path = folder / "state";
  REQUIRE(write_trusted_file(path, as_bytes("state 1"), "state"));
  REQUIRE(write_trusted_file(path, as_bytes("state 2"), "state"));
  for (const char* const other : {"a log", "sta"}) {
    REQUIRE(write_trusted_file(path, as_bytes(std::string_view(other)), ""));
    CHECK_FALSE(write_trusted_file(path, as_bytes("state 3"), "state"));
    CHECK(reads(path, other));
  }
  REQUIRE(write_trusted_file(path, {}, ""));
  CHECK(write_trusted_file(path, as_bytes("state 3"), "state"));
}

TEST_CASE("a file that is too large is refused") {
  const Folder folder;
  REQUIRE(write_trusted_file(folder / "state", Bytes(100, 'x'), ""));
  CHECK(reads(folder / "state", std::string(100, 'x')));
  REQUIRE(write_trusted_file(folder / "state", Bytes(101, 'x'), ""));
  CHECK(refuses(folder / "state"));
}

}  // namespace
}  // namespace mrtool
