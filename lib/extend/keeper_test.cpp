// What a keeper does when all goes well, and when others are at work.
#include "lib/extend/keeper.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/extend/journal.hpp"
#include "lib/extend/test_keeper.hpp"

using namespace mrtool;
using namespace mrtool::extend;
using namespace mrtool::extend::testing;

namespace {

using Texts = std::vector<std::string>;

struct Bench {
  explicit Bench(std::vector<HashAlgorithm> banks = {HashAlgorithm::sha256}) : cell(std::move(banks)) {}

  // One process that measures these.
  Status measure(const Texts& texts) {
    Keeper keeper(target, log, host, options);
    return measure(keeper, texts);
  }
  Status measure(Keeper& keeper, const Texts& texts) {
    results.clear();
    const auto status = keeper.measure(events_of(texts, cell.banks), [&](std::size_t i, const Extended& result) {
      CHECK(i == results.size());
      results.push_back(result);
    });
    report = keeper.recovered();
    notes = keeper.take_notes();
    log_text = read_text(keeper.log_path());
    return status;
  }
  bool log_leads_to_register() const {
    const auto end = LineLog::fold(log_text, cell.banks);
    for (const BankDigest& value : cell.value) {
      const auto found =
          end ? end->values.find({.reg = target.reg(), .bank = value.bank}) : decltype(end->values.end()){};
      if (!end || found == end->values.end() || found->second != value.digest) {
        return false;
      }
    }
    return true;
  }
  std::string path(const std::string& name) const { return target.state_directory() + "/" + name; }

  Scratch scratch;
  Cell cell;
  FaultyHost host;
  CellTarget target{reg_of("rtmr3"), cell, scratch / "run/state"};
  LineLog log;
  KeeperOptions options;
  std::vector<Extended> results;
  RecoveryReport report;
  std::vector<std::string> notes;
  std::string log_text;
};

unsigned mode_of(const std::string& path) {
  struct stat status = {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

}  // namespace

TEST_CASE("measure: each event is extended, logged and reported, in every bank") {
  Bench bench({HashAlgorithm::sha256, HashAlgorithm::sha384});
  REQUIRE(bench.measure({"a", "b"}));
  REQUIRE(bench.measure({"c"}));
  CHECK(bench.log_text == "+ rtmr3 a\n+ rtmr3 b\n+ rtmr3 c\nend\n");
  CHECK(bench.log_leads_to_register());
  CHECK(bench.cell.extends == 3);
  CHECK(bench.notes.empty());
  REQUIRE(bench.results.size() == 1);
  REQUIRE(bench.results[0].banks.size() == 2);
  CHECK(bench.results[0].record == 2);
  CHECK(bench.results[0].banks[1].bank == HashAlgorithm::sha384);
  CHECK(bench.results[0].banks[1].after == bench.cell.value[1].digest);
  CHECK(bench.results[0].banks[1].digest == HashEngine().hash(HashAlgorithm::sha384, as_bytes("c")));
}

TEST_CASE("measure: lock and journal are their owner's, log and directory everybody's, whatever the umask") {
  Bench bench;
  const mode_t mask = ::umask(077);
  const auto status = bench.measure({"a"});
  ::umask(mask);
  REQUIRE(status);
  CHECK(mode_of(bench.path("lock")) == 0600);
  CHECK(mode_of(bench.path("journal")) == 0600);
  CHECK(mode_of(bench.path("log")) == 0644);
  CHECK(mode_of(bench.path("")) == 0755);
}

TEST_CASE("measure: the log is read whole only when the journal does not tell where it ends") {
  Bench bench;
  REQUIRE(bench.measure({"a"}));
  REQUIRE(bench.measure({"b"}));
  CHECK(bench.log.scans == 0);

  SUBCASE("the journal is gone") {
    std::filesystem::remove(bench.path("journal"));
  }
  SUBCASE("the journal is damaged") {
    write_text(bench.path("journal"), "mrtool-journal 1 3 00\n{}x");
  }
  SUBCASE("somebody else appended to the log") {
    const std::string text = bench.log_text.substr(0, bench.log_text.size() - 4);
    write_text(bench.path("log"), text + "+ rtmr3 x\nend\n");
    bench.cell.extend("x");
  }
  REQUIRE(bench.measure({"c"}));
  CHECK(bench.log.scans == 1);
  CHECK(bench.log_leads_to_register());
  REQUIRE(bench.measure({"d"}));
  CHECK(bench.log.scans == 1);
}

TEST_CASE("measure: a log of the same length that is another one is not taken for the one that the journal knows") {
  Bench bench;
  REQUIRE(bench.measure({"a"}));
  bench.cell.reset();
  bench.cell.extend("b");
  write_text(bench.path("log"), "+ rtmr3 b\nend\n");
  REQUIRE(bench.measure({"c"}));
  CHECK(bench.log_text == "+ rtmr3 b\n+ rtmr3 c\nend\n");
  CHECK(bench.log_leads_to_register());
}

TEST_CASE("measure: many events are several batches, in order, and one journal each") {
  Bench bench;
  Texts texts;
  for (int i = 0; i < 700; ++i) {
    texts.push_back(fmt::format("event {}", i));
  }
  texts.emplace_back(3 * 1024 * 1024, 'x');
  texts.emplace_back("last");
  REQUIRE(bench.measure(texts));
  CHECK(bench.results.size() == texts.size());
  CHECK(bench.results.back().record == texts.size() - 1);
  CHECK(bench.log_leads_to_register());
  CHECK(bench.cell.extends == static_cast<int>(texts.size()));
  const auto read = decode_journal(as_bytes(read_text(bench.path("journal"))));
  REQUIRE(read);
  CHECK(read->sequence == 4);
  CHECK_FALSE(read->pending);
}

TEST_CASE("measure: an event that the log cannot hold stops there; those before it are measured") {
  Bench bench;
  const auto status = bench.measure({"a", "refused", "b"});
  REQUIRE_FALSE(status);
  CHECK(status.error().kind == ErrorKind::unsupported);
  CHECK(bench.results.size() == 1);
  CHECK(bench.log_text == "+ rtmr3 a\nend\n");
  CHECK(bench.log_leads_to_register());
}

TEST_CASE("measure: digests of other sizes or banks than the register's never reach it") {
  Bench bench;
  Keeper keeper(bench.target, bench.log, bench.host, {});
  for (const Event& event : {event_of("a", std::array{HashAlgorithm::sha1}),
                             event_of("a", std::array{HashAlgorithm::sha256, HashAlgorithm::sha384})}) {
    CHECK_FALSE(keeper.measure(std::span(&event, 1), [](std::size_t, const Extended&) {}));
  }
  CHECK(bench.cell.extends == 0);
}

TEST_CASE("measure: somebody else extended the register between two runs: a mark, and a note") {
  Bench bench;
  REQUIRE(bench.measure({"a"}));
  bench.cell.extend("others");
  const std::string value = bench.cell.value[0].digest.hex();
  REQUIRE(bench.measure({"b"}));
  CHECK(bench.log_text == "+ rtmr3 a\n= rtmr3 sha256/" + value + "\n+ rtmr3 b\nend\n");
  CHECK(bench.log_leads_to_register());
  REQUIRE(bench.notes.size() == 1);
  CHECK(bench.notes[0].starts_with("Somebody else extended rtmr3"));
}

TEST_CASE("measure: somebody else extends the register in the middle of a run") {
  Bench bench;
  int calls = 0;
  const auto second = [&] {
    if (++calls == 2) {
      bench.cell.extend("others");
    }
  };
  SUBCASE("before the extend") {
    bench.target.before = second;
  }
  SUBCASE("behind it") {
    bench.target.behind = second;
  }
  REQUIRE(bench.measure({"a", "b", "c"}));
  CHECK(bench.results.size() == 3);
  CHECK(bench.cell.extends == 4);
  CHECK(bench.log_leads_to_register());
  CHECK(bench.log_text.starts_with("+ rtmr3 a\n+ rtmr3 b\n= rtmr3 sha256/"));
  CHECK(bench.log_text.ends_with("\n+ rtmr3 c\nend\n"));
  CHECK(bench.notes.size() == 1);
}

TEST_CASE("measure: somebody else extends the register with the last event: the log ends with a mark") {
  Bench bench;
  bench.target.behind = [&] { bench.cell.extend("others"); };
  REQUIRE(bench.measure({"a"}));
  CHECK(bench.results.size() == 1);
  CHECK(bench.log_leads_to_register());
  CHECK(bench.log_text.starts_with("+ rtmr3 a\n= rtmr3 sha256/"));
}

TEST_CASE("measure: an extend that reports failure is judged by the register") {
  Bench bench;
  int calls = 0;
  bench.target.fails = [&] { return ++calls == 2; };

  SUBCASE("it had happened") {
    REQUIRE(bench.measure({"a", "b", "c"}));
    CHECK(bench.results.size() == 3);
    CHECK(bench.log_text == "+ rtmr3 a\n+ rtmr3 b\n+ rtmr3 c\nend\n");
  }
  SUBCASE("it had not") {
    bench.target.is_lost = [&] { return calls == 1; };
    const auto status = bench.measure({"a", "b", "c"});
    REQUIRE_FALSE(status);
    CHECK(status.error().message ==
          "does not answer; measured and logged before it: 1 event; it was not extended: go on with it");
    CHECK(bench.results.size() == 1);
    CHECK(bench.log_text == "+ rtmr3 a\nend\n");
  }
  SUBCASE("that cannot be known, for somebody else extended it") {
    bench.target.is_lost = [&] { return calls == 1; };
    bench.target.behind = [&] {
      if (calls == 1) {
        bench.cell.extend("others");
      }
    };
    const auto status = bench.measure({"a", "b", "c"});
    REQUIRE_FALSE(status);
    CHECK(status.error().message.find("cannot be known") != std::string::npos);
    CHECK(bench.results.size() == 1);
    CHECK(bench.log_text.starts_with("+ rtmr3 a\n= rtmr3 sha256/"));
  }
  SUBCASE("that cannot be known before the register can be read again") {
    bench.target.behind = [&] { bench.target.unreadable = calls == 1; };
    const auto status = bench.measure({"a", "b", "c"});
    REQUIRE_FALSE(status);
    CHECK(status.error().message.find("--recover") != std::string::npos);
    CHECK(bench.results.empty());
    bench.target.unreadable = false;
    bench.target.behind = [] {};
    REQUIRE(bench.measure({"d"}));
    CHECK(bench.report.recovery == Recovery::some);
    CHECK(bench.report.extended == 2);
    CHECK(bench.report.lost == 1);
    CHECK(bench.log_text == "+ rtmr3 a\n+ rtmr3 b\n+ rtmr3 d\nend\n");
  }
  CHECK(bench.log_leads_to_register());
}

TEST_CASE("measure: the log is removed or replaced") {
  Bench bench;
  Keeper keeper(bench.target, bench.log, bench.host, {});
  REQUIRE(bench.measure(keeper, {"a"}));

  SUBCASE("between two runs: a new one is begun, and it is said") {
    std::filesystem::remove(bench.path("log"));
    REQUIRE(bench.measure(keeper, {"b"}));
    CHECK(bench.log_text.starts_with("= rtmr3 sha256/"));
    CHECK(bench.log_leads_to_register());
    REQUIRE_FALSE(bench.notes.empty());
    CHECK(bench.notes[0].find("was removed or emptied") != std::string::npos);
  }
  SUBCASE("by a symbolic link: it is not followed") {
    std::filesystem::rename(bench.path("log"), bench.path("elsewhere"));
    std::filesystem::create_symlink(bench.path("elsewhere"), bench.path("log"));
    const auto status = bench.measure(keeper, {"b"});
    REQUIRE_FALSE(status);
    CHECK(status.error().message.find("symbolic link") != std::string::npos);
    CHECK(bench.cell.extends == 1);
  }
}

TEST_CASE("measure: the lock is held by somebody else: its holder is named, and nothing happens") {
  Bench bench;
  REQUIRE(bench.measure({"a"}));
  const auto other = open_file(bench.path("lock"), {});
  REQUIRE(other);
  REQUIRE((*other)->try_lock().value());
  REQUIRE((*other)->write_at(0, as_bytes("4711\n")));
  REQUIRE((*other)->truncate(5));
  bench.options.lock_wait = std::chrono::milliseconds(20);
  const auto status = bench.measure({"b"});
  REQUIRE_FALSE(status);
  CHECK(status.error().kind == ErrorKind::io);
  CHECK(status.error().message.starts_with("is held by process 4711; "));
  CHECK(status.error().file == bench.path("lock"));
  CHECK(bench.cell.extends == 1);
}

TEST_CASE("measure: a lock file that a dead process left is no lock") {
  Bench bench;
  std::filesystem::create_directories(bench.path(""));
  write_text(bench.path("lock"), "123456789\n");
  REQUIRE(bench.measure({"a"}));
  CHECK(read_text(bench.path("lock")) == fmt::format("{}\n", ::getpid()));
}

TEST_CASE("measure: a damaged log is refused with what to do; with --force it is put aside") {
  Bench bench;
  std::filesystem::create_directories(bench.path(""));
  write_text(bench.path("log"), "+ rtmr3 a\nen");
  const auto status = bench.measure({"b"});
  REQUIRE_FALSE(status);
  CHECK(status.error().kind == ErrorKind::malformed);
  CHECK(status.error().file == bench.path("log"));
  CHECK(status.error().message.find("--force") != std::string::npos);
  CHECK(bench.cell.extends == 0);
  bench.options.continue_foreign_log = true;
  REQUIRE(bench.measure({"b"}));
  CHECK(bench.log_text == "+ rtmr3 b\nend\n");
  CHECK(read_text(bench.path("log.old")) == "+ rtmr3 a\nen");
}

TEST_CASE("another boot") {
  Bench bench;
  REQUIRE(bench.measure({"a", "b"}));
  const std::string old = bench.log_text;
  bench.host.boot = "99999999-2222-3333-4444-555555555555\n";

  SUBCASE("the register starts anew: the old log is put aside under its boot's name") {
    bench.cell.reset();
    REQUIRE(bench.measure({"c"}));
    CHECK(bench.log_text == "+ rtmr3 c\nend\n");
    CHECK(read_text(bench.path("log.11111111")) == old);
    REQUIRE(bench.notes.size() == 1);
    CHECK(bench.notes[0].find("of another boot") != std::string::npos);
    CHECK(bench.notes[0].find("log.11111111") != std::string::npos);
  }
  SUBCASE("a name that is taken is spared") {
    write_text(bench.path("log.11111111"), "kept");
    bench.cell.reset();
    REQUIRE(bench.measure({"c"}));
    CHECK(read_text(bench.path("log.11111111")) == "kept");
    CHECK(read_text(bench.path("log.11111111.1")) == old);
  }
  SUBCASE("the journal is gone with /run") {
    std::filesystem::remove(bench.path("journal"));
    bench.cell.reset();
    REQUIRE(bench.measure({"c"}));
    CHECK(read_text(bench.path("log.old")) == old);
    CHECK(bench.log_text == "+ rtmr3 c\nend\n");
  }
  SUBCASE("--force continues it") {
    bench.cell.reset();
    bench.options.continue_foreign_log = true;
    REQUIRE(bench.measure({"c"}));
    CHECK(bench.log_text ==
          old.substr(0, old.size() - 4) + "= rtmr3 sha256/" + std::string(64, '0') + "\n+ rtmr3 c\nend\n");
  }
  SUBCASE("the register is where it was, as software registers are: it goes on") {
    REQUIRE(bench.measure({"c"}));
    CHECK(bench.log_text == "+ rtmr3 a\n+ rtmr3 b\n+ rtmr3 c\nend\n");
    CHECK(bench.notes.empty());
  }
  CHECK(bench.log_leads_to_register());
  REQUIRE(bench.measure({"d"}));
  CHECK(bench.log_leads_to_register());
  CHECK(bench.notes.empty());
}

TEST_CASE("two logs in turn: each goes on where the register is, and none is taken for one of another boot") {
  Bench bench;
  REQUIRE(bench.measure({"a"}));
  bench.options.log_path = bench.scratch / "second";
  REQUIRE(bench.measure({"b"}));
  CHECK(bench.log_text.ends_with("\n+ rtmr3 b\nend\n"));
  bench.options.log_path.clear();
  REQUIRE(bench.measure({"c"}));
  CHECK(bench.log_text.starts_with("+ rtmr3 a\n= rtmr3 sha256/"));
  CHECK(bench.log_leads_to_register());
}

TEST_CASE("registers that share a log: each has its own value in it") {
  Bench bench;
  Cell other;
  CellTarget second(reg_of("rtmr2"), other, bench.target.state_directory());
  REQUIRE(bench.measure({"a"}));
  {
    Keeper keeper(second, bench.log, bench.host, {});
    REQUIRE(bench.measure(keeper, {"b"}));
    REQUIRE(bench.measure(keeper, {"c"}));
  }
  REQUIRE(bench.measure({"d"}));
  CHECK(bench.log_text == "+ rtmr3 a\n+ rtmr2 b\n+ rtmr2 c\n+ rtmr3 d\nend\n");
  const auto end = LineLog::fold(bench.log_text);
  REQUIRE(end);
  CHECK(end->values.at({.reg = second.reg(), .bank = HashAlgorithm::sha256}) == other.value[0].digest);
  CHECK(bench.log_leads_to_register());

  // Of another boot it is, when any of them has left it.
  bench.host.boot = "99999999-0000-0000-0000-000000000000\n";
  other.reset();
  bench.options.open_other = [&](const Register& reg) -> Result<std::unique_ptr<ExtendTarget>> {
    return std::make_unique<CellTarget>(reg, other, bench.target.state_directory());
  };
  REQUIRE(bench.measure({"e"}));
  CHECK(std::filesystem::exists(bench.path("log.11111111")));
}

TEST_CASE("the dirty mark is there while the log may lack an event, and only then") {
  Bench bench;
  bench.log.dirty_protocol = true;
  unsigned seen = 0;
  bench.target.behind = [&] { seen = mode_of(bench.path("log")); };
  REQUIRE(bench.measure({"a"}));
  CHECK(seen == 01600);
  CHECK(mode_of(bench.path("log")) == 0600);

  SUBCASE("one that was there before stays, and is told") {
    std::filesystem::permissions(bench.path("log"), std::filesystem::perms(01644));
    REQUIRE(bench.measure({"b"}));
    CHECK(mode_of(bench.path("log")) == 01644);
    REQUIRE(bench.notes.size() == 1);
    CHECK(bench.notes[0].find("marked as incomplete") != std::string::npos);
  }
  SUBCASE("who else has locked the log is waited for") {
    const auto other = open_file(bench.path("log"), {});
    REQUIRE((*other)->try_lock().value());
    bench.options.lock_wait = std::chrono::milliseconds(20);
    const auto status = bench.measure({"b"});
    REQUIRE_FALSE(status);
    CHECK(status.error().file == bench.path("log"));
    CHECK(bench.cell.extends == 1);
  }
}
