// For tests: a machine whose registers are plain files in a directory of their own, which are extended and logged when
// they are written to, as far as the backends depend on it, and which fails when told to.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <functional>

#include "lib/content/tsm_line.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/extend/backends.hpp"
#include "lib/sources/source_test.hpp"

namespace mrtool::testing {

class FakeKernel final : public Host {
 public:
  FakeKernel() : real_(make_host(directory_.path())) {}

  // Files of the machine, by their paths of the system.
  std::string at(const std::string& path) const { return real_->system_path(path); }
  void write(const std::string& path, std::string_view content, std::uint32_t file_mode = 0644) {
    directory_.write(path.substr(1), content);
    ::chmod(at(path).c_str(), file_mode);
  }
  std::string content(const std::string& path) {
    const auto bytes = read_file(at(path), 16 * 1024 * 1024);
    REQUIRE_MESSAGE(bytes, path);
    return std::string(as_text(*bytes));
  }
  void make_tree(const std::string& path) { std::filesystem::create_directories(at(path)); }
  // .../tsm/PROVIDER/NAME of 3.1
  void make_rfc(const std::string& directory, const std::string& bank, std::uint32_t digest_mode = 0644) {
    write(directory + "/digest", std::string(find_algorithm(*parse_algorithm(bank))->size, '\0'), digest_mode);
    write(directory + "/hash_algo", bank, 0444);
    write(directory + "/append_event", "", 0200);
    write(directory + "/event_log", "", 0444);
  }

  // What the next write does: fails with `error`, before it is done or after; or takes less than all.
  int error = 0;
  bool done_all_the_same = false;
  std::size_t takes = SIZE_MAX;
  // What happens between the look before a write and the write.
  std::function<void()> meanwhile;
  // What happens when a file is opened for reading.
  std::function<void(const std::string& path)> on_open;
  std::vector<std::string> written;  // every write that reached the kernel: its path
  std::uint64_t log_limit = 4 * 1024 * 1024;

  std::string system_path(const std::string& path) const override { return real_->system_path(path); }
  Result<std::unique_ptr<ByteSource>> open(const std::string& path) override {
    if (on_open) {
      on_open(path);
    }
    if (path == unreadable) {
      return std::unexpected(failed(path, EACCES));
    }
    return real_->open(path);
  }
  std::unique_ptr<ByteSource> standard_input() override { return real_->standard_input(); }
  FileKind kind(const std::string& path) override { return real_->kind(path); }
  Result<std::vector<std::string>> list(const std::string& directory) override { return real_->list(directory); }
  Status write_file(const std::string& path, ByteView bytes) override { return real_->write_file(path, bytes); }
  Result<std::uint32_t> mode(const std::string& path) override { return real_->mode(path); }
  Status make_directory(const std::string& path) override {
    if (Status made = real_->make_directory(path); !made) {
      return made;
    }
    if (path.contains("/rtmrs/")) {
      std::ofstream(path + "/index");
      std::ofstream(path + "/digest") << std::string(48, '\0');
      unreadable = path + "/index";
    }
    return {};
  }
  Status remove_directory(const std::string& path) override {
    std::filesystem::remove_all(path);  // as configfs removes its files with it
    return {};
  }
  Status write_once(const std::string& path, ByteView bytes) override {
    if (meanwhile) {
      const auto act = std::exchange(meanwhile, nullptr);
      act();
    }
    const int failure = std::exchange(error, 0);
    if (failure != 0 && !done_all_the_same) {
      return std::unexpected(failed(path, failure));
    }
    const std::size_t taken = std::min(std::exchange(takes, SIZE_MAX), bytes.size());
    if (Status taking = take(path, bytes.first(taken)); !taking) {
      return taking;
    }
    return failure != 0            ? std::unexpected(failed(path, failure))
           : taken == bytes.size() ? Status()
                                   : std::unexpected(failed(path, EIO));
  }

  // As any program would.
  void extend(const std::string& file, ByteView digest) {
    std::string value = text_of(file);
    const HashAlgorithm bank = value.size() == 32 ? HashAlgorithm::sha256 : HashAlgorithm::sha384;
    value = as_text(HashEngine().hash(bank, as_bytes(value), digest).view());
    put(file, value);
  }
  Status append(const std::string& directory, std::string_view line) {
    const HashAlgorithm bank = *tsm::parse_kernel_name(text_of(directory + "/hash_algo"));
    std::string log = text_of(directory + "/event_log");
    if (log.size() + line.size() > log_limit) {
      return std::unexpected(failed(directory + "/append_event", ENOMEM));
    }
    if (!in_sync) {
      const std::string sync = tsm::format_sync(bank, as_bytes(text_of(directory + "/digest")));
      extend(directory + "/digest", HashEngine().hash(bank, as_bytes(sync)).view());
      log += (log.empty() ? "" : "\n") + sync + "\n";
      in_sync = true;
    }
    if (!line.starts_with('#')) {
      extend(directory + "/digest", HashEngine().hash(bank, as_bytes(line)).view());
    }
    put(directory + "/event_log", log + "\n" + std::string(line) + "\n");
    return {};
  }
  bool in_sync = false;
  std::string unreadable;  // a path

 private:
  static Error failed(const std::string& path, int number) {
    Error failure = fail(ErrorKind::io, std::string("cannot be written: ") + std::strerror(number)).error();
    failure.file = path;
    failure.system = number;
    return failure;
  }
  static std::string text_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void put(const std::string& path, std::string_view text) {
    const auto mode = std::filesystem::status(path).permissions();
    std::filesystem::permissions(path, std::filesystem::perms(0644));
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
    std::filesystem::permissions(path, mode);
  }
  Status take(const std::string& path, ByteView bytes) {
    written.push_back(path);
    if (path.ends_with("/append_event")) {
      return append(path.substr(0, path.rfind('/')), as_text(bytes));
    }
    if (path.ends_with("/index")) {
      unreadable.clear();
      put(path, as_text(bytes));
      return {};
    }
    const std::string log = path.substr(0, path.rfind('/') + 1) + "event_log";
    if (path.ends_with("/digest") && std::filesystem::exists(log)) {
      put(log, text_of(log) + (in_sync ? "\n" : "") + tsm::format_extend(bytes) + "\n");
      in_sync = false;
    }
    extend(path, bytes);
    return {};
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Host> real_;
};

inline Register reg_of(std::string_view name) {
  return *parse_register(name);
}

}  // namespace mrtool::testing
