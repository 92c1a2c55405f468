#include "lib/quote/td_info.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace mrtool::quotes {

namespace {

struct Bit {
  unsigned bit;
  std::string_view name;
};

// Intel TDX module ABI, ATTRIBUTES.
constexpr std::array kTdAttributes{
    Bit{0, "DEBUG"}, Bit{4, "HGS_PLUS_PROF"},    Bit{5, "PERF_PROF"},   Bit{6, "PMT_PROF"}, Bit{16, "ICSSD"},
    Bit{27, "LASS"}, Bit{28, "SEPT_VE_DISABLE"}, Bit{29, "MIGRATABLE"}, Bit{30, "PKS"},     Bit{31, "KL"},
    Bit{62, "TPA"},  Bit{63, "PERFMON"},
};
constexpr std::uint64_t kTud = 0xFF;  // TD under debug: any of them makes it untrusted

// Extended features, as XCR0 and IA32_XSS number them (Intel SDM volume 1, 13.1).
constexpr std::array kXfam{
    Bit{0, "X87"},    Bit{1, "SSE"},       Bit{2, "AVX"},      Bit{3, "BNDREGS"},   Bit{4, "BNDCSR"},
    Bit{5, "OPMASK"}, Bit{6, "ZMM_HI256"}, Bit{7, "HI16_ZMM"}, Bit{8, "PT"},        Bit{9, "PKRU"},
    Bit{10, "PASID"}, Bit{11, "CET_U"},    Bit{12, "CET_S"},   Bit{13, "HDC"},      Bit{14, "UINTR"},
    Bit{15, "LBR"},   Bit{16, "HWP"},      Bit{17, "TILECFG"}, Bit{18, "TILEDATA"}, Bit{19, "APX"},
};

Value::List bit_names(std::uint64_t bits, std::span<const Bit> table) {
  Value::List names;
  for (const Bit& row : table) {
    const std::uint64_t mask = 1ULL << row.bit;
    if ((bits & mask) != 0) {
      names.emplace_back(row.name);
      bits &= ~mask;
    }
  }
  for (unsigned bit = 0; bits != 0; ++bit, bits >>= 1U) {
    if ((bits & 1U) != 0) {
      names.emplace_back(fmt::format("bit {}", bit));
    }
  }
  return names;
}

enum class Kind : std::uint8_t { hidden, bytes, number, attributes, xfam, mrtd, rtmr, own };

struct Field {
  std::string_view name;  // of the field, and of a provider's own register
  std::size_t size;       // bytes
  Kind kind = Kind::bytes;
  std::uint32_t index = 0;       // of an RTMR
  ByteView TdInfo::* kept = {};  // where checks find it
};

constexpr std::size_t kMr = 48;
constexpr std::size_t kSvn = 16;
constexpr std::size_t kFlags = 8;

constexpr Field kTeeTcbSvn{"tee_tcb_svn", kSvn, Kind::bytes, 0, &TdInfo::tee_tcb_svn};
constexpr Field kMrSeam{"mrseam", kMr};
constexpr Field kMrSignerSeam{"mrsignerseam", kMr, Kind::bytes, 0, &TdInfo::mr_signer_seam};
constexpr Field kSeamAttributes{"seam_attributes", kFlags, Kind::bytes, 0, &TdInfo::seam_attributes};
constexpr Field kAttributes{"td_attributes", kFlags, Kind::attributes};
constexpr Field kFeatures{"xfam", kFlags, Kind::xfam};
constexpr Field kMrtd{"mrtd", kMr, Kind::mrtd};
constexpr Field kMrConfigId{"mrconfigid", kMr, Kind::own};
constexpr Field kMrOwner{"mrowner", kMr, Kind::own};
constexpr Field kMrOwnerConfig{"mrownerconfig", kMr, Kind::own};
constexpr Field kRtmr0{"rtmr0", kMr, Kind::rtmr, 0};
constexpr Field kRtmr1{"rtmr1", kMr, Kind::rtmr, 1};
constexpr Field kRtmr2{"rtmr2", kMr, Kind::rtmr, 2};
constexpr Field kRtmr3{"rtmr3", kMr, Kind::rtmr, 3};
constexpr Field kReportData{"report_data", 64, Kind::bytes, 0, &TdInfo::report_data};
// Two names for one measurement: of the service TDs that a TD is bound to.
constexpr Field kMrServiceTd{"servtd", kMr, Kind::own};

constexpr Field reserved(std::size_t size) {
  return {"", size, Kind::hidden};
}

constexpr std::array kQuote15{
    kTeeTcbSvn,   kMrSeam,        kMrSignerSeam, kSeamAttributes,
    kAttributes,  kFeatures,      kMrtd,         kMrConfigId,
    kMrOwner,     kMrOwnerConfig, kRtmr0,        kRtmr1,
    kRtmr2,       kRtmr3,         kReportData,   Field{"tee_tcb_svn_2", kSvn},
    kMrServiceTd,
};
constexpr std::span<const Field> kQuote10 = std::span<const Field>(kQuote15).first(kQuote15.size() - 2);

constexpr std::array kReport{
    Field{"type", 1, Kind::number},
    Field{"subtype", 1, Kind::number},
    Field{"version", 1, Kind::number},
    reserved(13),
    Field{"cpu_svn", kSvn},
    Field{"tee_tcb_info_hash", kMr},
    Field{"tee_info_hash", kMr},
    kReportData,
    reserved(32),
    Field{"mac", 32},
    Field{"tee_tcb_info_valid", kFlags},
    kTeeTcbSvn,
    kMrSeam,
    kMrSignerSeam,
    kSeamAttributes,
    Field{"tee_tcb_svn_2", kSvn},
    reserved(112),
    kAttributes,
    kFeatures,
    kMrtd,
    kMrConfigId,
    kMrOwner,
    kMrOwnerConfig,
    kRtmr0,
    kRtmr1,
    kRtmr2,
    kRtmr3,
    kMrServiceTd,
    reserved(64),
};

std::span<const Field> fields_of(TdLayout layout) {
  switch (layout) {
    case TdLayout::quote_1_0:
      return kQuote10;
    case TdLayout::quote_1_5:
      return kQuote15;
    case TdLayout::report:
      return kReport;
  }
  return {};
}

Register register_of(const Field& field) {
  Register reg{.kind = RegisterKind::virtual_mr, .index = field.index, .name = {}, .provider = {}, .carrier = {}};
  if (field.kind == Kind::own) {
    reg.name = field.name;
  } else {
    reg.kind = field.kind == Kind::mrtd ? RegisterKind::mrtd : RegisterKind::rtmr;
  }
  return reg;
}

Value flags(std::uint64_t bits, std::span<const Bit> table) {
  return Value::Object{{"value", Value::wide_hex(bits)}, {"names", bit_names(bits, table)}};
}

void take_field(const Field& field, ByteView bytes, TdInfo& info) {
  const std::string name(field.name);
  switch (field.kind) {
    case Kind::hidden:
      return;
    case Kind::number:
      info.fields.push_back({name, Value::number(bytes.front())});
      return;
    case Kind::attributes:
      info.attributes = ByteReader(bytes).u64();
      info.fields.push_back({name, flags(info.attributes, kTdAttributes)});
      return;
    case Kind::xfam:
      info.fields.push_back({name, flags(ByteReader(bytes).u64(), kXfam)});
      return;
    case Kind::mrtd:
    case Kind::rtmr:
    case Kind::own:
      info.registers.emplace(RegisterKey{register_of(field), HashAlgorithm::sha384}, Digest(bytes));
      [[fallthrough]];
    case Kind::bytes:
      info.fields.push_back({name, to_bytes(bytes)});
      return;
  }
}

}  // namespace

TdInfo read_td_info(TdLayout layout, ByteView bytes) {
  TdInfo info;
  ByteReader reader(bytes);
  for (const Field& field : fields_of(layout)) {
    const ByteView content = reader.take(field.size);
    if (field.kept != nullptr) {
      info.*field.kept = content;
    }
    take_field(field, content, info);
  }
  return info;
}

QuoteCheck td_debug_check(const TdInfo& info) {
  if ((info.attributes & kTud) == 0) {
    return {.name = "td-debug",
            .verdict = Verdict::pass,
            .detail = "the TD is not under debug (the lowest byte of its attributes is zero)"};
  }
  std::vector<std::string> names;
  for (const Value& name : bit_names(info.attributes & kTud, kTdAttributes)) {
    names.push_back(*name.as<std::string>());
  }
  return {.name = "td-debug",
          .verdict = Verdict::fail,
          .detail = fmt::format("the TD is under debug ({}): its host can read and change it, so its registers prove "
                                "nothing",
                                fmt::join(names, ", "))};
}

QuoteCheck seam_signer_check(const TdInfo& info) {
  QuoteCheck check{.name = "seam-signer", .verdict = Verdict::fail, .detail = {}};
  if (!all_equal_to(info.mr_signer_seam, 0)) {
    check.detail = fmt::format("the TDX module is signed by {} (MRSIGNERSEAM), where Intel's own has zeros",
                               to_hex(info.mr_signer_seam));
  } else if (!all_equal_to(info.seam_attributes, 0)) {
    check.detail = fmt::format("the TDX module has attributes {} (SEAMATTRIBUTES), where one in production has zeros",
                               to_hex(info.seam_attributes));
  } else {
    check.verdict = Verdict::pass;
    check.detail = "the TDX module is Intel's (MRSIGNERSEAM and SEAMATTRIBUTES are zero)";
  }
  return check;
}

}  // namespace mrtool::quotes
