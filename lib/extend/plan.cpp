#include "lib/extend/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "lib/base/text.hpp"
#include "lib/content/content.hpp"
#include "lib/content/pcclient.hpp"
#include "lib/content/systemd_json.hpp"
#include "lib/content/tsm_line.hpp"
#include "lib/extend/stored_lines.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::extend {
namespace {

using Events = std::vector<Event>;

constexpr std::string_view kTsm = "tsm";
constexpr std::string_view kSystemd = "systemd";
constexpr std::string_view kAction = "EV_ACTION";  // its digest is that of its data
constexpr std::string_view kIpl = "EV_IPL";        // its digest is of an object that its data names

std::unexpected<Error> refuse(std::string_view what, std::string_view reason) {
  return fail(ErrorKind::unsupported, fmt::format("'{}' is not measured: {}", escape_for_terminal(what), reason));
}

std::string names_of(std::span<const HashAlgorithm> banks) {
  std::string names;
  for (const HashAlgorithm bank : banks) {
    fmt::format_to(std::back_inserter(names), "{}{}", names.empty() ? "" : ", ", to_string(bank));
  }
  return names;
}

// The digests in the order of the register's banks, one for each.
Result<std::vector<BankDigest>> for_each_bank(const std::vector<BankDigest>& given, const Place& place) {
  std::vector<BankDigest> digests;
  std::vector<HashAlgorithm> missing;
  for (const HashAlgorithm bank : place.banks) {
    const auto found = std::ranges::find(given, bank, &BankDigest::bank);
    if (found == given.end()) {
      missing.push_back(bank);
    } else {
      digests.push_back(*found);
    }
  }
  for (const BankDigest& digest : given) {
    if (std::ranges::count(given, digest.bank, &BankDigest::bank) > 1) {
      return fail(ErrorKind::usage, fmt::format("two {} digests are given for one event", to_string(digest.bank)));
    }
    if (std::ranges::find(place.banks, digest.bank) == place.banks.end()) {
      return fail(ErrorKind::usage, fmt::format("{} has no {} bank that could be extended, it has {}",
                                                to_string(place.reg), to_string(digest.bank), names_of(place.banks)));
    }
  }
  if (!missing.empty()) {
    return fail(ErrorKind::usage,
                fmt::format("{} has banks for which no digest is given ({}): they would part from the others; give "
                            "those too, or leave them as they are with --bank {}",
                            to_string(place.reg), names_of(missing), to_string(given.front().bank)));
  }
  return digests;
}

Event line_event(TsmLine type, ByteView line, std::vector<BankDigest> digests) {
  Event event;
  event.content = ContentType::tsm;
  event.type = static_cast<std::uint32_t>(type);
  event.data = to_bytes(line);
  event.extends = type != TsmLine::comment;
  event.digests = std::move(digests);
  return event;
}

// What everybody takes for an extension by another digest, and the kernel for a comment.
Status not_extend_form(std::string_view line) {
  return tsm::classify(line) != TsmLine::extend
             ? Status()
             : refuse(line, "it would read as a digest that was extended; --digest extends one");
}

// Text as lines of a TSM log.
Result<Events> plan_lines(ByteView text, const Place& place, bool force) {
  if (auto status = not_extend_form(as_text(text)); !status) {
    return std::unexpected(std::move(status).error());
  }
  if (const auto reason = why_changed(text); reason && !force) {
    return refuse(as_text(text), *reason + "; --force takes what the kernel would make of it");
  }
  Events events;
  for (const Bytes& line : stored_lines(text)) {
    if (auto status = not_extend_form(as_text(line)); !status) {
      return std::unexpected(std::move(status).error());
    }
    const bool comment = line.front() == '#';
    events.push_back(line_event(comment ? TsmLine::comment : TsmLine::record, line,
                                comment ? std::vector<BankDigest>() : digests_of(line, place.banks)));
  }
  if (events.empty()) {
    return refuse(as_text(text), "there is nothing in it but blanks");
  }
  return events;
}

// Digests as they are: a TSM log has a comment for what they are of, and a line of its own kind for each.
Result<Events> plan_direct(const Request& request, const Place& place) {
  if (!place.takes_digests) {
    return fail(
        ErrorKind::unsupported,
        fmt::format("the kernel takes no digests for {}, only lines of text: measure a line that has the "
                    "digest, as in mrtool extend {} 'example.org/NAME {}'",
                    to_string(place.reg), to_string(place.reg),
                    tsm::format_named_digest(request.digests.front().bank, request.digests.front().digest.view())));
  }
  MRTOOL_TRY(digests, for_each_bank(request.digests, place));
  Events events;
  if (request.text) {
    const std::string comment = fmt::format("# {}", as_text(*request.text));
    const auto reason = why_changed(*request.text);
    if (reason || comment.size() > kLinesLimit) {
      return refuse(as_text(*request.text), "as a comment in the log, " + reason.value_or("it is too long for a line"));
    }
    if (auto status = not_extend_form(comment); !status) {
      return std::unexpected(std::move(status).error());
    }
    events.push_back(line_event(TsmLine::comment, as_bytes(comment), {}));
  }
  const std::string line = tsm::format_extend(digests.front().digest.view());
  events.push_back(line_event(TsmLine::extend, as_bytes(line), std::move(digests)));
  return events;
}

Result<std::uint32_t> event_type(std::string_view text) {
  std::uint32_t number = 0;
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  const std::string_view digits = hexadecimal ? text.substr(2) : std::string_view();
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  if (!digits.empty() && problem == std::errc() && end == digits.data() + digits.size()) {
    return number;
  }
  if (const pcclient::EventType* const found = pcclient::find_event_type(text)) {
    return found->value;
  }
  return fail(ErrorKind::usage,
              fmt::format("expected an event type as EV_IPL or 0xd, found '{}'", escape_for_terminal(text)));
}

// The digest has to be what everybody will take it for.
Status check_meaning(const Event& event, const Place& place) {
  std::vector<DigestEntry> pool;
  const Record record = as_record(event, place.reg, pool);
  LogInfo log;
  log.format = place.log_format;
  HashEngine engine;
  for (const DigestJudgement& judged : judge(record, log, engine).digests) {
    if (judged.check == Check::differs) {
      return fail(ErrorKind::unsupported,
                  fmt::format("the digest of {} is one of its data, and this one is not: name another --event-type, or "
                              "--force it",
                              event_type_name(record)));
    }
  }
  return {};
}

// An event that is not of lines: its digests are those that are given, or those of its data.
Result<Events> finish_event(Event event, const Request& request, const Place& place, bool force) {
  if (request.digests.empty()) {
    event.digests = digests_of(event.data, place.banks);
  } else {
    MRTOOL_TRY(digests, for_each_bank(request.digests, place));
    event.digests = std::move(digests);
  }
  event.by_event = request.by_event;
  if (auto status = force ? Status() : check_meaning(event, place); !status) {
    return std::unexpected(std::move(status).error());
  }
  Events events;
  events.push_back(std::move(event));
  return events;
}

Result<Events> plan_pcclient(const Request& request, const Place& place, bool force) {
  Event event;
  event.content = ContentType::pcclient;
  MRTOOL_TRY(type, event_type(request.type ? std::string_view(*request.type)
                                           : std::string_view(request.digests.empty() ? kAction : kIpl)));
  if (type == pcclient::kNoAction) {
    return fail(ErrorKind::usage, "EV_NO_ACTION is the type of what is logged and never extended: name another");
  }
  event.type = type;
  event.data = request.data ? *request.data : request.text.value_or(Bytes());
  return finish_event(std::move(event), request, place, force);
}

Result<Events> plan_systemd(const Request& request, const Place& place, bool force) {
  if (request.data || !request.text || !is_utf8(*request.text)) {
    return fail(ErrorKind::usage,
                "systemd's log holds text: give an event of UTF-8, with --digest one that says what "
                "it is of");
  }
  Event event;
  event.content = ContentType::systemd;
  event.name = to_bytes(as_bytes(request.type.value_or(std::string())));
  event.data = *request.text;
  return finish_event(std::move(event), request, place, force);
}

Result<Events> plan_virtual(const Request& request, const Place& place) {
  Events events;
  for (const BankDigest& digest : request.digests) {
    const std::string line = tsm::format_virtual_extend(request.virtual_register, digest.bank, digest.digest.view());
    const auto read = tsm::parse_virtual_extend(line);
    if (!read || read->name != request.virtual_register || why_changed(as_bytes(line))) {
      return fail(ErrorKind::usage, fmt::format("expected a name of one word for a virtual register, found '{}'",
                                                escape_for_terminal(request.virtual_register)));
    }
    events.push_back(line_event(TsmLine::record, as_bytes(line), digests_of(as_bytes(line), place.banks)));
  }
  return events;
}

Status check_request(const Request& request, const Place& place) {
  constexpr std::size_t kMostByEvent = 1024;  // bytes of a TPM2B_EVENT (TPM 2.0 part 2, 10.4.9)
  const std::size_t measured = request.data ? request.data->size() : request.text ? request.text->size() : 0;
  if (request.text && request.data) {
    return fail(ErrorKind::usage, "an event has text or event data, and both are given");
  }
  if (!request.text && !request.data && request.digests.empty()) {
    return fail(ErrorKind::usage, "there is nothing to measure: give text, event data or a digest");
  }
  if (request.by_event && (place.reg.kind != RegisterKind::pcr || !request.digests.empty())) {
    return fail(ErrorKind::usage,
                "--by-event is for a PCR, by a text or event data of which the TPM makes the digests");
  }
  if (request.by_event && measured > kMostByEvent) {
    return fail(ErrorKind::unsupported,
                fmt::format("a TPM hashes events of at most {} bytes, this one has {}: leave --by-event away",
                            kMostByEvent, measured));
  }
  return {};
}

}  // namespace

Result<std::vector<Event>> plan(const Request& request, const Place& place, bool force) {
  if (auto status = check_request(request, place); !status) {
    return std::unexpected(std::move(status).error());
  }
  if (place.log_format == kSystemd) {
    return plan_systemd(request, place, force);
  }
  const bool typed = request.type || request.data || request.by_event;
  if (typed && place.log_format == kTsm) {
    return fail(ErrorKind::usage, fmt::format("the log of {} is lines of text, which have no event type or event data",
                                              to_string(place.reg)));
  }
  if (!request.virtual_register.empty()) {
    return plan_virtual(request, place);
  }
  if (place.log_format == kTsm) {
    return request.digests.empty() ? plan_lines(*request.text, place, force) : plan_direct(request, place);
  }
  // A log of records: a PCR's are events, what others have of text are lines as a TSM log would have them.
  const bool event = typed || place.reg.kind == RegisterKind::pcr || !request.digests.empty();
  return event ? plan_pcclient(request, place, force) : plan_lines(*request.text, place, force);
}

Result<BankDigest> parse_bank_digest(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto bank = parse_algorithm(text.substr(0, colon));
  const HashAlgorithmRow* const row = bank ? find_algorithm(*bank) : nullptr;
  if (colon == std::string_view::npos || row == nullptr) {
    return fail(ErrorKind::usage,
                fmt::format("expected a digest as sha384:HEX, found '{}'", escape_for_terminal(text)));
  }
  const auto value = from_hex(text.substr(colon + 1));
  if (!value || value->size() != row->size) {
    return fail(ErrorKind::usage,
                fmt::format("expected {} hexadecimal digits for {}, found {}", 2 * row->size, row->name,
                            value ? fmt::format("{}", 2 * value->size())
                                  : fmt::format("'{}'", escape_for_terminal(text.substr(colon + 1)))));
  }
  return BankDigest{.bank = *bank, .digest = Digest(*value)};
}

}  // namespace mrtool::extend
