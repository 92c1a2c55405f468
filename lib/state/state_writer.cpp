#include <algorithm>

#include "lib/base/json_text.hpp"
#include "lib/base/text.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/registers/names.hpp"
#include "lib/state/log_state.hpp"
#include "lib/state/state_names.hpp"

namespace mrtool {
namespace {

using state::word_of;

JsonText text_of(std::uint64_t number) {
  return std::to_string(number);
}

JsonText text_of(const std::optional<std::uint64_t>& number) {
  return number ? text_of(*number) : JsonText();
}

// Text from a log may be of any bytes.
JsonText message_of(const std::string& message) {
  return is_utf8(as_bytes(message)) ? JsonText(message) : JsonText({{"hex", to_hex(as_bytes(message))}});
}

template <class Range, class Make>
JsonText list_of(const Range& range, const Make& make) {
  JsonText list = JsonText::array();
  for (const auto& item : range) {
    list.push_back(make(item));
  }
  return list;
}

JsonText json_of(const std::optional<Checkpoint::Place>& place) {
  return place ? JsonText({{"record", text_of(place->record)}, {"offset", text_of(place->offset)}}) : JsonText();
}

JsonText json_of(const Gap& gap) {
  return {{"record", text_of(gap.record)}, {"expected", gap.expected.hex()}, {"stated", gap.stated.hex()}};
}

JsonText json_of(const Reading& reading) {
  return {{"value", reading.value.hex()},
          {"records", text_of(reading.records)},
          {"records_before_missing", text_of(reading.records_before_missing)},
          {"keeps_blocks", reading.keeps_blocks},
          {"first_direct", text_of(reading.first_direct)},
          {"tail_only", reading.tail_only},
          {"gaps", list_of(reading.gaps, [](const Gap& gap) { return json_of(gap); })},
          {"first_gap", text_of(reading.first_gap)},
          {"rule", word_of(state::kRules, reading.rule)},
          {"rule_changes_at", text_of(reading.rule_changes_at)}};
}

JsonText json_of(const Checkpoint::Cell& cell) {
  return {{"bank", to_string(cell.bank)},
          {"started", cell.started},
          {"value", cell.value.hex()},
          {"records", text_of(cell.records)},
          {"initial", cell.initial.hex()},
          {"initial_reason", message_of(cell.initial_reason)},
          {"initial_claimed", cell.initial_claimed},
          {"asserted", cell.asserted},
          {"missing", json_of(cell.missing)},
          {"records_before_missing", text_of(cell.records_before_missing)},
          {"fixed", cell.fixed},
          {"hashed_in_log", cell.hashed_in_log},
          {"states_values", cell.states_values},
          {"readings", list_of(cell.readings, [](const Reading& reading) { return json_of(reading); })}};
}

JsonText json_of(const Checkpoint::Held& held) {
  return {{"register", to_string(held.reg)},
          {"first_extend", json_of(held.first_extend)},
          {"banks", list_of(held.cells, [](const Checkpoint::Cell& cell) { return json_of(cell); })}};
}

JsonText json_of(const Checkpoint& fold) {
  const auto held = [](const Checkpoint::Held& one) { return json_of(one); };
  return {{"banks", list_of(fold.banks,
                            [](const Checkpoint::KnownBank& bank) {
                              return JsonText({{"bank", to_string(bank.bank)}, {"folded", bank.folded}});
                            })},
          {"registers", list_of(fold.registers, held)},
          {"carried", list_of(fold.carried, held)},
          {"search_operations", text_of(fold.search.operations)},
          {"search_exhausted", fold.search.exhausted}};
}

JsonText json_of(const Diagnostic& diagnostic) {
  return {{"severity", word_of(state::kSeverities, diagnostic.severity)},
          {"code", diagnostic.code},
          {"record", text_of(diagnostic.record)},
          {"offset", text_of(diagnostic.offset)},
          {"message", message_of(diagnostic.message)},
          {"count", text_of(diagnostic.count)}};
}

JsonText json_of(const Finding& finding) {
  return {{"severity", word_of(state::kSeverities, finding.severity)},
          {"effect", word_of(state::kVerdicts, finding.effect)},
          {"code", finding.code},
          {"record", text_of(finding.record)},
          {"offset", text_of(finding.offset)},
          {"register", finding.reg ? JsonText(to_string(*finding.reg)) : JsonText()},
          {"bank", finding.bank == HashAlgorithm::none ? JsonText() : JsonText(to_string(finding.bank))},
          {"message", message_of(finding.message)}};
}

JsonText json_of(const RecordFindings::Held& held) {
  JsonText noted = JsonText::array();
  for (const auto& [key, count] : held.noted) {
    const HashAlgorithm bank = std::get<2>(key);
    noted.push_back({{"code", std::get<1>(key)},
                     {"bank", bank == HashAlgorithm::none ? JsonText() : JsonText(to_string(bank))},
                     {"count", text_of(count)}});
  }
  JsonText digests = JsonText::array();
  for (const auto& [bank, counts] : held.digests) {
    digests.push_back({{"bank", to_string(bank)},
                       {"matches", text_of(counts.matches)},
                       {"unverifiable", text_of(counts.unverifiable)},
                       {"differs", text_of(counts.differs)}});
  }
  return {{"findings", list_of(held.findings, [](const Finding& finding) { return json_of(finding); })},
          {"noted", std::move(noted)},
          {"digests", std::move(digests)},
          {"boot_aggregates", list_of(held.boot_aggregates,
                                      [](const RecordFindings::BootAggregate& entry) {
                                        return JsonText({{"record", text_of(entry.record)},
                                                         {"offset", text_of(entry.offset)},
                                                         {"bank", to_string(entry.stated.algorithm)},
                                                         {"value", entry.stated.value.hex()}});
                                      })},
          {"lists_without_boot_aggregate", text_of(held.without_boot_aggregate.size())},
          {"violations", text_of(held.violations)},
          {"saw_ima", held.saw_ima},
          {"at_first_entry", held.first_entry_of_log}};
}

JsonText json_of(const policy::Place& place) {
  return {{"record", text_of(place.record)},
          {"offset", text_of(place.offset)},
          {"least", text_of(place.least)},
          {"most", text_of(place.most)},
          {"separators", text_of(place.separators)}};
}

JsonText json_of(const std::optional<policy::Place>& place) {
  return place ? json_of(*place) : JsonText();
}

JsonText json_of(const policy::Progress& progress) {
  JsonText chains = JsonText::array();
  for (const auto& [key, chain] : progress.chains) {
    chains.push_back({{"register", to_string(key.reg)},
                      {"bank", to_string(key.bank)},
                      {"least", text_of(chain.least)},
                      {"most", text_of(chain.most)},
                      {"separators", text_of(chain.separators)},
                      {"separator", text_of(chain.separator)},
                      {"error_separator", text_of(chain.error_separator)}});
  }
  const auto tallies_of = [](const std::map<RegisterKey, policy::Tally>& tallies) {
    JsonText list = JsonText::array();
    for (const auto& [key, tally] : tallies) {
      list.push_back({{"register", to_string(key.reg)},
                      {"bank", to_string(key.bank)},
                      {"meets", json_of(tally.meets)},
                      {"claims", json_of(tally.claims)},
                      {"unknown", json_of(tally.unknown)},
                      {"breaks", list_of(tally.breaks, [](const policy::Place& place) { return json_of(place); })},
                      {"steps", text_of(std::uint64_t{tally.steps})},
                      {"steps_done", text_of(tally.steps_done)}});
    }
    return list;
  };
  return {
      {"chains", std::move(chains)}, {"rules", list_of(progress.rules, tallies_of)}, {"overflow", progress.overflow}};
}

JsonText json_of(const LogState& from) {
  const ReadPosition& position = from.position;
  JsonText options = JsonText::object();
  for (const auto& [name, value] : from.options) {
    options[name] = value;
  }
  return {{"schema", state::kSchema},
          {"tool", from.tool},
          {"command", from.command},
          {"log",
           {{"format", from.format},
            {"bytes", text_of(position.offset)},
            {"records", text_of(position.record)},
            {"sha256", from.sha256.hex()},
            {"byte_order", word_of(state::kByteOrders, position.byte_order)},
            {"algorithms", list_of(position.algorithms,
                                   [](const AlgorithmSize& algorithm) {
                                     return JsonText({{"bank", to_string(algorithm.algorithm)},
                                                      {"bytes", text_of(std::uint64_t{algorithm.size})}});
                                   })},
            {"dialect", position.dialect},
            {"marks", text_of(std::uint64_t{position.marks})}}},
          {"options", std::move(options)},
          {"fold", json_of(from.fold)},
          {"diagnostics", list_of(from.diagnostics, [](const Diagnostic& one) { return json_of(one); })},
          {"judged", from.records ? json_of(*from.records) : JsonText()},
          {"policies", list_of(from.policies, [](const policy::Progress& one) { return json_of(one); })}};
}

}  // namespace

namespace state {

std::string text_of(const LogState& from) {
  constexpr int kIndent = 2;
  std::string text = json_of(from).dump(kIndent, ' ', false, JsonText::error_handler_t::replace);
  constexpr std::string_view kObjectEnd = "\n}";
  text.resize(text.size() - kObjectEnd.size());
  const Digest checksum = HashEngine().hash(HashAlgorithm::sha256, as_bytes(text));
  return text.append(kChecksumMember).append(checksum.hex()).append(kEnd);
}

}  // namespace state

Result<std::string> write_state(const LogState& from) {
  std::string text = state::text_of(from);
  // What the registers of a log are called is up to the log.
  if (const auto again = read_state(as_bytes(text)); !again) {
    return fail(ErrorKind::unsupported, "the log has names that no state can hold");
  }
  return text;
}

}  // namespace mrtool
