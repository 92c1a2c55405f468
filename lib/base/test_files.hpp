// For tests: the files of testdata/, and those of ../shared/corpus, a larger collection of logs that isn't part of this
// repository.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <string_view>

#include "lib/base/host.hpp"

namespace mrtool::testing {

inline const std::filesystem::path kTestdataFolder = std::filesystem::path(MRTOOL_SOURCE_DIR) / "testdata";
inline const std::filesystem::path kCorpus = std::filesystem::path(MRTOOL_SOURCE_DIR) / ".." / "shared" / "corpus";

// Whether the corpus is there; where it isn't, says that the test is skipped.
inline bool has_corpus(std::string_view folder = {}) {
  if (std::filesystem::is_directory(kCorpus / folder)) {
    return true;
  }
  MESSAGE("skipped: ../shared/corpus/", folder, " is not there");
  return false;
}

inline Bytes read_test_file(const std::filesystem::path& path) {
  constexpr std::uint64_t kLimit = 64 * 1024 * 1024;
  auto bytes = make_host("")->read_file(path.string(), kLimit);
  REQUIRE_MESSAGE(bytes, path);
  return *std::move(bytes);
}

}  // namespace mrtool::testing
