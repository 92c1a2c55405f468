// What a replay holds: a table of registers (slots), and for each bank one cell a register. Banks share nothing but the
// slots: what records mean is found out in their order by one thread, which leaves the hashing of each bank (links) to
// a strand of its own.
#pragma once

#include <array>
#include <atomic>
#include <bitset>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/base/workers.hpp"
#include "lib/replay/checkpoint.hpp"
#include "lib/replay/hints.hpp"
#include "lib/replay/reading.hpp"
#include "lib/replay/replay.hpp"

namespace mrtool {

// Of NV indices and named registers: above any machine's; bounds what a log of invented ones can make us hold. The
// numbered registers of the platforms always have a place.
inline constexpr std::size_t kMaxRegisters = 4096;
// A bank's position is its algorithm's row in the table of algorithms.
inline constexpr std::size_t kBankPositions = 16;
using BankSet = std::bitset<kBankPositions>;
inline const Register kPcr0{.kind = RegisterKind::pcr, .index = 0, .name = {}, .provider = {}, .carrier = {}};

// Where something happened.
struct Place {
  std::optional<std::size_t> log;
  std::uint64_t record = 0;
  std::uint64_t offset = 0;
};

struct Target {
  std::size_t source = 0;
  Digest value;
  Match match{};
};

// One register in one bank.
struct Cell {
  Digest value;
  Digest initial;
  std::string initial_reason;
  bool initial_claimed = false;
  bool started = false;         // `value` holds
  bool asserted = false;        // a record stated its value
  bool is_pcr0 = false;         // of PCR 0, whose records the hints follow
  bool rule_is_choice = false;  // digests by another rule were left out
  std::uint64_t records = 0;
  std::vector<Target> targets;
  // The first record that extends the register without a digest for the bank, and how many had extended it until then.
  std::optional<Place> missing;
  std::uint64_t records_before_missing = 0;
  // Where the records can be read in several ways: then value, records and what matched are the readings'.
  std::unique_ptr<Trail> trail;
  std::size_t chain = 0;  // of the links that are being folded; 1 is the first of its bank's, 0 none
};

// A register that records about another one extend: `<name> extend <alg>/<hex>` in a TSM log (8.1). Its banks have
// nothing to do with those of the logs.
struct CarriedCell {
  Register reg;  // with its carrier
  std::size_t position = 0;
  Cell cell;
  bool fixed = false;           // a manifest states its value, which nothing extends (8.3)
  std::size_t own_targets = 0;  // values to compare that were given with the carrier; those without it follow them
};

// A record's claim where its register started.
struct Claim {
  HashAlgorithm bank = HashAlgorithm::none;
  Digest value;
  bool measured = false;  // its record extends the register too: H-CRTM, INIT
  bool provided = false;  // the platform provides for such a claim: H-CRTM, StartupLocality 0, 3 and 4
  std::string reason;
};

// One register in all banks.
struct Slot {
  Register reg;
  std::vector<Claim> claims;          // at most two for each bank
  std::optional<Place> first_extend;  // the first record that extends it, in whatever bank
  BankSet missing;                    // cells whose `missing` is set
  bool last_log_grows = false;
  std::uint64_t last_log = 0;  // the last log (counted from 1) that extended it
};

// An extend that is decided and not yet hashed.
struct Link {
  Cell* cell = nullptr;
  const std::uint8_t* digest = nullptr;  // of the bank's size
  const std::uint8_t* padded = nullptr;  // for the reading of padded SHA-1 digests; null where that folds `digest` too
  std::uint64_t record = 0;
};

// Records that are folded together, and what they extend.
struct Work {
  Batch batch;  // that the links are views of; empty where the caller keeps the records
  std::array<std::vector<Link>, kBankPositions> links;  // by bank
  std::optional<std::size_t> log;
  bool grows = false;
  std::atomic<unsigned> users = 0;  // strands that are not done with it
};

// What is known of a cell without looking at it, for it may be a strand's just now.
struct Footing {
  Cell* cell = nullptr;
  bool known = false;   // started, and no extend of it waits for a stated value: the next is a link like those before
  bool trail = false;   // it has one,
  bool padded = false;  // with a reading of padded SHA-1 digests
  bool stated = false;  // of a log that states values, in which a measured line was seen
  bool rule_is_choice = false;
};

// Links of one register, to be hashed beside those of others.
struct LinkChain {
  Cell* cell = nullptr;
  std::vector<const std::uint8_t*> digests;
  std::vector<std::uint64_t> records;  // that the links are of; where there are values to compare with
  Bytes values;                        // behind each link; the same
};

struct Bank {
  const HashAlgorithmRow* row = nullptr;
  bool known = false;             // a log announces or uses it
  bool folded = false;            // a record extended a register in it, or stated a register's value
  bool only_claimed = false;      // announced by a log that extends nothing
  std::deque<Cell> cells;         // by slot; may be fewer than the slots. They stay where they are
  std::vector<Footing> footings;  // by slot; fewer than the cells where the others' are not known
  std::vector<LinkChain> chains;  // used by the strand alone; those behind the first `chain_count` keep their memory
  std::size_t chain_count = 0;
  std::optional<HashEngine> engine;
  std::shared_ptr<Strand> strand;      // both since the first link
  std::optional<std::size_t> partner;  // a bank whose links are hashed beside this one's, by the same strand
};

class SlotTable {
 public:
  SlotTable();
  enum class Limit : bool { none, of_logs };
  // The slot of a register, made when it is new; nothing when the limit stands against it.
  std::optional<std::size_t> find_or_add(const Register& reg, Limit limit) {
    if (const std::uint16_t* direct = direct_entry(reg); direct != nullptr && *direct != 0) {
      return *direct - 1;
    }
    return search_or_add(reg, limit);
  }
  std::optional<std::size_t> find(const Register& reg) const;
  Slot& operator[](std::size_t index) { return slots_[index]; }
  const Slot& operator[](std::size_t index) const { return slots_[index]; }
  std::size_t size() const { return slots_.size(); }

 private:
  static constexpr std::size_t kDirect = 32;  // registers of a kind that are found without a search
  static constexpr std::size_t kKinds = static_cast<std::size_t>(RegisterKind::invalid) + 1;

  // Where the usual provider's numbered registers stand; nullptr for all others.
  const std::uint16_t* direct_entry(const Register& reg) const {
    const bool direct = reg.index < kDirect && reg.name.empty() && reg.provider.empty() && reg.carrier.empty();
    return direct ? &direct_[static_cast<std::size_t>(reg.kind)][reg.index] : nullptr;
  }
  std::optional<std::size_t> search_or_add(const Register& reg, Limit limit);

  std::vector<Slot> slots_;
  std::map<Register, std::size_t> others_;
  std::size_t last_other_ = 0;  // found last: records of a log are mostly about one register
  std::size_t limited_ = 0;     // of others_, those that a log brought in
  std::array<std::array<std::uint16_t, kDirect>, kKinds> direct_{};  // slot + 1, 0 for none
};

struct Replay::State {
  State(ReplayOptions given_options, DiagnosticSink& given_sink);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void compare_with(std::vector<RegisterValues> sources);
  void begin_log(const LogInfo& info, std::optional<std::size_t> log);
  void end_log();
  void add(std::span<const Record> records);
  void take(Batch& batch);
  std::vector<RegisterResult> finish();
  Result<Checkpoint> checkpoint();
  Status take_up(const Checkpoint& from);

 private:
  Place place_of(const Record& record) const { return {log_, record.number, record.offset}; }
  void say(Severity severity, std::string_view code, const Place& place, std::string message);
  void say_of_log(Severity severity, std::string_view code, std::string message);

  // initial values and assertions (assertions.cpp)
  void assert_value(const Record& record, std::size_t slot);
  void claim_initial(const Record& record, std::size_t slot_index);
  void assert_present(const Record& record, std::size_t slot, std::size_t position);
  void start(Cell& cell, const Slot& slot, const Bank& bank, bool extended);
  std::optional<Digest> given_initial(const Register& reg, const Bank& bank) const;
  static const Claim* claim_of(const Slot& slot, const Bank& bank);

  // the fold (fold.cpp)
  void add(const Record& record);
  void fold(const Record& record, std::size_t slot);
  // `readings`: the record can be read in more than one way.
  void fold_digest(const Record& record, std::size_t slot, std::size_t position, ByteView digest, bool readings);
  void note_missing(const Record& record, std::size_t slot, BankSet missing);
  std::optional<std::size_t> usable_position(std::size_t place, const DigestEntry& entry);
  void refuse_bank(HashAlgorithm bank, std::string_view why);
  void make_known(std::size_t position);
  Cell& cell(std::size_t position, std::size_t slot);

  // links (links.cpp)
  bool add_link(const Record& record, std::size_t slot, std::size_t position, ByteView digest, bool readings);
  void push_link(Cell& cell, const Record& record, std::size_t position, ByteView digest, ByteView padded);
  void set_footing(std::size_t position, std::size_t slot);
  void begin_links(std::size_t position);
  // Those of its partner, too.
  void fold_links(std::size_t position, Work& work);
  bool fold_beside(Bank& bank, Bank& partner, std::vector<Link>& links, std::vector<Link>& others, const Work& work);
  void fold_links_of(std::size_t position, Work& work);
  static void chain_link(Bank& bank, const Link& link);
  void fold_chains(std::size_t position, const Work& work);
  static void end_chain(const Bank& bank, LinkChain& chain, const Digest& before, const Work& work);
  static void take_values(const Bank& bank, const LinkChain& chain, const Digest& before, const Work& work);
  void fold_in_cell(Bank& bank, const Link& link, const Work& work, std::size_t position);
  static void fold_in_readings(Bank& bank, const Link& link, const Work& work);
  Work& free_work();
  void settle(std::size_t position);
  // The cell, after all links of its bank. Its footing is not known any more.
  Cell& settled_cell(std::size_t position, std::size_t slot);

  // several readings (readings.cpp)
  Trail& trail_of(Cell& cell);
  void fold_readings(const Record& record, Cell& here, const Bank& bank, ByteView digest);
  void settle_stated(const Record& record, const Slot& slot, Cell& here, const Bank& bank, const Digest& stated);
  void say_failed(const Record& record, const Bank& bank, std::uint64_t failed, std::string_view why);

  // registers inside others (carried.cpp)
  void fold_carried(const Record& record);
  CarriedCell* find_carried(const Record& record, std::string_view name, std::size_t position);
  void extend_carried(const Record& record, CarriedCell& carried, const Digest& digest);
  void fold_static(const Record& record, std::string_view name, HashAlgorithm bank, const Digest& value);
  std::map<std::string, std::set<std::string>, std::less<>> carriers_by_name() const;
  void assign_given_values();
  void add_carried(std::vector<RegisterResult>& results);

  // going on from where another fold stood (checkpoint.cpp)
  Status take_up_register(const Checkpoint::Held& held, std::uint64_t records);
  Status take_up_carried(const Checkpoint::Held& held, std::uint64_t records);
  void restore(Cell& cell, const Checkpoint::Cell& from, std::uint64_t records);

  // results (results.cpp)
  RegisterResult result_of(const Slot& slot, Cell& cell, const Bank& bank);
  void read_trail(RegisterResult& result, Cell& cell, const Bank& bank);
  bool is_without_log(const Bank& bank) const;
  void report_banks_without_log(std::vector<RegisterResult>& results);
  void report_incomplete(const RegisterResult& result, const Cell& cell);

  ReplayOptions options_;
  DiagnosticSink& sink_;
  HashEngine engine_;
  SlotTable slots_;
  std::optional<Hints> hints_;                // only when there is something to compare with
  std::vector<std::unique_ptr<Work>> works_;  // the first is of records that the caller keeps
  Work* work_;                                // that links are added to
  std::array<Bank, kBankPositions> banks_;
  std::vector<std::size_t> bank_order_;  // positions of known banks, as the logs name them
  BankSet known_;
  SearchBudget search_budget_;
  std::vector<bool> direct_;  // by source: its values were spelled out, so each is meant to be compared
  std::map<std::pair<Register, std::size_t>, CarriedCell> carried_;  // by register and position of the bank

  // of the present log
  bool in_log_ = false;
  std::uint64_t log_count_ = 0;  // of the logs so far, this one included
  std::optional<std::size_t> log_;
  bool grows_ = false;
  bool rules_left_out_ = false;
  bool extends_ = false;
  BankSet announced_;
  BankSet used_;
  BankSet refused_;  // stated with a size that is not the algorithm's
  std::vector<HashAlgorithm> said_unusable_;
  struct Hint {
    HashAlgorithm algorithm = HashAlgorithm::none;
    std::size_t position = 0;
  };
  std::array<Hint, kBankPositions> order_;  // records of a log nearly always list the same banks in the same order
};

// Around the fold of a record: what the value is before it counts at run time if the record's log grows then.
inline void note_ahead(bool grows, const Digest& value, std::uint64_t records, Match& match, const Digest& target) {
  if (!grows) {
    match.at_runtime = false;
  } else if (match.records == records && records != 0 && value == target) {
    match.at_runtime = true;
  }
}
inline void note_match(std::uint64_t record, std::optional<std::size_t> log, bool grows, const Digest& value,
                       std::uint64_t records, Match& match, const Digest& target) {
  if (value == target) {
    match = {records, record, log, grows};
  }
}
ByteView alternative_for(const Record& record, HashAlgorithm bank, std::size_t size);

// `value` as a bank of that size holds it: the last bytes, zeros before them. Nothing when it is too long.
std::optional<Digest> fit(const Digest& value, std::size_t size);
// The position of a bank of the table of algorithms.
std::optional<std::size_t> bank_position(HashAlgorithm bank);

}  // namespace mrtool
