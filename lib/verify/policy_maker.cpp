#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "lib/base/json_text.hpp"
#include "lib/verify/policy_record.hpp"

namespace mrtool {

namespace {

constexpr std::string_view kVariableType = "EV_EFI_VARIABLE_DRIVER_CONFIG";
constexpr std::string_view kImageTypes = "EV_EFI_BOOT_SERVICES_*";
constexpr std::uint32_t kBootLoader = 0x0D;      // EV_IPL
constexpr std::uint32_t kVariable = 0x80000001;  // EV_EFI_VARIABLE_DRIVER_CONFIG
constexpr std::uint32_t kApplication = 0x80000003;
constexpr std::uint32_t kDriver = 0x80000004;

// Switches whose position is worth holding fast.
constexpr std::array<std::string_view, 4> kSwitches{"SecureBoot", "SetupMode", "AuditMode", "MokSBState"};
constexpr std::string_view kRevocations = "dbx";

// A text between double quotes, as YAML and JSON read it. Bytes that are not UTF-8 become U+FFFD.
std::string in_quotes(std::string_view text) {
  return to_text(JsonText(std::string(text)));
}

std::string digest_text(HashAlgorithm algorithm, ByteView value) {
  return fmt::format("{}:{}", to_string(algorithm), to_hex(value));
}

const std::string* text_field(const Decoded& decoded, std::string_view name) {
  const Value* value = decoded.find(name);
  return value == nullptr ? nullptr : value->as<std::string>();
}

// The signatures of a list that are digests.
void collect_hashes(const Value& value, std::set<std::string>& hashes) {
  if (const auto* list = value.as<Value::List>()) {
    for (const Value& item : *list) {
      collect_hashes(item, hashes);
    }
  } else if (const Value* keys = value.find("keys")) {
    collect_hashes(*keys, hashes);
  } else if (const Value* hash = value.find("hash")) {
    if (const auto* text = hash->as<std::string>()) {
      hashes.insert(*text);
    }
  }
}

using Digests = std::set<std::string>;

struct Switch {
  std::string reg;
  bool enabled = false;
};

// What one register has seen.
struct Seen {
  Digests all;        // of every record
  Digests images;     // of records that say that they are images
  Digests unchecked;  // of records that no digest explains
  Digests files;      // of IMA entries
  bool boot_loader = false;
  bool grows = false;
};

void append_digests(std::string& out, std::string_view key, const Digests& digests) {
  if (digests.empty()) {
    return;
  }
  out += fmt::format("    {}:\n", key);
  for (const std::string& digest : digests) {
    out += fmt::format("      - {}\n", in_quotes(digest));
  }
}

std::string rule_head(std::string_view name, std::string_view select, std::string_view expect) {
  return fmt::format("  - name: {}\n    select: {{{}}}\n    expect: {}\n", in_quotes(name), select, expect);
}

}  // namespace

struct PolicyMaker::State {
  void add(const JudgedRecord& judged) {
    const Record& record = *judged.record;
    if (!record.extends || record.reg.kind == RegisterKind::none || record.reg.kind == RegisterKind::invalid) {
      return;
    }
    const std::string reg = to_string(record.reg);
    Seen& here = seen[reg];
    here.grows = here.grows || judged.info->grows_at_runtime;
    Digests digests;
    bool checked = !record.digests.empty();
    for (std::size_t i = 0; i < record.digests.size(); ++i) {
      const DigestEntry& entry = record.digests[i];
      const HashAlgorithmRow* row = find_algorithm(entry.algorithm);
      if (row != nullptr && row->size == entry.value.size() && entry.origin != DigestOrigin::alternative) {
        digests.insert(digest_text(entry.algorithm, entry.value));
        checked = checked && judged.judgement->digests[i].check == Check::matches;
      }
    }
    // A record of a growing log is not held fast by its own digest: files are, whatever else an entry says.
    if (!judged.info->grows_at_runtime) {
      here.all.insert(digests.begin(), digests.end());
    }
    if (!checked) {
      here.unchecked.insert(digests.begin(), digests.end());
    }
    note_content(judged, reg, here, digests, checked);
  }

  void note_content(const JudgedRecord& judged, const std::string& reg, Seen& here, const Digests& digests,
                    bool checked) {
    const Record& record = *judged.record;
    if (record.content == ContentType::ima_template && checked) {
      // Where a file's digest cannot be written in a policy, the entry's own can.
      const std::string* file = text_field(*judged.decoded, "file_digest");
      const std::string name = file == nullptr ? "" : file->starts_with("ima:") ? file->substr(4) : *file;
      if (policy::parse_digest(name)) {
        here.files.insert(name);
      } else {
        here.files.insert(digests.begin(), digests.end());
      }
    }
    if (record.content != ContentType::pcclient) {
      return;
    }
    here.boot_loader = here.boot_loader || record.type == kBootLoader;
    if (record.type == kApplication || record.type == kDriver) {
      here.images.insert(digests.begin(), digests.end());
    }
    if (record.type == kVariable && checked) {
      note_variable(*judged.decoded, reg);
    }
  }

  void note_variable(const Decoded& decoded, const std::string& reg) {
    const std::string* name = text_field(decoded, "name");
    if (name == nullptr) {
      return;
    }
    const Value* enabled = decoded.find("enabled");
    const bool* state = enabled == nullptr ? nullptr : enabled->as<bool>();
    if (state != nullptr && std::ranges::find(kSwitches, *name) != kSwitches.end()) {
      switches[*name] = {.reg = reg, .enabled = *state};
    }
    const Value* lists = decoded.find("signature_lists");
    if (*name == kRevocations && lists != nullptr) {
      revocations_in = reg;
      collect_hashes(*lists, revoked);
    }
  }

  void append_switches(std::string& out) const {
    for (const auto& [name, state] : switches) {
      out += rule_head(fmt::format("{} is {}", name, state.enabled ? "on" : "off"),
                       fmt::format("register: {}, type: {}, where: {{name: {}}}", in_quotes(state.reg), kVariableType,
                                   in_quotes(name)),
                       "all");
      out += fmt::format("    where: {{enabled: {}}}\n", state.enabled);
      append_digests(out, "known", seen.at(state.reg).unchecked);
    }
    if (!revoked.empty()) {
      out += rule_head("no revocation is rolled back",
                       fmt::format("register: {}, type: {}, where: {{name: {}}}", in_quotes(revocations_in),
                                   kVariableType, in_quotes(kRevocations)),
                       "all");
      out += "    where:\n      signature_lists.keys.hash:\n        contains:\n";
      for (const std::string& hash : revoked) {
        out += fmt::format("          - {}\n", in_quotes(hash));
      }
      append_digests(out, "known", seen.at(revocations_in).unchecked);
    }
  }

  static void append_register(std::string& out, const std::string& reg, const Seen& here) {
    if (!here.images.empty()) {
      out += rule_head("known images in " + reg,
                       fmt::format("register: {}, type: {}", in_quotes(reg), in_quotes(kImageTypes)), "only");
      append_digests(out, "digests", here.all);
    }
    if (here.boot_loader) {
      out += rule_head("known boot loader records and command lines in " + reg,
                       fmt::format("register: {}", in_quotes(reg)), "only");
      append_digests(out, "digests", here.all);
    }
    if (!here.files.empty()) {
      Digests allowed = here.files;
      allowed.insert(here.all.begin(), here.all.end());
      out += rule_head("known files in " + reg, fmt::format("register: {}, content: ima", in_quotes(reg)), "only");
      append_digests(out, "digests", allowed);
    }
  }

  // The value to hold fast, where there is one that the same machine shows again.
  static std::optional<Digest> reference_of(const RegisterResult& result, bool weak_too) {
    const HashAlgorithmRow* row = find_algorithm(result.bank);
    if (row == nullptr || (row->weak && !weak_too) || result.log_may_run_ahead || !result.complete ||
        !result.carried_by.empty()) {
      return std::nullopt;
    }
    if (!result.against.empty()) {
      return result.against.front().value;
    }
    return result.records > 0 ? std::optional(result.value) : std::nullopt;
  }

  std::map<std::string, Seen> seen;  // by register
  std::map<std::string, Switch> switches;
  std::string revocations_in;  // register
  std::set<std::string> revoked;
};

PolicyMaker::PolicyMaker() : state_(std::make_unique<State>()) {}
PolicyMaker::~PolicyMaker() = default;

void PolicyMaker::add(const JudgedRecord& record) {
  state_->add(record);
}

std::string PolicyMaker::yaml(std::span<const RegisterResult> registers) const {
  const bool weak_only = std::ranges::none_of(registers, [](const RegisterResult& result) {
    const HashAlgorithmRow* row = find_algorithm(result.bank);
    return row != nullptr && !row->weak;
  });
  std::string references;
  for (const RegisterResult& result : registers) {
    if (const auto value = State::reference_of(result, weak_only)) {
      references +=
          fmt::format("  - {{select: {}, allow: [\"{}\"]}}\n",
                      in_quotes(fmt::format("{}:{}", to_string(result.bank), to_string(result.reg))), value->hex());
    }
  }
  std::string rules;
  state_->append_switches(rules);
  for (const auto& [reg, here] : state_->seen) {
    State::append_register(rules, reg, here);
  }
  std::string out = "schema: mrtool.policy/1\n";
  if (!references.empty()) {
    out += "registers:\n" + references;
  }
  if (!rules.empty()) {
    out += "rules:\n" + rules;
  }
  return out;
}

}  // namespace mrtool
