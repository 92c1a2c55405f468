#include "formats/cel/model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "lib/content/aael_line.hpp"
#include "lib/content/cel_element.hpp"
#include "lib/content/tsm_line.hpp"
#include "lib/content/value_mark.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::cel {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kStartupLocality = "StartupLocality\0"sv;
constexpr std::uint32_t kHcrtmEvent = 0x80000010;  // EV_EFI_HCRTM_EVENT
constexpr std::uint8_t kHcrtmLocality = 4;
constexpr std::uint32_t kLastFieldNumber = 3;  // smaller content numbers are fields of a record
constexpr std::uint32_t kWidestTag = 0xFF;

bool is_pcr0(const Record& record) {
  return record.reg.kind == RegisterKind::pcr && record.reg.index == 0;
}

bool can_be_extended(const Register& reg) {
  switch (reg.kind) {
    case RegisterKind::pcr:
    case RegisterKind::rtmr:
    case RegisterKind::rem:
    case RegisterKind::nv:
    case RegisterKind::virtual_mr:
      return true;
    default:
      return false;
  }
}

Assertion initial_locality(std::uint8_t locality) {
  return {.kind = AssertionKind::initial, .bank = HashAlgorithm::none, .value = Digest(ByteView(&locality, 1))};
}

// Blank lines, each with its LF, and the line behind them.
void split_line(Record& record, ByteView value) {
  const auto last = std::ranges::find(value.rbegin(), value.rend(), std::uint8_t{'\n'});
  const auto blank = static_cast<std::size_t>(value.rend() - last);
  record.prefix = value.first(blank);
  record.data = value.subspan(blank);
}

void apply_tsm(Record& record, std::span<const DigestEntry> digests) {
  record.content = ContentType::tsm;
  const std::string_view line = as_text(record.data);
  const HashAlgorithm bank = digests.empty() ? HashAlgorithm::none : digests.front().algorithm;
  const TsmLine kind = tsm::classify(line, bank);
  record.type = static_cast<std::uint32_t>(kind);
  if (kind == TsmLine::sync) {
    const auto sync = tsm::parse_sync(line);
    record.asserts = Assertion{.kind = AssertionKind::present, .bank = sync->algorithm, .value = sync->value};
  }
  if (kind == TsmLine::extend && digests.empty()) {
    record.type = static_cast<std::uint32_t>(TsmLine::comment);
  }
  record.tentative = kind == TsmLine::extend && !digests.empty();
}

void apply_aael(Record& record) {
  record.content = ContentType::aael;
  if (const auto init = aael::parse_init(as_text(record.data))) {
    record.asserts = Assertion{.kind = AssertionKind::initial, .bank = init->bank, .value = init->value};
  }
}

bool is_one_element(ByteView value) {
  const auto parts = split_cel_elements(value, 1);
  return parts && parts->size() == 1;
}

bool is_measured(const Record& record) {
  switch (record.content) {
    case ContentType::cel_management:
      return is_measured_management(record.data);
    case ContentType::pcclient:
      // An NV index record has this type so that replay of PCRs passes over it (PFP 1.06, 10.4.5.3).
      return record.type != pcclient::kNoAction || record.reg.kind == RegisterKind::nv;
    case ContentType::tsm:
      return record.type != static_cast<std::uint32_t>(TsmLine::comment);
    default:
      return true;
  }
}

}  // namespace

bool extends_in_cel(const Record& record, std::span<const DigestEntry> digests) {
  return !digests.empty() && is_measured(record) && can_be_extended(record.reg);
}

std::unexpected<Error> cannot_write(const Record& record, std::string message) {
  return std::unexpected(Error{.kind = ErrorKind::unsupported,
                               .message = std::move(message),
                               .file = {},
                               .offset = {},
                               .record = record.number});
}

std::optional<Index> index_of(const Record& record, const LogInfo& log, const WriteOptions& options) {
  const bool plain = record.reg.provider.empty() && record.reg.carrier.empty();
  const std::uint8_t cc_field = options.ccmr_as_pcr ? kPcrField : kCcmrField;
  if (!plain || record.reg.kind == RegisterKind::virtual_mr) {
    return Index{.field = kNamedField, .number = 0, .name = to_string(record.reg)};
  }
  switch (record.reg.kind) {
    case RegisterKind::pcr:
      return Index{.field = kPcrField, .number = record.reg.index};
    case RegisterKind::nv:
      return Index{.field = kNvField, .number = record.reg.index};
    case RegisterKind::none:
    case RegisterKind::invalid: {
      const bool cc = log.platform == Platform::tdx || log.platform == Platform::cca;
      return Index{.field = cc ? cc_field : kPcrField, .number = record.raw_index};
    }
    default:
      break;
  }
  if (const auto index = index_from_register(record.reg, true)) {
    return Index{.field = cc_field, .number = *index};
  }
  return std::nullopt;
}

std::optional<RawContent> raw_content(const Record& record) {
  const auto bytes = [](std::uint32_t number, ByteView value) {
    return RawContent{.number = number, .value = to_bytes(value)};
  };
  switch (record.content) {
    case ContentType::pcclient:
    case ContentType::ima_template:
      return std::nullopt;
    case ContentType::cel_management:
      return bytes(kManagement, record.data);
    case ContentType::ima_tlv:
      return bytes(kImaTlv, record.data);
    case ContentType::systemd:
      return bytes(kSystemd, record.data);
    case ContentType::cos:
      return bytes(kCos, record.data);
    case ContentType::tsm:
    case ContentType::aael: {
      RawContent content = bytes(record.content == ContentType::tsm ? kTsm : kAael, record.prefix);
      content.value.insert(content.value.end(), record.data.begin(), record.data.end());
      return content;
    }
    case ContentType::none:
      return RawContent{.number = kNamedJson, .value = {}};
    case ContentType::unknown:
      break;
  }
  if (record.name.empty()) {
    return record.type > kLastFieldNumber && record.type <= kWidestTag ? std::optional(bytes(record.type, record.data))
                                                                       : std::nullopt;
  }
  RawContent content = bytes(kNamedJson, record.name);
  content.value.push_back(0);
  content.value.insert(content.value.end(), record.data.begin(), record.data.end());
  return content;
}

void apply_raw_content(Record& record, std::uint32_t number, ByteView value, std::span<const DigestEntry> digests) {
  record.data = value;
  switch (number) {
    case kManagement:
      record.content = ContentType::cel_management;
      return;
    case kImaTlv:
      record.content = ContentType::ima_tlv;
      return;
    case kSystemd:
      record.content = ContentType::systemd;
      return;
    case kTsm:
      split_line(record, value);
      apply_tsm(record, digests);
      return;
    case kAael:
      split_line(record, value);
      apply_aael(record);
      return;
    case kCos:
      // The number is private: others may use it too.
      if (is_one_element(value)) {
        record.content = ContentType::cos;
        return;
      }
      break;
    case kNamedJson: {
      if (value.empty()) {
        return;
      }
      const auto end = std::ranges::find(value, std::uint8_t{0});
      if (end != value.end() && end != value.begin()) {
        const auto size = static_cast<std::size_t>(end - value.begin());
        record.content = ContentType::unknown;
        record.name = value.first(size);
        record.data = value.subspan(size + 1);
        return;
      }
      break;
    }
    default:
      break;
  }
  record.content = ContentType::unknown;
  record.type = number;
}

Status Meaning::apply_index(Record& record, const Index& index, LogInfo& info) {
  if (index.field == kNamedField) {
    const auto reg = parse_register(index.name);
    if (!reg) {
      return fail(ErrorKind::malformed, fmt::format("expected a register's name, found \"{}\"", index.name));
    }
    record.reg = *reg;
    return {};
  }
  if (index.number > std::numeric_limits<std::uint32_t>::max()) {
    return fail(ErrorKind::malformed, fmt::format("expected an index of 32 bits, found {}", index.number));
  }
  const bool cc = index.field == kCcmrField;
  if (!cc_indices_) {
    cc_indices_ = cc;
    const bool is_cc_platform = platform_ == Platform::tdx || platform_ == Platform::cca;
    info.platform = cc ? (is_cc_platform ? platform_ : Platform::tdx) : Platform::tpm;
  } else if (*cc_indices_ != cc) {
    report_.add(QuirkId::mixed_index_kinds, record);
  }
  record.raw_index = index.number;
  if (index.field == kNvField) {
    record.reg = Register{.kind = RegisterKind::nv,
                          .index = static_cast<std::uint32_t>(index.number),
                          .name = {},
                          .provider = {},
                          .carrier = {}};
  } else {
    record.reg = register_from_index(index.number, cc ? info.platform : Platform::tpm, cc);
  }
  return {};
}

void Meaning::apply(Record& record, std::span<DigestEntry> digests, Arena& arena) {
  for (std::size_t i = 1; i < digests.size(); ++i) {
    const auto before = digests.first(i);
    if (std::ranges::find(before, digests[i].algorithm, &DigestEntry::algorithm) != before.end()) {
      report_.add(QuirkId::duplicate_digest, record);
    }
  }
  const auto all_are = [&](std::uint8_t byte) {
    return !digests.empty() &&
           std::ranges::all_of(digests, [&](const DigestEntry& entry) { return all_equal_to(entry.value, byte); });
  };
  if (record.content == ContentType::ima_template) {
    constexpr std::uint8_t kExtendedByte = 0xFF;
    const bool zeros = all_are(0);
    record.violation = zeros || all_are(kExtendedByte);
    if (zeros) {
      report_.add(QuirkId::violation_zeros, record);
      record.framing = static_cast<std::uint8_t>(Framing::violation_zeros);
      for (DigestEntry& entry : digests) {
        const auto ones = arena.room(entry.value.size());
        std::ranges::fill(ones, kExtendedByte);
        entry.value = ones;
      }
    }
  }
  record.extends = extends_in_cel(record, digests);
  if (record.content == ContentType::pcclient) {
    if (const auto mark = pcclient::parse_value_mark(record.type, record.data); mark && !record.extends) {
      record.asserts = Assertion{.kind = AssertionKind::present, .bank = mark->algorithm, .value = mark->value};
    }
  }
  if (record.content == ContentType::pcclient && is_pcr0(record)) {
    apply_startup_locality(record);
  }
  pcr0_extended_ = pcr0_extended_ || (record.extends && is_pcr0(record));
}

// As in TCG logs (PFP 1.06, section 10.4.5.3): the first one counts, before PCR 0 is extended and without H-CRTM.
void Meaning::apply_startup_locality(Record& record) {
  if (record.type == kHcrtmEvent && record.extends && !pcr0_extended_) {
    hcrtm_seen_ = true;
    record.asserts = initial_locality(kHcrtmLocality);
  }
  if (record.type != pcclient::kNoAction || record.data.size() <= kStartupLocality.size() ||
      !equal(record.data.first(kStartupLocality.size()), as_bytes(kStartupLocality))) {
    return;
  }
  if (!std::exchange(locality_seen_, true) && !hcrtm_seen_ && !pcr0_extended_) {
    record.asserts = initial_locality(record.data[kStartupLocality.size()]);
  }
}

bool writes_zeros(const Record& record, bool own) {
  return own && record.violation && record.framing == static_cast<std::uint8_t>(Framing::violation_zeros);
}

std::vector<WrittenDigest> written_digests(const Record& record, bool own) {
  const bool zeros = writes_zeros(record, own);
  std::vector<WrittenDigest> digests;
  digests.reserve(record.digests.size());
  for_written_digests(record, own, [&](HashAlgorithm algorithm, ByteView value) {
    WrittenDigest& digest = digests.emplace_back(WrittenDigest{.algorithm = algorithm, .value = value});
    if (zeros) {
      digest.zeros = to_bytes(value);
      digest.value = digest.zeros;
    }
  });
  return digests;
}

}  // namespace mrtool::cel
