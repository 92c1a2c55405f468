// The register end of ima-bridge: the register, its log, and what of an IMA list they have.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/extend/ima_bridge.hpp"
#include "tools/mrtool/commands/extend_line.hpp"

namespace mrtool {

// An entry that the register and its log have now.
struct CarriedEntry {
  std::uint64_t number = 0;  // in the list, from 0
  std::string name;          // what it measures; not escaped
  extend::Event event;
  extend::Extended result;
};

class ImaCarrier {
 public:
  // Opens the register (nothing: the machine's default), takes the lock that lets one bridge at a time carry to it,
  // finishes what an earlier run left unfinished, and reads from the log how far the list was carried. `host` outlives
  // it.
  static Result<std::unique_ptr<ImaCarrier>> open(std::optional<Register> reg, const MeasureOptions& options,
                                                  const extend::BridgeOptions& bridge, Host& host);

  extend::ImaBridge& bridge() { return *bridge_; }
  const Register& reg() const { return target_->reg(); }
  std::string_view backend() const { return target_->backend(); }
  const std::string& log_path() const { return log_path_; }
  std::string_view log_format() const { return log_format_; }

  // The list's next entry is carried by the next carry(), unless the log has it.
  Status take_entry(const Record& entry, const LogInfo& list);
  bool has_pending() const { return !pending_.empty(); }
  // Carries what was taken, and tells each entry to `done` when the register and its log have it.
  Status carry(const std::function<void(const CarriedEntry&)>& done);

  // What was found unfinished when it was opened, or by the last carry(); and what was noticed since the last call.
  const extend::RecoveryReport& recovered() const;
  std::vector<std::string> take_notes();

 private:
  explicit ImaCarrier(Host& host) : host_(host) {}
  Status open_log(const MeasureOptions& options);
  Status take_lock(std::chrono::milliseconds wait);
  Status find_carried(const extend::BridgeOptions& options);
  Status read_log(std::unique_ptr<ByteSource> source);

  Host& host_;
  std::unique_ptr<extend::ExtendTarget> target_;
  std::unique_ptr<extend::KeptLog> log_;    // null where the kernel keeps the log
  std::unique_ptr<extend::Keeper> keeper_;  // so is this
  std::unique_ptr<File> lock_;
  std::unique_ptr<extend::ImaBridge> bridge_;
  std::string log_path_;
  std::string_view log_format_;
  std::vector<CarriedEntry> pending_;
  std::vector<std::string> notes_;
};

}  // namespace mrtool
