// A TDX guest's own report (Linux, include/uapi/linux/tdx-guest.h: TDX_CMD_GET_REPORT0).
#include <fmt/format.h>
#include <sys/ioctl.h>

#include "lib/sources/kinds.hpp"

namespace mrtool::sources {

namespace {

constexpr std::size_t kReportData = 64;  // bytes
constexpr std::size_t kReport = 1024;    // bytes

struct Request {
  std::uint8_t report_data[kReportData];
  std::uint8_t report[kReport];
};
constexpr unsigned long kGetReport = _IOWR('T', 1, Request);

}  // namespace

Result<RegisterValues> read_tdx_guest(Host& host, const SourceOptions&) {
  const std::string device = host.system_path(std::string(kTdxGuestDevice));
  Bytes argument(sizeof(Request));
  if (Status asked = host.control(device, kGetReport, argument); !asked) {
    return std::unexpected(about_file(std::move(asked).error(), device));
  }
  const ByteView report = ByteView(argument).subspan(kReportData);
  if (!is_report(report)) {
    return std::unexpected(about_file(fail(ErrorKind::io, "its answer is no TDX report").error(), device));
  }
  auto values = parse_report(report);
  if (!values) {
    return std::unexpected(about_file(std::move(values).error(), device));
  }
  values->kind = "tdx-guest";
  if (values->authenticated == Authenticated::mac && host.is_kernels(device)) {
    values->authenticated = Authenticated::live;
  }
  return values;
}

}  // namespace mrtool::sources
