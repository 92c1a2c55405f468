// The file system: what the kernel asks through FUSE, handed to the tree. One request at a time.
#define FUSE_USE_VERSION 312
#include <fmt/format.h>
#include <fuse.h>
#include <fuse_log.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <exception>
#include <map>
#include <memory>

#include "lib/base/text.hpp"
#include "tools/tsmfs/options.hpp"

namespace mrtool::tsmfs {
namespace {

constexpr std::size_t kMessage = 512;

// What is mounted. Files stay open until the kernel says otherwise, or all ends.
struct Mount {
  Tree* tree = nullptr;
  std::map<std::uint64_t, OpenFile> files{};  // by handle
  std::uint64_t last_handle = 0;
};

Mount& mount() {
  return *static_cast<Mount*>(fuse_get_context()->private_data);
}
Tree& tree() {
  return *mount().tree;
}
OpenFile& file_of(const fuse_file_info* info) {
  return mount().files.at(info->fh);
}

int negative(std::errc number) {
  return -static_cast<int>(number);
}
template <class T>
int count_or_error(const Outcome<T>& outcome) {
  return outcome ? static_cast<int>(*outcome) : negative(outcome.error());
}

unsigned type_of(NodeKind kind) {
  return kind == NodeKind::directory ? S_IFDIR : kind == NodeKind::link ? S_IFLNK : S_IFREG;
}

int get_attributes(const char* path, struct stat* status, fuse_file_info* /*info*/) {
  const auto found = tree().attributes(path);
  if (!found) {
    return negative(found.error());
  }
  *status = {};
  status->st_mode = type_of(found->kind) | found->mode;
  status->st_nlink = 1;
  status->st_uid = ::geteuid();
  status->st_gid = ::getegid();
  status->st_size = static_cast<off_t>(found->size);
  status->st_ino = found->inode;
  status->st_blksize = kPageSize;
  return 0;
}

int read_link(const char* path, char* buffer, std::size_t size) {
  const auto target = tree().target(path);
  if (!target) {
    return negative(target.error());
  }
  const std::size_t length = std::min(target->size(), size - 1);
  std::memcpy(buffer, target->data(), length);
  buffer[length] = '\0';
  return 0;
}

int read_directory(const char* path, void* buffer, fuse_fill_dir_t fill, off_t /*offset*/, fuse_file_info* /*info*/,
                   fuse_readdir_flags /*flags*/) {
  const auto names = tree().list(path);
  if (!names) {
    return negative(names.error());
  }
  for (const char* const name : {".", ".."}) {
    fill(buffer, name, nullptr, 0, {});
  }
  for (const std::string& name : *names) {
    fill(buffer, name.c_str(), nullptr, 0, {});
  }
  return 0;
}

int change_mode(const char* path, mode_t mode, fuse_file_info* /*info*/) {
  const auto changed = tree().change_mode(path, mode);
  return changed ? 0 : negative(changed.error());
}

int open_file(const char* path, fuse_file_info* info) {
  const auto opened = tree().open(path, info->flags);
  if (!opened) {
    return negative(opened.error());
  }
  info->fh = ++mount().last_handle;
  mount().files.emplace(info->fh, *opened);
  info->direct_io = 1;
  return 0;
}
int release_file(const char* /*path*/, fuse_file_info* info) {
  mount().files.erase(info->fh);
  return 0;
}

int read_file(const char* /*path*/, char* buffer, std::size_t size, off_t offset, fuse_file_info* info) {
  Bytes page(std::min(size, kPageSize));
  const auto got = file_of(info).read(page, static_cast<std::uint64_t>(offset));
  if (got) {
    std::ranges::copy(as_text(page).substr(0, *got), buffer);
  }
  return count_or_error(got);
}
int write_file(const char* /*path*/, const char* buffer, std::size_t size, off_t offset, fuse_file_info* info) {
  return count_or_error(file_of(info).write(as_bytes({buffer, size}), static_cast<std::uint64_t>(offset)));
}

// sysfs takes these and does nothing.
int truncate_file(const char* /*path*/, off_t /*size*/, fuse_file_info* /*info*/) {
  return 0;
}
int set_times(const char* /*path*/, const timespec* /*times*/, fuse_file_info* /*info*/) {
  return 0;
}

void* start(fuse_conn_info* /*connection*/, fuse_config* config) {
  // Every call arrives here with its own size, and sees what is now.
  config->direct_io = 1;
  config->use_ino = 1;
  config->entry_timeout = 0;
  config->attr_timeout = 0;
  config->negative_timeout = 0;
  return fuse_get_context()->private_data;
}

fuse_operations operations() {
  fuse_operations all{};
  all.init = start;
  all.getattr = get_attributes;
  all.readlink = read_link;
  all.readdir = read_directory;
  all.chmod = change_mode;
  all.open = open_file;
  all.release = release_file;
  all.read = read_file;
  all.write = write_file;
  all.truncate = truncate_file;
  all.utimens = set_times;
  // Nobody makes or removes files of sysfs.
  all.create = [](const char*, mode_t, fuse_file_info*) { return -EACCES; };
  all.mknod = [](const char*, mode_t, dev_t) { return -EPERM; };
  all.mkdir = [](const char*, mode_t) { return -EPERM; };
  all.unlink = [](const char*) { return -EPERM; };
  all.rmdir = [](const char*) { return -EPERM; };
  all.symlink = [](const char*, const char*) { return -EPERM; };
  all.link = [](const char*, const char*) { return -EPERM; };
  all.rename = [](const char*, const char*, unsigned) { return -EPERM; };
  all.chown = [](const char*, uid_t, gid_t, fuse_file_info*) { return -EPERM; };
  return all;
}

void tell(std::string_view message) {
  fmt::print(stderr, "tsmfs: error: {}\n", message);
}
int failed(const Error& error) {
  tell(to_string(error));
  return row_of(error.kind).exit_status;
}

[[gnu::format(printf, 2, 0)]] void tell_fuse(fuse_log_level level, const char* format, va_list arguments) {
  if (level > FUSE_LOG_WARNING) {
    return;
  }
  std::array<char, kMessage> text{};
  const int length = std::vsnprintf(text.data(), text.size(), format, arguments);
  if (length > 0) {
    std::string_view line(text.data(), std::min(static_cast<std::size_t>(length), text.size() - 1));
    line.remove_suffix(line.ends_with('\n') ? 1 : 0);
    line.remove_prefix(line.starts_with("fuse: ") ? std::string_view("fuse: ").size() : 0);
    tell(escape_for_terminal(line));
  }
}

// FUSE's arguments, which it frees itself.
class Arguments {
 public:
  explicit Arguments(const Options& options) {
    add("tsmfs");
    // Modes are checked by the kernel, as everywhere; those that bind root too, when a file is opened.
    add("-odefault_permissions,fsname=tsmfs,subtype=tsmfs");
    for (const std::string& option : options.mount_options) {
      add("-o" + option);
    }
  }
  ~Arguments() { fuse_opt_free_args(&arguments_); }
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  fuse_args* get() { return &arguments_; }

 private:
  void add(const std::string& argument) {
    if (fuse_opt_add_arg(&arguments_, argument.c_str()) != 0) {
      throw std::bad_alloc();
    }
  }
  fuse_args arguments_{};
};

Error cannot(const Options& options, std::string_view what) {
  Error error{
      .kind = ErrorKind::io, .message = std::string(what), .file = options.mount_point, .offset = {}, .record = {}};
  return error;
}

// Until somebody unmounts it or sends a signal that ends programs.
Status serve(const Options& options, Tree& shown) {
  struct stat status = {};
  if (::stat(options.mount_point.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return std::unexpected(cannot(options, "expected a directory to mount at"));
  }
  Arguments arguments(options);
  Mount mounted{.tree = &shown};
  const fuse_operations calls = operations();
  const std::unique_ptr<fuse, decltype(&fuse_destroy)> fuse(fuse_new(arguments.get(), &calls, sizeof calls, &mounted),
                                                            fuse_destroy);
  if (!fuse) {
    return fail(ErrorKind::usage, "FUSE takes no such option");
  }
  if (fuse_mount(fuse.get(), options.mount_point.c_str()) != 0) {
    return std::unexpected(
        cannot(options, "cannot be mounted; is /dev/fuse there, and fusermount3 for others than root?"));
  }
  fuse_session* const session = fuse_get_session(fuse.get());
  const bool ready = fuse_daemonize(options.foreground ? 1 : 0) == 0 && fuse_set_signal_handlers(session) == 0;
  const int ended = ready ? fuse_loop(fuse.get()) : -1;
  if (ready) {
    fuse_remove_signal_handlers(session);
  }
  fuse_unmount(fuse.get());
  return ended < 0 ? Status(std::unexpected(cannot(options, "the connection to FUSE failed"))) : Status();
}

int run(std::span<const std::string> words) {
  const auto parsed = parse_options(words);
  if (!parsed) {
    return failed(parsed.error());
  }
  if (const auto* const answer = std::get_if<Answer>(&*parsed)) {
    const bool printed = std::fputs(answer->text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
    return printed ? kExitSuccess : row_of(ErrorKind::io).exit_status;
  }
  const auto& options = std::get<Options>(*parsed);
  const auto made = make_tree(options);
  if (!made) {
    return failed(made.error());
  }
  fuse_set_log_func(tell_fuse);
  const Status served = serve(options, **made);
  return served ? kExitSuccess : failed(served.error());
}

}  // namespace
}  // namespace mrtool::tsmfs

int main(int argc, char** argv) {
  constexpr int kFailed = 5;
  try {
    const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    return mrtool::tsmfs::run(words);
  } catch (const std::exception& error) {
    fmt::print(stderr, "tsmfs: error: {}\n", error.what());
    return kFailed;
  }
}
