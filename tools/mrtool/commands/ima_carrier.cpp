#include "tools/mrtool/commands/ima_carrier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "formats/formats.hpp"
#include "formats/kept_logs.hpp"
#include "lib/content/ima.hpp"
#include "lib/extend/kernel_log.hpp"
#include "lib/extend/lock.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {
namespace {

constexpr std::string_view kKernelLogFormat = "tsm";

bool is_kernels(const extend::ExtendTarget& target) {
  return target.log_keeping() == extend::LogKeeping::kernel;
}

std::string name_of(const Record& entry) {
  const auto fields = ima::fields_of(entry, ByteOrder::little);
  return fields ? std::string(as_text(ima::without_nul(fields->name()))) : std::string();
}

}  // namespace

Result<std::unique_ptr<ImaCarrier>> ImaCarrier::open(std::optional<Register> reg, const MeasureOptions& options,
                                                     const extend::BridgeOptions& bridge, Host& host) {
  std::unique_ptr<ImaCarrier> carrier(new ImaCarrier(host));
  if (!reg) {
    MRTOOL_TRY(usual, extend::default_register(options.target, host));
    reg = std::move(usual);
  }
  MRTOOL_TRY(target, extend::open_target(*reg, options.target, host));
  carrier->target_ = std::move(target);
  if (bridge.way == extend::BridgeWay::direct && !carrier->target_->takes_digests()) {
    return fail(ErrorKind::unsupported,
                fmt::format("the kernel takes no digests for {}, only lines of text: carry the entries --as virtual or "
                            "--as records",
                            to_string(*reg)));
  }
  if (auto opened = carrier->open_log(options); !opened) {
    return std::unexpected(std::move(opened).error());
  }
  if (auto locked = carrier->take_lock(options.wait); !locked) {
    return std::unexpected(std::move(locked).error());
  }
  if (auto found = carrier->find_carried(bridge); !found) {
    return std::unexpected(std::move(found).error());
  }
  return carrier;
}

Status ImaCarrier::open_log(const MeasureOptions& options) {
  if (is_kernels(*target_)) {
    if (!options.log.empty()) {
      return fail(ErrorKind::usage, fmt::format("the kernel keeps the log of {}, which is {}: leave --log away",
                                                to_string(reg()), target_->kernel_log_path()));
    }
    log_path_ = target_->kernel_log_path();
    log_format_ = kKernelLogFormat;
    return {};
  }
  std::string format;
  extend::KeeperOptions keeping{.log_path = options.log,
                                .lock_wait = options.wait,
                                .continue_foreign_log = options.force,
                                .opened_by = options.target,
                                .open_other = {}};
  if (const auto colon = options.log.find(':');
      colon != std::string::npos && find_format(options.log.substr(0, colon)) != nullptr) {
    format = options.log.substr(0, colon);
    keeping.log_path = options.log.substr(colon + 1);
  }
  MRTOOL_TRY(log, make_kept_log(format, reg(), target_->banks(), host_));
  log_ = std::move(log);
  log_format_ = log_->format();
  keeper_ = std::make_unique<extend::Keeper>(*target_, *log_, host_, std::move(keeping));
  log_path_ = keeper_->log_path();
  return {};
}

// Two that carry to one register at a time would carry entries twice. Registers may share the directory.
Status ImaCarrier::take_lock(std::chrono::milliseconds wait) {
  const std::string directory = target_->state_directory();
  if (auto made = host_.make_directories(directory); !made) {
    return made;
  }
  std::string name = to_string(reg());
  std::ranges::replace(name, '/', '-');
  const std::string path = fmt::format("{}/ima-bridge-{}", directory, name);
  auto lock = extend::acquire_lock(host_, path + ".lock", path + ".gate", wait);
  if (!lock) {
    Error error = std::move(lock).error();
    error.message = fmt::format("the lock of those who carry IMA's list to {} {}", to_string(reg()), error.message);
    return std::unexpected(std::move(error));
  }
  lock_ = *std::move(lock);
  return {};
}

Status ImaCarrier::find_carried(const extend::BridgeOptions& options) {
  extend::BridgeOptions of_log = options;
  of_log.log_of_lines = log_format_ == kKernelLogFormat;
  bridge_ = std::make_unique<extend::ImaBridge>(of_log, reg(), target_->banks());
  std::vector<extend::BankDigest> present;
  Status read;
  if (is_kernels(*target_)) {
    MRTOOL_TRY(bytes, target_->read_kernel_log(0));
    read = read_log(make_memory_source(bytes));
  } else {
    read = keeper_->look_at_log([this](const std::string& path) -> Status {
      MRTOOL_TRY(source, host_.open(path));
      return read_log(std::move(source));
    });
  }
  if (!read) {
    return read;
  }
  MRTOOL_TRY(value, target_->read());
  for (const HashAlgorithm bank : bridge_->other_banks()) {
    notes_.push_back(fmt::format("The log {} carries {} in bank {} too, which is another register.", log_path_,
                                 options.virtual_name, to_string(bank)));
  }
  return bridge_->check_register(value);
}

Status ImaCarrier::read_log(std::unique_ptr<ByteSource> source) {
  const auto in_log = [this](Error error) {
    if (error.file.empty()) {
      error.file = log_path_;
    }
    return std::unexpected(std::move(error));
  };
  DiagnosticSink diagnostics;
  ReadOptions options;
  options.reg = reg();
  options.bank = target_->banks().front();
  const auto reader = find_format(log_format_)->make_reader(std::move(source), options, diagnostics);
  Batch batch;
  bool more = true;
  while (more) {
    auto again = reader->read(batch);
    if (!again) {
      return in_log(std::move(again).error());
    }
    more = *again;
    for (const Record& record : batch.records) {
      if (Status taken = bridge_->take_logged(record); !taken) {
        return in_log(std::move(taken).error());
      }
    }
  }
  return {};
}

Status ImaCarrier::take_entry(const Record& entry, const LogInfo& list) {
  const std::uint64_t number = bridge_->entries();
  MRTOOL_TRY(event, bridge_->take_entry(entry, list));
  if (event) {
    pending_.push_back({.number = number, .name = name_of(entry), .event = *std::move(event), .result = {}});
  }
  return {};
}

Status ImaCarrier::carry(const std::function<void(const CarriedEntry&)>& done) {
  std::vector<CarriedEntry> entries = std::exchange(pending_, {});
  std::vector<extend::Event> events;
  for (const CarriedEntry& entry : entries) {
    events.push_back(entry.event);
  }
  Status alone;
  const auto told = [&](std::size_t i, const extend::Extended& result) {
    entries[i].result = result;
    if (Status checked = bridge_->check_extended(result); !checked && alone) {
      alone = std::move(checked);
    }
    done(entries[i]);
  };
  Status carried = keeper_ ? keeper_->measure(events, told) : extend::measure_in_kernel_log(*target_, events, told);
  return carried ? std::move(alone) : std::move(carried);
}

const extend::RecoveryReport& ImaCarrier::recovered() const {
  static const extend::RecoveryReport kNone;
  return keeper_ ? keeper_->recovered() : kNone;
}

std::vector<std::string> ImaCarrier::take_notes() {
  std::vector<std::string> notes = std::exchange(notes_, {});
  if (keeper_) {
    std::ranges::move(keeper_->take_notes(), std::back_inserter(notes));
  }
  return notes;
}

}  // namespace mrtool
