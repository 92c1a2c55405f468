#include "tools/tsmfs/tree.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/content/tsm_line.hpp"

namespace mrtool::tsmfs {
namespace {

constexpr unsigned kDirectory = 0755;
constexpr unsigned kLink = 0777;
constexpr unsigned kReadOnly = 0444;
constexpr unsigned kWriteOnly = 0200;
constexpr unsigned kReadWrite = 0644;
constexpr unsigned kAnyRead = 0444;
constexpr unsigned kAnyWrite = 0222;
constexpr unsigned kPermissions = 07777;
constexpr unsigned kLineBits = 32;  // of an inode's number

bool takes_value(const SoftwareRegister& reg) {
  return reg.definition().kind == AccessKind::extended || reg.definition().kind == AccessKind::stored;
}

// Whatever the mode says, there is nothing behind a file that could do it.
bool can_read(const Node& node) {
  return node.kind != NodeKind::append_event;
}
bool can_write(const Node& node) {
  return node.kind == NodeKind::append_event || (node.kind == NodeKind::value && takes_value(*node.reg));
}

bool is_file(const Node& node) {
  return node.kind != NodeKind::directory && node.kind != NodeKind::link;
}

std::unexpected<std::errc> error(std::errc number) {
  return std::unexpected(number);
}

ByteView content(const Node& node) {
  switch (node.kind) {
    case NodeKind::value:
      return node.provider->value(*node.reg);
    case NodeKind::event_log:
      return as_bytes(node.reg->log());
    case NodeKind::hash_algo:
      return as_bytes(tsm::kernel_name(node.reg->definition().bank));
    default:
      return {};
  }
}

Outcome<std::size_t> write_at(const Node& node, ByteView bytes, std::uint64_t offset) {
  const ByteView page = bytes.first(std::min(bytes.size(), kPageSize));
  if (page.empty()) {
    return 0;
  }
  if (node.kind == NodeKind::append_event) {
    return node.reg->append(as_text(page));
  }
  // sysfs cuts what is past the end; then the register wants all of its bytes.
  const std::size_t size = node.reg->value().size();
  if (offset >= size) {
    return error(std::errc::file_too_large);
  }
  const ByteView value = page.first(std::min(page.size(), size - static_cast<std::size_t>(offset)));
  return node.provider->write_value(*node.reg, value, node.interface);
}

}  // namespace

Result<std::unique_ptr<Tree>> Tree::make(std::vector<std::unique_ptr<Provider>> providers,
                                         const std::vector<Interface>& interfaces) {
  std::unique_ptr<Tree> tree(new Tree);
  tree->nodes_["/"] = {.mode = kDirectory, .number = 1};
  tree->providers_ = std::move(providers);
  for (const auto& provider : tree->providers_) {
    for (const Interface interface : interfaces) {
      if (interface == Interface::upstream) {
        const Node link{.kind = NodeKind::link,
                        .mode = kLink,
                        .target = fmt::format("../../devices/virtual/misc/{}", provider->name())};
        if (Status added = tree->add(fmt::format("/sys/class/misc/{}", provider->name()), link); !added) {
          return std::unexpected(std::move(added).error());
        }
      }
      for (SoftwareRegister& reg : provider->registers()) {
        if (Status added = tree->add_register(*provider, reg, interface); !added) {
          return std::unexpected(std::move(added).error());
        }
      }
    }
  }
  return tree;
}

Status Tree::add_register(Provider& provider, SoftwareRegister& reg, Interface interface) {
  const Definition& definition = reg.definition();
  Node value{.kind = NodeKind::value,
             .interface = interface,
             .mode = takes_value(reg) ? kReadWrite : kReadOnly,
             .provider = &provider,
             .reg = &reg};
  if (interface == Interface::upstream) {
    const auto hash = tsm::kernel_name(definition.bank);
    return add(fmt::format("/sys/devices/virtual/misc/{}/measurements/{}{}{}", provider.name(), definition.name,
                           hash.empty() ? "" : ":", hash),
               std::move(value));
  }
  const std::string path = fmt::format("/sys/kernel/tsm/{}/{}", provider.name(), definition.name);
  if (!can_be_appended_to(definition)) {
    return add(path, std::move(value));
  }
  if (Status added = add(path + "/digest", std::move(value)); !added) {
    return added;
  }
  return add_log_files(path, provider, reg);
}

Status Tree::add_log_files(const std::string& directory, Provider& provider, SoftwareRegister& reg) {
  struct LogFile {
    const char* name;
    NodeKind kind;
    unsigned mode;
  };
  constexpr std::array<LogFile, 3> kFiles{{{"/append_event", NodeKind::append_event, kWriteOnly},
                                           {"/event_log", NodeKind::event_log, kReadOnly},
                                           {"/hash_algo", NodeKind::hash_algo, kReadOnly}}};
  for (const auto& file : kFiles) {
    Status added =
        add(directory + file.name, {.kind = file.kind, .mode = file.mode, .provider = &provider, .reg = &reg});
    if (!added) {
      return added;
    }
  }
  return {};
}

// With the directories that lead there.
Status Tree::add(const std::string& path, Node node) {
  if (nodes_.contains(path)) {
    return fail(ErrorKind::usage, fmt::format("{} would be two registers: this tree has one hash for each name", path));
  }
  const std::size_t slash = path.rfind('/');
  const std::string parent = slash == 0 ? "/" : path.substr(0, slash);
  if (!nodes_.contains(parent)) {
    if (Status added = add(parent, {.mode = kDirectory}); !added) {
      return added;
    }
  }
  nodes_[parent].children.push_back(path.substr(slash + 1));
  node.number = nodes_.size() + 1;
  nodes_.emplace(path, std::move(node));
  return {};
}

Outcome<Node*> Tree::find(const std::string& path) {
  const auto place = nodes_.find(path);
  if (place == nodes_.end()) {
    return error(std::errc::no_such_file_or_directory);
  }
  return &place->second;
}

Outcome<Attributes> Tree::attributes(const std::string& path) {
  const auto node = find(path);
  if (!node) {
    return error(node.error());
  }
  Attributes found{.kind = (*node)->kind, .mode = (*node)->mode, .inode = (*node)->number << kLineBits};
  switch (found.kind) {
    case NodeKind::directory:
      break;
    case NodeKind::link:
      found.size = (*node)->target.size();
      break;
    case NodeKind::value:
      found.size = (*node)->reg->value().size();
      break;
    case NodeKind::event_log:
      found.size = (*node)->reg->log().size();
      found.inode += (*node)->reg->logged_lines();
      break;
    case NodeKind::append_event:
    case NodeKind::hash_algo:
      found.size = kPageSize;
      break;
  }
  return found;
}

Outcome<std::vector<std::string>> Tree::list(const std::string& path) {
  const auto node = find(path);
  if (!node) {
    return error(node.error());
  }
  if ((*node)->kind != NodeKind::directory) {
    return error(std::errc::not_a_directory);
  }
  return (*node)->children;
}

Outcome<std::string> Tree::target(const std::string& path) {
  const auto node = find(path);
  if (!node) {
    return error(node.error());
  }
  if ((*node)->kind != NodeKind::link) {
    return error(std::errc::invalid_argument);
  }
  return (*node)->target;
}

Outcome<void> Tree::change_mode(const std::string& path, unsigned mode) {
  const auto node = find(path);
  if (!node) {
    return error(node.error());
  }
  (*node)->mode = mode & kPermissions;
  return {};
}

Outcome<OpenFile> Tree::open(const std::string& path, int flags) {
  const auto node = find(path);
  if (!node) {
    return error(node.error());
  }
  if (!is_file(**node)) {
    return error((*node)->kind == NodeKind::directory ? std::errc::is_a_directory
                                                      : std::errc::too_many_symbolic_link_levels);
  }
  const int access = flags & O_ACCMODE;
  const bool reads = access != O_WRONLY;
  const bool writes = access != O_RDONLY;
  const unsigned mode = (*node)->mode;
  if ((reads && (!can_read(**node) || (mode & kAnyRead) == 0)) ||
      (writes && (!can_write(**node) || (mode & kAnyWrite) == 0))) {
    return error(std::errc::permission_denied);
  }
  OpenFile file{.node = *node, .logged_lines = (*node)->reg->logged_lines()};
  if ((flags & O_APPEND) != 0) {
    file.position = 0;
  }
  return file;
}

Outcome<std::size_t> OpenFile::read(std::span<std::uint8_t> buffer, std::uint64_t offset) {
  // The file that was opened is no longer there.
  if (node->kind == NodeKind::event_log && logged_lines != node->reg->logged_lines()) {
    return error(std::errc::no_such_device);
  }
  const ByteView all = content(*node);
  const ByteView left = all.subspan(static_cast<std::size_t>(std::min<std::uint64_t>(offset, all.size())));
  const ByteView given = left.first(std::min({left.size(), buffer.size(), kPageSize}));
  std::ranges::copy(given, buffer.begin());
  if (position) {
    position = offset + given.size();
  }
  return given.size();
}

Outcome<std::size_t> OpenFile::write(ByteView bytes, std::uint64_t offset) {
  auto written = write_at(*node, bytes, position.value_or(offset));
  if (written && position) {
    *position += *written;
  }
  return written;
}

}  // namespace mrtool::tsmfs
