// IMA templates: what the name of an entry's template says about its data (Linux, security/integrity/ima/
// ima_template.c and Documentation/security/IMA-templates.rst).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "lib/base/byte_reader.hpp"
#include "lib/content/content.hpp"

namespace mrtool::ima {

enum class FieldId : std::uint8_t {
  d,
  n,
  d_ng,
  d_ngv2,
  n_ng,
  sig,
  buf,
  d_modsig,
  modsig,
  evmsig,
  iuid,
  igid,
  imode,
  xattrnames,
  xattrlengths,
  xattrvalues,
};

inline constexpr std::size_t kMaxFields = 15;

// The legacy template "ima" alone is hashed without lengths: the file digest, then the name padded with zeros.
inline constexpr std::string_view kLegacyName = "ima";
inline constexpr std::size_t kLegacyDigestBytes = 20;
inline constexpr std::size_t kLegacyNameBytes = 256;
inline constexpr std::size_t kLegacyDataBytes = kLegacyDigestBytes + kLegacyNameBytes;

// In order, at most kMaxFields.
class Template {
 public:
  bool add(FieldId id);  // false: too many
  std::span<const FieldId> fields() const { return std::span(ids_).first(count_); }
  bool legacy = false;

 private:
  std::array<FieldId, kMaxFields> ids_{};
  std::size_t count_ = 0;
};

// By the name of a built-in template, or a format such as "n-ng|d-ng". Nothing: neither.
std::optional<Template> find_template(std::string_view name);
// The same for the entries of a list, most of which are of the template of the one before. Valid until the next call in
// the same thread.
const std::optional<Template>& recent_template(std::string_view name);

struct FieldPart {
  FieldId id = FieldId::d;
  ByteView bytes;   // without the length in front
  ByteRange range;  // of `bytes` in the data
};

class Fields {
 public:
  void add(const FieldPart& part) {
    if (count_ == few_.size() && many_.empty()) {
      many_.assign(few_.begin(), few_.end());
    }
    if (count_ < few_.size()) {
      few_[count_] = part;
    } else {
      many_.push_back(part);
    }
    ++count_;
  }
  std::span<const FieldPart> parts() const { return many_.empty() ? std::span(few_).first(count_) : std::span(many_); }
  const FieldPart* find(FieldId id) const;
  // What was measured: the first n or n-ng field without its NUL; empty when there is none.
  ByteView name() const;

 private:
  // Nearly every entry has two or three fields, and room for all that a template may have would cost more to clear and
  // to copy than to fill.
  static constexpr std::size_t kFew = 3;
  std::array<FieldPart, kFew> few_;
  std::size_t count_ = 0;
  std::vector<FieldPart> many_;  // all of them, where they are more
};

// Calls see(id, bytes) for each field of template data in the form that is hashed, not of the legacy template. False
// when the fields do not fill the data exactly, or see() is false of one.
template <class See>
bool see_fields(const Template& kind, ByteView data, ByteOrder order, See see) {
  ByteReader reader(data, 0, order);
  for (const FieldId id : kind.fields()) {
    const std::uint32_t length = reader.u32();
    const ByteView bytes = reader.take(length);
    if (!reader.ok() || !see(id, bytes)) {
      return false;
    }
  }
  return reader.left() == 0;
}

// Template data in the form that is hashed. Nothing when the fields do not fill it exactly.
std::optional<Fields> split_fields(const Template& kind, ByteView data, ByteOrder order);

// Is that Fields::name() of them? Readers ask it of every entry. Not where the fields do not fill the data exactly.
bool is_named(const Template& kind, ByteView data, ByteOrder order, std::string_view name);

// The text of a name field: n-ng fields and names end with a NUL.
ByteView without_nul(ByteView bytes);

inline constexpr std::string_view kBootAggregate = "boot_aggregate";

}  // namespace mrtool::ima
