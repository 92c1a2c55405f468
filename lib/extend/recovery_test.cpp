// A run dies, or fails, at every step: what the next one makes of it.
#include <doctest/doctest.h>

#include "lib/extend/journal.hpp"
#include "lib/extend/test_keeper.hpp"

using namespace mrtool;
using namespace mrtool::extend;
using namespace mrtool::extend::testing;

namespace {

using Texts = std::vector<std::string>;

// A machine whose processes come and go.
class Machine {
 public:
  Cell cell;
  bool dirty_protocol = false;
  Scratch scratch;
  std::string boot = FaultyHost().boot;

  struct Ran {
    bool died = false;
    Status status;
    std::size_t done = 0;  // events whose results were given
    RecoveryReport report;
    int steps = 0;
    std::string last;
  };

  // No texts: recover().
  Ran run(const Texts& texts, Faults faults = {}) {
    FaultyHost host;
    host.boot = boot;
    host.faults = std::move(faults);
    CellTarget target(reg_of("rtmr3"), cell, scratch / "state", &host.faults);
    LineLog log;
    log.dirty_protocol = dirty_protocol;
    Ran ran;
    {
      Keeper keeper(target, log, host, {});
      try {
        if (texts.empty()) {
          const auto recovered = keeper.recover();
          ran.status = recovered ? Status() : std::unexpected(recovered.error());
        } else {
          ran.status = keeper.measure(events_of(texts), [&](std::size_t, const Extended&) { ++ran.done; });
        }
      } catch (const Death&) {
        ran.died = true;
      }
      ran.report = keeper.recovered();
    }
    ran.steps = host.faults.steps;
    ran.last = host.faults.last;
    return ran;
  }

  std::string log() const { return read_text(scratch / "state/log"); }
  std::size_t logged(const std::string& text) const {
    const std::string all = log();
    std::size_t count = 0;
    for (std::size_t at = all.find(" " + text + "\n"); at != std::string::npos;
         at = all.find(" " + text + "\n", at + 1)) {
      ++count;
    }
    return count;
  }
  bool agree() const {
    const auto end = LineLog::fold(log());
    if (!end) {
      return false;
    }
    const auto value = end->values.find({.reg = reg_of("rtmr3"), .bank = HashAlgorithm::sha256});
    return value == end->values.end() ? all_equal_to(cell.value[0].digest.view(), 0)
                                      : value->second == cell.value[0].digest;
  }
};

const Texts kBatch{"a", "b", "c"};

// After one run that measured "before", dies in another at the first step of that name.
void die_at(Machine& machine, const std::string& step) {
  REQUIRE(machine.run({"before"}).status);
  for (int at = 0;; ++at) {
    Machine probe;
    REQUIRE(probe.run({"before"}).status);
    const Faults faults{.kind = Faults::Kind::death, .at = at, .percent = 100, .last = {}};
    const auto tried = probe.run(kBatch, faults);
    REQUIRE(tried.died);
    if (tried.last == step) {
      (void)machine.run(kBatch, faults);
      return;
    }
  }
}

// The events of the batch in the log, each once, as a prefix; how many.
std::size_t check_prefix(const Machine& machine) {
  std::size_t have = 0;
  for (std::size_t i = 0; i < kBatch.size(); ++i) {
    const std::size_t count = machine.logged(kBatch[i]);
    CHECK(count <= 1);
    CHECK(count == (i < have + count ? count : 0));
    have += i == have ? count : 0;
  }
  return have;
}

// After the batch was broken off and recovered.
void check_recovered(Machine& machine, const Machine::Ran& broken, const Machine::Ran& recovery) {
  REQUIRE(recovery.status);
  CHECK(machine.agree());
  const std::size_t have = check_prefix(machine);
  // What was promised holds, and what the recovery says is so.
  CHECK(have >= broken.done);
  switch (recovery.report.recovery) {
    case Recovery::none:
      break;
    case Recovery::nothing:
      CHECK(have == 0);
      CHECK(recovery.report.lost == kBatch.size());
      break;
    case Recovery::some:
      CHECK(recovery.report.extended == have);
      CHECK(recovery.report.lost == kBatch.size() - have);
      break;
    case Recovery::all:
      CHECK(have == kBatch.size());
      break;
    case Recovery::unknown:
      FAIL("nobody else extended the register");
  }
  CHECK(machine.cell.extends == static_cast<int>(1 + have));
  const std::string log = machine.log();
  const auto again = machine.run({});
  CHECK(again.status);
  CHECK(again.report.recovery == Recovery::none);
  CHECK(machine.log() == log);
  const auto next = machine.run({"next"});
  CHECK(next.status);
  CHECK(next.report.recovery == Recovery::none);
  CHECK(machine.agree());
}

}  // namespace

TEST_CASE("a run dies at every step, with each write not done, done in part, and done") {
  int points = 0;
  for (const bool dirty_protocol : {false, true}) {
    for (const unsigned percent : {0U, 50U, 99U, 100U}) {
      for (int at = 0;; ++at) {
        Machine machine;
        machine.dirty_protocol = dirty_protocol;
        REQUIRE(machine.run({"before"}).status);
        const auto broken =
            machine.run(kBatch, {.kind = Faults::Kind::death, .at = at, .percent = percent, .last = {}});
        if (!broken.died) {
          CHECK(broken.status);
          break;
        }
        CAPTURE(broken.last);
        CAPTURE(percent);
        ++points;
        check_recovered(machine, broken, machine.run({}));
      }
    }
  }
  MESSAGE("points tried: ", points);
  CHECK(points > 100);
}

TEST_CASE("the first run of all dies at every step") {
  for (int at = 0;; ++at) {
    Machine machine;
    const auto broken = machine.run(kBatch, {.kind = Faults::Kind::death, .at = at, .percent = 50, .last = {}});
    if (!broken.died) {
      break;
    }
    CAPTURE(broken.last);
    const auto next = machine.run({"next"});
    REQUIRE(next.status);
    CHECK(machine.agree());
    CHECK(machine.cell.extends == static_cast<int>(1 + check_prefix(machine)));
  }
}

TEST_CASE("the recovery dies at every step, too") {
  int points = 0;
  for (int at = 0;; ++at) {
    bool died = false;
    for (int second = 0;; ++second) {
      Machine machine;
      REQUIRE(machine.run({"before"}).status);
      const auto broken = machine.run(kBatch, {.kind = Faults::Kind::death, .at = at, .percent = 50, .last = {}});
      died = broken.died;
      const auto recovery = machine.run({}, {.kind = Faults::Kind::death, .at = second, .percent = 50, .last = {}});
      if (!died || !recovery.died) {
        break;
      }
      CAPTURE(broken.last);
      CAPTURE(recovery.last);
      ++points;
      check_recovered(machine, broken, machine.run({}));
    }
    if (!died) {
      break;
    }
  }
  MESSAGE("points tried: ", points);
  CHECK(points > 50);
}

TEST_CASE("each step fails, as on a full disk, once and for good: what was promised holds, and what failed is told") {
  for (const bool for_good : {false, true}) {
    for (const unsigned percent : {0U, 50U}) {
      for (int at = 0;; ++at) {
        Machine machine;
        REQUIRE(machine.run({"before"}).status);
        const auto broken = machine.run(
            kBatch, {.kind = Faults::Kind::failure, .at = at, .percent = percent, .for_good = for_good, .last = {}});
        if (broken.steps <= at) {
          break;
        }
        CAPTURE(broken.last);
        CAPTURE(at);
        CHECK((broken.done == kBatch.size()) == broken.status.has_value());
        if (!broken.status) {
          CHECK(broken.status.error().kind == ErrorKind::io);
        }
        const int extends = machine.cell.extends;
        if (extends == 1 && !broken.status) {
          CHECK(machine.agree());
        }
        check_recovered(machine, broken, machine.run({}));
      }
    }
  }
}

TEST_CASE("a journal that is cut or changed at any byte is never acted on") {
  Machine machine;
  die_at(machine, "before extend");
  std::string idle;
  {
    Machine other;
    REQUIRE(other.run({"before"}).status);
    idle = read_text(other.scratch / "state/journal");
  }
  const std::string pending = read_text(machine.scratch / "state/journal");
  REQUIRE(decode_journal(as_bytes(pending)));
  REQUIRE(decode_journal(as_bytes(pending))->pending);

  // As a write that was torn leaves it: the new journal's first bytes over the old one.
  for (std::size_t cut = 0; cut < pending.size(); ++cut) {
    const std::string torn = pending.substr(0, cut) + (cut < idle.size() ? idle.substr(cut) : "");
    const auto read = decode_journal(as_bytes(torn));
    CHECK((!read || torn == idle));
    std::string flipped = pending;
    flipped[cut] = static_cast<char>(flipped[cut] ^ 1);
    CHECK_FALSE(decode_journal(as_bytes(flipped)));
    if (cut % 16 == 0) {
      write_text(machine.scratch / "state/journal", torn);
      const auto recovery = machine.run({});
      REQUIRE(recovery.status);
      CHECK(machine.log() == "+ rtmr3 before\nend\n");
      CHECK(machine.cell.extends == 1);
      const auto mended = decode_journal(as_bytes(read_text(machine.scratch / "state/journal")));
      REQUIRE(mended);
      CHECK_FALSE(mended->pending);
    }
  }
}

TEST_CASE("a damaged journal, and a register that is not where the log ends: said, and marked") {
  Machine machine;
  REQUIRE(machine.run({"before"}).status);
  machine.cell.extend("others, or an event whose log was lost");
  write_text(machine.scratch / "state/journal", "no journal");
  const auto recovery = machine.run({});
  REQUIRE(recovery.status);
  CHECK(recovery.report.recovery == Recovery::unknown);
  CHECK(recovery.report.message.find("damaged") != std::string::npos);
  CHECK(machine.agree());
  CHECK(machine.log().starts_with("+ rtmr3 before\n= rtmr3 sha256/"));
}

TEST_CASE("somebody else extends the register before the recovery: unknown, and a mark, wherever the run died") {
  for (int at = 0;; ++at) {
    Machine machine;
    REQUIRE(machine.run({"before"}).status);
    const auto broken = machine.run(kBatch, {.kind = Faults::Kind::death, .at = at, .percent = 50, .last = {}});
    if (!broken.died) {
      break;
    }
    CAPTURE(broken.last);
    machine.cell.extend("others");
    const auto recovery = machine.run({});
    REQUIRE(recovery.status);
    const auto journal = decode_journal(as_bytes(read_text(machine.scratch / "state/journal")));
    REQUIRE(journal);
    CHECK_FALSE(journal->pending);
    if (recovery.report.recovery == Recovery::unknown) {
      CHECK(machine.agree());
      CHECK_FALSE(recovery.report.message.empty());
    }
    const std::string log = machine.log();
    CHECK(machine.run({}).report.recovery == Recovery::none);
    CHECK(machine.log() == log);
    REQUIRE(machine.run({"next"}).status);
    CHECK(machine.agree());
    (void)check_prefix(machine);
  }
}

TEST_CASE("the machine starts anew before the recovery: unknown, and the old log is put aside") {
  for (int at = 0;; ++at) {
    Machine machine;
    REQUIRE(machine.run({"before"}).status);
    const auto broken = machine.run(kBatch, {.kind = Faults::Kind::death, .at = at, .percent = 50, .last = {}});
    if (!broken.died) {
      break;
    }
    CAPTURE(broken.last);
    const bool torn = !decode_journal(as_bytes(read_text(machine.scratch / "state/journal")));
    machine.boot = "99999999-0000-0000-0000-000000000000\n";
    machine.cell.reset();
    const auto next = machine.run({"next"});
    REQUIRE(next.status);
    CHECK(machine.agree());
    if (torn) {
      continue;  // it does not tell the boot: the log goes on, and says from where
    }
    CHECK(machine.log() == "+ rtmr3 next\nend\n");
    const std::string old = read_text(machine.scratch / "state/log.11111111");
    CHECK(old.starts_with("+ rtmr3 before\n"));
    CHECK(LineLog::fold(old));
  }
}

TEST_CASE("the log is gone before the recovery: no log has the events, and that is said") {
  Machine machine;
  die_at(machine, "behind extend");
  std::filesystem::remove(machine.scratch / "state/log");
  const auto recovery = machine.run({});
  REQUIRE(recovery.status);
  CHECK(recovery.report.recovery == Recovery::unknown);
  CHECK(recovery.report.message.find("removed or replaced") != std::string::npos);
  CHECK(machine.run({}).report.recovery == Recovery::none);
  REQUIRE(machine.run({"next"}).status);
  CHECK(machine.agree());
}

TEST_CASE("what another register of the same directory left unfinished is finished first") {
  Machine machine;
  die_at(machine, "behind extend");
  FaultyHost host;
  Cell cell;
  CellTarget target(reg_of("rtmr2"), cell, machine.scratch / "state");
  LineLog log;
  KeeperOptions options;
  const std::vector<Event> events = events_of({"other"});
  {
    Keeper keeper(target, log, host, options);
    CHECK_FALSE(keeper.measure(events, [](std::size_t, const Extended&) {}));
    CHECK(cell.extends == 0);
  }
  options.open_other = [&](const Register& reg) -> Result<std::unique_ptr<ExtendTarget>> {
    return std::make_unique<CellTarget>(reg, machine.cell, machine.scratch / "state");
  };
  Keeper keeper(target, log, host, options);
  REQUIRE(keeper.measure(events, [](std::size_t, const Extended&) {}));
  CHECK(keeper.recovered().recovery == Recovery::some);
  CHECK(keeper.recovered().extended == 1);
  CHECK(machine.log() == "+ rtmr3 before\n+ rtmr3 a\n+ rtmr2 other\nend\n");
  CHECK(machine.agree());
}

TEST_CASE("find_unfinished: the journals under the root that are pending") {
  const Scratch root;
  FaultyHost host(root.path());
  CHECK(find_unfinished(host)->empty());
  Cell cell;
  LineLog log;
  for (const std::string name : {"tsm/tdx_guest/rtmr3", "tpm", "tpm-01234567"}) {
    CellTarget target(reg_of("rtmr3"), cell, host.system_path("/run/mrtool/" + name), &host.faults);
    KeeperOptions options;
    options.opened_by = {.backend = "", .tcti = "swtpm:" + name};
    Keeper keeper(target, log, host, options);
    REQUIRE(keeper.measure(events_of({"done"}), [](std::size_t, const Extended&) {}));
    if (name == "tpm") {
      continue;
    }
    host.faults = {.kind = Faults::Kind::none, .last = {}};
    target.before = [] { throw Death(); };
    CHECK_THROWS_AS((void)keeper.measure(events_of({"x"}), [](std::size_t, const Extended&) {}), Death);
  }
  const auto found = find_unfinished(host);
  REQUIRE(found);
  REQUIRE(found->size() == 2);
  CHECK((*found)[0].tcti == "swtpm:tpm-01234567");
  CHECK((*found)[0].backend == "cell");
  CHECK((*found)[0].log_format == "lines");
  CHECK((*found)[1].log_path == root.path() + "/run/mrtool/tsm/tdx_guest/rtmr3/log");
  CHECK((*found)[1].reg == reg_of("rtmr3"));
}
