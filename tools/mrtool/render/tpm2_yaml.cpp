#include "tools/mrtool/render/tpm2_yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "formats/tcg/frame.hpp"
#include "lib/registers/initial.hpp"
#include "lib/registers/names.hpp"
#include "tools/mrtool/render/tpm2_event.hpp"
#include "tools/mrtool/render/tpm2_text.hpp"

namespace mrtool {
namespace {

constexpr std::uint32_t kPcrs = 24;

void append_algorithms(std::string& out, const Value& algorithms) {
  static constexpr std::array kMembers{Tpm2Member{"algorithmId", "algorithm"}, Tpm2Member{"digestSize", "digest_size"}};
  std::size_t number = 0;
  for (const Value& algorithm : *algorithms.as<Value::List>()) {
    fmt::format_to(std::back_inserter(out), "    - Algorithm[{}]:\n", number++);
    append_tpm2_members(out, algorithm, kMembers, "      ", "      ");
  }
}

// The first record of a crypto-agile log. False, and nothing appended: it is damaged.
bool append_spec_id(std::string& out, const Decoded& decoded) {
  static constexpr std::array kBefore{Tpm2Member{"Signature", "signature"},
                                      Tpm2Member{"platformClass", "platform_class"},
                                      Tpm2Member{"specVersionMinor", "spec_version_minor"},
                                      Tpm2Member{"specVersionMajor", "spec_version_major"},
                                      Tpm2Member{"specErrata", "spec_errata"},
                                      Tpm2Member{"uintnSize", "uintn_size"},
                                      Tpm2Member{"numberOfAlgorithms", "number_of_algorithms"}};
  static constexpr std::array kAfter{Tpm2Member{"vendorInfoSize", "vendor_info_size"}};
  const Value* const algorithms = decoded.find("algorithms");
  if (algorithms == nullptr || decoded.find("vendor_info_size") == nullptr) {
    return false;
  }
  out += "  SpecID:\n";
  append_tpm2_members(out, decoded, kBefore, "  - ", "    ");
  out += "    Algorithms:\n";
  append_algorithms(out, *algorithms);
  append_tpm2_members(out, decoded, kAfter, "    ", "    ");
  if (const Value* const info = decoded.find("vendor_info")) {
    out += "    vendorInfo: ";
    append_tpm2_hex(out, *info->as<Bytes>());
    out += '\n';
  }
  return true;
}

void append_digests(std::string& out, const RecordView& view) {
  fmt::format_to(std::back_inserter(out), "  DigestCount: {}\n  Digests:\n", view.digests.size());
  for (const std::size_t i : view.digests) {
    const DigestEntry& digest = view.record->digests[i];
    out += "  - AlgorithmId: " + to_string(digest.algorithm) + "\n    Digest: ";
    append_tpm2_hex(out, digest.value);
    out += '\n';
  }
}

Digest initial_of(const Register& reg, HashAlgorithm bank) {
  const HashAlgorithmRow* const row = find_algorithm(bank);
  return row == nullptr ? Digest() : platform_initial_value(reg, row->size, false).value;
}

// As tpm2_pcrread has it.
void append_pcr(std::string& out, std::uint32_t index, const Digest& value) {
  fmt::format_to(std::back_inserter(out), "    {:<2}: 0x", index);
  for (const std::uint8_t byte : value.view()) {
    fmt::format_to(std::back_inserter(out), "{:02X}", byte);
  }
  out += '\n';
}

}  // namespace

struct Tpm2EventlogYaml::State {
  State(std::string& output, EventlogVersion shown) : out(output), version(shown) {}

  std::string& out;
  EventlogVersion version;
  // Of the log at hand:
  bool agile = false;                    // not a SHA-1 log
  bool mr_indexed = false;               // its indices are those of CC measurement registers
  std::set<RegisterKey> mentioned;       // PCRs that records which extend nothing are about
  std::optional<std::uint8_t> locality;  // that such a record claims for PCR 0

  void mention(const RecordView& view);
  Digest untouched(const Register& reg, HashAlgorithm bank) const;
};

// The tool that we follow lists the PCRs of informative records, too.
void Tpm2EventlogYaml::State::mention(const RecordView& view) {
  const Record& record = *view.record;
  if (!agile || record.extends || record.reg.kind != RegisterKind::pcr) {
    return;
  }
  for (const DigestEntry& digest : record.digests) {
    mentioned.insert(RegisterKey{.reg = record.reg, .bank = digest.algorithm});
  }
  if (record.asserts && record.asserts->value.size() == 1) {
    locality = record.asserts->value.view()[0];
  }
}

Digest Tpm2EventlogYaml::State::untouched(const Register& reg, HashAlgorithm bank) const {
  const HashAlgorithmRow* const row = find_algorithm(bank);
  if (row != nullptr && reg.index == 0 && locality) {
    return locality_initial_value(row->size, *locality);
  }
  return initial_of(reg, bank);
}

Tpm2EventlogYaml::Tpm2EventlogYaml(std::string& out, EventlogVersion version)
    : state_(std::make_unique<State>(out, version)) {}

Tpm2EventlogYaml::~Tpm2EventlogYaml() = default;

void Tpm2EventlogYaml::begin(const LogInfo& info) {
  state_->agile = info.format != "tcg";
  state_->mr_indexed = info.format == "ccel";
  state_->mentioned.clear();
  state_->locality.reset();
  fmt::format_to(std::back_inserter(state_->out), "---\nversion: {}\nevents:\n", static_cast<int>(state_->version));
}

void Tpm2EventlogYaml::record(const RecordView& view) {
  std::string& out = state_->out;
  const Record& record = *view.record;
  const bool is_header = state_->agile && record.framing == static_cast<std::uint8_t>(tcg::Framing::sha1);
  const auto to = std::back_inserter(out);
  // The records of a SHA-1 log have no numbers.
  if (state_->agile) {
    fmt::format_to(to, "- EventNum: {}\n  ", record.number);
  } else {
    out += "- ";
  }
  fmt::format_to(to, "PCRIndex: {}\n  EventType: {}\n", record.raw_index, tpm2_event_type(record));
  if (is_header && view.digests.size() == 1) {
    out += "  Digest: ";
    append_tpm2_hex(out, record.digests[view.digests[0]].value);
    out += '\n';
  } else if (!is_header) {
    append_digests(out, view);
  }
  fmt::format_to(to, "  EventSize: {}\n", record.data.size());
  if (!is_header) {
    state_->mention(view);
  }
  if (!is_header || !append_spec_id(out, view.decoded)) {
    append_tpm2_event(out, view, state_->version);
  }
}

void Tpm2EventlogYaml::finish(std::span<const RegisterResult> registers) {
  // In this order whatever the log's is; the tool that we follow has no others.
  constexpr std::array kBanks{HashAlgorithm::sha1, HashAlgorithm::sha256, HashAlgorithm::sha384, HashAlgorithm::sha512,
                              HashAlgorithm::sm3_256};
  std::string& out = state_->out;
  out += "pcrs:\n";
  for (const HashAlgorithm bank : kBanks) {
    std::map<std::uint32_t, Digest> values;
    for (const RegisterResult& result : registers) {
      const auto index = index_from_register(result.reg, state_->mr_indexed);
      if (result.bank == bank && result.records > 0 && index && result.reg.kind != RegisterKind::nv) {
        values.emplace(*index, result.value);
      }
    }
    for (const RegisterKey& key : state_->mentioned) {
      if (key.bank == bank) {
        values.emplace(key.reg.index, state_->untouched(key.reg, bank));
      }
    }
    if (!values.empty()) {
      out += "  " + to_string(bank) + ":\n";
    }
    for (const auto& [index, value] : values) {
      fmt::format_to(std::back_inserter(out), "    {:<2} : 0x{}\n", index, value.hex());
    }
  }
}

bool is_tpm_pcr(const Register& reg) {
  return reg.kind == RegisterKind::pcr && reg.provider.empty();
}

void write_tpm2_pcrread_yaml(std::string& out, std::span<const RegisterResult> registers,
                             const std::function<bool(const Register&, HashAlgorithm)>& wanted) {
  std::vector<HashAlgorithm> banks;
  std::map<RegisterKey, Digest> values;
  std::set<RegisterKey> unknown;  // a record lacked the bank's digest, so that no value can be shown
  for (const RegisterResult& result : registers) {
    if (is_tpm_pcr(result.reg)) {
      if (std::ranges::find(banks, result.bank) == banks.end()) {
        banks.push_back(result.bank);
      }
      if (!result.complete) {
        unknown.insert({.reg = result.reg, .bank = result.bank});
        continue;
      }
      values.emplace(RegisterKey{.reg = result.reg, .bank = result.bank}, result.value);
    }
  }
  for (const HashAlgorithm bank : banks) {
    out += "  " + to_string(bank) + ":\n";
    for (std::uint32_t i = 0; i < kPcrs; ++i) {
      Register reg;
      reg.kind = RegisterKind::pcr;
      reg.index = i;
      if (wanted(reg, bank) && !unknown.contains(RegisterKey{.reg = reg, .bank = bank})) {
        const auto known = values.find(RegisterKey{.reg = reg, .bank = bank});
        append_pcr(out, i, known != values.end() ? known->second : initial_of(reg, bank));
      }
    }
  }
}

void write_tpm2_pcrread_yaml(std::string& out, const std::map<RegisterKey, Digest>& values) {
  for (const HashAlgorithmRow& row : hash_algorithms()) {
    bool headed = false;
    for (const auto& [key, value] : values) {
      if (key.bank != row.id || key.reg.kind != RegisterKind::pcr || !key.reg.provider.empty()) {
        continue;
      }
      if (!headed) {
        fmt::format_to(std::back_inserter(out), "  {}:\n", row.name);
      }
      headed = true;
      append_pcr(out, key.reg.index, value);
    }
  }
}

}  // namespace mrtool
