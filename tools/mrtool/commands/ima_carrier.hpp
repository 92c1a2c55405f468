// The register end of ima-bridge: the register, its log, and what of an IMA list they have.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/extend/ima_bridge.hpp"
#include "tools/mrtool/commands/measurer.hpp"

namespace mrtool {

// An entry that the register and its log have now.
struct CarriedEntry {
  std::uint64_t number = 0;  // in the list, from 0
  std::string name;          // what it measures; not escaped
  extend::Extended result;
};

class ImaCarrier {
 public:
  // Takes the lock that lets one bridge at a time carry to the register, finishes what an earlier run left unfinished,
  // and reads from the log how far the list was carried. `measurer` and `host` outlive it.
  static Result<std::unique_ptr<ImaCarrier>> open(Measurer& measurer, extend::BridgeOptions bridge,
                                                  std::chrono::milliseconds wait, Host& host);

  const extend::ImaBridge& bridge() const { return bridge_; }

  // The list's next entry is carried by the next carry(), unless the log has it.
  Status take_entry(const Record& entry, const LogInfo& list);
  bool has_pending() const { return !events_.empty(); }
  // Carries what was taken, and tells each entry to `done` when the register and its log have it.
  Status carry(const std::function<void(const CarriedEntry&)>& done);

 private:
  ImaCarrier(Measurer& measurer, extend::ImaBridge bridge) : measurer_(measurer), bridge_(std::move(bridge)) {}
  Status take_lock(std::chrono::milliseconds wait, Host& host);
  Status read_log(std::unique_ptr<ByteSource> source);

  Measurer& measurer_;
  extend::ImaBridge bridge_;
  std::unique_ptr<File> lock_;
  std::vector<extend::Event> events_;  // to carry
  std::vector<CarriedEntry> entries_;  // what they are
};

}  // namespace mrtool
