// A register and its log, opened as a command line says: what the commands that extend measure by, whoever keeps the
// log.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/extend/keeper.hpp"
#include "lib/extend/plan.hpp"
#include "tools/mrtool/commands/extend_line.hpp"

namespace mrtool {

class Measurer {
 public:
  using Done = std::function<void(std::size_t, const extend::Extended&)>;

  // Nothing is changed before an event is measured. Fails as open_target and make_kept_log do, and (usage) where --log
  // names a place for a log that the kernel keeps. `host` outlives it.
  static Result<std::unique_ptr<Measurer>> open(const Register& reg, const MeasureOptions& options, Host& host);
  Measurer(std::unique_ptr<extend::ExtendTarget> target, std::string log_path);
  Measurer(const Measurer&) = delete;
  Measurer& operator=(const Measurer&) = delete;
  ~Measurer();

  const extend::ExtendTarget& target() const { return *target_; }
  std::string_view log_format() const;
  const std::string& log_path() const { return log_path_; }
  extend::Place place() const;

  // As of Keeper. Where the kernel keeps the log, there is nothing to recover.
  Result<extend::RecoveryReport> recover();
  // Hands over the log from its start as it is once what was unfinished is finished and a log of another boot is put
  // aside. Nobody appends to it meanwhile, unless the kernel keeps it. Errors: as of recover(), and those of `look`.
  Status look_at_log(Host& host, const std::function<Status(std::unique_ptr<ByteSource>)>& look);
  Result<std::vector<extend::BankDigest>> read_register() { return target_->read(); }
  // As Keeper::measure.
  Status measure(std::span<const extend::Event> events, const Done& done);
  // Of the last of these calls.
  extend::RecoveryReport recovered() const;
  std::vector<std::string> take_notes();

 private:
  std::unique_ptr<extend::ExtendTarget> target_;
  std::string log_path_;
  std::unique_ptr<extend::KeptLog> log_;    // none where the kernel keeps it
  std::unique_ptr<extend::Keeper> keeper_;  // the same
};

}  // namespace mrtool
