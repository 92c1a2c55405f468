// TSM text logs: the worked examples of the format notes (section 12), and each manipulation of section 7.
#include <doctest/doctest.h>

#include "lib/replay/tsm_test_log.hpp"

using namespace mrtool;
using namespace mrtool::replay_test;

namespace {

constexpr std::string_view kReg = "rtmr2";
const Digest kDirectOne = hashed(kSha256, "direct one");
const Digest kDirectTwo = hashed(kSha256, "direct two");

constexpr std::string_view kExample = R"(SYNC sha256/0000000000000000000000000000000000000000000000000000000000000000

# boot agent 1.0
com.example/boot start
com.example/image sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03

alpha
beta

# .EXTEND f4959f58933f03a21672f24263f26a339af95881819bfc703a951eb5fe656f29
# .EXTEND bd5b229b18863df4e1c2cb983e900cd2910deef9be5ba7557e6ed071a8a2afca

SYNC sha256/7d9d422333745fc9a5eafa0f3f312b856b8426a0a4bfc060a92da1118bf2a68f

mr_ima extend sha256/7b400d2dda1901cf39118a43ceb3837cd1de0b584b757e8ee2cf173c9e1b3444
mr_ima extend sha256/dfa612432aebcb7ffb5ccea2b973b1de828d91e19f989f8dc99b2b414a99b26c
mr_ima extend sha256/ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff

# only a comment

kernel.org/tsm/static_mr mr_policy sha256/19667cd7243831f9a8f60b64ae0e61c7fa9cd64225b2aead93188680716ef01b

# .EXTEND c966b3e22b85cc61cfdb804e9ae57e2297aa28d6af54b0d8333a60ccf7354501
)";
constexpr std::string_view kExampleFinal = "31c3103ae25c6b33049727b267ca7f46cbcb0beb9f576f6720a931b8c735aa21";
constexpr std::string_view kExampleBeforeLast = "a84e4d9a8469bccc426921efe7537e045781e6b817885ad429d531760a2b86e4";
constexpr std::string_view kMrIma = "7b3f88d1e2593eab4875f42cefdeea50e8b72fdaa0d0a2c6ffddf2d7753ae0d3";

// The example with a part replaced.
std::string edited(std::string_view part, std::string_view by) {
  std::string text(kExample);
  const std::size_t at = text.find(part);
  REQUIRE(at != std::string::npos);
  text.replace(at, part.size(), by);
  return text;
}

Outcome replayed(const std::string& text, const std::optional<Digest>& value = std::nullopt) {
  return replay_against(kReg, kSha256, value, TsmLog(kReg, kSha256, text));
}

void check(const Outcome& outcome, LogVerdict verdict, MatchState state) {
  const RegisterResult& result = outcome.at(kReg, kSha256);
  REQUIRE(result.log_verdict);
  CHECK(to_string(*result.log_verdict) == to_string(verdict));
  CHECK(to_string(outcome.state(kReg, kSha256)) == to_string(state));
}

const Digest kZeroSync = hash_line(kSha256, zeros(32), sync_line(kSha256, zeros(32)));

}  // namespace

TEST_CASE("12.2: the example ends at its value, complete but for what was extended directly") {
  const Outcome outcome = replayed(std::string(kExample), digest_of(kExampleFinal));
  check(outcome, LogVerdict::opaque, MatchState::equal);
  CHECK(outcome.at(kReg, kSha256).value.hex() == kExampleFinal);
  CHECK(outcome.at(kReg, kSha256).gaps.empty());
  CHECK(outcome.at(kReg, kSha256).initial_reason == "first SYNC in record 0");
  CHECK(outcome.verdict() == ReplayVerdict::equal);
  CHECK(outcome.sink.all().empty());
}

TEST_CASE("12.2: after every line the value of the notes") {
  constexpr auto kAfter = std::to_array<std::string_view>(
      {"8ee385091f98515463cce785069ed70e3c84296aa67a42cd79dd7caac88b16a1",
       "8ee385091f98515463cce785069ed70e3c84296aa67a42cd79dd7caac88b16a1",
       "50760284ddf8a9ab524515f5dd07098ea66215402f119a5ea7eaf6b27c3e9b63",
       "26313ddabb9f59684d844bd4e36766675fad3f44f12875bb7113c52dcdea3ee1",
       "1bcbaf13a9d5f9434c8ec7e050b0c8b49b6649b95a56b975fc9758b3e1bbc351",
       "b9fd2d8a5d3cad7b666aa2b9b1c797185f2663119f90dee063c135720d497703",
       "10b65d2d74d6ebee095b6671b40672bb579cd11669c58bf7641a8d914d313c9e",
       "7d9d422333745fc9a5eafa0f3f312b856b8426a0a4bfc060a92da1118bf2a68f",
       "00ad0c9d8f0753f9bb7268b6d8a4fd627f969306daeb1ee56cd642015a4f329d",
       "cead13ff6a95dda1af30b7acacbf78261f43f4fcc74067a61ae4341a1a103013",
       "6ed574e242583047691588b0a12fab43b2421ae03795021c78c0064889b43807",
       "ac5baaf1311561d6e541cf02bbf5e395cdb307c2eec769c3b992a905eb9a5299",
       "ac5baaf1311561d6e541cf02bbf5e395cdb307c2eec769c3b992a905eb9a5299", kExampleBeforeLast, kExampleFinal});
  TsmLog log(kReg, kSha256, std::string(kExample));
  REQUIRE(log.records.size() == kAfter.size());
  while (!log.records.empty()) {
    const Outcome outcome = replay_against(kReg, kSha256, std::nullopt, log);
    CHECK(outcome.at(kReg, kSha256).value.hex() == kAfter[log.records.size() - 1]);
    CHECK(outcome.at(kReg, kSha256).log_verdict == LogVerdict::unbound);
    log.records.pop_back();
  }
}

TEST_CASE("12.3: a virtual register of another bank than its carrier's") {
  std::string text = sync_line(kSha384, zeros(48));
  text += "\nmr_ima extend sha256/7b400d2dda1901cf39118a43ceb3837cd1de0b584b757e8ee2cf173c9e1b3444\n";
  text += "mr_ima extend sha256/dfa612432aebcb7ffb5ccea2b973b1de828d91e19f989f8dc99b2b414a99b26c\n";
  text += "mr_ima extend sha256/" + std::string(64, 'f') + "\n";
  const TsmLog log("rtmr3", kSha384, text);
  const Outcome outcome = replay_against("mr:mr_ima", kSha256, digest_of(kMrIma), log);
  const RegisterResult& result = outcome.at("mr:mr_ima", kSha256);
  CHECK(result.value.hex() == kMrIma);
  CHECK(result.records == 3);
  CHECK(result.carried_by == "rtmr3");
  CHECK(outcome.state("mr:mr_ima", kSha256) == MatchState::equal);
  CHECK(outcome.at("rtmr3", kSha384).complete);
  CHECK(outcome.results.size() == 2);
  CHECK_FALSE(outcome.sink.has("bank-not-in-log"));
}

TEST_CASE("12.4: the first SYNC states what the boot log left") {
  Log boot({kSha384});
  boot.event("rtmr2", "ccel event 1", {kSha384}).event("rtmr2", "ccel event 2", {kSha384});
  const Digest handed =
      digest_of("f73c81858e2e10c639fd6781403891fdafddfc874dbdff2bb4bceff93017035502eca089c3e516b0fd71f155de9ef3e8");
  const Digest last =
      digest_of("e7ecafc98d90403f3c1407e35a694dab12f7301d5543a09df63319851ce785175f6ec7016b21ac371d1eb397597146cd");
  const TsmLog log("rtmr2", kSha384, sync_line(kSha384, handed) + "\ncom.example/boot start\n");

  const Outcome whole = replay_against("rtmr2", kSha384, last, boot, log);
  CHECK(whole.at("rtmr2", kSha384).log_verdict == LogVerdict::complete);
  CHECK(whole.at("rtmr2", kSha384).records == 4);
  CHECK(whole.verdict() == ReplayVerdict::equal);

  const Outcome alone = replay_against("rtmr2", kSha384, last, log);
  CHECK(alone.at("rtmr2", kSha384).log_verdict == LogVerdict::tail_only);
  CHECK(alone.state("rtmr2", kSha384) == MatchState::equal);
  CHECK(alone.verdict() == ReplayVerdict::inconclusive);

  boot.event("rtmr2", "one too many", {kSha384});
  const Outcome seam = replay_against("rtmr2", kSha384, last, boot, log);
  const RegisterResult& result = seam.at("rtmr2", kSha384);
  CHECK(result.log_verdict == LogVerdict::tail_only);
  REQUIRE(result.gaps.size() == 1);
  CHECK(result.gaps[0].record == 0);
  CHECK(result.gaps[0].expected == extended(kSha384, handed, "one too many"));
  CHECK(result.gaps[0].stated == handed);
}

TEST_CASE("12.5: a lost record leaves a gap at the next SYNC, and what follows is proven") {
  const std::string cut = edited("beta\n", "");
  const Outcome outcome = replayed(cut, digest_of(kExampleFinal));
  check(outcome, LogVerdict::gap, MatchState::equal);
  const RegisterResult& result = outcome.at(kReg, kSha256);
  REQUIRE(result.gaps.size() == 1);
  CHECK(result.gaps[0].record == 7);
  CHECK(result.gaps[0].expected.hex() == "bd5c5a32b1f52470883496be49a78915f2ce6b4221d1cbbdd9814203ff99862f");
  CHECK(result.gaps[0].stated.hex() == "7d9d422333745fc9a5eafa0f3f312b856b8426a0a4bfc060a92da1118bf2a68f");
  CHECK(outcome.sink.count("gap") == 1);
  CHECK(outcome.verdict() == ReplayVerdict::inconclusive);
  // A quote from before the gap is not touched by it.
  check(replayed(cut, kZeroSync), LogVerdict::complete, MatchState::log_ahead);
  // Without a value to compare with the gap is listed all the same.
  CHECK(replayed(cut).at(kReg, kSha256).log_verdict == LogVerdict::unbound);
  CHECK(replayed(cut).at(kReg, kSha256).gaps.size() == 1);
}

TEST_CASE("12.6: a record directly behind a direct extension says that it failed") {
  const std::string text = sync_line(kSha256, zeros(32)) + "\none\n\n" + extend_line(kDirectOne) + "\ntwo\n";
  const Digest right = digest_of("1f9514766a232dbc5701b9ea543c0c48042893ad9d73e6808a5d64ead7c76361");
  const Digest kept = digest_of("29ee0c090f730dcfa09780b32339fd066eed9e0a87eae373c7e2a7fb5ce5025e");
  CHECK(replayed(text).at(kReg, kSha256).value == right);
  CHECK(replayed(text).at(kReg, kSha256).records == 3);
  CHECK(replayed(text).sink.count("direct-extend-failed") == 1);
  check(replayed(text, right), LogVerdict::complete, MatchState::equal);
  // Another producer's log may mean it: then the value compared says so.
  const Outcome other = replayed(text, kept);
  check(other, LogVerdict::opaque, MatchState::equal);
  CHECK(other.at(kReg, kSha256).value == kept);
  CHECK(other.sink.has("other-reading"));
  check(replayed(text, Digest::filled(32, 1)), LogVerdict::fail, MatchState::differs);
}

TEST_CASE("12.6: of two direct extensions the SYNC says that the first failed, with and without the blank line") {
  for (const std::string_view between : {"\n", ""}) {
    std::string text = sync_line(kSha256, zeros(32)) + "\none\n\n" + extend_line(kDirectOne);
    text += std::string(between) + extend_line(kDirectTwo);
    text += "\nSYNC sha256/c295ef7b15746eb39e8ae41b2a17e65dee18361c14532bda5dbbac523882f85f\n\ntwo\n";
    const Outcome outcome =
        replayed(text, digest_of("b20db387eb413e6024cb614849a8ee8fb47a4a974136a2f33641fdfeb33f32d9"));
    check(outcome, LogVerdict::opaque, MatchState::equal);
    CHECK(outcome.at(kReg, kSha256).gaps.empty());
    CHECK(outcome.at(kReg, kSha256).records == 5);
    CHECK(outcome.sink.count("direct-extend-failed") == 1);
  }
}

TEST_CASE("all of a block failed, though a SYNC follows: the SYNC decides") {
  const std::string text = sync_line(kSha256, zeros(32)) + "\n" + extend_line(kDirectOne) + extend_line(kDirectTwo) +
                           "\n" + sync_line(kSha256, kZeroSync) + "\ntwo\n";
  const Digest last = hash_line(kSha256, hash_line(kSha256, kZeroSync, sync_line(kSha256, kZeroSync)), "two");
  check(replayed(text, last), LogVerdict::complete, MatchState::equal);
}

TEST_CASE("direct extensions before the first SYNC are applied to where the register starts") {
  Digest value = zeros(32);
  HashEngine().extend(kSha256, value, kDirectOne.view());
  const std::string text = extend_line(kDirectOne) + "\n" + sync_line(kSha256, value) + "\nx\n";
  const Digest last = hash_line(kSha256, hash_line(kSha256, value, sync_line(kSha256, value)), "x");
  check(replayed(text, last), LogVerdict::opaque, MatchState::equal);
  const std::string wrong = extend_line(kDirectTwo) + "\n" + sync_line(kSha256, value) + "\nx\n";
  check(replayed(wrong, last), LogVerdict::tail_only, MatchState::equal);
}

TEST_CASE("direct extensions at the end stay applied; a value compared may say that they, or some, had no effect") {
  const std::string text =
      sync_line(kSha256, zeros(32)) + "\none\n\n" + extend_line(kDirectOne) + extend_line(kDirectTwo);
  const Digest before = hash_line(kSha256, kZeroSync, "one");
  Digest first = before;
  HashEngine().extend(kSha256, first, kDirectOne.view());
  Digest both = first;
  HashEngine().extend(kSha256, both, kDirectTwo.view());
  Digest second = before;
  HashEngine().extend(kSha256, second, kDirectTwo.view());
  CHECK(replayed(text).at(kReg, kSha256).value == both);
  check(replayed(text, both), LogVerdict::opaque, MatchState::equal);
  check(replayed(text, second), LogVerdict::opaque, MatchState::equal);
  check(replayed(text, first), LogVerdict::opaque, MatchState::equal);
  const Outcome none = replayed(text, before);
  check(none, LogVerdict::complete, MatchState::equal);
  CHECK(none.at(kReg, kSha256).value == before);
  CHECK(none.sink.has("other-reading"));
}

TEST_CASE("forged: a typed .EXTEND comment, in the middle and at the end (fake-extend)") {
  const std::string typed = sync_line(kSha256, zeros(32)) + "\nalpha\n\n" + extend_line(Digest::filled(32, 7));
  const Digest alpha = hash_line(kSha256, kZeroSync, "alpha");
  const Outcome at_end = replayed(typed, alpha);
  check(at_end, LogVerdict::complete, MatchState::equal);
  CHECK(at_end.at(kReg, kSha256).value == alpha);
  const Digest last = hash_line(kSha256, alpha, "beta");
  check(replayed(typed + "\nbeta\n", last), LogVerdict::complete, MatchState::equal);
  CHECK(replayed(typed + "\nbeta\n").at(kReg, kSha256).value == last);
}

TEST_CASE("forged: a typed SYNC is a record like others, wherever and whatever it states") {
  const std::string honest = sync_line(kSha256, zeros(32)) + "\nalpha\n";
  const Digest alpha = hash_line(kSha256, kZeroSync, "alpha");
  const std::string typed = sync_line(kSha256, Digest::filled(32, 5));
  const Digest last = hash_line(kSha256, hash_line(kSha256, alpha, typed), "beta");
  const std::string text = honest + "\n" + typed + "\nbeta\n";
  check(replayed(text, last), LogVerdict::complete, MatchState::equal);
  CHECK(replayed(text).at(kReg, kSha256).value == last);
  CHECK(replayed(text).sink.count("present-differs") == 1);
  CHECK(replayed(text, last).at(kReg, kSha256).gaps.empty());

  // Behind a typed .EXTEND it looks right, and is taken over until the value compared says otherwise.
  const std::string pair = honest + "\n" + extend_line(kDirectOne) + typed + "\nbeta\n";
  const Outcome outcome = replayed(pair, last);
  check(outcome, LogVerdict::complete, MatchState::equal);
  CHECK(outcome.at(kReg, kSha256).value == last);

  // Typed to bear out another typed one.
  const Digest borne_out = hash_line(kSha256, Digest::filled(32, 5), typed);
  const std::string two = honest + "\n" + typed + sync_line(kSha256, borne_out);
  const Digest after_two = hash_line(kSha256, hash_line(kSha256, alpha, typed), sync_line(kSha256, borne_out));
  check(replayed(two, after_two), LogVerdict::complete, MatchState::equal);
}

TEST_CASE("forged: no number of typed SYNC lines hides the reading without them") {
  std::string text = sync_line(kSha256, zeros(32)) + "\n";
  Digest value = kZeroSync;
  for (std::uint8_t i = 1; i < 100; ++i) {
    const std::string block = i % 3 == 0 ? "" : extend_line(Digest::filled(32, i));
    const std::string typed = sync_line(kSha256, Digest::filled(32, i));
    text += block + typed + "x\n";
    value = hash_line(kSha256, hash_line(kSha256, value, typed), "x");
  }
  check(replayed(text, value), LogVerdict::complete, MatchState::equal);
}

TEST_CASE("a gap where no SYNC belongs is found by the value compared, or by the next SYNC") {
  // As when .EXTEND comments were dropped, or an agent extended outside the log.
  const std::string sync = sync_line(kSha256, Digest::filled(32, 9));
  const std::string head = sync_line(kSha256, zeros(32)) + "\nalpha\n\n" + sync + "\nbeta\n";
  const Digest last = hash_line(kSha256, hash_line(kSha256, Digest::filled(32, 9), sync), "beta");
  const Outcome outcome = replayed(head, last);
  check(outcome, LogVerdict::gap, MatchState::equal);
  REQUIRE(outcome.at(kReg, kSha256).gaps.size() == 1);
  CHECK(outcome.at(kReg, kSha256).gaps[0].record == 2);
  const Outcome borne_out = replayed(head + "\n" + sync_line(kSha256, last));
  CHECK(borne_out.at(kReg, kSha256).value == hash_line(kSha256, last, sync_line(kSha256, last)));
  CHECK(borne_out.at(kReg, kSha256).gaps.size() == 1);
}

TEST_CASE("7.1: what was done to the file") {
  const Digest last = digest_of(kExampleFinal);
  struct Manipulation {
    std::string_view part;
    std::string_view by;
    LogVerdict verdict;
    MatchState state;
  };
  constexpr auto kList = std::to_array<Manipulation>({
      {"# boot agent 1.0\n", "# another\n", LogVerdict::opaque, MatchState::equal},  // not detectable
      {"SYNC sha256/7d9d42", "SYNC sha256/7d9d43", LogVerdict::fail, MatchState::differs},
      {"alpha\nbeta\n", "beta\nalpha\n", LogVerdict::gap, MatchState::equal},
      {"kernel.org/tsm/static_mr mr_p", "kernel.org/tsm/static_mr mr_q", LogVerdict::fail, MatchState::differs},
      {"# .EXTEND bd5b", "# .EXTEND bd5c", LogVerdict::gap, MatchState::equal},
      {"# .EXTEND c966", "# .EXTEND c967", LogVerdict::fail, MatchState::differs},
  });
  for (const Manipulation& made : kList) {
    CAPTURE(made.part);
    check(replayed(edited(made.part, made.by), last), made.verdict, made.state);
  }
  const std::string front = std::string(kExample.substr(kExample.find("SYNC sha256/7d9d")));
  check(replayed(front, last), LogVerdict::tail_only, MatchState::equal);
  const std::string mid_group = std::string(kExample.substr(kExample.find("kernel.org")));
  check(replayed(mid_group, last), LogVerdict::fail, MatchState::differs);
  const std::string end = std::string(kExample.substr(0, kExample.find("# .EXTEND c966")));
  check(replayed(end, last), LogVerdict::fail, MatchState::differs);
  check(replayed(std::string(kExample), digest_of(kExampleBeforeLast)), LogVerdict::opaque, MatchState::equal);
}

TEST_CASE("the search over failed extensions ends, whatever the log holds") {
  std::string text = sync_line(kSha256, zeros(32));
  for (int i = 0; i < 2000; ++i) {
    for (std::uint8_t k = 0; k < 12; ++k) {
      text += extend_line(Digest::filled(32, k));
    }
    text += sync_line(kSha256, Digest::filled(32, 1));
  }
  const Outcome outcome = replayed(text);
  CHECK(outcome.sink.has("search-bounded"));
  CHECK(outcome.at(kReg, kSha256).gaps.size() == RegisterResult::kListedGaps);
}

TEST_CASE("of a block of thirteen only all, those behind a blank line, or none are tried") {
  std::string text = sync_line(kSha256, zeros(32)) + "\n";
  Digest hinted = kZeroSync;
  for (std::uint8_t k = 0; k < 13; ++k) {
    text += (k == 10 ? "\n" : "") + extend_line(Digest::filled(32, k));
    if (k >= 10) {
      HashEngine().extend(kSha256, hinted, Digest::filled(32, k).view());
    }
  }
  text += "\n" + sync_line(kSha256, hinted);
  check(replayed(text, hash_line(kSha256, hinted, sync_line(kSha256, hinted))), LogVerdict::opaque, MatchState::equal);
}

TEST_CASE("--initial is where the register starts, and a SYNC that differs is said") {
  const Digest start = Digest::filled(32, 3);
  const TsmLog log(kReg, kSha256, sync_line(kSha256, start) + "\nx\n");
  const Digest last = hash_line(kSha256, hash_line(kSha256, start, sync_line(kSha256, start)), "x");
  for (const bool right : {true, false}) {
    ReplayOptions options;
    options.initial.emplace(RegisterKey{reg_of(kReg), kSha256}, right ? start : zeros(32));
    DiagnosticSink sink;
    Replay replay(std::move(options), sink);
    replay.compare_with({values({{kReg, kSha256, last}})});
    fold_log(replay, log);
    const auto results = replay.finish();
    CHECK(results[0].log_verdict == (right ? LogVerdict::complete : LogVerdict::tail_only));
    CHECK(results[0].initial_reason == "--initial");
  }
}

TEST_CASE("two carriers of one name are told apart; a value without the carrier is not compared") {
  const std::string line = "\nmr_ima extend sha256/" + hashed(kSha256, "x").hex() + "\n";
  const TsmLog two("rtmr2", kSha256, sync_line(kSha256, zeros(32)) + line);
  const TsmLog three("rtmr3", kSha256, sync_line(kSha256, zeros(32)) + line + line);
  const Digest once = extended(kSha256, zeros(32), "x");
  const Outcome named = replay_against("mr:mr_ima@rtmr2", kSha256, once, two, three);
  CHECK(named.state("mr:mr_ima@rtmr2", kSha256) == MatchState::equal);
  CHECK(named.at("mr:mr_ima@rtmr2", kSha256).records == 1);
  CHECK(named.at("mr:mr_ima@rtmr3", kSha256).records == 2);
  CHECK(named.at("mr:mr_ima@rtmr3", kSha256).against.empty());
  const Outcome ambiguous = replay_against("mr:mr_ima", kSha256, once, two, three);
  CHECK(ambiguous.sink.count("carrier-not-named") == 2);
  CHECK(ambiguous.verdict() != ReplayVerdict::equal);
}

TEST_CASE("a carried register runs ahead like its log, and has a register of its own name beside it") {
  const std::string line = "\nmr_ima extend sha256/" + hashed(kSha256, "x").hex() + "\n";
  const TsmLog log("rtmr2", kSha256, sync_line(kSha256, zeros(32)) + line + line);
  const Digest once = extended(kSha256, zeros(32), "x");
  const Outcome ahead = replay_against("mr:mr_ima", kSha256, once, log);
  CHECK(ahead.state("mr:mr_ima", kSha256) == MatchState::log_ahead);
  CHECK(ahead.verdict() == ReplayVerdict::equal);
  Log list({kSha256});
  list.event("mr:mr_ima", "x", {kSha256}).growing();
  const Outcome both = replay_against("mr:mr_ima", kSha256, once, log, list);
  CHECK(both.state("mr:mr_ima", kSha256) == MatchState::equal);
  CHECK(both.state("mr:mr_ima@rtmr2", kSha256) == MatchState::log_ahead);
}

TEST_CASE("a line that only reads like a virtual extend is a record like others, and said to be") {
  const TsmLog log(kReg, kSha256,
                   sync_line(kSha256, zeros(32)) + "\nmr_x extend sha256/0011\nwe extend the deadline\n");
  const Outcome outcome = replay_against(kReg, kSha256, std::nullopt, log);
  CHECK(outcome.results.size() == 1);
  CHECK(outcome.sink.count("virtual-extend-left-out") == 1);
}
