#include <fmt/format.h>

#include <charconv>

#include "lib/base/json_text.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/registers/names.hpp"
#include "lib/state/log_state.hpp"
#include "lib/state/state_names.hpp"

namespace mrtool {

namespace state {
std::string text_of(const LogState& from);  // state_writer.cpp
}  // namespace state

namespace {

// The first thing that is wrong.
struct Problem {
  std::string text;

  void set(std::string_view member, std::string_view expected) {
    if (text.empty()) {
      text = fmt::format("expected {} as {}", expected, member);
    }
  }
};

const JsonText kNothing;

// A value of the text, and where what is wrong with it is told. What is missing or of another type reads as empty.
class Node {
 public:
  Node(const JsonText& value, Problem& problem) : value_(value), problem_(problem) {}

  Node member(std::string_view name) const {
    const JsonText* const found = find_member(value_, name);
    if (found == nullptr) {
      problem_.set(name, "a value");
    }
    return {found == nullptr ? kNothing : *found, problem_, name};
  }
  bool is_null() const { return value_.is_null(); }

  std::string text() const {
    if (!value_.is_string()) {
      problem_.set(name_, "a string");
      return {};
    }
    return value_.get<std::string>();
  }
  std::string message() const {
    if (!value_.is_object()) {
      return text();
    }
    const auto bytes = from_hex(member("hex").text());
    if (!bytes) {
      problem_.set(name_, "hexadecimal");
      return {};
    }
    return std::string(as_text(*bytes));
  }
  bool flag() const {
    if (!value_.is_boolean()) {
      problem_.set(name_, "true or false");
      return false;
    }
    return value_.get<bool>();
  }
  std::uint64_t count() const {
    const std::string digits = text();
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
      problem_.set(name_, "a number of 64 bits, as a string");
    }
    return number;
  }
  template <class Small>
  Small small() const {
    const std::uint64_t number = count();
    if (number > std::numeric_limits<Small>::max()) {
      problem_.set(name_, "a smaller number");
    }
    return static_cast<Small>(number);
  }
  std::optional<std::uint64_t> optional_count() const { return is_null() ? std::nullopt : std::optional(count()); }
  Digest digest() const {
    const std::string digits = text();
    const auto bytes = digits.size() > 2 * kMaxDigestSize ? std::nullopt : from_hex(digits);
    if (!bytes) {
      problem_.set(name_, "a value in hexadecimal");
      return {};
    }
    return Digest(*bytes);
  }
  HashAlgorithm bank() const {
    const auto bank = parse_algorithm(text());
    if (!bank || find_algorithm(*bank) == nullptr) {
      problem_.set(name_, "a bank");
      return HashAlgorithm::none;
    }
    return *bank;
  }
  HashAlgorithm optional_bank() const { return is_null() ? HashAlgorithm::none : bank(); }
  Register reg() const {
    const auto reg = parse_register(text());
    if (!reg) {
      problem_.set(name_, "a register");
      return {};
    }
    return *reg;
  }
  template <class Value, std::size_t N>
  Value word(const std::array<state::Word<Value>, N>& words) const {
    const std::string given = text();
    for (const state::Word<Value>& entry : words) {
      if (entry.word == given) {
        return entry.value;
      }
    }
    problem_.set(name_, "one of its words");
    return words.front().value;
  }
  // By `make`, which is given each element.
  template <class Make>
  auto list(const Make& make) const {
    std::vector<decltype(make(*this))> made;
    if (!value_.is_array()) {
      problem_.set(name_, "a list");
      return made;
    }
    for (const JsonText& item : value_) {
      made.push_back(make(Node(item, problem_, name_)));
    }
    return made;
  }
  template <class Make>
  auto optional(const Make& make) const {
    return is_null() ? std::nullopt : std::optional(make(*this));
  }
  const JsonText& value() const { return value_; }

 private:
  Node(const JsonText& value, Problem& problem, std::string_view name)
      : value_(value), problem_(problem), name_(name) {}

  const JsonText& value_;
  Problem& problem_;
  std::string_view name_ = "the state";
};

Checkpoint::Place place_from(const Node& node) {
  return {.record = node.member("record").count(), .offset = node.member("offset").count()};
}

Gap gap_from(const Node& node) {
  return {.record = node.member("record").count(),
          .expected = node.member("expected").digest(),
          .stated = node.member("stated").digest()};
}

Reading reading_from(const Node& node) {
  Reading reading;
  reading.value = node.member("value").digest();
  reading.records = node.member("records").count();
  reading.records_before_missing = node.member("records_before_missing").count();
  reading.keeps_blocks = node.member("keeps_blocks").flag();
  reading.first_direct = node.member("first_direct").optional_count();
  reading.tail_only = node.member("tail_only").flag();
  reading.gaps = node.member("gaps").list(gap_from);
  reading.first_gap = node.member("first_gap").optional_count();
  reading.rule = node.member("rule").word(state::kRules);
  reading.rule_changes_at = node.member("rule_changes_at").count();
  return reading;
}

Checkpoint::Cell cell_from(const Node& node) {
  Checkpoint::Cell cell;
  cell.bank = node.member("bank").bank();
  cell.started = node.member("started").flag();
  cell.value = node.member("value").digest();
  cell.records = node.member("records").count();
  cell.initial = node.member("initial").digest();
  cell.initial_reason = node.member("initial_reason").message();
  cell.initial_claimed = node.member("initial_claimed").flag();
  cell.asserted = node.member("asserted").flag();
  cell.missing = node.member("missing").optional(place_from);
  cell.records_before_missing = node.member("records_before_missing").count();
  cell.fixed = node.member("fixed").flag();
  cell.hashed_in_log = node.member("hashed_in_log").flag();
  cell.states_values = node.member("states_values").flag();
  cell.readings = node.member("readings").list(reading_from);
  return cell;
}

Checkpoint::Held held_from(const Node& node) {
  return {.reg = node.member("register").reg(),
          .first_extend = node.member("first_extend").optional(place_from),
          .cells = node.member("banks").list(cell_from)};
}

Checkpoint fold_from(const Node& node) {
  Checkpoint fold;
  fold.banks = node.member("banks").list([](const Node& bank) {
    return Checkpoint::KnownBank{.bank = bank.member("bank").bank(), .folded = bank.member("folded").flag()};
  });
  fold.registers = node.member("registers").list(held_from);
  fold.carried = node.member("carried").list(held_from);
  fold.search.operations = node.member("search_operations").count();
  fold.search.exhausted = node.member("search_exhausted").flag();
  return fold;
}

Diagnostic diagnostic_from(const Node& node) {
  return {.severity = node.member("severity").word(state::kSeverities),
          .code = node.member("code").text(),
          .log = 0,
          .record = node.member("record").optional_count(),
          .offset = node.member("offset").optional_count(),
          .message = node.member("message").message(),
          .count = node.member("count").count()};
}

Finding finding_from(const Node& node) {
  return {.severity = node.member("severity").word(state::kSeverities),
          .effect = node.member("effect").word(state::kVerdicts),
          .code = node.member("code").text(),
          .log = 0,
          .record = node.member("record").optional_count(),
          .offset = node.member("offset").optional_count(),
          .reg = node.member("register").optional([](const Node& reg) { return reg.reg(); }),
          .bank = node.member("bank").optional_bank(),
          .message = node.member("message").message()};
}

RecordFindings::BootAggregate boot_aggregate_from(const Node& node) {
  return {.log = 0,
          .record = node.member("record").count(),
          .offset = node.member("offset").count(),
          .stated = {.algorithm = node.member("bank").bank(), .value = node.member("value").digest()}};
}

RecordFindings::Held judged_from(const Node& node) {
  RecordFindings::Held held;
  held.findings = node.member("findings").list(finding_from);
  node.member("noted").list([&held](const Node& entry) {
    const auto key = std::tuple(std::size_t{0}, entry.member("code").text(), entry.member("bank").optional_bank());
    return held.noted.emplace(key, entry.member("count").count()).second;
  });
  node.member("digests").list([&held](const Node& entry) {
    const RecordFindings::DigestCounts counts{.matches = entry.member("matches").count(),
                                              .unverifiable = entry.member("unverifiable").count(),
                                              .differs = entry.member("differs").count()};
    return held.digests.emplace(entry.member("bank").bank(), counts).second;
  });
  held.boot_aggregates = node.member("boot_aggregates").list(boot_aggregate_from);
  if (held.boot_aggregates.size() > RecordFindings::kBootAggregates) {
    held.boot_aggregates.clear();  // which then is not the text that was read
  }
  held.without_boot_aggregate.resize(node.member("lists_without_boot_aggregate").small<std::uint8_t>(), 0);
  held.violations = node.member("violations").count();
  held.saw_ima = node.member("saw_ima").flag();
  held.first_entry_of_log = node.member("at_first_entry").flag();
  return held;
}

policy::Place policy_place_from(const Node& node) {
  return {.log = 0,
          .record = node.member("record").count(),
          .offset = node.member("offset").count(),
          .least = node.member("least").count(),
          .most = node.member("most").count(),
          .separators = node.member("separators").count()};
}

RegisterKey key_from(const Node& node) {
  return {.reg = node.member("register").reg(), .bank = node.member("bank").bank()};
}

std::map<RegisterKey, policy::Tally> tallies_from(const Node& node) {
  std::map<RegisterKey, policy::Tally> tallies;
  node.list([&tallies](const Node& entry) {
    policy::Tally& tally = tallies[key_from(entry)];
    tally.meets = entry.member("meets").optional(policy_place_from);
    tally.claims = entry.member("claims").optional(policy_place_from);
    tally.unknown = entry.member("unknown").optional(policy_place_from);
    tally.breaks = entry.member("breaks").list(policy_place_from);
    tally.steps = entry.member("steps").small<std::uint32_t>();
    tally.steps_done = entry.member("steps_done").count();
    return true;
  });
  return tallies;
}

policy::Progress policy_from(const Node& node) {
  policy::Progress progress;
  node.member("chains").list([&progress](const Node& entry) {
    policy::Chain& chain = progress.chains[key_from(entry)];
    chain.least = entry.member("least").count();
    chain.most = entry.member("most").count();
    chain.separators = entry.member("separators").count();
    chain.separator = entry.member("separator").optional_count();
    chain.error_separator = entry.member("error_separator").optional_count();
    return true;
  });
  progress.rules = node.member("rules").list(tallies_from);
  progress.overflow = node.member("overflow").flag();
  return progress;
}

LogState state_from(const Node& node) {
  LogState made;
  made.tool = node.member("tool").text();
  made.command = node.member("command").text();
  const Node log = node.member("log");
  made.format = log.member("format").text();
  made.position.offset = log.member("bytes").count();
  made.position.record = log.member("records").count();
  made.position.byte_order = log.member("byte_order").word(state::kByteOrders);
  made.position.algorithms = log.member("algorithms").list([](const Node& entry) {
    return AlgorithmSize{.algorithm = entry.member("bank").bank(),
                         .size = entry.member("bytes").small<std::uint16_t>()};
  });
  made.position.dialect = log.member("dialect").text();
  made.position.marks = log.member("marks").small<std::uint32_t>();
  made.sha256 = log.member("sha256").digest();
  if (const JsonText& options = node.member("options").value(); options.is_object()) {
    for (const auto& [name, value] : options.items()) {
      made.options.emplace(name, value.is_string() ? value.get<std::string>() : std::string());
    }
  }
  made.fold = fold_from(node.member("fold"));
  made.fold.records = made.position.record;
  made.diagnostics = node.member("diagnostics").list(diagnostic_from);
  made.records = node.member("judged").optional(judged_from);
  made.policies = node.member("policies").list(policy_from);
  return made;
}

// What two members say has to go together.
std::string_view contradiction_of(const LogState& from) {
  if (from.position.record == 0 || from.position.offset < from.position.record ||
      from.sha256.size() != find_algorithm(HashAlgorithm::sha256)->size) {
    return "a log of no records";
  }
  if ((from.command == "verify") != from.records.has_value() ||
      (from.command != "verify" && from.command != "replay")) {
    return "what another command found";
  }
  for (const Diagnostic& diagnostic : from.diagnostics) {
    if (diagnostic.code.empty() || !diagnostic.record || *diagnostic.record >= from.position.record ||
        diagnostic.count == 0) {
      return "a message about no record";
    }
  }
  return {};
}

}  // namespace

Result<LogState> read_state(ByteView bytes) {
  const std::string_view text = as_text(bytes);
  constexpr std::size_t kTail = state::kChecksumMember.size() + 2 * 32 + state::kEnd.size();
  const std::size_t body = text.size() - std::min(text.size(), kTail);
  if (!text.substr(body).starts_with(state::kChecksumMember) || !text.ends_with(state::kEnd)) {
    return fail(ErrorKind::malformed, "expected a state that mrtool wrote, with a checksum at its end, found none");
  }
  const std::string_view stated = text.substr(body + state::kChecksumMember.size(), 2 * 32);
  if (HashEngine().hash(HashAlgorithm::sha256, bytes.first(body)).hex() != stated) {
    return fail(ErrorKind::malformed, "the state is not as it was written: its checksum is of other bytes");
  }
  MRTOOL_TRY(json, parse_json_text(bytes));
  const JsonText* const schema = find_member(json, "schema");
  if (schema == nullptr || *schema != state::kSchema) {
    return fail(ErrorKind::malformed, fmt::format("expected a state of schema {}, found none", state::kSchema));
  }
  Problem problem;
  LogState made = state_from(Node(json, problem));
  if (!problem.text.empty()) {
    return fail(ErrorKind::malformed, fmt::format("this is no state: {}", problem.text));
  }
  if (const std::string_view what = contradiction_of(made); !what.empty()) {
    return fail(ErrorKind::malformed, fmt::format("this is no state: it is of {}", what));
  }
  if (state::text_of(made) != text) {
    return fail(ErrorKind::malformed,
                "this is no state as mrtool writes it: something is left over, or written otherwise");
  }
  return made;
}

}  // namespace mrtool
