// A host that remembers what was read through it.
#pragma once

#include <array>
#include <deque>

#include "lib/base/host.hpp"
#include "lib/crypto/stream_hash.hpp"

namespace mrtool {

// Files that decide the verdict, as their content: what a policy is made from.
class HashedHost final : public Host {
 public:
  explicit HashedHost(Host& host) : host_(host) {}

  std::string system_path(const std::string& path) const override { return host_.system_path(path); }
  Result<std::unique_ptr<ByteSource>> open(const std::string& path) override {
    MRTOOL_TRY(source, host_.open(path));
    return std::make_unique<HashedSource>(std::move(source), hashes_.emplace_back(kHash));
  }
  std::unique_ptr<ByteSource> standard_input() override {
    return std::make_unique<HashedSource>(host_.standard_input(), hashes_.emplace_back(kHash));
  }
  FileKind kind(const std::string& path) override { return host_.kind(path); }
  Result<std::vector<std::string>> list(const std::string& directory) override { return host_.list(directory); }
  Status write_file(const std::string& path, ByteView content) override { return host_.write_file(path, content); }

  // Of everything that was read, in order.
  std::string hash() const {
    StreamHash all(kHash);
    for (const StreamHash& one : hashes_) {
      all.add(one.so_far().front().view());
    }
    return hashes_.empty() ? std::string() : all.finish().front().hex();
  }

 private:
  static constexpr std::array kHash{HashAlgorithm::sha256};

  class HashedSource final : public ByteSource {
   public:
    HashedSource(std::unique_ptr<ByteSource> source, StreamHash& hash) : source_(std::move(source)), hash_(hash) {}
    Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
      MRTOOL_TRY(count, source_->read(buffer));
      hash_.add(ByteView(buffer).first(count));
      return count;
    }

   private:
    std::unique_ptr<ByteSource> source_;
    StreamHash& hash_;
  };

  Host& host_;
  std::deque<StreamHash> hashes_;  // of each file that was opened
};

}  // namespace mrtool
