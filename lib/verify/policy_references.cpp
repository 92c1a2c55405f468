// Reference values in lists that others write: recognised by their shape, described in man/mrtool-policy.5.
#include <algorithm>
#include <array>

#include "lib/verify/policy_fields.hpp"
#include "lib/verify/policy_model.hpp"

namespace mrtool::policy {

namespace {

Result<Reference> reference(const Node& place, const Register& reg, HashAlgorithm bank) {
  const HashAlgorithmRow* row = find_algorithm(bank);
  if (row == nullptr) {
    return fail_at(place, "expected the name of a bank: sha1, sha256, sha384, sha512 or sm3_256");
  }
  Reference made;
  made.select.items.push_back({bank, reg});
  made.name = to_string(made.select);
  return made;
}

Status allow(Reference& reference, const Node& value) {
  const std::size_t size = find_algorithm(reference.select.items.front().bank)->size;
  for (const Node& item : items_of(value)) {
    const auto bytes = item.kind == Node::Kind::scalar ? from_hex(item.text) : std::nullopt;
    if (!bytes || bytes->size() != size) {
      return fail_at(item, fmt::format("expected a value of {} bytes in hexadecimal", size));
    }
    reference.allow.push_back(*bytes);
  }
  return reference.allow.empty() ? fail_at(value, "no value is allowed: list one at least") : Status{};
}

Result<Register> register_of(const Node& node, bool bare_number_is_pcr) {
  const auto reg = parse_register(node.text, bare_number_is_pcr);
  if (node.kind != Node::Kind::scalar || !reg || reg->kind == RegisterKind::none) {
    return fail_at(node, fmt::format("\"{}\" is no register", escape_for_terminal(node.text)));
  }
  return *reg;
}

Result<HashAlgorithm> bank_of(const Node& node) {
  const auto bank = parse_algorithm(node.text);
  if (!bank) {
    return fail_at(node, fmt::format("\"{}\" is no hash algorithm", escape_for_terminal(node.text)));
  }
  return *bank;
}

// mrtool.registers/1, mrtool.replay/1, and lists like them: {registers: [{register, bank, value}]}.
Result<std::vector<Reference>> from_registers(const Node& list) {
  std::vector<Reference> references;
  for (const Node& item : items_of(list)) {
    const Node* name = item.find("register");
    const Node* bank_name = item.find("bank");
    const Node* value = item.find("allow") != nullptr ? item.find("allow") : item.find("value");
    if (name == nullptr || bank_name == nullptr || value == nullptr) {
      return fail_at(item, "expected a register with \"register\", \"bank\" and \"value\" (or \"allow\")");
    }
    if (const Node* complete = item.find("complete"); complete != nullptr && complete->text != "true") {
      return fail_at(*complete, "its replay marks this value as not complete: leave it out");
    }
    MRTOOL_TRY(reg, register_of(*name, false));
    MRTOOL_TRY(bank, bank_of(*bank_name));
    MRTOOL_TRY(made, reference(*bank_name, reg, bank));
    if (auto status = allow(made, *value); !status) {
      return std::unexpected(status.error());
    }
    references.push_back(std::move(made));
  }
  return references;
}

// Which register an item of "measurements" is about.
Result<Register> measured_register(const Node& item) {
  if (const Node* reg = item.find("register")) {
    return register_of(*reg, false);
  }
  if (const Node* pcr = item.find("pcr")) {
    return register_of(*pcr, true);
  }
  const Node* index = item.find("mrIndex");
  const auto number = index == nullptr ? std::nullopt : parse_number(index->text);
  if (!number) {
    return fail_at(
        index == nullptr ? item : *index,
        "expected a measurement with \"register\", \"pcr\", or \"mrIndex\" (a number: 0 MRTD, 1-4 RTMR 0-3)");
  }
  const Register reg = register_from_index(*number, Platform::tdx, true);
  return reg.kind == RegisterKind::invalid ? Result<Register>(fail_at(*index, "no register has this mrIndex")) : reg;
}

// {measurements: [{pcr, digests: [{alg, value}]}]}; several digests of an algorithm are alternatives.
Result<std::vector<Reference>> from_measurements(const Node& list) {
  std::vector<Reference> references;
  for (const Node& item : items_of(list)) {
    MRTOOL_TRY(reg, measured_register(item));
    const Node* listed = item.find("digests");
    if (listed == nullptr) {
      return fail_at(item, "expected \"digests\": a list of {alg, value}");
    }
    MRTOOL_TRY(digests, digests_of(*listed));
    if (digests.empty()) {
      return fail_at(*listed, "no value is allowed: list one at least");
    }
    std::ranges::sort(digests, {}, &NamedDigest::algorithm);
    for (std::size_t i = 0; i < digests.size(); ++i) {
      if (i == 0 || digests[i].algorithm != digests[i - 1].algorithm) {
        MRTOOL_TRY(made, reference(*listed, reg, digests[i].algorithm));
        references.push_back(std::move(made));
      }
      references.back().allow.push_back(to_bytes(digests[i].value.view()));
    }
  }
  return references;
}

// {sha256: {pcr0: HEX or [HEX, ...]}}: as the plain form of register values.
Result<std::vector<Reference>> from_banks(const Node& document) {
  std::vector<Reference> references;
  for (const auto& [key, registers] : document.members) {
    MRTOOL_TRY(bank, bank_of(key));
    if (registers.kind != Node::Kind::map) {
      return fail_at(registers, "expected a map of registers and their values");
    }
    for (const auto& [name, value] : registers.members) {
      MRTOOL_TRY(reg, register_of(name, true));
      MRTOOL_TRY(made, reference(key, reg, bank));
      if (auto status = allow(made, value); !status) {
        return std::unexpected(status.error());
      }
      references.push_back(std::move(made));
    }
  }
  return references;
}

bool is_partial(const Node& document) {
  const Node* logs = document.find("logs");
  return logs != nullptr && std::ranges::any_of(logs->items, [](const Node& log) {
           const Node* partial = log.find("partial");
           return partial != nullptr && partial->text == "true";
         });
}

Result<std::vector<Reference>> from_shape(const Node& document) {
  if (const Node* list = document.find("registers")) {
    return from_registers(*list);
  }
  if (const Node* list = document.find("measurements")) {
    return from_measurements(*list);
  }
  const bool banks = !document.members.empty() && std::ranges::all_of(document.members, [](const auto& member) {
    return parse_algorithm(member.key.text).has_value();
  });
  if (banks) {
    return from_banks(document);
  }
  return fail_at(document,
                 "this is no policy (\"schema: mrtool.policy/1\") and no list of reference values: expected "
                 "\"registers\", \"measurements\" or the names of banks");
}

}  // namespace

Result<std::vector<Reference>> references_of_list(const Node& document) {
  static constexpr std::array<std::string_view, 2> kSchemas{"mrtool.registers/1", "mrtool.replay/1"};
  const Node* schema = document.find("schema");
  if (schema != nullptr && std::ranges::find(kSchemas, schema->text) == kSchemas.end()) {
    return fail_at(*schema, fmt::format("expected the schema mrtool.policy/1, {}, found \"{}\"",
                                        fmt::join(kSchemas, " or "), escape_for_terminal(schema->text)));
  }
  if (is_partial(document)) {
    return fail_at(document, "it is the replay of a damaged log, so its values are of a part of it");
  }
  MRTOOL_TRY(references, from_shape(document));
  if (references.empty()) {
    return fail_at(document, "it holds no reference value");
  }
  return references;
}

}  // namespace mrtool::policy
