// A fold that goes on from a checkpoint comes to what one of all records comes to.
#include "lib/replay/checkpoint.hpp"

#include <algorithm>

#include "lib/replay/tsm_test_log.hpp"

namespace mrtool::replay_test {
namespace {

struct Folded {
  std::vector<RegisterResult> results;
  DiagnosticSink sink;
};

// The records from `first` on, behind a checkpoint if one is given.
template <class AnyLog>
Folded fold_from(const AnyLog& log, const std::vector<RegisterValues>& against, const Checkpoint* from = nullptr) {
  Folded folded;
  Replay replay({}, folded.sink);
  replay.compare_with(against);
  replay.begin_log(log.info, 0);
  if (from != nullptr) {
    REQUIRE(replay.take_up(*from));
  }
  for (const Record& record : log.records) {
    if (from == nullptr || record.number >= from->records) {
      replay.add(record);
    }
  }
  folded.results = replay.finish();
  return folded;
}

template <class AnyLog>
Result<Checkpoint> checkpoint_at(const AnyLog& log, std::uint64_t records, const std::vector<RegisterValues>& against,
                                 DiagnosticSink& sink) {
  Replay replay({}, sink);
  replay.compare_with(against);
  replay.begin_log(log.info, 0);
  for (std::uint64_t number = 0; number < records; ++number) {
    replay.add(log.records[number]);
  }
  return replay.checkpoint(records);
}

bool same(const Comparison& a, const Comparison& b) {
  return a.value == b.value && a.state == b.state && a.matched_records == b.matched_records &&
         a.last_record == b.last_record && a.last_log == b.last_log && a.ahead_at_runtime == b.ahead_at_runtime;
}

void check_same(const RegisterResult& a, const RegisterResult& b) {
  CHECK(a.reg == b.reg);
  CHECK(a.bank == b.bank);
  CHECK(a.value == b.value);
  CHECK(a.records == b.records);
  CHECK(a.initial == b.initial);
  CHECK(a.initial_reason == b.initial_reason);
  CHECK(a.initial_claimed == b.initial_claimed);
  CHECK(a.complete == b.complete);
  CHECK(a.log_may_run_ahead == b.log_may_run_ahead);
  CHECK(a.log_verdict == b.log_verdict);
  CHECK(a.gaps.size() == b.gaps.size());
  CHECK(digest_rule_name(a) == digest_rule_name(b));
  CHECK(a.carried_by == b.carried_by);
  CHECK(std::ranges::equal(a.against, b.against, same));
}

// At every record behind which nothing is open: how many of these there were.
template <class AnyLog>
std::size_t check_every_cut(const AnyLog& log, const std::vector<RegisterValues>& against) {
  const Folded whole = fold_from(log, against);
  std::size_t cuts = 0;
  for (std::uint64_t records = 1; records <= log.records.size(); ++records) {
    const Record& last = log.records[records - 1];
    if (!last.extends || last.tentative) {
      continue;
    }
    CAPTURE(records);
    DiagnosticSink before;
    const auto checkpoint = checkpoint_at(log, records, against, before);
    REQUIRE(checkpoint);
    const Folded behind = fold_from(log, against, &*checkpoint);
    REQUIRE(behind.results.size() == whole.results.size());
    for (std::size_t i = 0; i < whole.results.size(); ++i) {
      check_same(whole.results[i], behind.results[i]);
    }
    for (const Diagnostic& diagnostic : whole.sink.all()) {
      CHECK(before.count(diagnostic.code) + behind.sink.count(diagnostic.code) >= whole.sink.count(diagnostic.code));
    }
    ++cuts;
  }
  return cuts;
}

Log growing_list(std::size_t records) {
  Log log({kSha1, kSha256});
  log.growing();
  for (std::size_t i = 0; i < records; ++i) {
    log.event(i % 5 == 4 ? "pcr11" : "pcr10", "entry " + std::to_string(i), {kSha1, kSha256});
  }
  return log;
}

TEST_CASE("behind any record, a list's fold goes on to the same values") {
  const Log log = growing_list(12);
  CHECK(check_every_cut(log, {}) == 12);
  const Digest end = run(log).at("pcr10", kSha256).value;
  CHECK(check_every_cut(log, {values({{"pcr10", kSha256, end}})}) == 12);
  CHECK(check_every_cut(log, {values({{"pcr10", kSha256, zeros(32)}, {"pcr7", kSha256, zeros(32)}})}) == 12);
}

TEST_CASE("a value that the checkpoint itself holds is found, and what follows is ahead of it") {
  const Log log = growing_list(8);
  const Digest middle = run(growing_list(4)).at("pcr10", kSha256).value;
  const std::vector<RegisterValues> against = {values({{"pcr10", kSha256, middle}})};
  DiagnosticSink sink;
  const auto checkpoint = checkpoint_at(log, 4, against, sink);
  REQUIRE(checkpoint);
  const Folded folded = fold_from(log, against, &*checkpoint);
  const RegisterResult& pcr10 = folded.results.at(2);
  REQUIRE(pcr10.reg == reg_of("pcr10"));
  REQUIRE(pcr10.against.size() == 1);
  CHECK(pcr10.against[0].state == MatchState::log_ahead);
  CHECK(pcr10.against[0].matched_records == 4);
  CHECK(pcr10.against[0].last_record == 3);
  CHECK(pcr10.against[0].ahead_at_runtime);
}

TEST_CASE("a value from before the checkpoint is not found: such a run says differs") {
  const Log log = growing_list(8);
  const std::vector<RegisterValues> against = {
      values({{"pcr10", kSha256, run(growing_list(2)).at("pcr10", kSha256).value}})};
  DiagnosticSink sink;
  const auto checkpoint = checkpoint_at(log, 4, against, sink);
  REQUIRE(checkpoint);
  CHECK(fold_from(log, against, &*checkpoint).results.at(2).against.at(0).state == MatchState::differs);
}

TEST_CASE("records without a digest for a bank stay missing") {
  Log log({kSha1, kSha256});
  log.growing()
      .event("pcr10", "a", {kSha1, kSha256})
      .event("pcr10", "b", {kSha1})
      .event("pcr10", "c", {kSha1, kSha256});
  const Digest first = extended(kSha256, zeros(32), "a");
  CHECK(check_every_cut(log, {}) == 3);
  DiagnosticSink sink;
  const auto checkpoint = checkpoint_at(log, 2, {}, sink);
  REQUIRE(checkpoint);
  const Folded folded = fold_from(log, {values({{"pcr10", kSha256, first}})}, &*checkpoint);
  CHECK_FALSE(folded.results.at(1).complete);
}

TEST_CASE("a TSM log's readings go on: gaps, failed extends, forged values, and registers that it carries") {
  const Digest start = hashed(kSha384, "start");
  const std::string sync = sync_line(kSha384, start);
  Digest value = hash_line(kSha384, start, sync);
  const std::string carried = "mr_ima extend sha256/" + hashed(kSha256, "x").hex() + "\n";
  value = hash_line(kSha384, value, carried);
  const Digest failed = hashed(kSha384, "failed");
  const std::string stated = sync_line(kSha384, value);  // the extend before it had no effect
  value = hash_line(kSha384, value, stated);
  const std::string gap = sync_line(kSha384, hashed(kSha384, "gap"));
  const Digest end = hash_line(kSha384, hash_line(kSha384, hashed(kSha384, "gap"), gap), "last\n");
  const TsmLog log("rtmr3", kSha384,
                   sync + "\n" + carried + extend_line(failed) + "\n" + stated + "# comment\n" + extend_line(failed) +
                       "record\n" + "\n" + gap + carried + "last\n");
  CHECK(check_every_cut(log, {}) == 7);
  CHECK(check_every_cut(log, {values({{"rtmr3", kSha384, end}})}) == 7);
  CHECK(check_every_cut(log, {values({{"rtmr3", kSha384, zeros(48)}})}) == 7);
}

TEST_CASE("what a comparison needs is left aside where nothing is compared") {
  Log log({kSha256});
  log.growing().event("pcr10", "a", {kSha256});
  DiagnosticSink sink;
  auto checkpoint = checkpoint_at(log, 1, {}, sink);
  REQUIRE(checkpoint);
  Checkpoint::Cell& cell = checkpoint->registers.at(0).cells.at(0);
  Reading usual;
  usual.value = cell.value;
  usual.records = 1;
  usual.rule = DigestRule::per_bank;
  Reading padded = usual;
  padded.rule = DigestRule::padded_sha1;
  padded.value = zeros(32);
  cell.readings = {usual, padded};
  CHECK(digest_rule_name(fold_from(log, {}, &*checkpoint).results.at(0)).empty());
  const Folded compared = fold_from(log, {values({{"pcr10", kSha256, zeros(32)}})}, &*checkpoint);
  CHECK(digest_rule_name(compared.results.at(0)) == "padded-sha1");
}

TEST_CASE("there is no checkpoint where something is open, of firmware's logs, and of several") {
  DiagnosticSink sink;
  const TsmLog open("rtmr3", kSha384, sync_line(kSha384, zeros(48)) + extend_line(hashed(kSha384, "x")));
  CHECK(checkpoint_at(open, 1, {}, sink));
  CHECK_FALSE(checkpoint_at(open, 2, {}, sink));

  Log firmware;
  firmware.event("pcr0", "a", {kSha256});
  CHECK_FALSE(checkpoint_at(firmware, 1, {}, sink));
  Log locality;
  locality.locality(3).event("pcr10", "a", {kSha256});
  CHECK_FALSE(checkpoint_at(locality, 2, {}, sink));
  CHECK_FALSE(checkpoint_at(growing_list(1), 0, {}, sink));

  const Log log = growing_list(2);
  Replay replay({}, sink);
  CHECK_FALSE(replay.checkpoint(0));
  for (int i = 0; i < 2; ++i) {
    replay.begin_log(log.info, 0);
    replay.add(log.records[0]);
  }
  const auto made = replay.checkpoint(1);
  REQUIRE_FALSE(made);
  CHECK(made.error().kind == ErrorKind::unsupported);
}

TEST_CASE("a checkpoint that no fold can have made is refused") {
  const Log log = growing_list(4);
  DiagnosticSink sink;
  const auto sound = checkpoint_at(log, 4, {}, sink);
  REQUIRE(sound);
  const auto refused = [&](auto change) {
    Checkpoint changed = *sound;
    change(changed);
    Replay replay({}, sink);
    replay.begin_log(log.info, 0);
    const Status taken = replay.take_up(changed);
    return !taken && taken.error().kind == ErrorKind::malformed;
  };
  const auto cell = [](Checkpoint& from) -> Checkpoint::Cell& { return from.registers.at(0).cells.at(0); };
  CHECK_FALSE(refused([](Checkpoint&) {}));
  CHECK(refused([](Checkpoint& from) { from.records = 0; }));
  CHECK(refused([](Checkpoint& from) { from.records = 3; }));
  CHECK(refused([](Checkpoint& from) { from.registers.clear(); }));
  CHECK(refused([](Checkpoint& from) {
    from.banks.pop_back();
    from.banks.pop_back();
    from.banks.push_back({});
  }));
  CHECK(refused([](Checkpoint& from) { from.banks.push_back(from.banks.front()); }));
  CHECK(refused([](Checkpoint& from) { from.registers.push_back(from.registers.front()); }));
  CHECK(refused([](Checkpoint& from) { from.registers.at(0).reg = reg_of("mrtd"); }));
  CHECK(refused([](Checkpoint& from) { from.registers.at(0).reg = reg_of("pcr0"); }));
  CHECK(refused([](Checkpoint& from) { from.registers.at(0).first_extend.reset(); }));
  CHECK(refused([](Checkpoint& from) { from.registers.at(0).first_extend->record = 4; }));
  CHECK(refused([](Checkpoint& from) { from.search.operations = std::uint64_t{1} << 40U; }));
  CHECK(refused([&](Checkpoint& from) { cell(from).value = zeros(32); }));
  CHECK(refused([&](Checkpoint& from) { cell(from).initial = {}; }));
  CHECK(refused([&](Checkpoint& from) { cell(from).records = 5; }));
  CHECK(refused([&](Checkpoint& from) { cell(from).started = false; }));
  CHECK(refused([&](Checkpoint& from) { cell(from).fixed = true; }));
  CHECK(refused([&](Checkpoint& from) { cell(from).bank = HashAlgorithm::sm3_256; }));
  CHECK(refused([&](Checkpoint& from) { cell(from).readings.resize(1); }));
  CHECK(refused([&](Checkpoint& from) { cell(from).readings.resize(100); }));
  CHECK(refused([&](Checkpoint& from) { from.carried.push_back(from.registers.at(0)); }));
  CHECK(refused([&](Checkpoint& from) {
    from.carried.push_back({.reg = reg_of("mr:x"), .first_extend = {}, .cells = {cell(from)}});
  }));
  Replay begun({}, sink);
  CHECK_FALSE(begun.take_up(*sound));
  begun.begin_log(log.info, 0);
  begun.add(log.records[0]);
  CHECK_FALSE(begun.take_up(*sound));
}

}  // namespace
}  // namespace mrtool::replay_test
