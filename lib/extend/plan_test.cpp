#include "lib/extend/plan.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "lib/content/content.hpp"
#include "lib/content/tsm_line.hpp"
#include "lib/registers/names.hpp"

using namespace mrtool;
using namespace mrtool::extend;

namespace {

constexpr std::array kOneBank{HashAlgorithm::sha384};
constexpr std::array kBanks{HashAlgorithm::sha1, HashAlgorithm::sha256};

Place rtmr(bool takes_digests = true) {
  return {.reg = *parse_register("rtmr3"), .banks = kOneBank, .log_format = "tsm", .takes_digests = takes_digests};
}
Place rtmr_in(std::string_view format) {
  return {.reg = *parse_register("rtmr3"), .banks = kOneBank, .log_format = format};
}
Place pcr(std::string_view format = "cel-json") {
  return {.reg = *parse_register("pcr14"), .banks = kBanks, .log_format = format};
}

Bytes bytes(std::string_view text) {
  return to_bytes(as_bytes(text));
}
Request text(std::string_view value) {
  return {.text = bytes(value), .digests = {}, .virtual_register = {}, .data = {}, .type = {}};
}
Request digests(std::span<const HashAlgorithm> banks, std::string_view of = "content") {
  Request request;
  request.digests = digests_of(as_bytes(of), banks);
  return request;
}
std::string_view line_of(const Event& event) {
  return as_text(event.data);
}
TsmLine type_of(const Event& event) {
  return static_cast<TsmLine>(event.type);
}
std::string why(const Result<std::vector<Event>>& planned, ErrorKind kind) {
  REQUIRE_FALSE(planned);
  CHECK(planned.error().kind == kind);
  return planned.error().message;
}
Check check_of(const Event& event, const Place& place) {
  std::vector<DigestEntry> pool;
  const Record record = as_record(event, place.reg, pool);
  LogInfo log;
  log.format = place.log_format;
  HashEngine engine;
  const Judgement judgement = judge(record, log, engine);
  REQUIRE(judgement.digests.size() == place.banks.size());
  for (const DigestJudgement& digest : judgement.digests) {
    CHECK(digest.check == judgement.digests.front().check);
  }
  return judgement.digests.front().check;
}

}  // namespace

TEST_CASE("text is one line of a TSM log, extended by its hash") {
  const auto planned = plan(text("example.org deploy image x"), rtmr(), false);
  REQUIRE(planned);
  REQUIRE(planned->size() == 1);
  const Event& event = planned->front();
  CHECK(event.content == ContentType::tsm);
  CHECK(type_of(event) == TsmLine::record);
  CHECK(line_of(event) == "example.org deploy image x");
  CHECK(event.extends);
  CHECK(event.digests == digests_of(as_bytes("example.org deploy image x"), kOneBank));
  CHECK(check_of(event, rtmr()) == Check::matches);
}

TEST_CASE("what the format of a TSM log would change is refused, and forced as the format has it") {
  struct Case {
    std::string text;
    std::vector<std::string> forced;
  };
  const std::string page(4096, 'a');
  const std::string sync = tsm::format_sync(HashAlgorithm::sha384, Bytes(48, 1));
  for (const Case& one :
       {Case{" x", {"x"}}, Case{"x\t", {"x"}}, Case{"x\r", {"x"}}, Case{"a\nb\r\n c", {"a", "b", "c"}},
        Case{"voil\xC3\xA0", {"voil\xC3"}}, Case{std::string("a\0b", 3), {std::string("a\0b", 3)}},
        Case{page + "b", {page, "b"}}, Case{sync, {sync}}, Case{"a\n# b", {"a", "# b"}}}) {
    CAPTURE(one.text);
    CHECK(why(plan(text(one.text), rtmr(), false), ErrorKind::unsupported).contains("--force"));
    const auto forced = plan(text(one.text), rtmr(), true);
    REQUIRE(forced);
    REQUIRE(forced->size() == one.forced.size());
    for (std::size_t i = 0; i < one.forced.size(); ++i) {
      const Event& event = (*forced)[i];
      const bool comment = one.forced[i].starts_with('#');
      CHECK(line_of(event) == one.forced[i]);
      CHECK(event.extends == !comment);
      CHECK(event.digests == (comment ? std::vector<BankDigest>() : digests_of(as_bytes(one.forced[i]), kOneBank)));
    }
  }
  CHECK(plan(text(page), rtmr(), false));
}

TEST_CASE("what is nothing, or reads as another's extension, is never measured") {
  const std::string extend = tsm::format_extend(Bytes(48, 1));
  for (const std::string& never : {std::string(), std::string(" \t"), extend, "a\n" + extend, " " + extend}) {
    CAPTURE(never);
    CHECK(!why(plan(text(never), rtmr(), true), ErrorKind::unsupported).empty());
    CHECK(!why(plan(text(never), rtmr(), false), ErrorKind::unsupported).empty());
  }
}

TEST_CASE("a digest is a line of its own kind, behind a comment that says what it is of") {
  Request request = digests(kOneBank);
  const auto bare = plan(request, rtmr(), false);
  REQUIRE(bare);
  REQUIRE(bare->size() == 1);
  CHECK(type_of(bare->front()) == TsmLine::extend);
  CHECK(line_of(bare->front()) == tsm::format_extend(request.digests.front().digest.view()));
  CHECK(bare->front().digests == request.digests);

  request.text = bytes("file: /etc/agent.conf");
  const auto described = plan(request, rtmr(), false);
  REQUIRE(described);
  REQUIRE(described->size() == 2);
  CHECK(line_of(described->front()) == "# file: /etc/agent.conf");
  CHECK(type_of(described->front()) == TsmLine::comment);
  CHECK_FALSE(described->front().extends);
  CHECK(described->front().digests.empty());
  CHECK(type_of(described->back()) == TsmLine::extend);

  request.text = bytes("two\nlines");
  CHECK(why(plan(request, rtmr(), true), ErrorKind::unsupported).contains("comment"));
  request.text = bytes(".EXTEND " + std::string(96, 'a'));
  CHECK(why(plan(request, rtmr(), true), ErrorKind::unsupported).contains("extended"));
}

TEST_CASE("a kernel that takes lines only is told of with what to write instead") {
  const Request request = digests(kOneBank);
  const std::string message = why(plan(request, rtmr(false), true), ErrorKind::unsupported);
  CHECK(message.contains("mrtool extend rtmr3 '"));
  CHECK(message.contains("sha384/" + request.digests.front().digest.hex()));
}

TEST_CASE("every bank needs its digest, and no other") {
  CHECK(why(plan(digests(std::array{HashAlgorithm::sha256}), pcr(), true), ErrorKind::usage).contains("(sha1)"));
  CHECK(why(plan(digests(kOneBank), pcr(), true), ErrorKind::usage).contains("has no sha384 bank"));
  CHECK(why(plan(digests(kBanks), rtmr(), true), ErrorKind::usage).contains("it has sha384"));
  Request twice = digests(kBanks);
  twice.digests.push_back(twice.digests.front());
  CHECK(why(plan(twice, pcr(), true), ErrorKind::usage).contains("two sha1"));
  Request turned = digests(kBanks);
  std::ranges::reverse(turned.digests);
  const auto planned = plan(turned, pcr(), false);
  REQUIRE(planned);
  CHECK(planned->front().digests == digests(kBanks).digests);
}

TEST_CASE("in a PCR's log, text is an action and a digest names an object: inspect calls none of them wrong") {
  const auto action = plan(text("example.org deploy"), pcr(), false);
  REQUIRE(action);
  CHECK(action->front().content == ContentType::pcclient);
  CHECK(action->front().type == pcclient::find_event_type("EV_ACTION")->value);
  CHECK(check_of(action->front(), pcr()) == Check::matches);
  for (const std::string_view what : {"", "file: /etc/agent.conf", "an object", "/boot/vmlinuz", "\xFF\x00\x01"}) {
    CAPTURE(what);
    Request request = digests(kBanks);
    request.text = bytes(what);
    const auto planned = plan(request, pcr(), false);
    REQUIRE(planned);
    CHECK(planned->front().type == pcclient::find_event_type("ipl")->value);
    CHECK(planned->front().data == bytes(what));
    CHECK(check_of(planned->front(), pcr()) == Check::unverifiable);
  }
  // A text that its format would change elsewhere is as good as any here.
  CHECK(plan(text(" a\r\nb\n"), pcr(), false)->front().data == bytes(" a\r\nb\n"));
}

TEST_CASE("an event type is a name or a number, and its digest what it says") {
  Request request = text("x");
  for (const std::string type : {"EV_IPL", "ipl", "Ev_Ipl", "0xd", "0x0000000D"}) {
    request.type = type;
    const auto planned = plan(request, pcr(), false);
    REQUIRE(planned);
    CHECK(planned->front().type == 0xD);
  }
  for (const std::string type : {"", "EV_NOTHING", "13", "0x", "0x100000000", "0xdg"}) {
    CAPTURE(type);
    request.type = type;
    CHECK(why(plan(request, pcr(), false), ErrorKind::usage).contains("event type"));
  }
  request.type = "EV_NO_ACTION";
  CHECK(why(plan(request, pcr(), true), ErrorKind::usage).contains("never extended"));
  Request wrong = digests(kBanks);
  wrong.type = "EV_ACTION";
  CHECK(why(plan(wrong, pcr(), false), ErrorKind::unsupported).contains("EV_ACTION"));
  CHECK(plan(wrong, pcr(), true));
  Request own = digests(kBanks, "x");
  own.type = "EV_ACTION";
  own.data = bytes("x");
  CHECK(plan(own, pcr(), false));
  CHECK(why(plan(own, rtmr(), false), ErrorKind::usage).contains("lines of text"));
}

TEST_CASE("event data stands in place of text, and a TPM hashes at most 1024 bytes of it") {
  Request request;
  request.data = Bytes(1024, 7);
  request.by_event = true;
  const auto planned = plan(request, pcr(), false);
  REQUIRE(planned);
  CHECK(planned->front().by_event);
  CHECK(planned->front().digests == digests_of(*request.data, kBanks));
  request.data->push_back(7);
  CHECK(why(plan(request, pcr(), true), ErrorKind::unsupported).contains("1024"));
  request.by_event = false;
  CHECK(plan(request, pcr(), false));
  request.text = bytes("x");
  CHECK(!why(plan(request, pcr(), false), ErrorKind::usage).empty());
  Request line = text("x");
  line.by_event = true;
  CHECK(why(plan(line, rtmr(), false), ErrorKind::usage).contains("PCR"));
  CHECK(why(plan(Request(), pcr(), false), ErrorKind::usage).contains("nothing to measure"));
}

TEST_CASE("a virtual register is extended by lines of its carrier, of any algorithm") {
  Request request = digests(kBanks);
  request.virtual_register = "mr_ima";
  for (const Place& place : {rtmr(), rtmr(false), rtmr_in("cel-json"), pcr()}) {
    const auto planned = plan(request, place, false);
    REQUIRE(planned);
    REQUIRE(planned->size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
      const Event& event = (*planned)[i];
      CHECK(event.content == ContentType::tsm);
      const auto read = tsm::parse_virtual_extend(line_of(event));
      REQUIRE(read);
      CHECK(read->name == "mr_ima");
      CHECK(read->digest.algorithm == kBanks[i]);
      CHECK(event.digests == digests_of(event.data, place.banks));
    }
  }
  for (const std::string name : {"two words", "#x", "SYNC", " x", "a\nb"}) {
    CAPTURE(name);
    request.virtual_register = name;
    CHECK(why(plan(request, rtmr(), true), ErrorKind::usage).contains("virtual register"));
  }
}

TEST_CASE("in a log of records, an RTMR's text is a line as it would be elsewhere, and a digest an event") {
  const auto line = plan(text("x"), rtmr_in("cel-json"), false);
  REQUIRE(line);
  CHECK(line->front().content == ContentType::tsm);
  Request request = digests(kOneBank);
  request.text = bytes("an object");
  const auto event = plan(request, rtmr_in("cel-json"), false);
  REQUIRE(event);
  CHECK(event->size() == 1);
  CHECK(event->front().content == ContentType::pcclient);
}

TEST_CASE("systemd's log has strings, with its word for what they are") {
  Request request = text("enter-initrd");
  request.type = "phase";
  const auto planned = plan(request, pcr("systemd"), false);
  REQUIRE(planned);
  CHECK(planned->front().content == ContentType::systemd);
  CHECK(as_text(planned->front().name) == "phase");
  CHECK(planned->front().digests == digests_of(as_bytes("enter-initrd"), kBanks));
  Request secret = digests(kBanks);
  secret.text = bytes("volume-key: x");
  CHECK(plan(secret, pcr("systemd"), false));
  secret.type = "phase";
  CHECK(!why(plan(secret, pcr("systemd"), false), ErrorKind::unsupported).empty());
  CHECK(!why(plan(digests(kBanks), pcr("systemd"), true), ErrorKind::usage).empty());
  CHECK(!why(plan(text("\xFF"), pcr("systemd"), true), ErrorKind::usage).empty());
}

TEST_CASE("a digest on the command line has the size of its algorithm") {
  const std::string hex(64, 'a');
  const auto good = parse_bank_digest("sha256:" + hex);
  REQUIRE(good);
  CHECK(good->bank == HashAlgorithm::sha256);
  CHECK(good->digest.hex() == hex);
  for (const std::string& bad :
       {std::string(), hex, std::string("sha256"), std::string("sha256:"), "sha256:" + hex + "aa", "sha384:" + hex,
        "sha256:" + hex.substr(1), "md5:" + hex, "0x9999:" + hex, "sha256:zz" + hex}) {
    CAPTURE(bad);
    const auto read = parse_bank_digest(bad);
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == ErrorKind::usage);
  }
}

TEST_CASE("a source of any length is hashed as its bytes are") {
  const Bytes content(1'000'003, 0x5A);
  const auto source = make_memory_source(content);
  const auto digests = digests_of(*source, kBanks);
  REQUIRE(digests);
  CHECK(*digests == digests_of(content, kBanks));
}
