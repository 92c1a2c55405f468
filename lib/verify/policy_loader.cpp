#include <algorithm>
#include <array>

#include "lib/base/limits.hpp"
#include "lib/content/ima_template.hpp"
#include "lib/content/pcclient.hpp"
#include "lib/verify/policy_fields.hpp"
#include "lib/verify/policy_model.hpp"
#include "lib/verify/policy_record.hpp"

namespace mrtool {

namespace policy {

namespace {

constexpr std::string_view kSchema = "mrtool.policy/1";

constexpr std::array<std::string_view, 3> kPolicyKeys{"schema", "registers", "rules"};
constexpr std::array<std::string_view, 4> kReferenceKeys{"select", "allow", "name", "severity"};
constexpr std::array<std::string_view, 10> kRuleKeys{"name",    "select", "phase", "expect", "where",
                                                     "digests", "keys",   "known", "steps",  "severity"};
constexpr std::array<std::string_view, 6> kSelectKeys{"register", "bank", "type", "content", "virtual", "where"};
constexpr std::array<std::string_view, 4> kStepKeys{"select", "where", "digests", "keys"};
constexpr std::array<std::string_view, 3> kStepSelectKeys{"type", "content", "where"};
constexpr std::array<std::string_view, 6> kPatternKeys{"equals", "not", "min", "max", "contains", "within"};
constexpr std::array<std::string_view, 1> kFromKeys{"from"};

constexpr std::array kSeverities{Word<bool>{"fail", false}, Word<bool>{"warn", true}};
constexpr std::array kPhases{Word<Phase>{"any", Phase::any}, Word<Phase>{"before-separator", Phase::before_separator},
                             Word<Phase>{"after-separator", Phase::after_separator}};
constexpr std::array kExpectations{Word<Expect>{"all", Expect::all}, Word<Expect>{"one", Expect::one},
                                   Word<Expect>{"none", Expect::none}, Word<Expect>{"only", Expect::only},
                                   Word<Expect>{"ordered", Expect::ordered}};
constexpr std::array kContents{
    Word<ContentType>{"ima", ContentType::ima_template}, Word<ContentType>{"pcclient", ContentType::pcclient},
    Word<ContentType>{"tsm", ContentType::tsm},          Word<ContentType>{"aael", ContentType::aael},
    Word<ContentType>{"systemd", ContentType::systemd},  Word<ContentType>{"cos", ContentType::cos},
    Word<ContentType>{"ima_tlv", ContentType::ima_tlv},  Word<ContentType>{"cel", ContentType::cel_management}};
constexpr std::string_view kTsmRecord = "record";
constexpr std::array kWithoutTypes{ContentType::aael, ContentType::systemd, ContentType::cos, ContentType::ima_tlv,
                                   ContentType::cel_management};

bool has_wildcard(std::string_view glob) {
  return glob.find_first_of("*?\\") != std::string_view::npos;
}

bool wants(const Criteria& criteria, ContentType content) {
  return criteria.content == ContentType::none || criteria.content == content;
}

bool wants_name(const Criteria& criteria, std::string_view name) {
  return criteria.type.empty() || matches_glob(criteria.type, name);
}

// All ways of reading a record that a type and a content can mean.
std::vector<Reading> readings_of(const Criteria& criteria) {
  std::vector<Reading> readings;
  if (wants(criteria, ContentType::pcclient)) {
    for (const pcclient::EventType& row : pcclient::event_types()) {
      if (wants_name(criteria, row.name)) {
        readings.push_back({.content = ContentType::pcclient, .type = row.value, .name = {}});
      }
    }
  }
  if (wants(criteria, ContentType::ima_template)) {
    for (const std::string_view name : built_in_templates()) {
      if (wants_name(criteria, name)) {
        readings.push_back({.content = ContentType::ima_template, .type = 0, .name = std::string(name)});
      }
    }
    // A template of one's own is believed where the policy itself names it.
    const auto built_in = built_in_templates();
    if (std::ranges::find(built_in, criteria.type) == built_in.end() && !criteria.type.empty() &&
        ima::find_template(criteria.type)) {
      readings.push_back({.content = ContentType::ima_template, .type = 0, .name = criteria.type});
    }
  }
  if (wants(criteria, ContentType::tsm) && wants_name(criteria, kTsmRecord)) {
    readings.push_back({.content = ContentType::tsm, .type = static_cast<std::uint32_t>(TsmLine::record), .name = {}});
  }
  if (std::ranges::find(kWithoutTypes, criteria.content) != kWithoutTypes.end()) {
    readings.push_back({.content = criteria.content, .type = 0, .name = {}});
  }
  return readings;
}

std::string nearest_type(std::string_view type) {
  std::vector<std::string_view> names(built_in_templates().begin(), built_in_templates().end());
  for (const pcclient::EventType& row : pcclient::event_types()) {
    names.push_back(row.name);
  }
  return suggestion(type, names);
}

class Loader {
 public:
  Loader(std::string path, Host& host) : host_(host), directory_(path.substr(0, path.rfind('/') + 1)) {}

  Result<Policy> run(const Node& document) {
    const Node* schema = document.find("schema");
    const bool named = schema != nullptr && schema->text.starts_with("mrtool.policy/");
    Policy policy;
    if (document.kind != Node::Kind::map || (!named && document.find("rules") == nullptr)) {
      MRTOOL_TRY(references, references_of_list(document));
      policy.references = std::move(references);
      return policy;
    }
    if (schema == nullptr || schema->text != kSchema) {
      return fail_at(schema == nullptr ? document : *schema, fmt::format("expected \"schema: {}\"", kSchema));
    }
    if (auto status = check_keys(document, "the policy", kPolicyKeys); !status) {
      return std::unexpected(status.error());
    }
    if (auto status = each(document, "registers", policy.references, &Loader::reference); !status) {
      return std::unexpected(status.error());
    }
    if (auto status = each(document, "rules", policy.rules, &Loader::rule); !status) {
      return std::unexpected(status.error());
    }
    if (policy.references.empty() && policy.rules.empty()) {
      return fail_at(document, "the policy has neither registers nor rules, so that everything would meet it");
    }
    return policy;
  }

 private:
  template <class T>
  Status each(const Node& document, std::string_view key, std::vector<T>& to,
              Result<T> (Loader::*read_item)(const Node&)) {
    const Node* list = document.find(key);
    if (list == nullptr) {
      return {};
    }
    if (list->kind != Node::Kind::list) {
      return fail_at(*list, fmt::format("expected a list of {}", key));
    }
    for (const Node& item : list->items) {
      auto made = (this->*read_item)(item);
      if (!made) {
        return std::unexpected(std::move(made).error());
      }
      to.push_back(*std::move(made));
    }
    return {};
  }

  Result<Reference> reference(const Node& node) {
    if (auto status = check_keys(node, "a register's values", kReferenceKeys); !status) {
      return std::unexpected(status.error());
    }
    Reference reference;
    const Node* select = node.find("select");
    const Node* allow = node.find("allow");
    if (select == nullptr || allow == nullptr) {
      return fail_at(node, "a register's values need \"select\" and \"allow\"");
    }
    MRTOOL_TRY(selection, selection_of(*select));
    reference.select = std::move(selection);
    for (const Node& item : items_of(*allow)) {
      MRTOOL_TRY(value, allowed_value(item, reference.select));
      reference.allow.push_back(std::move(value));
    }
    if (reference.allow.empty()) {
      return fail_at(*allow, "no value is allowed: list one at least");
    }
    reference.name = select->text;
    return named(node, std::move(reference));
  }

  static Result<Bytes> allowed_value(const Node& item, const Selection& selection) {
    const auto bytes = item.kind == Node::Kind::scalar ? from_hex(item.text) : std::nullopt;
    if (!bytes || bytes->empty() || bytes->size() > kMaxDigestSize) {
      return fail_at(item, "expected a register's value in hexadecimal");
    }
    for (const SelectedRegister& selected : selection.items) {
      const HashAlgorithmRow* row = find_algorithm(selected.bank);
      if (row != nullptr && row->size != bytes->size()) {
        return fail_at(item,
                       fmt::format("a value of {} has {} bytes, this one {}", row->name, row->size, bytes->size()));
      }
    }
    return *bytes;
  }

  // Name and severity, which rules and references have alike.
  template <class T>
  Result<T> named(const Node& node, T made) {
    if (const Node* name = node.find("name")) {
      MRTOOL_TRY(text, text_of(*name, "a name"));
      made.name = std::move(text);
    }
    if (const Node* severity = node.find("severity")) {
      MRTOOL_TRY(warn, word_of(*severity, "a severity", kSeverities));
      made.warn = warn;
    }
    return made;
  }

  Result<Rule> rule(const Node& node) {
    if (auto status = check_keys(node, "a rule", kRuleKeys); !status) {
      return std::unexpected(status.error());
    }
    if (node.find("name") == nullptr || node.find("select") == nullptr || node.find("expect") == nullptr) {
      return fail_at(node, "a rule needs \"name\", \"select\" and \"expect\"");
    }
    MRTOOL_TRY(rule, named(node, Rule{}));
    if (auto status = select_registers(*node.find("select"), rule); !status) {
      return std::unexpected(status.error());
    }
    MRTOOL_TRY(expect, word_of(*node.find("expect"), "an expectation", kExpectations));
    rule.expect = expect;
    if (const Node* phase = node.find("phase")) {
      MRTOOL_TRY(word, word_of(*phase, "a phase", kPhases));
      rule.phase = word;
    }
    MRTOOL_TRY(expected, expected_of(node, rule.select));
    rule.expected = std::move(expected);
    if (const Node* known = node.find("known")) {
      MRTOOL_TRY(set, digest_set(*known));
      rule.known = std::move(set);
    }
    if (auto status = read_steps(node, rule); !status) {
      return std::unexpected(status.error());
    }
    return check_sense(node, std::move(rule));
  }

  static Result<Rule> check_sense(const Node& node, Rule rule) {
    const bool expects = !rule.expected.where.empty() || rule.expected.names_records();
    if (rule.expect == Expect::ordered) {
      const bool one_register =
          (rule.registers && rule.registers->items.size() == 1 && rule.registers->whole_banks.empty()) ||
          !rule.virtual_register.empty();
      if (!one_register) {
        return fail_at(*node.find("select"),
                       "\"expect: ordered\" needs exactly one register: a digest vouches for no "
                       "order between the records of several");
      }
      if (expects || rule.steps.empty()) {
        return fail_at(node, "\"expect: ordered\" takes \"steps\", which have \"where\", \"digests\" and \"keys\"");
      }
    } else if (!rule.steps.empty()) {
      return fail_at(*node.find("steps"), "\"steps\" go with \"expect: ordered\" only");
    }
    const bool required = rule.expect == Expect::all || rule.expect == Expect::one;
    if (required && !expects && rule.select.where.empty()) {
      return fail_at(node, "no digest vouches for a record's type: say with \"where\" or \"digests\" what it must be");
    }
    if (rule.expect == Expect::only && !expects) {
      return fail_at(node, "\"expect: only\" needs \"where\", \"digests\" or \"keys\": what the records must be");
    }
    return rule;
  }

  Status read_steps(const Node& node, Rule& rule) {
    const Node* steps = node.find("steps");
    if (steps == nullptr) {
      return {};
    }
    return each(node, "steps", rule.steps, &Loader::step);
  }

  Result<Step> step(const Node& node) {
    if (auto status = check_keys(node, "a step", kStepKeys); !status) {
      return std::unexpected(status.error());
    }
    Step step;
    if (const Node* select = node.find("select")) {
      if (auto status = check_keys(*select, "a step's \"select\"", kStepSelectKeys); !status) {
        return std::unexpected(status.error());
      }
      MRTOOL_TRY(criteria, criteria_of(*select));
      step.select = std::move(criteria);
    }
    MRTOOL_TRY(expected, expected_of(node, step.select));
    step.expected = std::move(expected);
    if (step.select.readings.empty() && step.expected.where.empty() && !step.expected.names_records()) {
      return fail_at(node, "a step needs \"select\", \"where\" or \"digests\"");
    }
    return step;
  }

  Result<Selection> selection_of(const Node& node) {
    MRTOOL_TRY(text, text_of(node, "registers such as sha256:0-7 or rtmr2"));
    auto selection = parse_selection(text);
    if (!selection) {
      return fail_at(node, escape_for_terminal(selection.error().message));
    }
    return *std::move(selection);
  }

  Status select_registers(const Node& node, Rule& rule) {
    if (auto status = check_keys(node, "\"select\"", kSelectKeys); !status) {
      return status;
    }
    if (const Node* reg = node.find("register")) {
      rule.registers.emplace();
      for (const Node& item : items_of(*reg)) {
        auto selection = selection_of(item);
        if (!selection) {
          return std::unexpected(std::move(selection).error());
        }
        auto& [items, whole_banks] = *rule.registers;
        items.insert(items.end(), selection->items.begin(), selection->items.end());
        whole_banks.insert(whole_banks.end(), selection->whole_banks.begin(), selection->whole_banks.end());
      }
    }
    if (const Node* name = node.find("virtual")) {
      auto text = text_of(*name, "the name of a virtual register");
      if (!text) {
        return std::unexpected(std::move(text).error());
      }
      if (rule.registers) {
        return fail_at(*name, "\"virtual\" and \"register\" name two registers for one record");
      }
      rule.virtual_register = *std::move(text);
    }
    if (const Node* bank = node.find("bank")) {
      const auto algorithm = parse_algorithm(bank->text);
      if (!algorithm || find_algorithm(*algorithm) == nullptr) {
        return fail_at(*bank, fmt::format("\"{}\" is no bank: expected sha1, sha256, sha384, sha512 or sm3_256",
                                          escape_for_terminal(bank->text)));
      }
      rule.bank = *algorithm;
    }
    auto criteria = criteria_of(node);
    if (!criteria) {
      return std::unexpected(std::move(criteria).error());
    }
    rule.select = *std::move(criteria);
    return {};
  }

  Result<Criteria> criteria_of(const Node& select) {
    Criteria criteria;
    const Node* type = select.find("type");
    const Node* content = select.find("content");
    if (content != nullptr) {
      MRTOOL_TRY(word, word_of(*content, "a content", kContents));
      criteria.content = word;
    }
    if (type != nullptr) {
      MRTOOL_TRY(text, text_of(*type, "a type such as EV_EFI_ACTION or EV_*"));
      criteria.type = std::move(text);
    }
    if (type != nullptr || content != nullptr) {
      criteria.readings = readings_of(criteria);
      if (criteria.readings.empty()) {
        return fail_at(*type, fmt::format("no type of record is named \"{}\"{}", escape_for_terminal(criteria.type),
                                          has_wildcard(criteria.type) ? "" : nearest_type(criteria.type)));
      }
    }
    MRTOOL_TRY(where, patterns_of(select, criteria));
    criteria.where = std::move(where);
    return criteria;
  }

  Result<Expected> expected_of(const Node& node, const Criteria& criteria) {
    Expected expected;
    MRTOOL_TRY(where, patterns_of(node, criteria));
    expected.where = std::move(where);
    if (const Node* digests = node.find("digests")) {
      MRTOOL_TRY(set, digest_set(*digests));
      expected.digests = std::move(set);
    }
    if (const Node* keys = node.find("keys")) {
      for (const Node& item : items_of(*keys)) {
        MRTOOL_TRY(key, key_of(item));
        expected.keys.push_back(std::move(key));
      }
      if (criteria.content != ContentType::ima_template) {
        return fail_at(*keys, "\"keys\" are of IMA signatures: select \"content: ima\"");
      }
    }
    return expected;
  }

  Result<std::vector<FieldPattern>> patterns_of(const Node& node, const Criteria& criteria) {
    std::vector<FieldPattern> patterns;
    const Node* where = node.find("where");
    if (where == nullptr) {
      return patterns;
    }
    if (where->kind != Node::Kind::map || where->members.empty()) {
      return fail_at(*where, "expected patterns: a map of fields and what they must be");
    }
    for (const auto& [key, value] : where->members) {
      FieldPattern field{.path = split_path(key.text), .pattern = {}};
      if (std::ranges::find(field.path, std::string()) != field.path.end()) {
        return fail_at(key, "expected the name of a field, or several with dots between them");
      }
      if (criteria.readings.empty() && key.text != kMeasured) {
        return fail_at(key,
                       "patterns on fields need a \"type\" or \"content\" in \"select\", which says how records "
                       "are read; without them there is \"measured\"");
      }
      MRTOOL_TRY(pattern, pattern_of(value));
      field.pattern = std::move(pattern);
      patterns.push_back(std::move(field));
    }
    return patterns;
  }

  static std::vector<std::string> split_path(std::string_view text) {
    std::vector<std::string> path;
    for (;;) {
      const std::size_t dot = text.find('.');
      path.emplace_back(text.substr(0, dot));
      if (dot == std::string_view::npos) {
        return path;
      }
      text.remove_prefix(dot + 1);
    }
  }

  Result<Pattern> pattern_of(const Node& node) {
    if (node.kind == Node::Kind::map) {
      return pattern_of_map(node);
    }
    if (node.kind == Node::Kind::list) {
      return pattern_of_options(node, Pattern::Kind::any_of);
    }
    if (node.kind == Node::Kind::null) {
      return fail_at(node, "expected a pattern: a text, a number, true, false, a list or a map");
    }
    Pattern pattern;
    pattern.text = node.text;
    return pattern;
  }

  Result<Pattern> pattern_of_options(const Node& node, Pattern::Kind kind) {
    Pattern pattern;
    pattern.kind = kind;
    for (const Node& item : items_of(node)) {
      MRTOOL_TRY(option, pattern_of(item));
      pattern.options.push_back(std::move(option));
    }
    if (pattern.options.empty()) {
      return fail_at(node, "an empty list matches nothing: name one value at least");
    }
    return pattern;
  }

  Result<Pattern> pattern_of_map(const Node& node) {
    if (auto status = check_keys(node, "a pattern", kPatternKeys); !status) {
      return std::unexpected(status.error());
    }
    const bool range = node.find("min") != nullptr || node.find("max") != nullptr;
    const bool both = node.find("min") != nullptr && node.find("max") != nullptr;
    if (node.members.size() != (both ? 2U : 1U)) {
      return fail_at(node, "a pattern has one of equals, not, contains, within, or min and max");
    }
    return range ? pattern_of_range(node)
                 : pattern_of_member(node.members.front().key.text, node.members.front().value);
  }

  static Result<Pattern> pattern_of_range(const Node& node) {
    Pattern pattern;
    pattern.kind = Pattern::Kind::range;
    for (const auto& [key, value] : node.members) {
      const auto number = value.kind == Node::Kind::scalar ? parse_number(value.text) : std::nullopt;
      if (!number) {
        return fail_at(value, "expected a whole number, decimal or after 0x");
      }
      (key.text == "min" ? pattern.min : pattern.max) = *number;
    }
    if (pattern.min > pattern.max) {
      return fail_at(node, "no number is at least min and at most max");
    }
    return pattern;
  }

  Result<Pattern> pattern_of_member(std::string_view key, const Node& value) {
    if (key == "not") {
      return pattern_of_options(value, Pattern::Kind::none_of);
    }
    Pattern pattern;
    if (key == "equals") {
      if (value.kind != Node::Kind::scalar) {
        return fail_at(value, "expected one text, number, true or false");
      }
      pattern.kind = Pattern::Kind::equals;
      pattern.text = value.text;
      return pattern;
    }
    MRTOOL_TRY(set, value_set(value));
    pattern.kind = key == "contains" ? Pattern::Kind::contains : Pattern::Kind::within;
    pattern.set = std::move(set);
    return pattern;
  }

  // A list of values, or {from: FILE} with one a line, or digests.
  Result<std::shared_ptr<const Pattern::Set>> value_set(const Node& node) {
    auto set = std::make_shared<Pattern::Set>();
    if (node.kind == Node::Kind::map) {
      MRTOOL_TRY(digests, digests_from(node));
      for (const NamedDigest& digest : digests) {
        set->insert(digest.value.hex());
      }
    } else {
      for (const Node& item : items_of(node)) {
        MRTOOL_TRY(text, text_of(item, "a value"));
        set->insert(canonical(text));
      }
    }
    if (set->empty()) {
      return fail_at(node, "an empty list says nothing: name one value at least");
    }
    return std::shared_ptr<const Pattern::Set>(std::move(set));
  }

  Result<std::shared_ptr<const DigestSet>> digest_set(const Node& node) {
    auto digests = node.kind == Node::Kind::map ? digests_from(node) : digests_of(node);
    if (!digests) {
      return std::unexpected(std::move(digests).error());
    }
    auto set = std::make_shared<DigestSet>();
    for (const NamedDigest& digest : *digests) {
      set->add(digest);
    }
    return std::shared_ptr<const DigestSet>(std::move(set));
  }

  Result<std::vector<NamedDigest>> digests_from(const Node& node) {
    if (auto status = check_keys(node, "digests", kFromKeys); !status) {
      return std::unexpected(status.error());
    }
    const Node* from = node.find("from");
    if (from == nullptr) {
      return fail_at(node, "expected a list of digests, or {from: FILE}");
    }
    std::vector<NamedDigest> all;
    for (const Node& item : items_of(*from)) {
      MRTOOL_TRY(content, read(item));
      auto digests = parse_digest_file(content);
      if (!digests) {
        return fail_at(item, fmt::format("{}: {}", item.text, digests.error().message));
      }
      all.insert(all.end(), digests->begin(), digests->end());
    }
    return all;
  }

  Result<PublicKey> key_of(const Node& item) {
    MRTOOL_TRY(content, read(item));
    auto key = PublicKey::parse(content);
    if (!key) {
      return fail_at(item, fmt::format("{}: {}", item.text, key.error().message));
    }
    return *std::move(key);
  }

  Result<Bytes> read(const Node& item) {
    MRTOOL_TRY(name, text_of(item, "the name of a file"));
    auto content = host_.read_file(name.starts_with('/') ? name : directory_ + name, limits::kSmallFile);
    if (!content) {
      Error error = std::move(content).error();
      error.message = fmt::format("line {}, column {}: {}", item.line, item.column, to_string(error));
      error.file.clear();
      return std::unexpected(std::move(error));
    }
    return *std::move(content);
  }

  Host& host_;
  std::string directory_;  // of the policy, with a slash at its end; empty for the current one
};

Result<std::shared_ptr<const Policy>> parse(const std::string& path, ByteView content, Host& host) {
  MRTOOL_TRY(document, parse_yaml(content));
  MRTOOL_TRY(policy, Loader(path, host).run(document));
  return std::make_shared<const Policy>(std::move(policy));
}

}  // namespace

}  // namespace policy

Result<std::shared_ptr<const Policy>> parse_policy(ByteView text, Host& host) {
  return policy::parse({}, text, host);
}

Result<std::shared_ptr<const Policy>> load_policy(const std::string& path, Host& host) {
  MRTOOL_TRY(content, host.read_file(path, limits::kSmallFile));
  auto policy = policy::parse(path, content, host);
  if (!policy) {
    Error error = std::move(policy).error();
    error.file = path;
    return std::unexpected(std::move(error));
  }
  return policy;
}

}  // namespace mrtool
