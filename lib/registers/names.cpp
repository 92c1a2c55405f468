#include "lib/registers/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <tuple>

#include "lib/registers/kinds.hpp"

namespace mrtool {

namespace {

constexpr std::array kKinds{
    KindRow{RegisterKind::pcr, "pcr", Numbering::counted, 23, true},
    KindRow{RegisterKind::mrtd, "mrtd", Numbering::single, 0, false},
    KindRow{RegisterKind::rtmr, "rtmr", Numbering::counted, 3, true},
    KindRow{RegisterKind::rim, "rim", Numbering::single, 0, false},
    KindRow{RegisterKind::rem, "rem", Numbering::counted, 3, true},
    KindRow{RegisterKind::nv, "nv:0x", Numbering::handle, 0, false},
    KindRow{RegisterKind::virtual_mr, "mr:", Numbering::named, 0, false},
    KindRow{RegisterKind::invalid, "index:", Numbering::any, 0, false},
    KindRow{RegisterKind::none, "-", Numbering::single, 0, false},
};

// A provider may number its PCRs past a TPM's (Nitro has 32).
constexpr std::uint32_t kLastProvidersPcr = 31;
// NV index handles (TPM 2.0 part 2, 7.5: TPM_HT_NV_INDEX).
constexpr std::uint32_t kFirstNvHandle = 0x01000000;
constexpr std::uint32_t kLastNvHandle = 0x01FFFFFF;
constexpr std::size_t kHandleDigits = 8;
constexpr std::uint32_t kNoRegister = 0xFFFFFFFF;  // Windows: the record is about no register
constexpr std::uint32_t kLastMrIndex = 4;
constexpr std::size_t kLongestName = 256;  // bounds the depth of carriers too

std::size_t rank_of(RegisterKind kind) {
  return static_cast<std::size_t>(std::ranges::find(kKinds, kind, &KindRow::kind) - kKinds.begin());
}

bool is_name_character(char c) {
  return c > ' ' && c <= '~' && c != '@' && c != ',' && c != '+' && c != '=' && c != '/';
}

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_name_character);
}

bool is_provider(std::string_view text) {
  return is_name(text) && !text.contains(':');
}

std::optional<std::uint32_t> parse_handle(std::string_view digits) {
  std::uint32_t handle = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), handle, 16);
  if (digits.size() != kHandleDigits || error != std::errc{} || end != digits.data() + digits.size() ||
      handle < kFirstNvHandle || handle > kLastNvHandle) {
    return std::nullopt;
  }
  return handle;
}

// What stands behind a kind's prefix.
std::optional<Register> parse_rest(const KindRow& row, std::string_view rest, std::string_view provider) {
  Register reg{.kind = row.kind, .index = 0, .name = {}, .provider = std::string(provider), .carrier = {}};
  switch (row.numbering) {
    case Numbering::single:
      return rest.empty() ? std::optional(reg) : std::nullopt;
    case Numbering::named:
      reg.name = rest;
      return is_name(rest) ? std::optional(reg) : std::nullopt;
    case Numbering::counted:
    case Numbering::any: {
      const auto index = parse_index(rest);
      const bool foreign_pcr = row.kind == RegisterKind::pcr && !provider.empty();
      const std::uint32_t last = row.numbering == Numbering::any ? std::numeric_limits<std::uint32_t>::max()
                                 : foreign_pcr                   ? kLastProvidersPcr
                                                                 : row.last;
      if (!index || *index > last) {
        return std::nullopt;
      }
      reg.index = *index;
      return reg;
    }
    case Numbering::handle: {
      const auto handle = parse_handle(rest);
      if (!handle) {
        return std::nullopt;
      }
      reg.index = *handle;
      return reg;
    }
  }
  return std::nullopt;
}

}  // namespace

const KindRow* find_kind(std::string_view text) {
  const auto row = std::ranges::find_if(kKinds, [&](const KindRow& kind) { return text.starts_with(kind.prefix); });
  return row == kKinds.end() ? nullptr : &*row;
}

const KindRow& kind_row(RegisterKind kind) {
  return kKinds.at(rank_of(kind));
}

std::optional<std::uint32_t> parse_index(std::string_view digits) {
  std::uint32_t index = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  const bool leading_zero = digits.size() > 1 && digits.front() == '0';
  if (digits.empty() || leading_zero || error != std::errc{} || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return index;
}

std::string to_string(const Register& reg) {
  const KindRow& row = kind_row(reg.kind);
  std::string text;
  if (!reg.provider.empty()) {
    text.append(reg.provider).push_back('/');
  }
  text += row.prefix;
  switch (row.numbering) {
    case Numbering::single:
      break;
    case Numbering::counted:
    case Numbering::any: {
      std::array<char, std::numeric_limits<std::uint32_t>::digits10 + 1> digits{};
      text.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), reg.index).ptr);
      break;
    }
    case Numbering::handle:
      text += fmt::format("{:08x}", reg.index);
      break;
    case Numbering::named:
      text += reg.name;
      break;
  }
  if (!reg.carrier.empty()) {
    text.append("@").append(reg.carrier);
  }
  return text;
}

std::optional<Register> parse_register(std::string_view text, bool bare_number_is_pcr) {
  if (text.size() > kLongestName) {
    return std::nullopt;
  }
  std::string_view body = text;
  std::string_view carrier;
  if (const auto at = body.find('@'); at != std::string_view::npos) {
    carrier = body.substr(at + 1);
    body = body.substr(0, at);
    if (!parse_register(carrier)) {
      return std::nullopt;
    }
  }
  std::string_view provider;
  if (const auto slash = body.find('/'); slash != std::string_view::npos) {
    provider = body.substr(0, slash);
    body = body.substr(slash + 1);
    if (!is_provider(provider)) {
      return std::nullopt;
    }
  }
  const KindRow* row = find_kind(body);
  const bool bare = row == nullptr && bare_number_is_pcr;
  if (row == nullptr && !bare) {
    return std::nullopt;
  }
  auto reg = bare ? parse_rest(kind_row(RegisterKind::pcr), body, provider)
                  : parse_rest(*row, body.substr(row->prefix.size()), provider);
  if (reg && !carrier.empty()) {
    if (reg->kind != RegisterKind::virtual_mr) {
      return std::nullopt;
    }
    reg->carrier = carrier;
  }
  return reg;
}

bool display_before(const Register& a, const Register& b) {
  const auto key = [](const Register& reg) {
    return std::tuple(rank_of(reg.kind), std::string_view(reg.provider), reg.index, std::string_view(reg.name),
                      std::string_view(reg.carrier));
  };
  return key(a) < key(b);
}

bool is_extendable(const Register& reg) {
  return kind_row(reg.kind).extendable || !reg.carrier.empty();
}

bool can_hold_records(const Register& reg) {
  constexpr std::array kOthers{RegisterKind::none, RegisterKind::invalid, RegisterKind::mrtd, RegisterKind::rim};
  return std::ranges::find(kOthers, reg.kind) == kOthers.end();
}

std::optional<Register> register_of_provider(std::string_view provider, std::string_view name) {
  constexpr std::array<std::string_view, 3> kUnsaid{"", "tdx_guest", "arm_cca_guest"};
  const bool unsaid = std::ranges::find(kUnsaid, provider) != kUnsaid.end();
  const std::string prefix = unsaid ? std::string() : std::string(provider) + "/";
  for (const std::string_view kind : {std::string_view(), kind_row(RegisterKind::virtual_mr).prefix}) {
    const auto reg = parse_register(fmt::format("{}{}{}", prefix, kind, name));
    if (reg && reg->kind != RegisterKind::none && reg->kind != RegisterKind::invalid && reg->carrier.empty()) {
      return reg;
    }
  }
  return std::nullopt;
}

Register register_from_index(std::uint64_t raw_index, Platform platform, bool mr_indexed) {
  constexpr std::uint64_t kWidest = std::numeric_limits<std::uint32_t>::max();
  const auto make = [](RegisterKind kind, std::uint64_t index) {
    return Register{
        .kind = kind, .index = static_cast<std::uint32_t>(index), .name = {}, .provider = {}, .carrier = {}};
  };
  if (raw_index == kNoRegister) {
    return make(RegisterKind::none, 0);
  }
  if (mr_indexed && raw_index <= kLastMrIndex) {
    const bool cca = platform == Platform::cca;
    if (raw_index == 0) {
      return make(cca ? RegisterKind::rim : RegisterKind::mrtd, 0);
    }
    return make(cca ? RegisterKind::rem : RegisterKind::rtmr, raw_index - 1);
  }
  if (!mr_indexed && raw_index <= kind_row(RegisterKind::pcr).last) {
    return make(RegisterKind::pcr, raw_index);
  }
  if (!mr_indexed && raw_index >= kFirstNvHandle && raw_index <= kLastNvHandle) {
    return make(RegisterKind::nv, raw_index);
  }
  return make(RegisterKind::invalid, std::min(raw_index, kWidest));
}

std::optional<std::uint32_t> index_from_register(const Register& reg, bool mr_indexed) {
  switch (reg.kind) {
    case RegisterKind::none:
      return kNoRegister;
    case RegisterKind::invalid:
      return reg.index;
    case RegisterKind::pcr:
    case RegisterKind::nv:
      return mr_indexed ? std::nullopt : std::optional(reg.index);
    case RegisterKind::mrtd:
    case RegisterKind::rim:
      return mr_indexed ? std::optional<std::uint32_t>(0) : std::nullopt;
    case RegisterKind::rtmr:
    case RegisterKind::rem:
      return mr_indexed ? std::optional(reg.index + 1) : std::nullopt;
    case RegisterKind::virtual_mr:
      break;
  }
  return std::nullopt;
}

}  // namespace mrtool
