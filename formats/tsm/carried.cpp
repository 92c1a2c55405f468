#include "formats/tsm/carried.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "lib/content/systemd_json.hpp"
#include "lib/content/tsm_line.hpp"

namespace mrtool::tsm {
namespace {

constexpr std::string_view kLogHeader = "# mrtool/1 log ";
constexpr std::string_view kNoBank = "none";
constexpr std::string_view kCarried = "# mrtool/1 record ";

struct Flag {
  std::string_view name;
  bool Record::* member;
};
constexpr auto kFlags = std::to_array<Flag>({
    {"extends", &Record::extends},
    {"tentative", &Record::tentative},
    {"violation", &Record::violation},
    {"instance", &Record::starts_instance},
});
constexpr std::string_view kComputed = "computed";

template <class Integer>
bool read_decimal(std::string_view text, Integer& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

bool read_hex(std::string_view text, Arena& arena, ByteView& view) {
  const auto bytes = from_hex(text);
  if (bytes) {
    view = arena.keep(*bytes);
  }
  return bytes.has_value();
}

std::optional<Digest> read_digest(std::string_view text) {
  const auto bytes = text.size() > 2 * kMaxDigestSize ? std::nullopt : from_hex(text);
  return bytes ? std::optional(Digest(*bytes)) : std::nullopt;
}

std::optional<ContentType> parse_content(std::string_view name) {
  for (auto content = ContentType::none; content <= ContentType::unknown;
       content = static_cast<ContentType>(static_cast<std::uint8_t>(content) + 1)) {
    if (to_string(content) == name) {
      return content;
    }
  }
  return std::nullopt;
}

// The text before the next `separator`, which is taken off `rest` with it.
std::string_view next_word(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return word;
}

bool read_flags(std::string_view text, Carrying& out) {
  while (!text.empty()) {
    const std::string_view word = next_word(text, ',');
    const auto* const flag = std::ranges::find(kFlags, word, &Flag::name);
    if (flag != kFlags.end()) {
      out.record.*(flag->member) = true;
    } else if (word == kComputed) {
      out.computed = true;
    } else {
      return false;
    }
  }
  return true;
}

bool read_assertion(std::string_view text, Record& record) {
  const std::string_view kind = next_word(text, ':');
  const std::string_view bank = next_word(text, ':');
  const auto value = read_digest(text);
  const auto algorithm = bank == "any" ? std::optional(HashAlgorithm::none) : parse_algorithm(bank);
  if ((kind != "initial" && kind != "present") || !algorithm || !value) {
    return false;
  }
  record.asserts = {
      .kind = kind == "initial" ? AssertionKind::initial : AssertionKind::present, .bank = *algorithm, .value = *value};
  return true;
}

// The content object of a systemd record, whose string is the record's data.
bool read_details(std::string_view text, Record& record) {
  const auto bytes = from_hex(text);
  const auto content = bytes ? parse_json_text(*bytes) : fail(ErrorKind::malformed, "no hexadecimal digits");
  if (!content) {
    return false;
  }
  auto extras = std::make_shared<SystemdExtras>();
  extras->event = std::make_shared<const SystemdEvent>(read_systemd_content(*content).event);
  record.extras = std::move(extras);
  return true;
}

bool read_key(std::string_view key, std::string_view value, Arena& arena, Carrying& out) {
  Record& record = out.record;
  if (key == "type") {
    return read_decimal(value, record.type);
  }
  if (key == "index") {
    return read_decimal(value, record.raw_index);
  }
  if (key == "number") {
    return read_decimal(value, record.stated_number.emplace());
  }
  if (key == "flags") {
    return read_flags(value, out);
  }
  if (key == "asserts") {
    return read_assertion(value, record);
  }
  if (key == "digest") {
    out.digest = read_digest(value);
    return out.digest.has_value();
  }
  if (key == "name") {
    return read_hex(value, arena, record.name);
  }
  if (key == "data") {
    return read_hex(value, arena, record.data);
  }
  if (key == "details") {
    return read_details(value, record);
  }
  return key == "suffix" && read_hex(value, arena, record.suffix);
}

std::string format_flags(const Record& record, bool computed) {
  std::string flags;
  const auto add = [&flags](std::string_view name) { flags.append(flags.empty() ? "" : ",").append(name); };
  for (const Flag& flag : kFlags) {
    if (record.*(flag.member)) {
      add(flag.name);
    }
  }
  if (computed) {
    add(kComputed);
  }
  return flags;
}

void append_bytes(std::string& out, std::string_view key, ByteView bytes) {
  if (!bytes.empty()) {
    out.append(" ").append(key).append("=");
    append_hex(out, bytes);
  }
}

std::string format_line(const Record& record, bool computed, ByteView digest) {
  std::string line(kCarried);
  line.append(to_string(record.content));
  if (record.type != 0) {
    line += fmt::format(" type={}", record.type);
  }
  if (record.raw_index != 0) {
    line += fmt::format(" index={}", record.raw_index);
  }
  if (record.stated_number) {
    line += fmt::format(" number={}", *record.stated_number);
  }
  if (const std::string flags = format_flags(record, computed); !flags.empty()) {
    line.append(" flags=").append(flags);
  }
  if (record.asserts) {
    line += fmt::format(" asserts={}:{}:{}", record.asserts->kind == AssertionKind::initial ? "initial" : "present",
                        record.asserts->bank == HashAlgorithm::none ? "any" : to_string(record.asserts->bank),
                        record.asserts->value.hex());
  }
  append_bytes(line, "name", record.name);
  append_bytes(line, "digest", digest);
  append_bytes(line, "data", record.data);
  append_bytes(line, "details", as_bytes(details_of(record)));
  append_bytes(line, "suffix", record.suffix);
  return line;
}

}  // namespace

std::string details_of(const Record& record) {
  const SystemdEvent* const event = systemd_event(record);
  return event == nullptr ? std::string() : write_systemd_content(*event, record.data);
}

std::string format_log_header(HashAlgorithm bank) {
  return fmt::format("{}{}", kLogHeader, bank == HashAlgorithm::none ? kNoBank : kernel_name(bank));
}

std::optional<HashAlgorithm> parse_log_header(std::string_view line) {
  if (!line.starts_with(kLogHeader)) {
    return std::nullopt;
  }
  const std::string_view name = line.substr(kLogHeader.size());
  const auto bank = name == kNoBank ? std::optional(HashAlgorithm::none) : parse_kernel_name(name);
  return bank && format_log_header(*bank) == line ? bank : std::nullopt;
}

bool starts_carried(std::string_view line) {
  return line.starts_with(kCarried);
}

const DigestEntry* digest_of(const Record& record, HashAlgorithm bank) {
  const auto entry = std::ranges::find(record.digests, bank, &DigestEntry::algorithm);
  const HashAlgorithmRow* row = find_algorithm(bank);
  return entry == record.digests.end() || row == nullptr || entry->value.size() != row->size ? nullptr : &*entry;
}

std::string format_carried(const Record& record, HashAlgorithm bank) {
  const DigestEntry* entry = digest_of(record, bank);
  const bool computed = entry != nullptr && entry->origin == DigestOrigin::computed;
  return format_line(record, computed, entry == nullptr || record.extends ? ByteView{} : entry->value);
}

std::optional<Carrying> parse_carried(std::string_view line, HashAlgorithm bank, Arena& arena) {
  if (!starts_carried(line)) {
    return std::nullopt;
  }
  std::string_view rest = line.substr(kCarried.size());
  const auto content = parse_content(next_word(rest, ' '));
  if (!content) {
    return std::nullopt;
  }
  Carrying carrying;
  carrying.record.content = *content;
  while (!rest.empty()) {
    std::string_view value = next_word(rest, ' ');
    const std::string_view key = next_word(value, '=');
    if (!read_key(key, value, arena, carrying)) {
      return std::nullopt;
    }
  }
  const HashAlgorithmRow* row = find_algorithm(bank);
  if (carrying.digest && (row == nullptr || carrying.digest->size() != row->size || carrying.record.extends)) {
    return std::nullopt;
  }
  if (carrying.computed && !carrying.digest && !carrying.record.extends) {
    return std::nullopt;
  }
  // Only a direct extend is logged before it is tried: any other record that may not have happened is made up.
  if (carrying.record.tentative && (carrying.record.content != ContentType::tsm ||
                                    carrying.record.type != static_cast<std::uint32_t>(TsmLine::extend))) {
    return std::nullopt;
  }
  const ByteView digest = carrying.digest ? carrying.digest->view() : ByteView{};
  if (format_line(carrying.record, carrying.computed, digest) != line) {
    return std::nullopt;
  }
  return carrying;
}

}  // namespace mrtool::tsm
