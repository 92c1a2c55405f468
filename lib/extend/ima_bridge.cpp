#include "lib/extend/ima_bridge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/text.hpp"
#include "lib/content/ima.hpp"
#include "lib/content/tsm_line.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/extend/stored_lines.hpp"
#include "lib/registers/initial.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::extend {
namespace {

constexpr std::array kWays{
    BridgeWayRow{.way = BridgeWay::virtual_register,
                 .name = "virtual",
                 .brief = "lines that extend a virtual register by the digests of the entries"},
    BridgeWayRow{.way = BridgeWay::records, .name = "records", .brief = "the entries themselves, as lines"},
    BridgeWayRow{.way = BridgeWay::direct,
                 .name = "direct",
                 .brief = "a register of IMA's own, extended by the digests of the entries"},
};

std::size_t size_of_bank(HashAlgorithm bank) {
  const HashAlgorithmRow* const row = find_algorithm(bank);
  return row == nullptr ? 0 : row->size;
}

bool is_line(const Record& record, TsmLine kind) {
  return record.content == ContentType::tsm && record.type == static_cast<std::uint32_t>(kind);
}

// The file that an entry measures, for messages.
std::string describe(const Record& entry) {
  const auto fields = ima::fields_of(entry, ByteOrder::little);
  return fields ? escape_for_terminal(as_text(ima::without_nul(fields->name()))) : "of an unknown template";
}

std::unexpected<Error> at_entry(ErrorKind kind, std::uint64_t number, std::string message) {
  return std::unexpected(
      Error{.kind = kind, .message = std::move(message), .file = {}, .offset = {}, .record = number});
}

Event line_event(std::string line, std::span<const HashAlgorithm> banks) {
  const ByteView data = as_bytes(line);
  return {.content = ContentType::tsm,
          .type = static_cast<std::uint32_t>(TsmLine::record),
          .data = to_bytes(data),
          .name = {},
          .digests = digests_of(data, banks),
          .extras = {}};
}

}  // namespace

std::span<const BridgeWayRow> bridge_ways() {
  return kWays;
}

std::optional<BridgeWay> parse_bridge_way(std::string_view name) {
  const auto row = std::ranges::find(kWays, name, &BridgeWayRow::name);
  return row == kWays.end() ? std::nullopt : std::optional(row->way);
}

Status check_virtual_name(std::string_view name) {
  const std::string line = tsm::format_virtual_extend(name, HashAlgorithm::sha256,
                                                      Digest::filled(size_of_bank(HashAlgorithm::sha256), 0).view());
  const auto extend = tsm::parse_virtual_extend(line);
  if (!extend || why_changed(as_bytes(line)) || extend->name != name || !is_utf8(as_bytes(name))) {
    return fail(ErrorKind::usage,
                fmt::format("expected the name of a virtual register, one word that is neither SYNC nor begins with #, "
                            "found '{}'",
                            escape_for_terminal(name)));
  }
  return {};
}

ImaBridge::ImaBridge(BridgeOptions options, Register reg, std::span<const HashAlgorithm> banks)
    : options_(std::move(options)), reg_(std::move(reg)), banks_(banks.begin(), banks.end()) {
  for (const HashAlgorithm bank : banks_) {
    values_.push_back({.bank = bank, .digest = platform_initial_value(reg_, size_of_bank(bank), true).value});
  }
}

HashAlgorithm ImaBridge::bank() const {
  if (options_.way != BridgeWay::virtual_register) {
    return HashAlgorithm::none;
  }
  if (options_.bank == HashAlgorithm::none && logged_.size() == 1) {
    return logged_.begin()->first;
  }
  return options_.bank;
}

std::vector<HashAlgorithm> ImaBridge::wanted_banks() const {
  switch (options_.way) {
    case BridgeWay::direct:
      return banks_;
    case BridgeWay::virtual_register:
      return {bank() == HashAlgorithm::none ? HashAlgorithm::sha256 : bank()};
    case BridgeWay::records:
      break;
  }
  return {HashAlgorithm::none};
}

const ImaBridge::Marks& ImaBridge::marks() const {
  static const Marks kNone;
  const auto found = logged_.find(bank());
  return found == logged_.end() ? kNone : found->second;
}

std::vector<HashAlgorithm> ImaBridge::other_banks() const {
  std::vector<HashAlgorithm> others;
  for (const auto& [logged, marks] : logged_) {
    if (logged != bank()) {
      others.push_back(logged);
    }
  }
  return others;
}

std::string ImaBridge::not_its_own(std::string_view why) const {
  return fmt::format(
      "{} is not a register of IMA's own: {}; name another register with --on, or carry the entries "
      "--as virtual, which shares the register",
      to_string(reg_), why);
}

void ImaBridge::fold(std::span<const BankDigest> digests) {
  HashEngine engine;
  for (BankDigest& value : values_) {
    const auto digest = std::ranges::find(digests, value.bank, &BankDigest::bank);
    if (digest != digests.end()) {
      engine.extend(value.bank, value.digest, digest->digest.view());
    }
  }
}

Status ImaBridge::take_logged(const Record& record) {
  if (record.reg != reg_) {
    return {};
  }
  if (options_.way == BridgeWay::direct) {
    return take_direct(record);
  }
  if (is_line(record, TsmLine::record)) {
    take_line(record);
  }
  return {};
}

void ImaBridge::take_line(const Record& record) {
  const std::string_view line = as_text(record.data);
  if (options_.way == BridgeWay::records) {
    if (tsm::parse_ima_entry(line)) {
      logged_[HashAlgorithm::none].push_back(HashEngine().hash(HashAlgorithm::sha256, record.data));
    }
  } else if (const auto extend = tsm::parse_virtual_extend(line); extend && extend->name == options_.virtual_name) {
    logged_[tsm::bank_of(extend->digest)].push_back(extend->digest.value);
  }
}

Status ImaBridge::take_direct(const Record& record) {
  const bool carried = options_.log_of_lines ? is_line(record, TsmLine::extend)
                                             : record.content == ContentType::ima_template && record.extends;
  if (!carried && (record.extends || record.asserts)) {
    auto error = fail(ErrorKind::check_failed,
                      not_its_own(record.asserts ? "somebody else extended it, as this record of its log says"
                                                 : "this record of its log is no entry of an IMA list"));
    error.error().record = record.number;
    return error;
  }
  if (!carried) {
    return {};
  }
  std::vector<BankDigest> digests;
  for (const DigestEntry& entry : record.digests) {
    digests.push_back({.bank = entry.algorithm, .digest = Digest(entry.value)});
  }
  const auto first = std::ranges::find(digests, banks_.front(), &BankDigest::bank);
  if (first == digests.end()) {
    auto error = fail(ErrorKind::check_failed,
                      fmt::format("expected a digest of bank {}, found none", to_string(banks_.front())));
    error.error().record = record.number;
    return error;
  }
  logged_[HashAlgorithm::none].push_back(first->digest);
  fold(digests);
  return {};
}

Status ImaBridge::check_register(std::span<const BankDigest> present) const {
  if (options_.way != BridgeWay::direct || std::ranges::equal(values_, present)) {
    return {};
  }
  return fail(ErrorKind::check_failed,
              not_its_own(fmt::format("expected it where the {} entries that its log carries leave it, found another "
                                      "value",
                                      logged())));
}

Status ImaBridge::check_extended(const Extended& result) {
  if (options_.way != BridgeWay::direct) {
    return {};
  }
  bool followed = true;
  std::vector<BankDigest> digests;
  for (const Extended::Bank& bank : result.banks) {
    const auto value = std::ranges::find(values_, bank.bank, &BankDigest::bank);
    followed = followed && (value == values_.end() || value->digest == bank.before);
    digests.push_back({.bank = bank.bank, .digest = bank.digest});
  }
  fold(digests);
  return followed ? Status()
                  : fail(ErrorKind::check_failed, not_its_own("somebody else extended it while entries were carried"));
}

Result<Digest> ImaBridge::digest_in(const Record& entry, HashAlgorithm bank, std::uint64_t number) const {
  for (const DigestEntry& digest : entry.digests) {
    if (digest.algorithm == bank && digest.origin != DigestOrigin::alternative &&
        digest.value.size() == size_of_bank(bank)) {
      return Digest(digest.value);
    }
  }
  return at_entry(ErrorKind::unsupported, number,
                  fmt::format("expected an entry whose digest in bank {} is known, found one ({}) that the list states "
                              "in another bank only and whose template data cannot be told from it",
                              to_string(bank), describe(entry)));
}

Result<Event> ImaBridge::virtual_event(const Record& entry, std::uint64_t number) const {
  MRTOOL_TRY(digest, digest_in(entry, options_.bank, number));
  return line_event(tsm::format_virtual_extend(options_.virtual_name, options_.bank, digest.view()), banks_);
}

Result<Event> ImaBridge::record_event(const Record& entry, std::uint64_t number) const {
  const auto cannot = [&](std::string_view why) {
    return at_entry(ErrorKind::unsupported, number,
                    fmt::format("entry {} ({}) cannot be carried as a line: {}; --as virtual carries any entry", number,
                                describe(entry), why));
  };
  if (entry.content != ContentType::ima_template) {
    return cannot("its template is not known, so its data cannot be told");
  }
  std::string line = tsm::format_ima_entry(as_text(entry.name), entry.data);
  if (const auto reason = why_changed(as_bytes(line))) {
    return cannot(*reason);
  }
  const auto parsed = tsm::parse_ima_entry(line);
  if (!parsed) {
    return cannot("its template data could not be read back from it");
  }
  if (parsed->violation != entry.violation) {
    return cannot(entry.violation ? "nothing in its template data says that it is a violation"
                                  : "its template data would be taken for a violation");
  }
  return line_event(std::move(line), banks_);
}

Result<Event> ImaBridge::direct_event(const Record& entry, std::uint64_t number) const {
  Event event;
  for (const HashAlgorithm bank : banks_) {
    MRTOOL_TRY(digest, digest_in(entry, bank, number));
    event.digests.push_back({.bank = bank, .digest = digest});
  }
  if (options_.log_of_lines) {
    event.content = ContentType::tsm;
    event.type = static_cast<std::uint32_t>(TsmLine::extend);
    event.data = to_bytes(as_bytes(tsm::format_extend(event.digests.front().digest.view())));
    return event;
  }
  if (entry.content != ContentType::ima_template) {
    return at_entry(ErrorKind::unsupported, number,
                    fmt::format("expected an entry of a known template, which a log of records can hold, found one of "
                                "template {}",
                                escape_for_terminal(as_text(entry.name))));
  }
  event.content = ContentType::ima_template;
  event.data = to_bytes(entry.data);
  event.name = to_bytes(entry.name);
  return event;
}

Result<Event> ImaBridge::event_of(const Record& entry, std::uint64_t number) const {
  switch (options_.way) {
    case BridgeWay::virtual_register:
      return virtual_event(entry, number);
    case BridgeWay::records:
      return record_event(entry, number);
    case BridgeWay::direct:
      break;
  }
  return direct_event(entry, number);
}

Digest ImaBridge::mark_of(const Event& event) const {
  switch (options_.way) {
    case BridgeWay::virtual_register:
      return tsm::parse_virtual_extend(as_text(event.data))->digest.value;
    case BridgeWay::records:
      return HashEngine().hash(HashAlgorithm::sha256, event.data);
    case BridgeWay::direct:
      break;
  }
  return event.digests.front().digest;
}

Result<std::optional<Event>> ImaBridge::take_entry(const Record& entry, const LogInfo& list) {
  if (options_.way == BridgeWay::virtual_register && options_.bank == HashAlgorithm::none) {
    const HashAlgorithm own = list.algorithms.empty() ? HashAlgorithm::sha1 : list.algorithms.front().algorithm;
    options_.bank = bank() != HashAlgorithm::none ? bank() : own == HashAlgorithm::sha1 ? HashAlgorithm::sha256 : own;
  }
  const std::uint64_t number = entries_;
  MRTOOL_TRY(event, event_of(entry, number));
  ++entries_;
  if (number >= logged()) {
    return std::optional(std::move(event));
  }
  const Digest expected = mark_of(event);
  const Digest& found = marks()[static_cast<std::size_t>(number)];
  if (expected != found) {
    return at_entry(ErrorKind::check_failed, number,
                    fmt::format("expected the log of {} to carry the list's entries in order, found another one in the "
                                "place of entry {} ({}): {} and not {}; is this the list that was carried, whole and "
                                "of this boot? Nothing was extended",
                                to_string(reg_), number, describe(entry), found.hex(), expected.hex()));
  }
  return std::optional<Event>();
}

Status ImaBridge::check_end() const {
  if (entries_ >= logged()) {
    return {};
  }
  return at_entry(ErrorKind::check_failed, entries_,
                  fmt::format("expected the {} entries of the list that the log of {} carries, found a list of {}; is "
                              "it whole and of this boot? Nothing was extended",
                              logged(), to_string(reg_), entries_));
}

}  // namespace mrtool::extend
