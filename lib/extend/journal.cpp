#include "lib/extend/journal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "lib/base/json_text.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::extend {
namespace {

constexpr std::string_view kMagic = "mrtool-journal 1 ";
constexpr std::string_view kSchema = "mrtool.journal/1";

JsonText numbers_of(const LogEnd& end) {
  JsonText numbers = JsonText::array();
  for (const auto& [reg, next] : end.next_numbers) {
    numbers.push_back({{"register", to_string(reg)}, {"next", next}});
  }
  return numbers;
}

JsonText values_of(const LogEnd& end) {
  JsonText values = JsonText::array();
  for (const auto& [key, value] : end.values) {
    values.push_back({{"register", to_string(key.reg)}, {"bank", to_string(key.bank)}, {"value", value.hex()}});
  }
  return values;
}

JsonText describe(const std::vector<BankDigest>& digests) {
  JsonText list = JsonText::array();
  for (const BankDigest& digest : digests) {
    list.push_back({{"bank", to_string(digest.bank)}, {"value", digest.digest.hex()}});
  }
  return list;
}

// Values are left out: they follow from the digests.
JsonText describe(const Step& step) {
  return {{"asked", step.asked},
          {"digests", describe(step.digests)},
          {"at", step.at},
          {"bytes", to_hex(step.bytes)},
          {"size", step.end.size},
          {"records", step.end.records},
          {"in_sync", step.end.in_sync},
          {"closing", step.end.tail},
          {"numbers", numbers_of(step.end)}};
}

JsonText describe(const Pending& pending) {
  JsonText steps = JsonText::array();
  for (const Step& step : pending.steps) {
    steps.push_back(describe(step));
  }
  return {{"register", to_string(pending.reg)}, {"backend", pending.backend},     {"tcti", pending.tcti},
          {"before", describe(pending.before)}, {"tail_at", pending.tail_at},     {"tail", to_hex(pending.tail)},
          {"marks_dirty", pending.marks_dirty}, {"was_dirty", pending.was_dirty}, {"steps", std::move(steps)}};
}

// Takes members of an object; the first that is missing or of another kind makes it bad, and the rest empty.
class Members {
 public:
  Members(const JsonText& object, bool& good) : object_(object), good_(good) {}

  std::string text(std::string_view name) const {
    const JsonText* member = find(name);
    return member != nullptr && expect(member->is_string()) ? member->get<std::string>() : std::string();
  }
  std::uint64_t number(std::string_view name) const {
    const JsonText* member = find(name);
    return member != nullptr && expect(member->is_number_unsigned()) ? member->get<std::uint64_t>() : 0;
  }
  bool flag(std::string_view name) const {
    const JsonText* member = find(name);
    return member != nullptr && expect(member->is_boolean()) && member->get<bool>();
  }
  Bytes hex(std::string_view name) const {
    auto bytes = from_hex(text(name));
    expect(bytes.has_value());
    return bytes ? *std::move(bytes) : Bytes();
  }
  Digest digest(std::string_view name) const {
    const Bytes bytes = hex(name);
    return expect(bytes.size() <= kMaxDigestSize) ? Digest(bytes) : Digest();
  }
  Register reg(std::string_view name) const {
    auto reg = parse_register(text(name));
    expect(reg.has_value());
    return reg.value_or(Register{});
  }
  BankDigest bank_digest() const {
    const auto bank = parse_algorithm(text("bank"));
    const HashAlgorithmRow* row = find_algorithm(bank.value_or(HashAlgorithm::none));
    BankDigest value{.bank = bank.value_or(HashAlgorithm::none), .digest = digest("value")};
    expect(row != nullptr && value.digest.size() == row->size && HashEngine::can_compute(row->id));
    return value;
  }
  // Calls `take` with the members of each object of a list.
  template <class Take>
  void each(std::string_view name, Take take) const {
    const JsonText* member = find(name);
    if (member == nullptr || !expect(member->is_array())) {
      return;
    }
    for (const JsonText& item : *member) {
      take(Members(item, good_));
    }
  }
  const JsonText* find(std::string_view name) const {
    const JsonText* member = find_member(object_, name);
    expect(member != nullptr);
    return member;
  }
  bool expect(bool condition) const {
    good_ = good_ && condition;
    return condition;
  }

 private:
  const JsonText& object_;
  bool& good_;
};

void read_numbers(const Members& from, LogEnd& end) {
  from.each("numbers", [&](const Members& item) { end.next_numbers[item.reg("register")] = item.number("next"); });
}

std::vector<BankDigest> read_digests(const Members& from, std::string_view name) {
  std::vector<BankDigest> digests;
  from.each(name, [&](const Members& item) { digests.push_back(item.bank_digest()); });
  return digests;
}

LogEnd read_sizes(const Members& from) {
  LogEnd end;
  end.size = from.number("size");
  end.records = from.number("records");
  end.in_sync = from.flag("in_sync");
  end.tail = from.number("closing");
  read_numbers(from, end);
  return end;
}

void set_values(LogEnd& end, const Register& reg, const std::vector<BankDigest>& values) {
  for (const BankDigest& value : values) {
    end.values[{.reg = reg, .bank = value.bank}] = value.digest;
  }
}

bool same_banks(const std::vector<BankDigest>& a, const std::vector<BankDigest>& b) {
  return std::ranges::equal(a, b, {}, &BankDigest::bank, &BankDigest::bank);
}

Pending read_pending(const Members& from, const LogEnd& end) {
  Pending pending;
  pending.reg = from.reg("register");
  pending.backend = from.text("backend");
  pending.tcti = from.text("tcti");
  pending.before = read_digests(from, "before");
  pending.tail_at = from.number("tail_at");
  pending.tail = from.hex("tail");
  pending.marks_dirty = from.flag("marks_dirty");
  pending.was_dirty = from.flag("was_dirty");
  from.expect(!pending.before.empty() && pending.tail_at + pending.tail.size() == end.size);
  HashEngine engine;
  std::vector<BankDigest> value = pending.before;
  std::uint64_t size = end.size;
  from.each("steps", [&](const Members& item) {
    Step step{.digests = read_digests(item, "digests"),
              .asked = item.flag("asked"),
              .at = item.number("at"),
              .bytes = item.hex("bytes"),
              .end = read_sizes(item)};
    item.expect(step.at >= pending.tail_at && step.at <= size && step.at + step.bytes.size() == step.end.size);
    item.expect(step.digests.empty() || same_banks(step.digests, pending.before));
    for (std::size_t i = 0; i < step.digests.size() && i < value.size(); ++i) {
      engine.extend(value[i].bank, value[i].digest, step.digests[i].digest.view());
    }
    step.end.values = end.values;
    set_values(step.end, pending.reg, value);
    size = step.end.size;
    pending.steps.push_back(std::move(step));
  });
  return pending;
}

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorKind::malformed, fmt::format("expected a journal of mrtool, found {}", what));
}

}  // namespace

std::vector<BankDigest> value_after(const Pending& pending, std::size_t steps) {
  std::vector<BankDigest> value = pending.before;
  for (std::size_t i = 0; i < value.size() && steps > 0; ++i) {
    value[i].digest = pending.steps[steps - 1].end.values.at({.reg = pending.reg, .bank = value[i].bank});
  }
  return value;
}

Bytes tail_after(const Pending& pending, std::size_t steps) {
  Bytes tail = pending.tail;
  for (std::size_t i = 0; i < steps; ++i) {
    const Step& step = pending.steps[i];
    tail.resize(static_cast<std::size_t>(step.at - pending.tail_at));
    tail.insert(tail.end(), step.bytes.begin(), step.bytes.end());
  }
  return tail;
}

Bytes encode_journal(const Journal& journal) {
  JsonText document{{"schema", kSchema},
                    {"boot", journal.boot},
                    {"sequence", journal.sequence},
                    {"log", journal.log_path},
                    {"format", journal.log_format},
                    {"size", journal.end.size},
                    {"records", journal.end.records},
                    {"in_sync", journal.end.in_sync},
                    {"closing", journal.end.tail},
                    {"numbers", numbers_of(journal.end)},
                    {"values", values_of(journal.end)},
                    {"anchor", journal.anchor.hex()},
                    {"other_logs", journal.other_logs}};
  if (journal.pending) {
    document["pending"] = describe(*journal.pending);
  }
  const std::string text = to_text(document);
  const std::string head =
      fmt::format("{}{} {}\n", kMagic, text.size(), HashEngine().hash(HashAlgorithm::sha256, as_bytes(text)).hex());
  Bytes out = to_bytes(as_bytes(head));
  out.insert(out.end(), text.begin(), text.end());
  return out;
}

Result<Journal> decode_journal(ByteView file) {
  std::string_view text = as_text(file);
  const std::size_t head = text.find('\n');
  const std::size_t space = text.find(' ', kMagic.size());
  if (!text.starts_with(kMagic) || head == std::string_view::npos || space >= head) {
    return damaged("something else");
  }
  std::size_t length = 0;
  const char* const behind = text.data() + space;
  const auto [end, error] = std::from_chars(text.data() + kMagic.size(), behind, length);
  const std::string_view hash = text.substr(space + 1, head - space - 1);
  text.remove_prefix(head + 1);
  if (error != std::errc{} || end != behind || length > text.size()) {
    return damaged("one that is cut short");
  }
  text = text.substr(0, length);
  if (HashEngine().hash(HashAlgorithm::sha256, as_bytes(text)).hex() != hash) {
    return damaged("one that its checksum does not fit");
  }
  MRTOOL_TRY(document, parse_json_text(as_bytes(text)));
  bool good = true;
  const Members members(document, good);
  members.expect(members.text("schema") == kSchema);
  Journal journal;
  journal.boot = members.text("boot");
  journal.sequence = members.number("sequence");
  journal.log_path = members.text("log");
  journal.log_format = members.text("format");
  journal.end = read_sizes(members);
  members.each("values", [&](const Members& item) {
    const BankDigest value = item.bank_digest();
    journal.end.values[{.reg = item.reg("register"), .bank = value.bank}] = value.digest;
  });
  journal.anchor = members.digest("anchor");
  if (const JsonText* logs = members.find("other_logs"); logs != nullptr && members.expect(logs->is_array())) {
    for (const JsonText& path : *logs) {
      if (members.expect(path.is_string())) {
        journal.other_logs.push_back(path.get<std::string>());
      }
    }
  }
  if (const JsonText* pending = find_member(document, "pending")) {
    journal.pending = read_pending(Members(*pending, good), journal.end);
  }
  if (!good) {
    return damaged("one whose content is not of this version");
  }
  return journal;
}

}  // namespace mrtool::extend
