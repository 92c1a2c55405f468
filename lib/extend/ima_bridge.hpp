// Which entries of an IMA measurement list a register has already, and the events that carry the others to it: the
// three ways that a TSM log can carry IMA (TSM log format notes, 8.1 and 8.2).
//
// The register's log alone says how far an earlier run came: the entries that it carries, in order, must be the first
// ones of the list. Nothing else is remembered, so nothing can disagree with it.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/diagnostic.hpp"
#include "lib/extend/keeper.hpp"
#include "lib/record/record.hpp"

namespace mrtool::extend {

enum class BridgeWay : std::uint8_t {
  virtual_register,  // lines "mr_ima extend <alg>/<hex>": the digest that IMA extends, ones for a violation
  records,           // the entries themselves, as lines "ima <template> <template data>"
  direct,            // the register is IMA's own: extended by the entries' digests, in its own banks
};

struct BridgeWayRow {
  BridgeWay way;
  std::string_view name;  // on the command line
  std::string_view brief;
};
std::span<const BridgeWayRow> bridge_ways();
std::optional<BridgeWay> parse_bridge_way(std::string_view name);

inline constexpr std::string_view kImaVirtualRegister = "mr_ima";

struct BridgeOptions {
  BridgeWay way = BridgeWay::virtual_register;
  std::string virtual_name{kImaVirtualRegister};
  // Of the digests that lines of a virtual register carry. None: the one that the log carries already; else the list's
  // own, or SHA-256 of the template data where that is SHA-1.
  HashAlgorithm bank = HashAlgorithm::none;
  // The log is of lines (a TSM log); otherwise of records that have content and digests of their own (a PCR's).
  bool log_of_lines = true;
};

// Fails (usage) where no line can name that virtual register.
Status check_virtual_name(std::string_view name);

class ImaBridge {
 public:
  // `banks`: of the register, in the order of the table of algorithms.
  ImaBridge(BridgeOptions options, Register reg, std::span<const HashAlgorithm> banks);

  // The register's log, record by record from its start; those about other registers are passed over. Where the
  // register is to be IMA's own, fails (check_failed) at the first record that shows that it is not.
  Status take_logged(const Record& record);
  // The log has ended. Where the register is to be IMA's own, fails (check_failed) unless it holds what the carried
  // entries come to.
  Status check_register(std::span<const BankDigest> present) const;
  // Digests that the log carries for the virtual register in other banks than bank(), to be told.
  std::vector<HashAlgorithm> other_banks() const;

  // The banks in which digests of the list's entries will be asked for.
  std::vector<HashAlgorithm> wanted_banks() const;
  // The bank of the virtual register; none where neither the options nor the log nor the list have decided yet.
  HashAlgorithm bank() const;

  // The list's next entry, in order. An entry that the log has is compared and gives nothing. Fails: check_failed where
  // the log has another entry in its place; unsupported where the entry cannot be carried in this way.
  Result<std::optional<Event>> take_entry(const Record& entry, const LogInfo& list);
  // The list ends here, for now at least. Fails (check_failed) where the log carries more than it has.
  Status check_end() const;
  // What became of an event of take_entry(). Where the register is IMA's own, fails (check_failed) when it was not
  // where the entries before had left it: somebody else has extended it.
  Status check_extended(const Extended& result);

  std::uint64_t logged() const { return marks().size(); }  // entries that the log carried at the start
  std::uint64_t entries() const { return entries_; }       // of the list, taken so far

 private:
  // What tells an entry from others in the log: the digest that is carried, or the SHA-256 of the line.
  using Marks = std::vector<Digest>;

  const Marks& marks() const;
  Status take_direct(const Record& record);
  void take_line(const Record& record);
  Result<Event> event_of(const Record& entry, std::uint64_t number) const;
  Result<Event> virtual_event(const Record& entry, std::uint64_t number) const;
  Result<Event> record_event(const Record& entry, std::uint64_t number) const;
  Result<Event> direct_event(const Record& entry, std::uint64_t number) const;
  Result<Digest> digest_in(const Record& entry, HashAlgorithm bank, std::uint64_t number) const;
  Digest mark_of(const Event& event) const;
  void fold(std::span<const BankDigest> digests);
  std::string not_its_own(std::string_view why) const;

  BridgeOptions options_;
  Register reg_;
  std::vector<HashAlgorithm> banks_;
  std::map<HashAlgorithm, Marks> logged_;  // by bank of the carried digests; by none where the way has no banks
  std::vector<BankDigest> values_;         // of a register of IMA's own, as its entries lead to them
  std::uint64_t entries_ = 0;
};

}  // namespace mrtool::extend
