// The RFC of September 2024: .../tsm/PROVIDER/NAME/append_event, whose kernel keeps the log (registers and reports
// notes, 3.1).
#include <fmt/format.h>

#include <array>
#include <cerrno>

#include "lib/extend/backends.hpp"
#include "lib/extend/kernel_register.hpp"
#include "lib/extend/stored_lines.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::extend {

namespace {

constexpr std::string_view kEventLog = "event_log";
// What a log may come to, and what it may have grown to before that was noticed.
constexpr std::uint64_t kLogLimit = 8 * 1024 * 1024;
constexpr std::array kAppendAdvice{
    Advice{
        ENOMEM,
        "the kernel's log, which holds 4 MiB at most, is full or there is no memory: a shorter record may still fit, "
        "else nothing can be logged until the machine is started again"},
};

class AppendEvent final : public KernelRegister {
 public:
  AppendEvent(KernelPlace place, Host& host)
      : KernelRegister("append-event", std::move(place), host, kAppendAdvice),
        takes_digests_(is_writable(this->place().file, host)) {}

  std::string where() const override { return file_beside(place().file, kAppendFile); }
  LogKeeping log_keeping() const override { return LogKeeping::kernel; }
  bool takes_digests() const override { return takes_digests_; }

  Status append(ByteView line) override {
    if (line.size() > kLinesLimit) {
      return fail(ErrorKind::unsupported, fmt::format("the kernel takes {} bytes at once and would cut these {} in two",
                                                      kLinesLimit, line.size()));
    }
    Status written = host().write_once(where(), line);
    return written ? written : std::unexpected(with_advice(std::move(written).error(), {}, kAppendAdvice));
  }

  std::string kernel_log_path() const override { return file_beside(place().file, kEventLog); }
  Result<Bytes> read_kernel_log(std::uint64_t offset) override {
    const std::string path = kernel_log_path();
    auto source = host().open_at(path, offset);
    auto bytes = source ? read_all(**source, kLogLimit) : std::unexpected(std::move(source).error());
    if (!bytes && bytes.error().file.empty()) {
      bytes.error().file = path;
    }
    return bytes;
  }

 private:
  bool takes_digests_;
};

}  // namespace

OpenedTarget open_append_event(const Register& reg, const TargetOptions& options, Host& host,
                               std::vector<std::string>& looked_for) {
  constexpr std::array kShapes{sources::TreeShape::hash_algo};
  if (is_of_tpm(reg)) {
    return nullptr;
  }
  MRTOOL_TRY(place, find_kernel_place(reg, options.banks, kShapes, host, looked_for));
  if (!place || host.kind(file_beside(place->file, kAppendFile)) == FileKind::absent) {
    looked_for.push_back(host.system_path(
        fmt::format("{}/{}/{}/{}", sources::kProviderTree, provider_pattern(reg), file_name_of(reg), kAppendFile)));
    return nullptr;
  }
  return std::make_unique<AppendEvent>(*std::move(place), host);
}

}  // namespace mrtool::extend
