// What the tests of register sources share.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "lib/registers/names.hpp"
#include "lib/sources/sources.hpp"

namespace mrtool::testing {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = std::filesystem::temp_directory_path() / "mrtool-sources-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string write(const std::string& name, std::string_view content) const {
    const std::filesystem::path file = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline Result<RegisterValues> load(const std::string& spec) {
  const auto host = make_host("");
  return load_register_values(spec, *host);
}

inline Result<RegisterValues> load_text(std::string_view text) {
  const TemporaryDirectory directory;
  return load(directory.write("values", text));
}

inline RegisterKey key(std::string_view reg, HashAlgorithm bank) {
  return {*parse_register(reg), bank};
}

inline std::string value_of(const RegisterValues& values, std::string_view reg, HashAlgorithm bank) {
  const auto place = values.values.find(key(reg, bank));
  return place == values.values.end() ? "absent" : place->second.hex();
}

inline Error error_of(const Result<RegisterValues>& values) {
  REQUIRE_FALSE(values);
  return values.error();
}

inline std::string digits(char digit, std::size_t bytes) {
  return std::string(2 * bytes, digit);
}

inline const std::string kA32 = digits('a', 32);
inline const std::string kB48 = digits('b', 48);
inline const std::string kC20 = digits('c', 20);

}  // namespace mrtool::testing
