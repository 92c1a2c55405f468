#include "lib/content/device_path.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/byte_reader.hpp"
#include "lib/base/limits.hpp"
#include "lib/content/device_path_node.hpp"

namespace mrtool {

namespace {

class Formatter {
 public:
  explicit Formatter(ByteView path) : reader_(path), path_(path) {}

  DevicePathText run() {
    walk();
    out_.bytes = reader_.position();
    return std::move(out_);
  }

 private:
  void walk() {
    for (std::uint32_t nodes = 0; reader_.left() > 0; ++nodes) {
      if (nodes == limits::kDevicePathNodes || out_.text.size() > limits::kDevicePathText) {
        stop_at(reader_.position(), fmt::format("only the first {} device path nodes are divided", nodes));
        return;
      }
      if (!step()) {
        return;
      }
    }
    note("the device path has no end node");
  }

  // False: the path has ended.
  bool step() {
    const std::uint64_t begin = reader_.position();
    if (reader_.left() < kDevicePathHeaderSize) {
      stop_at(begin, fmt::format("{} bytes of a device path node", reader_.left()));
      return false;
    }
    DevicePathNode node{.type = reader_.u8(), .subtype = reader_.u8(), .data = {}};
    const std::uint16_t length = reader_.u16();
    if (length < kDevicePathHeaderSize || length - kDevicePathHeaderSize > reader_.left()) {
      stop_at(begin, fmt::format("device path node of {} bytes, {} are left", length, path_.size() - begin));
      return false;
    }
    node.data = reader_.take(length - kDevicePathHeaderSize);
    if (node.type == kEndOfHardwarePath && node.subtype == kEndOfPath) {
      return false;
    }
    if (node.type == kEndOfHardwarePath && node.subtype == kEndOfInstance) {
      out_.text += ',';
      return true;
    }
    const DevicePathNodeText shown = format_device_path_node(node);
    append(shown.text);
    if (!shown.problem.empty()) {
      note(fmt::format("device path node {}/{} at byte {}: {}", node.type, node.subtype, begin, shown.problem));
    }
    return true;
  }

  // What is left is not divided into nodes: the front of it is shown as it is.
  void stop_at(std::uint64_t begin, std::string problem) {
    constexpr std::size_t kShown = 256;  // bytes
    const ByteView rest = path_.subspan(begin);
    const std::uint8_t subtype = rest.size() > 1 ? rest[1] : std::uint8_t{0};
    const ByteView data = rest.subspan(std::min<std::size_t>(rest.size(), kDevicePathHeaderSize));
    append(fmt::format("Path({},{},{}{})", rest[0], subtype, to_hex(data.first(std::min(data.size(), kShown))),
                       data.size() > kShown ? "..." : ""));
    note(std::move(problem));
    reader_.skip(reader_.left());
  }

  void append(std::string_view text) {
    if (!out_.text.empty() && out_.text.back() != ',') {
      out_.text += '/';
    }
    out_.text += text;
  }

  void note(std::string problem) {
    if (out_.problem.empty()) {
      out_.problem = std::move(problem);
    }
  }

  ByteReader reader_;
  ByteView path_;
  DevicePathText out_;
};

}  // namespace

DevicePathText format_device_path(ByteView path) {
  return path.empty() ? DevicePathText{} : Formatter(path).run();
}

}  // namespace mrtool
