#include "tools/mrtool/commands/ima_carrier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "formats/formats.hpp"
#include "lib/content/ima.hpp"
#include "lib/extend/lock.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {
namespace {

constexpr std::string_view kLines = "tsm";
constexpr std::string_view kSystemd = "systemd";

std::string name_of(const Record& entry) {
  const auto fields = ima::fields_of(entry, ByteOrder::little);
  return fields ? std::string(as_text(ima::without_nul(fields->name()))) : std::string();
}

}  // namespace

Result<std::unique_ptr<ImaCarrier>> ImaCarrier::open(Measurer& measurer, extend::BridgeOptions bridge,
                                                     std::chrono::milliseconds wait, Host& host) {
  const extend::Place place = measurer.place();
  if (bridge.way == extend::BridgeWay::direct && !place.takes_digests) {
    return fail(ErrorKind::unsupported,
                fmt::format("the kernel takes no digests for {}, only lines of text: carry the entries --as virtual or "
                            "--as records",
                            to_string(place.reg)));
  }
  if (place.log_format == kSystemd) {
    return fail(
        ErrorKind::usage,
        "systemd's log cannot hold what the bridge carries, so that no restart could go on from it: leave --log "
        "systemd away");
  }
  bridge.log_of_lines = place.log_format == kLines;
  std::unique_ptr<ImaCarrier> carrier(
      new ImaCarrier(measurer, extend::ImaBridge(std::move(bridge), place.reg, place.banks)));
  if (auto locked = carrier->take_lock(wait, host); !locked) {
    return std::unexpected(std::move(locked).error());
  }
  auto read = measurer.look_at_log(
      host, [&carrier](std::unique_ptr<ByteSource> source) { return carrier->read_log(std::move(source)); });
  if (!read) {
    return std::unexpected(std::move(read).error());
  }
  MRTOOL_TRY(present, measurer.read_register());
  if (auto its_own = carrier->bridge_.check_register(present); !its_own) {
    return std::unexpected(std::move(its_own).error());
  }
  return carrier;
}

// Two that carry to one register at a time would carry entries twice. Registers may share the directory.
Status ImaCarrier::take_lock(std::chrono::milliseconds wait, Host& host) {
  const std::string directory = measurer_.target().state_directory();
  if (auto made = host.make_directories(directory); !made) {
    return made;
  }
  const Register& reg = measurer_.target().reg();
  std::string name = to_string(reg);
  std::ranges::replace(name, '/', '-');
  const std::string path = fmt::format("{}/ima-bridge-{}", directory, name);
  auto lock = extend::acquire_lock(host, path + ".lock", path + ".gate", wait);
  if (!lock) {
    Error error = std::move(lock).error();
    error.message = fmt::format("another bridge carries entries to {}, for the lock {}", to_string(reg), error.message);
    return std::unexpected(std::move(error));
  }
  lock_ = *std::move(lock);
  return {};
}

Status ImaCarrier::read_log(std::unique_ptr<ByteSource> source) {
  const auto in_log = [this](Error error) {
    if (error.file.empty()) {
      error.file = measurer_.log_path();
    }
    return std::unexpected(std::move(error));
  };
  DiagnosticSink diagnostics;
  ReadOptions options;
  options.reg = measurer_.target().reg();
  options.bank = measurer_.target().banks().front();
  const auto reader = find_format(measurer_.log_format())->make_reader(std::move(source), options, diagnostics);
  Batch batch;
  bool more = true;
  while (more) {
    auto again = reader->read(batch);
    if (!again) {
      return in_log(std::move(again).error());
    }
    more = *again;
    for (const Record& record : batch.records) {
      if (Status taken = bridge_.take_logged(record); !taken) {
        return in_log(std::move(taken).error());
      }
    }
  }
  return {};
}

Status ImaCarrier::take_entry(const Record& entry, const LogInfo& list) {
  const std::uint64_t number = bridge_.entries();
  MRTOOL_TRY(event, bridge_.take_entry(entry, list));
  if (event) {
    entries_.push_back({.number = number, .name = name_of(entry), .result = {}});
    events_.push_back(*std::move(event));
  }
  return {};
}

Status ImaCarrier::carry(const std::function<void(const CarriedEntry&)>& done) {
  const std::vector<extend::Event> events = std::exchange(events_, {});
  std::vector<CarriedEntry> entries = std::exchange(entries_, {});
  Status alone;
  Status carried = measurer_.measure(events, [&](std::size_t i, const extend::Extended& result) {
    entries[i].result = result;
    if (Status checked = bridge_.check_extended(result); !checked && alone) {
      alone = std::move(checked);
    }
    done(entries[i]);
  });
  return carried ? std::move(alone) : std::move(carried);
}

}  // namespace mrtool
