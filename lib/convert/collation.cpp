#include "lib/convert/collation.hpp"

#include <fmt/format.h>

#include <array>

#include "lib/registers/names.hpp"

namespace mrtool {
namespace {

// Nested TLVs with one byte of type and four of length, big-endian (CEL format notes, section 5.1).
constexpr auto kVersionNote = std::to_array<std::uint8_t>({1, 0, 0, 0, 12,      // cel_version
                                                           0, 0, 0, 0, 1, 1,    // major
                                                           1, 0, 0, 0, 1, 0});  // minor
constexpr auto kFirmwareEndNote = std::to_array<std::uint8_t>({2, 0, 0, 0, 0});

Register first_of(Platform platform) {
  Register reg;
  switch (platform) {
    case Platform::tdx:
      reg.kind = RegisterKind::mrtd;
      break;
    case Platform::cca:
      reg.kind = RegisterKind::rim;
      break;
    default:
      reg.kind = RegisterKind::pcr;
  }
  return reg;
}

}  // namespace

Result<std::optional<Note>> Collation::begin_log(const LogInfo& info, bool first) {
  const bool runs = info.grows_at_runtime;
  if (!runs && running_) {
    return fail(ErrorKind::usage, "the firmware's log comes behind a log of the running system; name it first");
  }
  const bool firmware_ends = runs && firmware_;
  running_ = running_ || runs;
  firmware_ = !runs;
  if (first) {
    lowest_ = first_of(info.platform);
    return Note::version;
  }
  return firmware_ends ? std::optional(Note::firmware_end) : std::nullopt;
}

Record Collation::note(Note note) const {
  Record record;
  record.reg = lowest_;
  record.content = ContentType::cel_management;
  record.data = note == Note::version ? ByteView(kVersionNote) : ByteView(kFirmwareEndNote);
  return record;
}

Status Collation::admit(Record& record) {
  Family family = family_;
  switch (record.reg.kind) {
    case RegisterKind::pcr:
    case RegisterKind::nv:
      family = Family::tpm;
      break;
    case RegisterKind::mrtd:
    case RegisterKind::rtmr:
    case RegisterKind::rim:
    case RegisterKind::rem:
      family = Family::cc;
      break;
    default:
      break;
  }
  if (family_ != Family::unknown && family != family_) {
    return std::unexpected(Error{
        .kind = ErrorKind::unsupported,
        .message = fmt::format("{} does not go into one collection with the registers before it: logs of a TPM and of "
                               "a confidential machine's own registers are two collections",
                               to_string(record.reg)),
        .file = {},
        .offset = {},
        .record = record.number});
  }
  family_ = family;
  record.stated_number = next_[record.reg]++;
  return {};
}

}  // namespace mrtool
