// A host whose inputs can be read from the front as often as wanted: what is no regular file (standard input, a pipe)
// is kept aside when it is first opened.
#pragma once

#include <map>

#include "lib/base/host.hpp"

namespace mrtool {

class RereadHost final : public Host {
 public:
  explicit RereadHost(Host& host) : host_(host) {}

  std::string system_path(const std::string& path) const override { return host_.system_path(path); }
  Result<std::unique_ptr<ByteSource>> open(const std::string& path) override;
  std::unique_ptr<ByteSource> standard_input() override;
  FileKind kind(const std::string& path) override { return host_.kind(path); }
  Result<std::uint32_t> mode(const std::string& path) override { return host_.mode(path); }
  Result<std::vector<std::string>> list(const std::string& directory) override { return host_.list(directory); }
  Status write_file(const std::string& path, ByteView content) override { return host_.write_file(path, content); }
  std::unique_ptr<Spool> spool() override { return host_.spool(); }

 private:
  // All of a source, and how its reading ended.
  struct Kept {
    std::unique_ptr<Spool> bytes;
    std::optional<Error> error;
  };
  Kept keep(ByteSource& source);
  static std::unique_ptr<ByteSource> reopen(const Kept& kept);

  Host& host_;
  std::map<std::string, Kept> kept_;  // by path; "-" is standard input
};

}  // namespace mrtool
