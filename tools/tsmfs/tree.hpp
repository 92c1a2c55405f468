// The files that providers' registers are shown as, by path from the root of the mounted file system, and what system
// calls on them return, as sysfs answers them (observed behaviour of kernels, A and B):
//   /sys/kernel/tsm/PROVIDER/NAME/{append_event,digest,event_log,hash_algo}, and NAME alone where it can't be extended
//   /sys/devices/virtual/misc/PROVIDER/measurements/NAME:HASH, and NAME alone where it has no hash
//   /sys/class/misc/PROVIDER, a link to the device
#pragma once

#include <map>

#include "tools/tsmfs/provider.hpp"

namespace mrtool::tsmfs {

enum class NodeKind : std::uint8_t { directory, link, value, append_event, event_log, hash_algo };

struct Node {
  NodeKind kind = NodeKind::directory;
  Interface interface = Interface::rfc;  // of a value
  unsigned mode = 0;                     // permission bits
  std::uint64_t number = 0;
  Provider* provider = nullptr;
  SoftwareRegister* reg = nullptr;
  std::vector<std::string> children{};  // of a directory: names, in order of creation
  std::string target{};                 // of a link
};

struct Attributes {
  NodeKind kind = NodeKind::directory;
  unsigned mode = 0;        // permission bits
  std::uint64_t size = 0;   // bytes
  std::uint64_t inode = 0;  // another one for a log with every line
};

// An open file. With O_APPEND its position is kept here: sysfs minds the position of the descriptor, not the size.
struct OpenFile {
  Node* node = nullptr;
  std::uint64_t logged_lines = 0;  // when it was opened
  std::optional<std::uint64_t> position{};

  // Each is one system call, and moves a page at most.
  Outcome<std::size_t> read(std::span<std::uint8_t> buffer, std::uint64_t offset);
  Outcome<std::size_t> write(ByteView bytes, std::uint64_t offset);
};

class Tree {
 public:
  // Errors (usage): in the RFC's tree a register has one hash, so that one name stands for one register.
  static Result<std::unique_ptr<Tree>> make(std::vector<std::unique_ptr<Provider>> providers,
                                            const std::vector<Interface>& interfaces);

  Outcome<Attributes> attributes(const std::string& path);
  Outcome<std::vector<std::string>> list(const std::string& path);
  Outcome<std::string> target(const std::string& path);
  Outcome<void> change_mode(const std::string& path, unsigned mode);
  // `flags` as open(2) has them. A file that can't be read, or written, can't be opened for it, by nobody.
  Outcome<OpenFile> open(const std::string& path, int flags);

 private:
  Tree() = default;
  Status add(const std::string& path, Node node);
  Status add_register(Provider& provider, SoftwareRegister& reg, Interface interface);
  Status add_log_files(const std::string& directory, Provider& provider, SoftwareRegister& reg);
  Outcome<Node*> find(const std::string& path);

  std::vector<std::unique_ptr<Provider>> providers_;
  std::map<std::string, Node> nodes_;
};

}  // namespace mrtool::tsmfs
