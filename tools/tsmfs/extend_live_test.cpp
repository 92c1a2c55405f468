// Extending registers of a mounted tsmfs through the library: real system calls, answered as the kernel's were.
#include <nlohmann/json.hpp>

#include "lib/base/test_files.hpp"
#include "lib/content/tsm_line.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/extend/backends.hpp"
#include "lib/extend/kernel_log.hpp"
#include "lib/extend/stored_lines.hpp"
#include "lib/registers/names.hpp"
#include "tools/tsmfs/mounted_test.hpp"

using namespace mrtool;
using namespace mrtool::extend;
using namespace mrtool::testing;

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExample = "measurement-example/";

std::unique_ptr<ExtendTarget> opened(Host& host, std::string_view reg, const std::string& backend = {}) {
  auto target = open_target(*parse_register(reg), {.backend = backend}, host);
  REQUIRE_MESSAGE(target, (target ? "" : to_string(target.error())));
  return *std::move(target);
}

std::string value_of(ExtendTarget& target) {
  const auto values = target.read();
  REQUIRE(values);
  return values->front().digest.hex();
}

std::string log_of(ExtendTarget& target) {
  const auto log = target.read_kernel_log(0);
  REQUIRE_MESSAGE(log, (log ? "" : to_string(log.error())));
  return std::string(as_text(*log));
}

Event line(std::string_view text) {
  Event event;
  event.content = ContentType::tsm;
  event.data = to_bytes(as_bytes(text));
  return event;
}

std::vector<BankDigest> digest_of(ExtendTarget& target, ByteView bytes) {
  return {{.bank = target.banks().front(), .digest = Digest(bytes)}};
}

// What the kernel did, done through the backends: what they rightly keep from it is written as it took it.
void replay_step(ExtendTarget& target, const std::string& to, ByteView bytes, const std::string& result) {
  const std::size_t size = find_algorithm(target.banks().front())->size;
  if (to == "digest") {
    if (bytes.size() != size) {
      const std::string before = value_of(target);
      CHECK_FALSE(target.extend(digest_of(target, bytes.first(std::min(bytes.size(), kMaxDigestSize)))));
      CHECK(value_of(target) == before);
    }
    if (result == fmt::format("returned {}", size)) {
      CHECK(target.extend(digest_of(target, bytes.first(size))));
    }
    return;
  }
  if (bytes.size() > kLinesLimit) {
    const std::string before = log_of(target);
    CHECK_FALSE(target.append(bytes));
    CHECK(log_of(target) == before);
  }
  const bool in_a_loop = result.starts_with("write()");
  do {
    const ByteView page = bytes.first(std::min(bytes.size(), kLinesLimit));
    const Status appended = target.append(page);
    CHECK_MESSAGE(appended, (appended ? "" : to_string(appended.error())));
    bytes = bytes.subspan(page.size());
  } while (in_a_loop && !bytes.empty());
}

// Returns how many steps were compared.
std::size_t replay_case(const fs::path& directory, const std::string& digest_backend) {
  CAPTURE(directory.filename().string());
  CAPTURE(digest_backend);
  const Mounted mounted({"--provider", "measurement-example", "--tree", "rfc"});
  const auto host = make_host(mounted.root());
  const Bytes log = read_test_file(directory / "log");
  const Bytes steps = read_test_file(directory / "steps.json");
  const auto document = nlohmann::json::parse(as_text(steps));
  const std::string reg = std::string(kExample) + document.at("register").get<std::string>();
  const auto lines = opened(*host, reg);
  CHECK(lines->backend() == "append-event");
  std::unique_ptr<ExtendTarget> digests;
  std::size_t count = 0;
  for (const auto& step : document.at("steps")) {
    CAPTURE(step.at("step").dump());
    const auto bytes = from_hex(step.at("in_hex").get<std::string>());
    REQUIRE(bytes);
    const auto to = step.at("to").get<std::string>();
    if (to == "digest" && !digests) {
      digests = opened(*host, reg, digest_backend);
      CHECK(digests->backend() == digest_backend);
    }
    replay_step(to == "digest" ? *digests : *lines, to, *bytes, step.at("result").get<std::string>());
    const auto length = step.at("log_len").get<std::size_t>();
    CHECK((log_of(*lines) == as_text(log).substr(0, length)));
    CHECK(value_of(*lines) == step.at("digest").get<std::string>());
    ++count;
  }
  CHECK(log_of(*lines).size() == log.size());
  return count;
}

std::size_t replay_cases(const fs::path& folder) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) {
      for (const char* const backend : {"append-event", "digest"}) {
        count += replay_case(entry.path(), backend);
      }
    }
  }
  return count;
}

// Replays a log that begins at zeros; how often each record is in it.
std::string replayed(std::string_view log, HashAlgorithm bank, std::map<std::string, int>& records) {
  HashEngine engine;
  Digest value = Digest::filled(find_algorithm(bank)->size, 0);
  for (; !log.empty(); log.remove_prefix(log.find('\n') + 1)) {
    const std::string_view text = log.substr(0, log.find('\n'));
    if (!text.empty()) {
      engine.extend(bank, value, engine.hash(bank, as_bytes(text)).view());
      ++records[std::string(text)];
    }
  }
  return value.hex();
}

}  // namespace

TEST_CASE("extend: the kept cases of the kernel's code, as writes of the backends") {
  if (have_fuse()) {
    CHECK(replay_cases(kTestdataFolder / "tsm") > 40);
  }
}

TEST_CASE("extend: all captured cases of the kernel's code, as writes of the backends") {
  if (have_fuse() && has_corpus("tsm")) {
    CHECK(replay_cases(kCorpus / "tsm") == 2 * 205);
  }
}

TEST_CASE("extend: the register of each tree, by the backend that the tree is for") {
  if (!have_fuse()) {
    return;
  }
  const Mounted mounted({"--provider", "tdx_guest", "--tree", "upstream"});
  const auto host = make_host(mounted.root());
  CHECK(default_register({}, *host) == *parse_register("rtmr3"));
  const auto target = opened(*host, "rtmr3");
  CHECK(target->backend() == "measurements");
  CHECK(target->where() == mounted / (kUpstream + "rtmr3:sha384"));
  Digest expected = Digest::filled(48, 0);
  HashEngine engine;
  for (std::uint8_t i = 0; i < 5; ++i) {
    const Bytes digest(48, i);
    REQUIRE(target->extend(digest_of(*target, digest)));
    engine.extend(HashAlgorithm::sha384, expected, digest);
    CHECK(value_of(*target) == expected.hex());
  }
  CHECK(open_target(*parse_register("mrtd"), {}, *host).error().kind == ErrorKind::unsupported);
  const auto missing = open_target(*parse_register("rem1"), {}, *host);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == ErrorKind::io);
  CHECK(missing.error().message.contains(mounted / "sys/devices/virtual/misc/*/measurements/rem1:*"));
}

TEST_CASE("extend: Linux's sample, whose registers share values, may be read only, or start with something") {
  if (!have_fuse()) {
    return;
  }
  const Mounted mounted({"--provider", "tsm_mr_sample", "--tree", "upstream"});
  const auto host = make_host(mounted.root());
  const auto open = [&](const char* name, std::vector<HashAlgorithm> banks) {
    return open_target(*parse_register(std::string("tsm_mr_sample/") + name), {.banks = std::move(banks)}, *host);
  };
  CHECK(open("mr:rtmr_crypto_agile", {}).error().kind == ErrorKind::usage);
  const auto agile = open("mr:rtmr_crypto_agile", {HashAlgorithm::sha384});
  REQUIRE(agile);
  const auto same = open("rtmr1", {});
  REQUIRE(same);
  REQUIRE((**agile).extend(digest_of(**agile, Bytes(48, 1))));
  CHECK(value_of(**agile) == value_of(**same));
  CHECK(open("rtmr0", {}).error().message.contains("read only"));
  CHECK(open("mr:static_mr", {}).error().message.contains("read only"));
  CHECK(default_register({}, *host) == *parse_register("tsm_mr_sample/rtmr1"));
}

TEST_CASE("extend: what the platform refuses is told, and the register says what was done") {
  if (!have_fuse()) {
    return;
  }
  const Mounted mounted({"--provider", "mine", "--register", "r:sha256,fails-after=3", "--tree", "rfc"});
  const auto host = make_host(mounted.root());
  const auto target = opened(*host, "mine/mr:r");
  std::size_t done = 0;
  const std::vector<Event> events{line("one"), line("two"), line("three"), line("four")};
  const Status status = measure_in_kernel_log(*target, events, [&](std::size_t, const Extended&) { ++done; });
  REQUIRE_FALSE(status);
  CHECK(done == 2);  // the SYNC was the first
  CHECK(status.error().message.contains("of 4 events the first 2 are measured and logged"));
  CHECK(status.error().message.contains("this event is not measured"));
  CHECK(log_of(*target).ends_with("\ntwo\n"));
  const Status direct = target->extend(digest_of(*target, Bytes(32, 1)));
  REQUIRE_FALSE(direct);
  CHECK(direct.error().message.contains("mine/mr:r was not extended"));
}

TEST_CASE("extend: a log that is full says so, and what is measured until then is in it") {
  if (!have_fuse()) {
    return;
  }
  const Mounted mounted({"--provider", "measurement-example", "--tree", "rfc"});
  const auto host = make_host(mounted.root());
  const auto target = opened(*host, "measurement-example/rtmr0");
  const std::vector<Event> events(1100, line(std::string(4096, 'x')));
  std::size_t done = 0;
  std::uint64_t last = 0;
  const Status status = measure_in_kernel_log(*target, events, [&](std::size_t, const Extended& extended) {
    ++done;
    last = extended.record;
  });
  REQUIRE_FALSE(status);
  CHECK(status.error().message.contains("4 MiB"));
  CHECK(done > 1000);
  CHECK(last == done);  // the SYNC is record 0
  std::map<std::string, int> records;
  const std::string value = replayed(log_of(*target), HashAlgorithm::sha256, records);
  CHECK(value == value_of(*target));
  CHECK(records.at(std::string(4096, 'x')) == static_cast<int>(done));
  const std::array shorter{line("short")};
  CHECK(measure_in_kernel_log(*target, shorter, [](std::size_t, const Extended&) {}));
}

TEST_CASE("extend: a log that is appended to while it is read is read to its present end") {
  if (!have_fuse()) {
    return;
  }
  const Mounted mounted({"--provider", "measurement-example", "--tree", "rfc"});
  const auto host = make_host(mounted.root());
  const auto target = opened(*host, "measurement-example/rtmr0");
  for (int i = 0; i < 3; ++i) {
    REQUIRE(target->append(Bytes(4096, 'a')));
  }
  const auto source = host->open(target->kernel_log_path());
  REQUIRE(source);
  Bytes front(5000);
  const auto got = (**source).read(front);
  REQUIRE(got);
  REQUIRE(target->append(as_bytes("b")));  // the file that is open is gone
  const auto rest = read_all(**source, 1024 * 1024);
  REQUIRE_MESSAGE(rest, (rest ? "" : to_string(rest.error())));
  CHECK(std::string(as_text(ByteView(front).first(*got))) + std::string(as_text(*rest)) == log_of(*target));
  CHECK(log_of(*target).ends_with("\nb\n"));
}

TEST_CASE("extend: sixteen processes append to one register at once") {
  if (!have_fuse()) {
    return;
  }
  constexpr int kProcesses = 16;
  constexpr int kEvents = 100;
  const Mounted mounted({"--provider", "measurement-example", "--tree", "rfc"});
  std::vector<pid_t> children;
  for (int process = 0; process < kProcesses; ++process) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const auto host = make_host(mounted.root());
      const auto target = open_target(*parse_register("measurement-example/rtmr0"), {}, *host);
      std::vector<Event> events;
      for (int i = 0; i < kEvents; ++i) {
        events.push_back(line(fmt::format("process {} event {}", process, i)));
      }
      // Each result is checked against the log as it is then.
      bool right = target.has_value();
      HashEngine engine;
      std::uint64_t number = 0;
      const Status status =
          !target ? Status() : measure_in_kernel_log(**target, events, [&](std::size_t i, const Extended& extended) {
            const Extended::Bank& bank = extended.banks.front();
            Digest value = bank.before;
            engine.extend(bank.bank, value, bank.digest.view());
            right = right && value == bank.after && extended.record > number &&
                    bank.digest == engine.hash(bank.bank, events[i].data);
            number = extended.record;
          });
      ::_exit(right && status ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int state = -1;
    ::waitpid(child, &state, 0);
    CHECK(state == 0);
  }
  const auto host = make_host(mounted.root());
  const auto target = opened(*host, "measurement-example/rtmr0");
  std::map<std::string, int> records;
  const std::string value = replayed(log_of(*target), HashAlgorithm::sha256, records);
  CHECK(value == value_of(*target));
  CHECK(records.size() == 1 + kProcesses * kEvents);
  CHECK(std::ranges::all_of(records, [](const auto& record) { return record.second == 1; }));
}
