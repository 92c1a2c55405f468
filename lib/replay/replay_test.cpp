#include "lib/replay/replay.hpp"

#include <doctest/doctest.h>

#include "lib/replay/test_log.hpp"

using namespace mrtool;
using namespace mrtool::replay_test;

TEST_CASE("one separator gives the well-known values") {
  Log log({kSha256, kSha384});
  HashEngine engine;
  const Bytes separator(4, 0);
  log.record("pcr7", {{kSha256, engine.hash(kSha256, separator)}});
  log.record("rtmr0", {{kSha384, engine.hash(kSha384, separator)}});
  const Outcome outcome = run(log);
  CHECK(outcome.at("pcr7", kSha256).value.hex() == "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969");
  CHECK(outcome.at("rtmr0", kSha384).value.hex() ==
        "518923b0f955d08da077c96aaba522b9decede61c599cea6c41889cfbea4ae4d50529d96fe4d1afdafb65e7f95bf23c4");
  CHECK(verdict_of(outcome.results, false) == ReplayVerdict::computed);
}

TEST_CASE("records that do not extend are not folded, zero and all-ones digests are") {
  Log log({kSha256});
  log.event("pcr1", "ignored", {kSha256});
  log.records.back().extends = false;
  log.record("pcr1", {{kSha256, zeros(32)}}).record("pcr1", {{kSha256, Digest::filled(32, 0xFF)}});
  Digest expected = zeros(32);
  HashEngine engine;
  engine.extend(kSha256, expected, zeros(32).view());
  engine.extend(kSha256, expected, Digest::filled(32, 0xFF).view());
  const Outcome outcome = run(log);
  CHECK(outcome.at("pcr1", kSha256).value == expected);
  CHECK(outcome.at("pcr1", kSha256).records == 2);
}

TEST_CASE("results: banks as the log announces them, registers by number, one row for each that was extended") {
  Log log({kSha256, kSha1});
  log.event("pcr10", "a", {kSha1, kSha256})
      .event("pcr9", "b", {kSha256, kSha1})
      .event("nv:0x01c40200", "c", {kSha256, kSha1});
  const Outcome outcome = run(log);
  std::string order;
  for (const RegisterResult& result : outcome.results) {
    order += to_string(result.bank) + ":" + to_string(result.reg) + " ";
  }
  CHECK(order == "sha256:pcr9 sha256:pcr10 sha256:nv:0x01c40200 sha1:pcr9 sha1:pcr10 sha1:nv:0x01c40200 ");
  CHECK(outcome.at("pcr10", kSha1).value == extended(kSha1, zeros(20), "a"));
  CHECK(outcome.sink.all().empty());
}

TEST_CASE("every initial value says where it is from") {
  Log log({kSha256});
  log.event("pcr1", "a", {kSha256}).event("pcr17", "b", {kSha256}).event("rtmr1", "c", {kSha256});
  const Outcome outcome = run(log, {values({{"pcr18", kSha256, Digest::filled(32, 0xFF)}})});
  CHECK(outcome.at("pcr1", kSha256).initial_reason == "platform rule: PCR 1 starts at zeros");
  CHECK(outcome.at("pcr17", kSha256).initial == zeros(32));
  CHECK(outcome.at("pcr17", kSha256).initial_reason.contains("dynamic launch"));
  CHECK(outcome.at("pcr18", kSha256).initial == Digest::filled(32, 0xFF));
  CHECK(outcome.state("pcr18", kSha256) == MatchState::equal);
}

TEST_CASE("StartupLocality is the last byte of PCR 0 in every bank") {
  Log log({kSha1, kSha256});
  log.locality(3).event("pcr0", "a", {kSha1, kSha256});
  const Outcome outcome = run(log);
  CHECK(outcome.at("pcr0", kSha256).initial == locality_initial_value(32, 3));
  CHECK(outcome.at("pcr0", kSha1).value == extended(kSha1, locality_initial_value(20, 3), "a"));
  CHECK(outcome.at("pcr0", kSha1).initial_reason == "StartupLocality 3 in record 0");
}

TEST_CASE("StartupLocality counts behind records of other registers, not behind PCR 0's first") {
  Log early({kSha256});
  early.event("pcr1", "x", {kSha256}).locality(3).event("pcr0", "a", {kSha256});
  CHECK(run(early).at("pcr0", kSha256).initial == locality_initial_value(32, 3));
  Log late({kSha256});
  late.event("pcr0", "a", {kSha256}).locality(3);
  const Outcome outcome = run(late);
  CHECK(outcome.at("pcr0", kSha256).initial == zeros(32));
  CHECK(outcome.sink.has("initial-late"));
}

TEST_CASE("of two StartupLocality records the first counts and the second is reported") {
  Log log({kSha256});
  log.locality(3).locality(4).event("pcr0", "a", {kSha256});
  const Outcome outcome = run(log);
  CHECK(outcome.at("pcr0", kSha256).initial == locality_initial_value(32, 3));
  CHECK(outcome.sink.has("initial-repeated"));
}

TEST_CASE("H-CRTM wins over StartupLocality and is itself extended") {
  Log log({kSha256});
  log.locality(3)
      .event("pcr0", "hcrtm", {kSha256})
      .asserting(AssertionKind::initial, HashAlgorithm::none, Digest::filled(1, 4));
  const Outcome outcome = run(log);
  CHECK(outcome.at("pcr0", kSha256).value == extended(kSha256, locality_initial_value(32, 4), "hcrtm"));
  CHECK(outcome.at("pcr0", kSha256).initial_reason == "H-CRTM event in record 1");
}

TEST_CASE("--initial overrides platform and log, for its bank only") {
  Log log({kSha1, kSha256});
  log.locality(3).event("pcr0", "a", {kSha1, kSha256});
  ReplayOptions options;
  options.initial.emplace(RegisterKey{reg_of("pcr0"), kSha256}, Digest::filled(32, 7));
  const Outcome outcome = run(log, {}, options);
  CHECK(outcome.at("pcr0", kSha256).value == extended(kSha256, Digest::filled(32, 7), "a"));
  CHECK(outcome.at("pcr0", kSha256).initial_reason == "--initial");
  CHECK(outcome.at("pcr0", kSha1).initial == locality_initial_value(20, 3));
}

TEST_CASE("a present value before the first extend is the start; later it is compared") {
  Log log;
  const Digest start = Digest::filled(32, 9);
  log.event("mr:a", "sync", {kSha256}).asserting(AssertionKind::present, kSha256, start);
  const Digest after = extended(kSha256, start, "sync");
  log.event("mr:a", "sync2", {kSha256}).asserting(AssertionKind::present, kSha256, after);
  const Outcome right = run(log);
  CHECK(right.at("mr:a", kSha256).initial_reason == "first SYNC in record 0");
  CHECK(right.at("mr:a", kSha256).value == extended(kSha256, after, "sync2"));
  CHECK_FALSE(right.sink.has("present-differs"));
  log.event("mr:a", "sync3", {kSha256}).asserting(AssertionKind::present, kSha256, start);
  const Outcome gap = run(log);
  CHECK(gap.sink.count("present-differs") == 1);
  const Digest as_record = extended(kSha256, extended(kSha256, after, "sync2"), "sync3");
  CHECK(gap.at("mr:a", kSha256).value == as_record);
  const Outcome taken_over = run(log, {values({{"mr:a", kSha256, extended(kSha256, start, "sync3")}})});
  CHECK(taken_over.state("mr:a", kSha256) == MatchState::equal);
  CHECK(taken_over.at("mr:a", kSha256).log_verdict == LogVerdict::gap);
}

TEST_CASE("stated values that are too long or of an unknown bank are left out") {
  Log log;
  log.event("mr:a", "x", {kSha1}).asserting(AssertionKind::present, kSha1, Digest::filled(32, 1));
  log.event("mr:b", "x", {kSha1}).asserting(AssertionKind::present, HashAlgorithm{0x1234}, Digest::filled(32, 1));
  log.event("mr:c", "x", {kSha1}).asserting(AssertionKind::initial, kSha1, Digest::filled(32, 1));
  const Outcome outcome = run(log);
  CHECK(outcome.sink.has("assertion-unusable"));
  CHECK(outcome.sink.has("bank-unusable"));
  for (const std::string_view name : {"mr:a", "mr:b", "mr:c"}) {
    CHECK(outcome.at(name, kSha1).value == extended(kSha1, zeros(20), "x"));
  }
}

TEST_CASE("a missing digest makes the bank incomplete from there, for its register only") {
  Log log({kSha1, kSha256});
  log.event("pcr1", "a", {kSha1, kSha256}).event("pcr1", "b", {kSha1}).event("pcr2", "c", {kSha1, kSha256});
  const Outcome outcome = run(log);
  CHECK_FALSE(outcome.at("pcr1", kSha256).complete);
  CHECK(outcome.at("pcr1", kSha1).complete);
  CHECK(outcome.at("pcr2", kSha256).complete);
  REQUIRE(outcome.sink.count("bank-incomplete") == 1);
  CHECK(outcome.sink.all()[0].record == 1);
}

TEST_CASE("a bank that comes up late lacks what was before, announced or not") {
  for (const bool announced : {true, false}) {
    Log log(announced ? std::vector{kSha1, kSha256} : std::vector<HashAlgorithm>());
    log.event("pcr1", "a", {kSha1}).event("pcr1", "b", {kSha1, kSha256}).event("pcr2", "c", {kSha1, kSha256});
    const Outcome outcome = run(log);
    CHECK_FALSE(outcome.at("pcr1", kSha256).complete);
    CHECK(outcome.at("pcr2", kSha256).complete);
    CHECK(outcome.sink.count("bank-incomplete") == 1);
  }
}

TEST_CASE("an announced bank that no record uses is no bank of the log (AAEL)") {
  Log log({kSha256, kSha384, HashAlgorithm::sm3_256});
  log.event("rtmr3", "a", {kSha384}).event("rtmr3", "b", {kSha384});
  const Outcome outcome = run(log);
  CHECK(outcome.results.size() == 1);
  CHECK(outcome.at("rtmr3", kSha384).complete);
  CHECK_FALSE(outcome.sink.has("bank-incomplete"));
  CHECK(outcome.sink.all().empty());
}

TEST_CASE("a later log of the chain that lacks a bank makes it incomplete where it extends") {
  Log firmware({kSha1, kSha256});
  firmware.event("pcr1", "a", {kSha1, kSha256}).event("pcr2", "a", {kSha1, kSha256});
  Log other({kSha1});
  other.event("pcr1", "b", {kSha1}).event("pcr10", "c", {kSha1});
  const Outcome outcome =
      run({&firmware, &other},
          {values({{"pcr10", kSha256, Digest::filled(32, 5)}, {"pcr2", kSha256, extended(kSha256, zeros(32), "a")}})});
  CHECK_FALSE(outcome.at("pcr1", kSha256).complete);
  CHECK(outcome.at("pcr2", kSha256).complete);
  CHECK_FALSE(outcome.at("pcr10", kSha256).complete);
  CHECK(outcome.state("pcr10", kSha256) == MatchState::unexplained);
  CHECK(outcome.verdict() == ReplayVerdict::inconclusive);
  for (const Diagnostic& diagnostic : outcome.sink.all()) {
    CHECK(diagnostic.log == 1);
  }
}

TEST_CASE("an incomplete bank is never equal") {
  Log log({kSha1, kSha256});
  log.event("pcr1", "a", {kSha1, kSha256}).event("pcr1", "b", {kSha1}).event("pcr1", "c", {kSha1, kSha256});
  const Digest before = extended(kSha256, zeros(32), "a");
  const Digest after = extended(kSha256, before, "c");
  const Outcome whole = run(log, {values({{"pcr1", kSha256, after}})});
  CHECK(whole.state("pcr1", kSha256) == MatchState::differs);
  CHECK(whole.verdict() == ReplayVerdict::inconclusive);
  const Outcome prefix = run(log, {values({{"pcr1", kSha256, before}})});
  CHECK(prefix.state("pcr1", kSha256) == MatchState::log_ahead);
  CHECK(prefix.verdict() == ReplayVerdict::differs);
}

TEST_CASE("an algorithm stated with another's size cannot be computed and is left out") {
  Log log({kSha1});
  log.info.algorithms.push_back({kSha256, 48});
  for (int i = 0; i < 3; ++i) {
    log.record("pcr1", {{kSha1, zeros(20)}, {kSha256, zeros(48)}});
  }
  const Outcome outcome = run(log, {values({{"pcr1", kSha256, zeros(32)}})});
  CHECK(outcome.results.size() == 1);
  CHECK(outcome.at("pcr1", kSha1).complete);
  CHECK_FALSE(outcome.sink.has("bank-unusable"));
  CHECK(outcome.sink.has("bank-not-in-log"));
  CHECK(outcome.verdict() == ReplayVerdict::inconclusive);
}

TEST_CASE("unknown algorithms and digests of a wrong size are left out, once each") {
  Log log;
  for (int i = 0; i < 3; ++i) {
    log.record("pcr1", {{HashAlgorithm{0x1234}, zeros(16)}, {kSha256, zeros(16)}, {kSha1, zeros(20)}});
  }
  const Outcome outcome = run(log);
  CHECK(outcome.results.size() == 1);
  CHECK(outcome.sink.count("bank-unusable") == 2);
}

TEST_CASE("of two digests for one bank the first counts") {
  Log log({kSha256});
  log.record("pcr1", {{kSha256, hashed(kSha256, "a")}, {kSha256, hashed(kSha256, "b")}});
  const Outcome outcome = run(log);
  CHECK(outcome.at("pcr1", kSha256).value == extended(kSha256, zeros(32), "a"));
  CHECK(outcome.at("pcr1", kSha256).records == 1);
}

TEST_CASE("what cannot be extended is reported and left out") {
  Log log({kSha384});
  log.event("mrtd", "a", {kSha384})
      .event("index:41", "a", {kSha384})
      .event("-", "a", {kSha384})
      .event("rim", "a", {kSha384});
  const Outcome outcome = run(log, {values({{"mrtd", kSha384, Digest::filled(48, 1)}})});
  CHECK(outcome.results.empty());
  CHECK(outcome.sink.count("register-not-extendable") == 4);
  CHECK(outcome.sink.has("not-replayable"));
  CHECK(outcome.verdict() == ReplayVerdict::inconclusive);
}

TEST_CASE("an NV index starts at zeros, beside the PCR of the same low bits") {
  Log log({kSha256});
  log.event("nv:0x01c40200", "a", {kSha256});
  CHECK(run(log).at("nv:0x01c40200", kSha256).value == extended(kSha256, zeros(32), "a"));
}

TEST_CASE("registers without end are bounded and said to be so") {
  DiagnosticSink sink;
  Replay replay({}, sink);
  replay.begin_log({});
  const Digest digest = zeros(20);
  const std::vector<DigestEntry> digests{{kSha1, digest.view()}};
  for (std::uint32_t handle = 0; handle < 100'000; ++handle) {
    Record record;
    record.reg.kind = RegisterKind::nv;
    record.reg.index = 0x01000000 + handle;
    record.extends = true;
    record.digests = digests;
    replay.add(record);
  }
  CHECK(replay.finish().size() < 10'000);
  CHECK(sink.has("too-many-registers"));
}

TEST_CASE("a chain continues registers where the log before left them") {
  Log first({kSha384});
  first.event("rtmr2", "a", {kSha384});
  Log second({kSha384});
  second.event("rtmr2", "b", {kSha384}).growing();
  const Outcome outcome = run({&first, &second});
  CHECK(outcome.at("rtmr2", kSha384).value == extended(kSha384, extended(kSha384, zeros(48), "a"), "b"));
  CHECK(outcome.at("rtmr2", kSha384).records == 2);
}
