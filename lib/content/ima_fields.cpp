// IMA template fields (Linux, security/integrity/ima/ima_template_lib.c; security/integrity/integrity.h for
// signatures).
#include "lib/content/ima_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/limits.hpp"
#include "lib/base/text.hpp"
#include "lib/content/ima.hpp"
#include "lib/content/raw.hpp"
#include "lib/crypto/certificate.hpp"

namespace mrtool::ima {

namespace {

constexpr std::size_t kBriefDigestBytes = 4;

// enum hash_info (include/uapi/linux/hash_info.h), as signature headers number them.
constexpr std::array<std::string_view, 23> kKernelHashes = {
    "md4",    "md5",    "sha1",        "rmd160",      "sha256",   "sha384",   "sha512",  "sha224",
    "rmd128", "rmd256", "rmd320",      "wp256",       "wp384",    "wp512",    "tgr128",  "tgr160",
    "tgr192", "sm3",    "streebog256", "streebog512", "sha3-256", "sha3-384", "sha3-512"};

// enum evm_ima_xattr_type
constexpr auto kXattrTypes = std::to_array<std::string_view>(
    {"", "ima-digest", "evm-hmac", "signature", "ima-digest-ng", "evm-portable", "fs-verity"});

std::string name_in(std::span<const std::string_view> names, std::uint8_t value) {
  return value < names.size() && !names[value].empty() ? std::string(names[value]) : fmt::format("0x{:02x}", value);
}

// Pieced together by hand, as every entry has one: "verity:sha256:aabb...".
std::string digest_text(const FileDigest& digest) {
  std::string text;
  text.reserve(digest.type.size() + digest.algorithm.size() + 2 + 2 * digest.digest.size());
  if (!digest.type.empty()) {
    text.append(digest.type).push_back(':');
  }
  text.append(digest.algorithm).push_back(':');
  append_hex(text, digest.digest);
  return text;
}

void append_brief(const FileDigest& digest, std::string& brief) {
  brief.append(digest.type == "verity" ? "verity:" : "").append(digest.algorithm).push_back(':');
  if (all_equal_to(digest.digest, 0)) {
    brief += "zeros";
  } else {
    append_hex(brief, digest.digest.first(std::min(kBriefDigestBytes, digest.digest.size())));
    brief += "..";
  }
}

FieldMeaning explain_digest(const FieldPart& part, std::string_view name, std::string& brief) {
  if (part.bytes.empty()) {
    return {.name = std::string(name), .value = {}, .problem = {}};
  }
  const auto digest = parse_file_digest(part.id, part.bytes);
  if (!digest) {
    return {
        .name = std::string(name), .value = to_bytes(part.bytes), .problem = "the digest has no algorithm before it"};
  }
  if (part.id != FieldId::d_modsig) {
    append_brief(*digest, brief);
  }
  return {.name = std::string(name), .value = digest_text(*digest), .problem = {}};
}

// struct signature_v2_hdr; its integers are big-endian whatever the list's are.
FieldMeaning explain_signature(ByteView bytes, std::string name, std::string& brief) {
  FieldMeaning meaning{.name = std::move(name), .value = {}, .problem = {}};
  if (bytes.empty()) {
    return meaning;
  }
  ByteReader reader(bytes, 0, ByteOrder::big);
  const std::uint8_t type = reader.u8();
  const std::uint8_t version = reader.u8();
  constexpr std::uint8_t kFirst = 2;
  constexpr std::uint8_t kLast = 3;
  if (reader.ok() && (version < kFirst || version > kLast)) {
    meaning.value = Value::Object{
        {"type", name_in(kXattrTypes, type)}, {"version", Value::number(version)}, {"value", to_bytes(reader.rest())}};
    brief += "signed";
    return meaning;
  }
  const std::uint8_t hash = reader.u8();
  const std::uint32_t key = reader.u32();
  const std::uint16_t size = reader.u16();
  if (!reader.ok() || reader.left() != size) {
    meaning.value = to_bytes(bytes);
    meaning.problem = "the signature's header and size do not fit its bytes";
    return meaning;
  }
  const std::string key_id = fmt::format("{:08x}", key);
  brief += fmt::format("signed by key {}", key_id);
  meaning.value = Value::Object{{"type", name_in(kXattrTypes, type)},   {"version", Value::number(version)},
                                {"hash", name_in(kKernelHashes, hash)}, {"key_id", key_id},
                                {"size", Value::number(size)},          {"value", to_bytes(reader.rest())}};
  return meaning;
}

FieldMeaning explain_buffer(ByteView bytes, const Fields& all, std::string& brief) {
  FieldMeaning meaning{.name = "buffer", .value = to_bytes(bytes), .problem = {}};
  const std::string_view event = as_text(all.name());
  // Keys are measured under their key ring's name, which begins with a dot.
  if (event.starts_with('.')) {
    if (const auto certificate = summarize_certificate(bytes)) {
      meaning.value = Value::Object{{"subject", certificate->subject},     {"issuer", certificate->issuer},
                                    {"serial", certificate->serial},       {"not_before", certificate->not_before},
                                    {"not_after", certificate->not_after}, {"sha256", certificate->sha256},
                                    {"certificate", to_bytes(bytes)}};
      brief += certificate->subject;
      return meaning;
    }
  }
  if (auto text = printable_text(bytes)) {
    // Trailing NULs are no part of the text, and are measured: bytes that have some stay bytes.
    if (text->size() == bytes.size()) {
      meaning.value = *text;
    }
    brief += *text;
  } else if (!bytes.empty()) {
    brief += hex_preview(bytes);
  }
  return meaning;
}

FieldMeaning explain_modsig(ByteView bytes, std::string& brief) {
  FieldMeaning meaning{.name = "modsig", .value = {}, .problem = {}};
  if (!bytes.empty()) {
    meaning.value = Value::Object{{"size", Value::number(bytes.size())}, {"pkcs7", to_bytes(bytes)}};
    brief += fmt::format("appended signature of {} bytes", bytes.size());
  }
  return meaning;
}

FieldMeaning explain_number(const FieldPart& part, std::string name, ByteOrder order) {
  FieldMeaning meaning{.name = std::move(name), .value = {}, .problem = {}};
  if (part.bytes.empty()) {
    return meaning;
  }
  const bool mode = part.id == FieldId::imode;
  if (part.bytes.size() != (mode ? sizeof(std::uint16_t) : sizeof(std::uint32_t))) {
    meaning.value = to_bytes(part.bytes);
    meaning.problem = fmt::format("the {} has {} bytes", meaning.name, part.bytes.size());
    return meaning;
  }
  ByteReader reader(part.bytes, 0, order);
  // File modes are read in octal.
  meaning.value = mode ? Value(fmt::format("{:06o}", reader.u16())) : Value::number(reader.u32());
  return meaning;
}

FieldMeaning explain_xattr_names(ByteView bytes) {
  Value::List names;
  std::string_view text = as_text(without_nul(bytes));
  while (!text.empty() && names.size() < limits::kListedItems) {
    const std::size_t bar = text.find('|');
    names.emplace_back(text.substr(0, bar));
    text.remove_prefix(bar == std::string_view::npos ? text.size() : bar + 1);
  }
  return {.name = "xattr_names", .value = std::move(names), .problem = {}};
}

bool are_lengths(ByteView bytes) {
  return bytes.size() % sizeof(std::uint32_t) == 0 && bytes.size() / sizeof(std::uint32_t) <= limits::kListedItems;
}

FieldMeaning explain_xattr_lengths(ByteView bytes, ByteOrder order) {
  FieldMeaning meaning{.name = "xattr_lengths", .value = to_bytes(bytes), .problem = {}};
  if (!are_lengths(bytes)) {
    meaning.problem = "the lengths of extended attributes are no whole number of integers";
    return meaning;
  }
  Value::List lengths;
  for (ByteReader reader(bytes, 0, order); reader.left() > 0;) {
    lengths.push_back(Value::number(reader.u32()));
  }
  meaning.value = std::move(lengths);
  return meaning;
}

FieldMeaning explain_xattr_values(ByteView bytes, const Fields& all, ByteOrder order) {
  FieldMeaning meaning{.name = "xattr_values", .value = to_bytes(bytes), .problem = {}};
  const FieldPart* lengths = all.find(FieldId::xattrlengths);
  if (lengths == nullptr || !are_lengths(lengths->bytes)) {
    return meaning;
  }
  Value::List values;
  ByteReader reader(bytes);
  for (ByteReader sizes(lengths->bytes, 0, order); sizes.left() > 0 && reader.ok();) {
    values.emplace_back(to_bytes(reader.take(sizes.u32())));
  }
  if (!reader.ok() || reader.left() > 0) {
    meaning.problem = "the values of extended attributes do not have the lengths stated";
    return meaning;
  }
  meaning.value = std::move(values);
  return meaning;
}

}  // namespace

FieldMeaning explain_field(const FieldPart& part, const Fields& all, ByteOrder order, std::string& brief) {
  switch (part.id) {
    case FieldId::d:
    case FieldId::d_ng:
    case FieldId::d_ngv2:
      return explain_digest(part, "file_digest", brief);
    case FieldId::d_modsig:
      return explain_digest(part, "modsig_file_digest", brief);
    case FieldId::n:
    case FieldId::n_ng:
      return {.name = "name", .value = as_text(without_nul(part.bytes)), .problem = {}};
    case FieldId::sig:
      return explain_signature(part.bytes, "signature", brief);
    case FieldId::evmsig:
      return explain_signature(part.bytes, "evm_signature", brief);
    case FieldId::buf:
      return explain_buffer(part.bytes, all, brief);
    case FieldId::modsig:
      return explain_modsig(part.bytes, brief);
    case FieldId::iuid:
      return explain_number(part, "uid", order);
    case FieldId::igid:
      return explain_number(part, "gid", order);
    case FieldId::imode:
      return explain_number(part, "mode", order);
    case FieldId::xattrnames:
      return explain_xattr_names(part.bytes);
    case FieldId::xattrlengths:
      return explain_xattr_lengths(part.bytes, order);
    case FieldId::xattrvalues:
      return explain_xattr_values(part.bytes, all, order);
  }
  return {};
}

}  // namespace mrtool::ima
