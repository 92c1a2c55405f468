// Which digests of an IMA list a kernel extended (format notes, 5.3, 5.5 and 10), over the worked example of
// section 12.
#include <doctest/doctest.h>

#include "lib/replay/test_log.hpp"
#include "lib/replay/tsm_test_log.hpp"

using namespace mrtool;
using namespace mrtool::replay_test;

namespace {

constexpr std::size_t kSha1Size = 20;
constexpr std::uint64_t kEntries = 6;
constexpr std::uint64_t kViolation = 2;

// The template data of the example's entries.
constexpr auto kData = std::to_array<std::string_view>(
    {"280000007368613235363a007b6436b0c98f62380866d9432c2af0ee08ce16a171bda6951aecd95ee1307d61"
     "0f000000626f6f745f61676772656761746500",
     "280000007368613235363a005891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
     "0f0000002f7573722f62696e2f68656c6c6f00",
     "280000007368613235363a000000000000000000000000000000000000000000000000000000000000000000"
     "110000002f7661722f6c6f672f6170702e6c6f6700",
     "280000007368613235363a002b5f12a14ed6961493930520e78e4ec5be4d6c93d59d7d719ac027080e7d8d2e"
     "0e0000006b657865632d636d646c696e6500"
     "13000000636f6e736f6c653d7474795330207175696574",
     "280000007368613235363a00167112362adb3b2041c11f7337437872f9d821e57e8c3edd68d87a1d0babd0f5"
     "110000002f7573722f62696e2f68656c6c6f5f3200"
     "11000000030204a1b2c3d400080011223344556677",
     "280000007368613235363a00e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
     "0b0000002f6574632f656d70747900"
     "00000000"});

constexpr auto kSha1Values = std::to_array<std::string_view>(
    {"9c1fcf0d800a677d0a27af27ff4b157468dc4813", "c8a3dd6f7c56eedf214a851abf8faece3db805ed",
     "a52e0d01259f68bfd57f3f117c9faf6677e7ca68", "8f997f15752bf4a09dc0478ba0af4e60d280d964",
     "7b025d86982caf1d2cde3d623927ce1d4847b97b", "efadf60e9f56769a6a50c7eb6b8c3bed0742dd49"});
constexpr auto kPerBankValues =
    std::to_array<std::string_view>({"bf0d858e3904704b36740bc2ddcf4820b93a9323c1098338b7c38e338735257b",
                                     "de74ea7b5e0fcde5652c87b6797bfc120c76c339a51555b6ad6424c628e5c2ad",
                                     "7b3f88d1e2593eab4875f42cefdeea50e8b72fdaa0d0a2c6ffddf2d7753ae0d3",
                                     "fbd75f1ecca019a20caf344167c75d0e3f83fb269c7c9c830e134697b721f71f",
                                     "c53111cc6f54c3f917acf93dc3f67479a1ff9cb1657806daf899806c8b9cc0a2",
                                     "387c57155175685f9ef9d38eb04e487f32fb068db01daf8385be5dbce335739b"});
constexpr auto kPaddedValues =
    std::to_array<std::string_view>({"292411d7ff517fe5d023b40ee010fcfd3f5739238918cafcde7eed135a5da58c",
                                     "ad788807b240b277dbeea6ec56b4978ef23075687b8255f925f2965bf5047e2d",
                                     "fadc0cbdb1e37304aa558edbe8910918bb3e45584de8d13cf478f7e43586880f",
                                     "70ec5b45e82909871f574c8839cd18b728c170e7bd360b389bc41e7cb1a13fef",
                                     "0877bc69c99a677c55b1fde220f180aa44197ebb82325b20d2d31b358ca4c8c7",
                                     "12d35ed593e016bb256aa12b8e5b9e2ad7087e29838d9c0aae48fa7a579464cd"});
constexpr auto kSha384Values = std::to_array<std::string_view>(
    {"f09866d0b242d5924d30d78fc2cc16bedb7c0611eb75ba475a7dde9f9b3738c6c76ccd8811f1703daba8701c8f84a848",
     "6803d35cd7b2c104668564c23380aa4debb2094752bea6c084755f2d7d0881d698d5a3aa64d5194557fff0e606eadaaa",
     "ad0a358f757aa8c9624ee425086dfa98e1ed03a28ac943006d8fc03b53844377da535f6481e21aac3cd41787897ca789",
     "0d2c11f99ad0427474a36e2d5069e7b21cfea947ec45dc3fa512000c7db4cb1121d7f00ab927668b564743b78b9486ae",
     "947741c4f57866b71f9bc7808ac8a53288869f6df4add23392be920d23797b637dcdbaf43457f937332aa721d8d2b25c",
     "23362331ec990f98eb24e4efc92696a8f64ebf6abd6420c25ce8497e77d28185c69e27a4ec51b59f5437b006e5e98859"});

Digest padded(const Digest& sha1, std::size_t size) {
  Digest value = zeros(size);
  std::ranges::copy(sha1.view(), value.mutable_view().begin());
  return value;
}

// The list as a reader gives it.
class ImaList {
 public:
  explicit ImaList(bool alternatives = true, std::vector<std::uint64_t> instances = {}) {
    info.format = "ima";
    info.grows_at_runtime = true;
    for (std::uint64_t number = 0; number < kEntries; ++number) {
      auto& entries = entries_.emplace_back();
      const auto push = [&](HashAlgorithm bank, const Digest& digest, DigestOrigin origin) {
        entries.push_back({bank, digests_.emplace_back(digest).view(), origin});
      };
      const Bytes data = *from_hex(kData[number]);
      const bool violation = number == kViolation;
      HashEngine engine;
      const Digest sha1 = violation ? Digest::filled(kSha1Size, 0xFF) : engine.hash(kSha1, data);
      push(kSha1, sha1, DigestOrigin::logged);
      for (const HashAlgorithm bank : {kSha256, kSha384}) {
        const std::size_t size = find_algorithm(bank)->size;
        push(bank, violation ? Digest::filled(size, 0xFF) : engine.hash(bank, data), DigestOrigin::computed);
        if (alternatives) {
          push(bank, padded(sha1, size), DigestOrigin::alternative);
        }
      }
      Record& record = records.emplace_back();
      record.number = number;
      record.reg = reg_of("pcr10");
      record.content = ContentType::ima_template;
      record.extends = true;
      record.violation = violation;
      record.starts_instance = std::ranges::find(instances, number) != instances.end();
      record.digests = entries;
    }
  }

  LogInfo info;
  std::vector<Record> records;

 private:
  std::deque<Digest> digests_;
  std::deque<std::vector<DigestEntry>> entries_;
};

Outcome replayed(const ImaList& list, HashAlgorithm bank, const std::optional<Digest>& value) {
  return replay_against("pcr10", bank, value, list);
}

// What a kernel of the old rule, then from record `change` on one of the new rule, leaves.
Digest changed_at(std::uint64_t change, std::uint64_t entries = kEntries) {
  HashEngine engine;
  Digest value = zeros(32);
  for (std::uint64_t number = 0; number < entries; ++number) {
    const Bytes data = *from_hex(kData[number]);
    const bool violation = number == kViolation;
    const Digest sha1 = violation ? Digest::filled(kSha1Size, 0xFF) : engine.hash(kSha1, data);
    const Digest own = violation ? Digest::filled(32, 0xFF) : engine.hash(kSha256, data);
    engine.extend(kSha256, value, (number < change ? padded(sha1, 32) : own).view());
  }
  return value;
}

}  // namespace

TEST_CASE("the example after every entry, in every bank, by both rules") {
  ImaList list;
  for (std::size_t left = kEntries; left > 0; --left) {
    list.records.resize(left);
    const Outcome plain = replayed(list, kSha256, std::nullopt);
    CHECK(plain.at("pcr10", kSha1).value.hex() == kSha1Values[left - 1]);
    CHECK(plain.at("pcr10", kSha256).value.hex() == kPerBankValues[left - 1]);
    CHECK(plain.at("pcr10", kSha384).value.hex() == kSha384Values[left - 1]);
    const Outcome old = replayed(list, kSha256, digest_of(kPaddedValues[left - 1]));
    CHECK(old.state("pcr10", kSha256) == MatchState::equal);
    CHECK(old.at("pcr10", kSha256).value.hex() == kPaddedValues[left - 1]);
    CHECK(old.at("pcr10", kSha256).records == left);
  }
}

TEST_CASE("the rule that gives the value compared is said; the bank's own where none is compared") {
  const ImaList list;
  CHECK(digest_rule_name(replayed(list, kSha256, std::nullopt).at("pcr10", kSha256)) == "per-bank");
  CHECK(digest_rule_name(replayed(list, kSha256, digest_of(kPerBankValues[5])).at("pcr10", kSha256)) == "per-bank");
  const Outcome old = replayed(list, kSha256, digest_of(kPaddedValues[5]));
  CHECK(digest_rule_name(old.at("pcr10", kSha256)) == "padded-sha1");
  CHECK(digest_rule_name(old.at("pcr10", kSha384)) == "per-bank");
  CHECK(digest_rule_name(old.at("pcr10", kSha1)).empty());
  CHECK(old.verdict() == ReplayVerdict::equal);
  CHECK_FALSE(old.sink.has("other-reading"));
  CHECK_FALSE(old.at("pcr10", kSha256).log_verdict);
}

TEST_CASE("a list that ran ahead is found by either rule") {
  const Outcome outcome = replayed(ImaList(), kSha256, digest_of(kPaddedValues[3]));
  CHECK(outcome.state("pcr10", kSha256) == MatchState::log_ahead);
  CHECK(outcome.at("pcr10", kSha256).against[0].matched_records == 4);
  CHECK(digest_rule_name(outcome.at("pcr10", kSha256)) == "padded-sha1");
  CHECK(outcome.at("pcr10", kSha256).value.hex() == kPaddedValues[5]);
  CHECK(outcome.verdict() == ReplayVerdict::equal);
}

TEST_CASE("a list carried from an old kernel to a new one changes the rule where an instance starts, and only there") {
  const ImaList list(true, {2, 4});
  for (const std::uint64_t change : {2U, 4U}) {
    const Outcome outcome = replayed(list, kSha256, changed_at(change));
    CHECK(outcome.state("pcr10", kSha256) == MatchState::equal);
    CHECK(digest_rule_name(outcome.at("pcr10", kSha256)) == "padded-sha1 until record " + std::to_string(change));
  }
  CHECK(replayed(list, kSha256, changed_at(3)).state("pcr10", kSha256) == MatchState::differs);
  CHECK(replayed(ImaList(), kSha256, changed_at(4)).state("pcr10", kSha256) == MatchState::differs);
  const Outcome ahead = replayed(list, kSha256, changed_at(2, 5));
  CHECK(ahead.state("pcr10", kSha256) == MatchState::log_ahead);
  CHECK(ahead.at("pcr10", kSha256).against[0].matched_records == 5);
}

TEST_CASE("without alternatives a list has one reading") {
  const Outcome outcome = replayed(ImaList(false, {4}), kSha256, digest_of(kPaddedValues[5]));
  CHECK(outcome.state("pcr10", kSha256) == MatchState::differs);
  CHECK(digest_rule_name(outcome.at("pcr10", kSha256)).empty());
}

TEST_CASE("the two rules are not mixed between sources: the reading that explains more values is the result") {
  const ImaList list;
  const auto given = [](std::string_view value) { return values({{"pcr10", kSha256, digest_of(value)}}); };
  Outcome outcome;
  Replay replay({}, outcome.sink);
  replay.compare_with({given(kPerBankValues[5]), given(kPaddedValues[5]), given(kPaddedValues[5])});
  fold_log(replay, list);
  outcome.results = replay.finish();
  const auto& against = outcome.at("pcr10", kSha256).against;
  REQUIRE(against.size() == 3);
  CHECK(against[0].state == MatchState::differs);
  CHECK(against[1].state == MatchState::equal);
  CHECK(against[2].state == MatchState::equal);
  CHECK(outcome.verdict() == ReplayVerdict::differs);
}
