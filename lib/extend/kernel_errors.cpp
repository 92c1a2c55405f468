#include "lib/extend/kernel_errors.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

namespace mrtool::extend {

namespace {

constexpr std::string_view kAsRoot = "only root may extend it: run mrtool as root";
constexpr std::string_view kGone = "the driver that showed it is gone: load its module and try again";
constexpr std::array kGeneral{
    Advice{EACCES, kAsRoot},
    Advice{EPERM, kAsRoot},
    Advice{EROFS, "its file system is mounted read-only, as containers have it: run mrtool where it is writable"},
    Advice{ENOENT, kGone},
    Advice{ENODEV, kGone},
    Advice{ENXIO, kGone},
    Advice{EINVAL, "the kernel does not take this for the register"},
    Advice{EFBIG, "the kernel does not take this for the register"},
    Advice{EIO, "the platform refused it: the kernel's messages (dmesg) may tell why"},
    Advice{ENOMEM, "the kernel has no memory for it: try again when there is some"},
    Advice{EBUSY, "the platform is busy: try again"},
    Advice{EINTR, "a signal interrupted it: try again"},
    Advice{ENOTSUP, "this kernel cannot extend it"},
};

std::string_view find(std::span<const Advice> rows, int system) {
  const auto row = std::ranges::find(rows, system, &Advice::system);
  return row == rows.end() ? std::string_view() : row->text;
}

}  // namespace

Error with_advice(Error error, std::string_view outcome, std::span<const Advice> own) {
  std::string_view advice = find(own, error.system);
  if (advice.empty()) {
    advice = find(kGeneral, error.system);
  }
  for (const std::string_view part : {outcome, advice}) {
    if (!part.empty()) {
      error.message.append("; ").append(part);
    }
  }
  return error;
}

}  // namespace mrtool::extend
