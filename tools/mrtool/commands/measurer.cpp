#include "tools/mrtool/commands/measurer.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "formats/formats.hpp"
#include "formats/kept_logs.hpp"
#include "lib/base/text.hpp"
#include "lib/extend/kernel_log.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {
namespace {

constexpr std::string_view kKernelsFormat = "tsm";

struct LogPlace {
  std::string_view format;  // empty: the register's default
  std::string path;         // empty: the format's
};

// [FORMAT:]PATH, or FORMAT; a prefix that is no format's name is a part of the path.
LogPlace log_place(std::string_view text) {
  if (find_format(text) != nullptr) {
    return {.format = text, .path = {}};
  }
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && find_format(text.substr(0, colon)) != nullptr) {
    return {.format = text.substr(0, colon), .path = std::string(text.substr(colon + 1))};
  }
  return {.format = {}, .path = std::string(text)};
}

}  // namespace

Measurer::Measurer(std::unique_ptr<extend::ExtendTarget> target, std::string log_path)
    : target_(std::move(target)), log_path_(std::move(log_path)) {}

Measurer::~Measurer() = default;

Result<std::unique_ptr<Measurer>> Measurer::open(const Register& reg, const MeasureOptions& options, Host& host) {
  MRTOOL_TRY(target, extend::open_target(reg, options.target, host));
  if (target->log_keeping() == extend::LogKeeping::kernel) {
    std::string path = target->kernel_log_path();
    if (!options.log.empty()) {
      return fail(ErrorKind::usage,
                  fmt::format("the kernel keeps the log of {}, in {}: leave --log away", to_string(reg), path));
    }
    return std::make_unique<Measurer>(std::move(target), std::move(path));
  }
  LogPlace place = log_place(options.log);
  MRTOOL_TRY(row, find_kept_log(place.format, reg));
  if (place.path.empty() && row->place != nullptr) {
    place.path = host.system_path(std::string(row->place(reg)));
  }
  if (!place.path.empty()) {
    // The journal has it, for runs in other directories.
    place.path = std::filesystem::absolute(place.path).lexically_normal().string();
  }
  if (!is_utf8(as_bytes(place.path))) {
    return fail(ErrorKind::usage,
                fmt::format("expected a path of the log in UTF-8, which the journal can hold, found {}",
                            escape_for_terminal(place.path)));
  }
  MRTOOL_TRY(log, make_kept_log(place.format, reg, target->banks(), host));
  // All PCRs of a TPM share a log.
  auto open_other = [how = options.target, &host](const Register& other) {
    extend::TargetOptions whole = how;
    whole.banks.clear();
    return extend::open_target(other, whole, host);
  };
  auto measurer = std::make_unique<Measurer>(std::move(target), std::string());
  measurer->log_ = std::move(log);
  measurer->keeper_ = std::make_unique<extend::Keeper>(*measurer->target_, *measurer->log_, host,
                                                       extend::KeeperOptions{.log_path = std::move(place.path),
                                                                             .lock_wait = options.wait,
                                                                             .continue_foreign_log = options.force,
                                                                             .opened_by = options.target,
                                                                             .open_other = std::move(open_other)});
  measurer->log_path_ = measurer->keeper_->log_path();
  return measurer;
}

std::string_view Measurer::log_format() const {
  return log_ ? log_->format() : kKernelsFormat;
}

extend::Place Measurer::place() const {
  return {.reg = target_->reg(),
          .banks = target_->banks(),
          .log_format = log_format(),
          .takes_digests = target_->takes_digests()};
}

Result<extend::RecoveryReport> Measurer::recover() {
  return keeper_ ? keeper_->recover() : extend::RecoveryReport{};
}

Status Measurer::look_at_log(Host& host, const std::function<Status(std::unique_ptr<ByteSource>)>& look) {
  if (!keeper_) {
    MRTOOL_TRY(bytes, target_->read_kernel_log(0));
    return look(make_memory_source(bytes));
  }
  return keeper_->look_at_log([&](const std::string& path) -> Status {
    MRTOOL_TRY(source, host.open(path));
    return look(std::move(source));
  });
}

Status Measurer::measure(std::span<const extend::Event> events, const Done& done) {
  return keeper_ ? keeper_->measure(events, done) : extend::measure_in_kernel_log(*target_, events, done);
}

extend::RecoveryReport Measurer::recovered() const {
  return keeper_ ? keeper_->recovered() : extend::RecoveryReport{};
}

std::vector<std::string> Measurer::take_notes() {
  return keeper_ ? keeper_->take_notes() : std::vector<std::string>{};
}

}  // namespace mrtool
