#include "tools/mrtool/commands/extend_line.hpp"

#include <fmt/format.h>

#include <charconv>
#include <span>

#include "lib/base/limits.hpp"
#include "lib/base/text.hpp"
#include "lib/registers/names.hpp"
#include "tools/mrtool/cli/filter.hpp"

namespace mrtool {
namespace {

using extend::Request;

Result<Register> read_register(std::string_view text) {
  auto reg = parse_register(text);
  if (!reg) {
    return fail(ErrorKind::usage, fmt::format("expected a register (rtmr3, rem3, pcr14) in the place of '{}'; text "
                                              "without a register is given as --event TEXT",
                                              escape_for_terminal(text)));
  }
  // A provider's own can be, where its file says so.
  if (!is_extendable(*reg) && (reg->kind != RegisterKind::virtual_mr || reg->provider.empty())) {
    return fail(ErrorKind::usage, fmt::format("{} cannot be extended: it is measured once", to_string(*reg)));
  }
  return *std::move(reg);
}

// HEX, or the content of a file after an @.
Result<Bytes> read_event_data(std::string_view text, Host& host) {
  if (text.starts_with('@')) {
    return host.read_file(std::string(text.substr(1)), limits::kSmallFile);
  }
  if (auto bytes = from_hex(text)) {
    return *std::move(bytes);
  }
  return fail(ErrorKind::usage,
              fmt::format("--data takes hexadecimal digits or @FILE, not '{}'", escape_for_terminal(text)));
}

// What all events of the line have in common.
Result<Request> common_request(const CommandLine& line) {
  Request request;
  if (line.has(OptionId::event_type)) {
    request.type = std::string(line.value(OptionId::event_type));
  }
  request.by_event = line.has(OptionId::by_event);
  for (const std::string& text : line.all(OptionId::digest)) {
    MRTOOL_TRY(digest, extend::parse_bank_digest(text));
    request.digests.push_back(digest);
  }
  return request;
}

struct Given {
  std::vector<std::string> texts;
  Request common;
  std::optional<Bytes> data;
};

// Text beside a digest or file says what it is of, so that there is one of each.
Status check_description(const Given& given, std::size_t described) {
  if (!given.texts.empty() && given.data) {
    return fail(ErrorKind::usage, "an event has text or --data, and both are given");
  }
  if (given.texts.size() > 1 || (!given.texts.empty() && described > 1)) {
    return fail(ErrorKind::usage,
                "a text beside --file or --digest says what that is of: give one text and one of those "
                "in a run");
  }
  return {};
}

Request described(const Given& given) {
  Request request = given.common;
  if (!given.texts.empty()) {
    request.text = to_bytes(as_bytes(given.texts.front()));
  }
  request.data = given.data;
  return request;
}

Result<std::vector<AskedEvent>> events_of(const CommandLine& line, const Given& given) {
  std::vector<AskedEvent> events;
  const std::span<const std::string> files = line.all(OptionId::file);
  const std::size_t count = files.empty() ? 1 : files.size();
  if (!files.empty() || !given.common.digests.empty()) {
    if (auto status = check_description(given, count); !status) {
      return std::unexpected(std::move(status).error());
    }
    for (const std::string& file : files) {
      events.push_back({.request = described(given), .file = file});
    }
    if (files.empty()) {
      events.push_back({.request = described(given), .file = {}});
    }
    return events;
  }
  if (given.data) {
    if (auto status = check_description(given, 1); !status) {
      return std::unexpected(std::move(status).error());
    }
    events.push_back({.request = described(given), .file = {}});
    return events;
  }
  for (const std::string& text : given.texts) {
    Request request = given.common;
    request.text = to_bytes(as_bytes(text));
    events.push_back({.request = std::move(request), .file = {}});
  }
  return events;
}

// mr:NAME@CARRIER says the same as --virtual NAME --on CARRIER.
Status name_virtual(ExtendLine& asked, const CommandLine& line, Request& common) {
  if (line.has(OptionId::virtual_register) != line.has(OptionId::on)) {
    return fail(ErrorKind::usage,
                "--virtual NAME and --on REGISTER go together: one says what is extended, the other in "
                "whose log");
  }
  if (line.has(OptionId::virtual_register)) {
    if (asked.reg) {
      return fail(ErrorKind::usage, "beside --virtual, no register is given but that of --on");
    }
    constexpr std::string_view kPrefix = "mr:";
    std::string_view name = line.value(OptionId::virtual_register);
    name.remove_prefix(name.starts_with(kPrefix) ? kPrefix.size() : 0);
    common.virtual_register = name;
    MRTOOL_TRY(carrier, read_register(line.value(OptionId::on)));
    asked.reg = std::move(carrier);
  } else if (asked.reg && !asked.reg->carrier.empty()) {
    common.virtual_register = asked.reg->name;
    MRTOOL_TRY(carrier, read_register(asked.reg->carrier));
    asked.reg = std::move(carrier);
  }
  if (!common.virtual_register.empty() && common.digests.empty()) {
    return fail(ErrorKind::usage, "a virtual register is extended by digests: give --digest ALG:HEX");
  }
  return {};
}

}  // namespace

Result<MeasureOptions> measure_options(const CommandLine& line) {
  constexpr unsigned kLongestWait = 86'400;  // seconds
  MeasureOptions options;
  MRTOOL_TRY(filter, Filter::from(line));
  options.target.backend = line.value(OptionId::backend);
  options.target.tcti = line.value(OptionId::tcti);
  options.target.banks = filter.named_banks();
  options.log = line.value(OptionId::log);
  options.force = line.has(OptionId::force);
  if (line.has(OptionId::log) && options.log.empty()) {
    return fail(ErrorKind::usage, "--log needs a path or the name of a format");
  }
  if (line.has(OptionId::wait)) {
    const std::string_view text = line.value(OptionId::wait);
    unsigned seconds = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (text.empty() || problem != std::errc() || end != text.data() + text.size() || seconds > kLongestWait) {
      return fail(ErrorKind::usage,
                  fmt::format("--wait takes seconds from 0 to {}, not '{}'", kLongestWait, escape_for_terminal(text)));
    }
    options.wait = std::chrono::seconds(seconds);
  }
  return options;
}

Result<ExtendLine> read_extend_line(const CommandLine& line, Host& host, bool input_is_terminal) {
  ExtendLine asked;
  MRTOOL_TRY(options, measure_options(line));
  asked.options = std::move(options);
  asked.recover = line.has(OptionId::recover);
  Given given;
  MRTOOL_TRY(common, common_request(line));
  given.common = std::move(common);
  if (!line.arguments.empty()) {
    MRTOOL_TRY(reg, read_register(line.arguments.front()));
    asked.reg = std::move(reg);
    given.texts.assign(line.arguments.begin() + 1, line.arguments.end());
  }
  if (auto status = name_virtual(asked, line, given.common); !status) {
    return std::unexpected(std::move(status).error());
  }
  const auto texts = line.all(OptionId::event);
  given.texts.insert(given.texts.end(), texts.begin(), texts.end());
  if (line.has(OptionId::data)) {
    MRTOOL_TRY(data, read_event_data(line.value(OptionId::data), host));
    given.data = std::move(data);
  }
  MRTOOL_TRY(events, events_of(line, given));
  asked.events = std::move(events);
  if (line.has(OptionId::standard_input) && !asked.events.empty()) {
    return fail(ErrorKind::usage, "--stdin and an event on the command line exclude each other");
  }
  if (line.has(OptionId::standard_input) || (asked.events.empty() && !asked.recover)) {
    asked.lines = given.common;
    asked.lines_are_implied = !line.has(OptionId::standard_input);
  }
  if (asked.lines_are_implied && input_is_terminal) {
    return fail(ErrorKind::usage,
                "no event is given; write 'mrtool extend rtmr3 TEXT', or --stdin to type records, one "
                "a line");
  }
  return asked;
}

}  // namespace mrtool
