#include "lib/base/shared_library.hpp"

#include <doctest/doctest.h>

namespace mrtool {
namespace {

TEST_CASE("a library that is not installed is named with who needs it and its package") {
  const auto library = load_library({.user = "a TPM", .file = "libnonexistent.so.0", .package = "libnonexistent0"});
  REQUIRE_FALSE(library);
  CHECK(library.error().kind == ErrorKind::io);
  CHECK(library.error().message.starts_with("a TPM needs the library libnonexistent.so.0"));
  CHECK(library.error().message.contains("install the package libnonexistent0"));
}

TEST_CASE("functions of a library are found by name") {
  const auto library = load_library({.user = "this test", .file = "libc.so.6", .package = "libc6"});
  REQUIRE(library);
  int (*to_lower)(int) = nullptr;
  REQUIRE(find_function(*library, "tolower", to_lower));
  CHECK(to_lower('A') == 'a');
  CHECK_FALSE(find_function(*library, "no_such_function", to_lower));
  CHECK((to_lower == nullptr));
}

}  // namespace
}  // namespace mrtool
