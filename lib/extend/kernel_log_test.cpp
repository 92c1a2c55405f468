// Measuring where the kernel keeps the log, over a machine of plain files.
#include "lib/extend/kernel_log.hpp"

#include "lib/extend/fake_kernel_test.hpp"

using namespace mrtool;
using namespace mrtool::extend;
using namespace mrtool::testing;

namespace {

const std::string kDirectory = "/sys/kernel/tsm/measurement-example/rtmr1";
const std::string kLog = kDirectory + "/event_log";
constexpr HashAlgorithm kBank = HashAlgorithm::sha384;

struct Machine {
  FakeKernel kernel;
  std::unique_ptr<ExtendTarget> target;

  explicit Machine(std::uint32_t digest_mode = 0644) {
    kernel.make_rfc(kDirectory, "sha384", digest_mode);
    std::vector<std::string> looked_for;
    auto opened = open_append_event(reg_of("measurement-example/rtmr1"), {}, kernel, looked_for);
    REQUIRE(opened);
    REQUIRE(*opened);
    target = *std::move(opened);
  }

  std::string log() { return kernel.content(kLog); }
  std::string value() { return to_hex(as_bytes(kernel.content(kDirectory + "/digest"))); }
  void others_append(std::string_view line) { REQUIRE(kernel.append(kernel.at(kDirectory), line)); }
};

Event line(std::string_view text) {
  Event event;
  event.content = ContentType::tsm;
  event.type = static_cast<std::uint32_t>(text.starts_with('#') ? TsmLine::comment : TsmLine::record);
  event.data = to_bytes(as_bytes(text));
  event.extends = !text.starts_with('#');
  return event;
}

Event direct(std::uint8_t byte, HashAlgorithm bank = kBank, std::size_t size = 48) {
  Event event;
  event.content = byte % 2 == 0 ? ContentType::none : ContentType::tsm;
  event.type = static_cast<std::uint32_t>(byte % 2 == 0 ? TsmLine::record : TsmLine::extend);
  event.digests = {{.bank = bank, .digest = Digest::filled(size, byte)}};
  return event;
}

struct Measured {
  Status status;
  std::vector<Extended> results;
};

Measured measure(Machine& machine, const std::vector<Event>& events) {
  Measured measured;
  measured.status = measure_in_kernel_log(*machine.target, events, [&](std::size_t i, const Extended& extended) {
    CHECK(i == measured.results.size());
    measured.results.push_back(extended);
  });
  return measured;
}

// What each result promises: the log has the line at that number, and after = H(before ‖ digest).
void check_result(Machine& machine, const Extended& extended, std::string_view text) {
  CAPTURE(text);
  std::vector<std::string> lines;
  const std::string log = machine.log();
  for (std::string_view rest = log; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    if (end != 0) {
      lines.emplace_back(rest.substr(0, end));
    }
    rest.remove_prefix(end + 1);
  }
  REQUIRE(extended.record < lines.size());
  CHECK(lines[extended.record] == text);
  REQUIRE(extended.banks.size() == 1);
  const Extended::Bank& bank = extended.banks.front();
  CHECK(bank.bank == kBank);
  if (bank.digest.size() == 0) {
    CHECK(bank.before == bank.after);
    return;
  }
  Digest value = bank.before;
  HashEngine().extend(kBank, value, bank.digest.view());
  CHECK(value == bank.after);
}

}  // namespace

TEST_CASE("the kernel's register: lines are appended, and what became of each is told") {
  Machine machine;
  CHECK(machine.target->backend() == "append-event");
  CHECK(machine.target->log_keeping() == LogKeeping::kernel);
  CHECK(machine.target->takes_digests());
  CHECK(machine.target->where() == machine.kernel.at(kDirectory + "/append_event"));
  CHECK(machine.target->kernel_log_path() == machine.kernel.at(kLog));
  const std::vector<Event> events{line("one"), line("# two"), line("three"), direct(5), line("four"), line("five")};
  const Measured measured = measure(machine, events);
  REQUIRE_MESSAGE(measured.status, (measured.status ? "" : to_string(measured.status.error())));
  REQUIRE(measured.results.size() == events.size());
  const std::string extend_line = tsm::format_extend(Bytes(48, 5));
  const std::vector<std::pair<std::size_t, std::string>> expected{{1, "one"},       {2, "# two"}, {3, "three"},
                                                                  {4, extend_line}, {6, "four"},  {7, "five"}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(measured.results[i].record == expected[i].first);
    check_result(machine, measured.results[i], expected[i].second);
  }
  CHECK(measured.results.back().banks[0].after.hex() == machine.value());
  // Another run goes on.
  const Measured more = measure(machine, {line("six"), direct(6), direct(7)});
  REQUIRE(more.status);
  CHECK(more.results[0].record == 8);
  CHECK(more.results[1].record == 9);
  CHECK(more.results[2].record == 10);
  check_result(machine, more.results[2], tsm::format_extend(Bytes(48, 7)));
  CHECK(measure(machine, {}).status);
}

TEST_CASE("a log that begins with direct extensions, on a register that holds something") {
  Machine machine;
  machine.kernel.write(kDirectory + "/digest", std::string(48, 'v'));
  const Measured measured = measure(machine, {direct(1), direct(2), line("a")});
  REQUIRE(measured.status);
  CHECK(measured.results[0].record == 0);
  CHECK(measured.results[1].record == 1);
  CHECK(measured.results[2].record == 3);
  check_result(machine, measured.results[1], tsm::format_extend(Bytes(48, 2)));
  check_result(machine, measured.results[2], "a");
}

TEST_CASE("what others append at the same time does not get into the results") {
  Machine machine;
  const Measured first = measure(machine, {line("one")});
  REQUIRE(first.status);
  std::vector<Extended> results;
  const std::vector<Event> events{line("two"), line("three"), line("four"), line("five")};
  machine.kernel.meanwhile = [&] { machine.others_append("theirs"); };
  const Status status = measure_in_kernel_log(*machine.target, events, [&](std::size_t i, const Extended& extended) {
    results.push_back(extended);
    if (i == 0) {
      machine.others_append("between");
      machine.others_append("# between");
    }
    if (i == 1) {
      machine.kernel.meanwhile = [&] {
        machine.kernel.extend(machine.kernel.at(kDirectory + "/digest"), Bytes(48, 9));  // beside the log
      };
    }
  });
  REQUIRE(status);
  CHECK(results[0].record == 3);
  CHECK(results[1].record == 6);
  CHECK(results[2].record == 7);
  CHECK(results[3].record == 8);
  check_result(machine, results[0], "two");
  check_result(machine, results[1], "three");
  check_result(machine, results[3], "five");
  CHECK(results[3].banks[0].after.hex() == machine.value());
}

TEST_CASE("others begin the log after it was found empty") {
  Machine machine;
  int looks = 0;
  machine.kernel.on_open = [&](const std::string& path) {
    if (path.ends_with("/digest") && ++looks == 2) {  // between the look at the log and that before the first write
      machine.others_append("theirs");
    }
  };
  const Measured measured = measure(machine, {line("one"), line("two")});
  REQUIRE(measured.status);
  CHECK(measured.results[0].record == 2);
  check_result(machine, measured.results[0], "one");
  CHECK(measured.results[0].banks[0].after == measured.results[1].banks[0].before);
  check_result(machine, measured.results[1], "two");
}

TEST_CASE("a forged line of a direct extension in the log does not mislead") {
  Machine machine;
  REQUIRE(measure(machine, {line("one")}).status);
  machine.others_append(tsm::format_extend(Bytes(48, 1)));
  const Measured measured = measure(machine, {line("two"), line("three")});
  REQUIRE(measured.status);
  CHECK(measured.results[0].record == 3);
  check_result(machine, measured.results[0], "two");
  machine.kernel.meanwhile = [&] { machine.others_append("theirs"); };
  const Measured more = measure(machine, {line("four"), line("five")});
  REQUIRE(more.status);
  CHECK(more.results[0].record == 6);
  check_result(machine, more.results[1], "five");
}

TEST_CASE("what the kernel would change never reaches it, nor does anything of the same call") {
  Machine machine;
  for (const std::string& bad : {std::string(), std::string(" a"), std::string("a\nb"), std::string("a\r"),
                                 std::string("voil\xC3\xA0"), std::string(4097, 'x')}) {
    const Measured measured = measure(machine, {line("good"), line(bad)});
    REQUIRE_FALSE(measured.status);
    CHECK(measured.status.error().kind == ErrorKind::unsupported);
    CHECK(measured.results.empty());
  }
  CHECK_FALSE(machine.target->append(Bytes(4097, 'x')));
  CHECK_FALSE(measure(machine, {direct(1, HashAlgorithm::sha256, 32)}).status);
  CHECK_FALSE(measure(machine, {direct(1, kBank, 32)}).status);
  CHECK(machine.kernel.written.empty());
  CHECK(machine.log().empty());
  CHECK(measure(machine, {line(std::string(4096, 'x')), line(std::string("a\0b", 3))}).status);
}

TEST_CASE("a register that takes no digests") {
  Machine machine(0444);
  CHECK_FALSE(machine.target->takes_digests());
  CHECK(measure(machine, {direct(1)}).status.error().kind == ErrorKind::unsupported);
  CHECK(measure(machine, {line("a")}).status);
}

TEST_CASE("a full log is told as such, and a shorter record still fits") {
  Machine machine;
  REQUIRE(measure(machine, {line("one")}).status);
  machine.kernel.log_limit = machine.log().size() + 10;
  const Measured measured = measure(machine, {line("two"), line("a record that is long"), line("never tried")});
  REQUIRE_FALSE(measured.status);
  CHECK(measured.results.size() == 1);
  CHECK(measured.status.error().kind == ErrorKind::io);
  CHECK(measured.status.error().message.contains("4 MiB"));
  CHECK(measured.status.error().message.contains("this event is not measured"));
  CHECK(measured.status.error().message.contains("of 3 events the first 1 are measured"));
  CHECK_FALSE(machine.log().contains("never"));
}

TEST_CASE("what a failed append left behind is told by register and log") {
  const auto failing = [](int error, auto prepare) {
    Machine machine;
    REQUIRE(measure(machine, {line("one")}).status);
    machine.kernel.error = error;
    prepare(machine);
    const Measured measured = measure(machine, {line("two")});
    return measured.status ? std::string("measured") : measured.status.error().message;
  };
  const auto nothing = [](Machine&) {};
  CHECK(failing(EACCES, nothing).contains("as root"));
  CHECK(failing(EIO, nothing).contains("this event is not measured"));
  CHECK(failing(EINTR, nothing).contains("this event is not measured"));
  const auto done = [](Machine& machine) { machine.kernel.done_all_the_same = true; };
  CHECK(failing(EINTR, done) == "measured");
  CHECK(failing(EIO, [](Machine& machine) {
          machine.kernel.meanwhile = [&machine] { machine.others_append("theirs"); };
        }).contains("not measured; somebody else"));
  CHECK(failing(EIO, [](Machine& machine) {
          machine.kernel.meanwhile = [&machine] { machine.others_append("two"); };
        }) == "measured");  // one such record is there, and the register is where it leads
  CHECK(failing(EIO, [](Machine& machine) {
          machine.kernel.meanwhile = [&machine] {
            machine.others_append("theirs");
            machine.others_append("two");
          };
        }).contains("not known"));
  CHECK(failing(EIO, [](Machine& machine) {
          machine.kernel.meanwhile = [&machine] {
            machine.kernel.unreadable = machine.kernel.at(kDirectory + "/digest");
          };
        }).contains("cannot be read any more"));
}

TEST_CASE("where the kernel takes a line and its log lacks it, that is an error") {
  Machine machine;
  REQUIRE(measure(machine, {line("one")}).status);
  machine.kernel.takes = 3;
  const Measured measured = measure(machine, {line("four")});
  REQUIRE_FALSE(measured.status);
  CHECK(measured.status.error().message.contains("not measured"));
  const auto host = make_host(machine.kernel.at("/"));  // plain files
  std::vector<std::string> looked_for;
  const auto target = open_append_event(machine.target->reg(), {}, *host, looked_for);
  const std::array events{line("five")};
  const Status status = measure_in_kernel_log(**target, events, [](std::size_t, const Extended&) { CHECK(false); });
  REQUIRE_FALSE(status);
  CHECK(status.error().message.contains("its log lacks it"));
}
