#include "lib/extend/ima_bridge.hpp"

#include <doctest/doctest.h>

#include "lib/base/byte_writer.hpp"
#include "lib/content/tsm_line.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/registers/names.hpp"

using namespace mrtool;
using namespace mrtool::extend;

namespace {

constexpr HashAlgorithm kSha1 = HashAlgorithm::sha1;
constexpr HashAlgorithm kSha256 = HashAlgorithm::sha256;
constexpr HashAlgorithm kSha384 = HashAlgorithm::sha384;
constexpr std::size_t kSha384Bytes = 48;
constexpr std::array kRtmrBanks{kSha384};
const Register kRtmr = *parse_register("rtmr3");

// An entry of an IMA list of SHA-1 digests, as its reader hands it over.
class Entry {
 public:
  explicit Entry(const std::string& name, bool violation = false, std::span<const HashAlgorithm> banks = {}) {
    ByteWriter data;
    data.u32(40).bytes(as_bytes("sha256:")).u8(0).bytes(Digest::filled(32, violation ? 0 : 0x11).view());
    data.u32(static_cast<std::uint32_t>(name.size() + 1)).bytes(as_bytes(name)).u8(0);
    data_ = data.take();
    constexpr std::array kUsual{kSha1, kSha256, kSha384};
    for (const HashAlgorithm bank : banks.empty() ? std::span<const HashAlgorithm>(kUsual) : banks) {
      const std::size_t size = find_algorithm(bank)->size;
      values_.push_back(violation ? Digest::filled(size, 0xFF) : HashEngine().hash(bank, data_));
      pool_.push_back({.algorithm = bank, .value = {}, .origin = DigestOrigin::computed});
    }
    for (std::size_t i = 0; i < pool_.size(); ++i) {
      pool_[i].value = values_[i].view();
    }
    record_.content = ContentType::ima_template;
    record_.name = as_bytes("ima-ng");
    record_.data = data_;
    record_.violation = violation;
    record_.extends = true;
    record_.digests = pool_;
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  const Record& record() const { return record_; }
  Record& record() { return record_; }
  const Bytes& data() const { return data_; }
  const Digest& digest(std::size_t i) const { return values_[i]; }

 private:
  Bytes data_;
  std::vector<Digest> values_;
  std::vector<DigestEntry> pool_;
  Record record_;
};

LogInfo sha1_list() {
  LogInfo info;
  info.format = "ima";
  info.algorithms = {{.algorithm = kSha1, .size = 20}};
  return info;
}

// A line of the register's log.
Status log_line(ImaBridge& bridge, const std::string& line, TsmLine kind = TsmLine::record) {
  Event event{.content = ContentType::tsm,
              .type = static_cast<std::uint32_t>(kind),
              .data = to_bytes(as_bytes(line)),
              .name = {},
              .digests = digests_of(as_bytes(line), kRtmrBanks),
              .extends = kind != TsmLine::comment,
              .extras = {}};
  if (const auto direct = tsm::parse_extend(line, kSha384Bytes); direct && kind == TsmLine::extend) {
    event.digests.front().digest = direct->value;
  }
  std::vector<DigestEntry> pool;
  Record record = as_record(event, kRtmr, pool);
  if (kind == TsmLine::sync) {
    record.asserts = Assertion{.kind = AssertionKind::present, .bank = kSha384, .value = {}};
  }
  return bridge.take_logged(record);
}

std::string text_of(const Event& event) {
  return std::string(as_text(event.data));
}

ImaBridge bridge_of(BridgeWay way, HashAlgorithm bank = HashAlgorithm::none) {
  return {{.way = way, .bank = bank}, kRtmr, kRtmrBanks};
}

const std::string kZeros384(96, '0');

}  // namespace

TEST_CASE("an entry becomes a line that extends the virtual register by the digest that IMA extends") {
  const Entry file("/usr/bin/sh");
  const Entry violation("/var/log/app.log", true);
  ImaBridge bridge = bridge_of(BridgeWay::virtual_register);
  const auto first = bridge.take_entry(file.record(), sha1_list());
  REQUIRE(first);
  REQUIRE(*first);
  const std::string line = "mr_ima extend sha256/" + file.digest(1).hex();
  CHECK(text_of(**first) == line);
  CHECK((*first)->content == ContentType::tsm);
  REQUIRE((*first)->digests.size() == 1);
  CHECK((*first)->digests[0] == BankDigest{.bank = kSha384, .digest = HashEngine().hash(kSha384, as_bytes(line))});
  const auto second = bridge.take_entry(violation.record(), sha1_list());
  REQUIRE(second);
  CHECK(text_of(**second) == "mr_ima extend sha256/" + std::string(64, 'f'));
}

TEST_CASE("the bank of the virtual register is the one named, else the one logged, else the list's own or SHA-256") {
  const Entry file("/usr/bin/sh");
  LogInfo strong = sha1_list();
  strong.algorithms = {{.algorithm = kSha384, .size = 48}};
  const auto line = [&file](ImaBridge& bridge, const LogInfo& list) {
    const auto event = bridge.take_entry(file.record(), list);
    REQUIRE(event);
    return *event ? text_of(**event).substr(0, 21) : "logged";
  };
  ImaBridge named = bridge_of(BridgeWay::virtual_register, kSha1);
  CHECK(line(named, strong).starts_with("mr_ima extend sha1/"));
  ImaBridge own = bridge_of(BridgeWay::virtual_register);
  CHECK(line(own, strong) == "mr_ima extend sha384/");
  ImaBridge computed = bridge_of(BridgeWay::virtual_register);
  CHECK(line(computed, sha1_list()) == "mr_ima extend sha256/");
  ImaBridge logged = bridge_of(BridgeWay::virtual_register);
  REQUIRE(log_line(logged, "mr_ima extend sha256/" + file.digest(1).hex()));
  CHECK(logged.wanted_banks() == std::vector{kSha256});
  CHECK(line(logged, strong) == "logged");
  ImaBridge other = bridge_of(BridgeWay::virtual_register, kSha384);
  REQUIRE(log_line(other, "mr_ima extend sha256/" + file.digest(1).hex()));
  CHECK(other.other_banks() == std::vector{kSha256});
  CHECK(line(other, sha1_list()) == "mr_ima extend sha384/");
}

TEST_CASE("the entries themselves become lines that can be read back") {
  const Entry file("/usr/bin/sh");
  const Entry violation("/var/log/app.log", true);
  ImaBridge bridge = bridge_of(BridgeWay::records);
  for (const Entry* entry : {&file, &violation}) {
    const auto event = bridge.take_entry(entry->record(), sha1_list());
    REQUIRE(event);
    CHECK(text_of(**event) == "ima ima-ng " + to_hex(entry->data()));
    const std::string line = text_of(**event);
    const auto parsed = tsm::parse_ima_entry(line);
    REQUIRE(parsed);
    CHECK(parsed->data == entry->data());
    CHECK(parsed->violation == entry->record().violation);
  }
}

TEST_CASE("an entry that a line cannot carry is refused, and not passed over") {
  const auto refused = [](const Record& record) {
    ImaBridge bridge = bridge_of(BridgeWay::records);
    const auto event = bridge.take_entry(record, sha1_list());
    REQUIRE_FALSE(event);
    CHECK(event.error().kind == ErrorKind::unsupported);
    CHECK(event.error().record == 0);
    CHECK(bridge.entries() == 0);
    ImaBridge other = bridge_of(BridgeWay::virtual_register);
    CHECK(other.take_entry(record, sha1_list()));
  };
  SUBCASE("longer than a page") {
    const Entry entry("/" + std::string(2100, 'a'));
    refused(entry.record());
  }
  SUBCASE("of an unknown template") {
    Entry entry("/usr/bin/sh");
    entry.record().name = as_bytes("my-own");
    refused(entry.record());
  }
  SUBCASE("of data that its template does not explain") {
    Entry entry("/usr/bin/sh");
    entry.record().data = entry.record().data.first(30);
    refused(entry.record());
  }
  SUBCASE("a violation that does not look like one") {
    Entry entry("/usr/bin/sh");
    entry.record().violation = true;
    refused(entry.record());
  }
}

TEST_CASE("a register of IMA's own is extended by the digests in its own banks") {
  const Entry file("/usr/bin/sh");
  const Entry violation("/var/log/app.log", true);
  ImaBridge bridge = bridge_of(BridgeWay::direct);
  CHECK(bridge.wanted_banks() == std::vector{kSha384});
  const auto first = bridge.take_entry(file.record(), sha1_list());
  REQUIRE(first);
  CHECK(text_of(**first) == "# .EXTEND " + file.digest(2).hex());
  CHECK((*first)->type == static_cast<std::uint32_t>(TsmLine::extend));
  CHECK((*first)->digests == std::vector{BankDigest{.bank = kSha384, .digest = file.digest(2)}});
  const auto second = bridge.take_entry(violation.record(), sha1_list());
  REQUIRE(second);
  CHECK((*second)->digests[0].digest == Digest::filled(kSha384Bytes, 0xFF));
}

TEST_CASE("a PCR of IMA's own is logged as entries with a digest in each bank") {
  constexpr std::array kBanks{kSha1, kSha256};
  const Register pcr = *parse_register("pcr16");
  const Entry file("/usr/bin/sh");
  ImaBridge bridge({.way = BridgeWay::direct, .log_of_lines = false}, pcr, kBanks);
  const auto event = bridge.take_entry(file.record(), sha1_list());
  REQUIRE(event);
  CHECK((*event)->content == ContentType::ima_template);
  CHECK((*event)->data == file.data());
  CHECK(as_text((*event)->name) == "ima-ng");
  REQUIRE((*event)->digests.size() == 2);
  CHECK((*event)->digests[1].digest == file.digest(1));

  std::vector<DigestEntry> pool;
  ImaBridge again({.way = BridgeWay::direct, .log_of_lines = false}, pcr, kBanks);
  REQUIRE(again.take_logged(as_record(**event, pcr, pool)));
  CHECK(again.logged() == 1);
  const auto logged = again.take_entry(file.record(), sha1_list());
  REQUIRE(logged);
  CHECK_FALSE(*logged);
}

namespace {

// A bridge that has read a log of these entries, and of what others may add in between.
ImaBridge with_logged(BridgeWay way, std::initializer_list<const Entry*> entries) {
  ImaBridge maker = bridge_of(way);
  ImaBridge bridge = bridge_of(way);
  for (const Entry* entry : entries) {
    const auto made = maker.take_entry(entry->record(), sha1_list());
    REQUIRE(made);
    REQUIRE(log_line(bridge, text_of(**made), static_cast<TsmLine>((*made)->type)));
    if (way != BridgeWay::direct) {  // the register is shared
      REQUIRE(log_line(bridge, "SYNC sha384/" + kZeros384, TsmLine::sync));
      REQUIRE(log_line(bridge, "example.org mr_ima extend something"));
      REQUIRE(log_line(bridge, "ima is a word too"));
      REQUIRE(log_line(bridge, "mr_other extend sha256/" + std::string(64, '0')));
    }
    REQUIRE(log_line(bridge, "# a comment", TsmLine::comment));
  }
  CHECK(bridge.logged() == entries.size());
  return bridge;
}

}  // namespace

TEST_CASE("what the log has is compared and not carried again") {
  const Entry first("boot_aggregate");
  const Entry second("/usr/bin/sh");
  const Entry third("/usr/bin/ls");
  for (const BridgeWayRow& row : bridge_ways()) {
    CAPTURE(row.name);
    ImaBridge bridge = with_logged(row.way, {&first, &second});
    for (const Entry* entry : {&first, &second}) {
      const auto known = bridge.take_entry(entry->record(), sha1_list());
      REQUIRE(known);
      CHECK_FALSE(*known);
    }
    CHECK(bridge.check_end());
    const auto fresh = bridge.take_entry(third.record(), sha1_list());
    REQUIRE(fresh);
    CHECK(*fresh);
    CHECK(bridge.entries() == 3);
    CHECK(bridge.check_end());
  }
}

TEST_CASE("another entry in the place of one that the log has is an error that says which") {
  const Entry first("boot_aggregate");
  const Entry second("/usr/bin/sh");
  const Entry third("/usr/bin/ls");
  for (const BridgeWayRow& row : bridge_ways()) {
    CAPTURE(row.name);
    ImaBridge bridge = with_logged(row.way, {&first, &second});
    REQUIRE(bridge.take_entry(first.record(), sha1_list()));
    const auto other = bridge.take_entry(third.record(), sha1_list());
    REQUIRE_FALSE(other);
    CHECK(other.error().kind == ErrorKind::check_failed);
    CHECK(other.error().record == 1);
    CHECK(other.error().message.contains("/usr/bin/ls"));
  }
}

TEST_CASE("a list of fewer entries than the log has is an error") {
  const Entry first("boot_aggregate");
  const Entry second("/usr/bin/sh");
  for (const BridgeWayRow& row : bridge_ways()) {
    CAPTURE(row.name);
    ImaBridge bridge = with_logged(row.way, {&first, &second});
    REQUIRE(bridge.take_entry(first.record(), sha1_list()));
    const Status ended = bridge.check_end();
    REQUIRE_FALSE(ended);
    CHECK(ended.error().kind == ErrorKind::check_failed);
  }
}

TEST_CASE("records of other registers in a shared log are passed over") {
  ImaBridge bridge = bridge_of(BridgeWay::direct);
  std::vector<DigestEntry> pool;
  const Event event{.content = ContentType::tsm,
                    .data = to_bytes(as_bytes("example.org")),
                    .name = {},
                    .digests = digests_of(as_bytes("example.org"), kRtmrBanks),
                    .extras = {}};
  CHECK(bridge.take_logged(as_record(event, *parse_register("rtmr2"), pool)));
  CHECK(bridge.logged() == 0);
}

TEST_CASE("a register that somebody else extends is not IMA's own") {
  const Entry first("boot_aggregate");
  const Entry second("/usr/bin/sh");
  ImaBridge bridge = bridge_of(BridgeWay::direct);
  const std::string carried = "# .EXTEND " + first.digest(2).hex();
  const auto not_its_own = [](const Status& status) {
    REQUIRE_FALSE(status);
    CHECK(status.error().kind == ErrorKind::check_failed);
    CHECK(status.error().message.starts_with("rtmr3 is not a register of IMA's own"));
  };
  const std::vector<BankDigest> zeros = {{.bank = kSha384, .digest = Digest::filled(kSha384Bytes, 0)}};
  SUBCASE("by a record") {
    not_its_own(log_line(bridge, "example.org deploy"));
  }
  SUBCASE("by a SYNC, which is extended too") {
    REQUIRE(log_line(bridge, carried, TsmLine::extend));
    not_its_own(log_line(bridge, "SYNC sha384/" + kZeros384, TsmLine::sync));
  }
  SUBCASE("before the log began") {
    CHECK(bridge.check_register(zeros));
    not_its_own(bridge.check_register({{{.bank = kSha384, .digest = Digest::filled(kSha384Bytes, 1)}}}));
  }
  SUBCASE("behind the log") {
    REQUIRE(log_line(bridge, carried, TsmLine::extend));
    HashEngine engine;
    std::vector<BankDigest> value = zeros;
    engine.extend(kSha384, value[0].digest, first.digest(2).view());
    CHECK(bridge.check_register(value));
    not_its_own(bridge.check_register(zeros));
  }
  SUBCASE("while entries are carried") {
    HashEngine engine;
    Extended::Bank bank{
        .bank = kSha384, .digest = first.digest(2), .before = zeros[0].digest, .after = zeros[0].digest};
    engine.extend(kSha384, bank.after, bank.digest.view());
    REQUIRE(bridge.check_extended({.banks = {bank}}));
    Extended::Bank next{.bank = kSha384, .digest = second.digest(2), .before = bank.after, .after = bank.after};
    engine.extend(kSha384, next.after, next.digest.view());
    REQUIRE(bridge.check_extended({.banks = {next}}));
    not_its_own(bridge.check_extended({.banks = {next}}));
  }
}

TEST_CASE("a digest that the list does not tell is asked for by its bank") {
  constexpr std::array kOnlySha1{kSha1};
  const Entry entry("/usr/bin/sh", false, kOnlySha1);
  ImaBridge bridge = bridge_of(BridgeWay::virtual_register);
  const auto event = bridge.take_entry(entry.record(), sha1_list());
  REQUIRE_FALSE(event);
  CHECK(event.error().kind == ErrorKind::unsupported);
  CHECK(event.error().message.contains("sha256"));
}

TEST_CASE("names of virtual registers are words that a line can begin with") {
  for (const char* name : {"mr_ima", "example.org/ima", "x"}) {
    CHECK(check_virtual_name(name));
  }
  for (const char* name : {"", "two words", "SYNC", "#mr", "mr\nima", "mr\tima", " mr", "\xff"}) {
    CAPTURE(name);
    const Status checked = check_virtual_name(name);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().kind == ErrorKind::usage);
  }
}

TEST_CASE("the ways are found by their names") {
  for (const BridgeWayRow& row : bridge_ways()) {
    CHECK(parse_bridge_way(row.name) == row.way);
  }
  CHECK_FALSE(parse_bridge_way("other"));
}
