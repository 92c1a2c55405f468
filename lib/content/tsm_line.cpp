#include "lib/content/tsm_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/text.hpp"
#include "lib/content/decoders.hpp"
#include "lib/content/ima.hpp"
#include "lib/content/raw.hpp"
#include "lib/content/recipes.hpp"

namespace mrtool::tsm {
namespace {

using pcclient::Context;
using pcclient::EventType;

constexpr std::string_view kSync = "SYNC ";
constexpr std::string_view kExtend = "# .EXTEND ";
constexpr std::string_view kVirtualVerb = "extend";
constexpr std::string_view kStaticPrefix = "kernel.org/tsm/static_mr";

struct KernelName {
  HashAlgorithm algorithm;
  std::string_view name;
};
// Linux crypto/hash_info.c; the first name of an algorithm is the one to write. SM3 had a longer name until 6.5.
constexpr auto kKernelNames = std::to_array<KernelName>({
    {HashAlgorithm::sha1, "sha1"},
    {HashAlgorithm::sha224, "sha224"},
    {HashAlgorithm::sha256, "sha256"},
    {HashAlgorithm::sha384, "sha384"},
    {HashAlgorithm::sha512, "sha512"},
    {HashAlgorithm::sm3_256, "sm3"},
    {HashAlgorithm::sm3_256, "sm3-256"},
    {HashAlgorithm::sha3_256, "sha3-256"},
    {HashAlgorithm::sha3_384, "sha3-384"},
    {HashAlgorithm::sha3_512, "sha3-512"},
});

// Hexadecimal of `size` bytes; 0: as many as any algorithm has.
std::optional<ExtendLine> parse_digest(std::string_view hex, std::size_t size) {
  if (hex.empty() || hex.size() > 2 * kMaxDigestSize || (size != 0 && hex.size() != 2 * size)) {
    return std::nullopt;
  }
  const auto bytes = from_hex(hex);
  if (!bytes || (size == 0 && std::ranges::find(hash_algorithms(), bytes->size(), &HashAlgorithmRow::size) ==
                                  hash_algorithms().end())) {
    return std::nullopt;
  }
  const bool upper = std::ranges::any_of(hex, [](char digit) { return digit >= 'A' && digit <= 'F'; });
  return ExtendLine{.value = Digest(*bytes), .lower_case = !upper};
}

std::size_t digest_size(HashAlgorithm algorithm) {
  const HashAlgorithmRow* row = find_algorithm(algorithm);
  return row == nullptr ? 0 : row->size;
}

// The three fields of a line that single spaces part, or nothing.
std::optional<std::array<std::string_view, 3>> three_fields(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos || line.find(' ', second + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  const std::array fields{line.substr(0, first), line.substr(first + 1, second - first - 1), line.substr(second + 1)};
  const auto is_bad = [](std::string_view field) {
    return field.empty() || field.find_first_of("\t\n\v\f\r") != std::string_view::npos;
  };
  if (std::ranges::any_of(fields, is_bad)) {
    return std::nullopt;
  }
  return fields;
}

}  // namespace

std::string_view kernel_name(HashAlgorithm algorithm) {
  const auto* const row = std::ranges::find(kKernelNames, algorithm, &KernelName::algorithm);
  return row == kKernelNames.end() ? std::string_view{} : row->name;
}

std::optional<HashAlgorithm> parse_kernel_name(std::string_view name) {
  const auto* const row = std::ranges::find(kKernelNames, name, &KernelName::name);
  return row == kKernelNames.end() ? std::nullopt : std::optional(row->algorithm);
}

std::optional<NamedDigest> parse_named_digest(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return std::nullopt;
  }
  const auto algorithm = parse_kernel_name(text.substr(0, slash));
  if (!algorithm) {
    return std::nullopt;
  }
  const auto digest = parse_digest(text.substr(slash + 1), digest_size(*algorithm));
  if (!digest) {
    return std::nullopt;
  }
  return NamedDigest{.algorithm = *algorithm, .value = digest->value, .lower_case = digest->lower_case};
}

std::string format_named_digest(HashAlgorithm algorithm, ByteView value) {
  return fmt::format("{}/{}", kernel_name(algorithm), to_hex(value));
}

std::optional<NamedDigest> parse_sync(std::string_view line) {
  return line.starts_with(kSync) ? parse_named_digest(line.substr(kSync.size())) : std::nullopt;
}

std::string format_sync(HashAlgorithm bank, ByteView value) {
  return fmt::format("{}{}", kSync, format_named_digest(bank, value));
}

std::optional<ExtendLine> parse_extend(std::string_view line, std::size_t size) {
  return line.starts_with(kExtend) ? parse_digest(line.substr(kExtend.size()), size) : std::nullopt;
}

std::string format_extend(ByteView value) {
  return fmt::format("{}{}", kExtend, to_hex(value));
}

TsmLine classify(std::string_view line, HashAlgorithm bank) {
  if (line.starts_with('#')) {
    return parse_extend(line, digest_size(bank)) ? TsmLine::extend : TsmLine::comment;
  }
  const auto sync = parse_sync(line);
  return sync && (bank == HashAlgorithm::none || sync->algorithm == bank) ? TsmLine::sync : TsmLine::record;
}

std::optional<VirtualExtend> parse_virtual_extend(std::string_view line) {
  const auto fields = three_fields(line);
  if (!fields || (*fields)[1] != kVirtualVerb || (*fields)[0].starts_with('#') || (*fields)[0] == "SYNC") {
    return std::nullopt;
  }
  auto digest = parse_named_digest((*fields)[2]);
  if (!digest) {
    return std::nullopt;
  }
  return VirtualExtend{.name = (*fields)[0], .digest = *std::move(digest)};
}

std::string format_virtual_extend(std::string_view name, HashAlgorithm bank, ByteView value) {
  return fmt::format("{} {} {}", name, kVirtualVerb, format_named_digest(bank, value));
}

HashAlgorithm bank_of(const NamedDigest& digest) {
  if (digest.algorithm != HashAlgorithm::none) {
    return digest.algorithm;
  }
  for (const HashAlgorithm usual :
       {HashAlgorithm::sha1, HashAlgorithm::sha256, HashAlgorithm::sha384, HashAlgorithm::sha512}) {
    if (find_algorithm(usual)->size == digest.value.size()) {
      return usual;
    }
  }
  return HashAlgorithm::none;
}

std::optional<StaticRegister> parse_static_register(std::string_view line) {
  if (!line.starts_with(kStaticPrefix)) {
    return std::nullopt;  // as nearly every line
  }
  const auto fields = three_fields(line);
  if (!fields || (*fields)[0] != kStaticPrefix) {
    return std::nullopt;
  }
  if (auto digest = parse_named_digest((*fields)[2])) {
    return StaticRegister{.name = (*fields)[1], .digest = *std::move(digest)};
  }
  if (const auto bare = parse_digest((*fields)[2], 0)) {
    return StaticRegister{.name = (*fields)[1],
                          .digest = {.algorithm = {}, .value = bare->value, .lower_case = bare->lower_case}};
  }
  return std::nullopt;
}

Record ImaEntry::record(const Record& line) const {
  Record entry;
  entry.number = line.number;
  entry.offset = line.offset;
  entry.reg = line.reg;
  entry.content = ContentType::ima_template;
  entry.name = as_bytes(template_name);
  entry.data = data;
  entry.violation = violation;
  return entry;
}

std::optional<ImaEntry> parse_ima_entry(std::string_view line) {
  constexpr std::string_view kWord = "ima";
  const auto fields = three_fields(line);
  if (!fields || (*fields)[0] != kWord || !ima::find_template((*fields)[1])) {
    return std::nullopt;
  }
  auto data = from_hex((*fields)[2]);
  if (!data) {
    return std::nullopt;
  }
  ImaEntry entry{.template_name = (*fields)[1], .data = *std::move(data)};
  const auto parts = ima::fields_of(entry.record({}), ByteOrder::little);
  if (!parts) {
    return std::nullopt;
  }
  for (const ima::FieldPart& part : parts->parts()) {
    const bool digest = part.id == ima::FieldId::d || part.id == ima::FieldId::d_ng || part.id == ima::FieldId::d_ngv2;
    const auto measured = digest ? ima::parse_file_digest(part.id, part.bytes) : std::nullopt;
    if (measured && all_equal_to(measured->digest, 0)) {
      entry.violation = as_text(ima::without_nul(parts->name())) != ima::kBootAggregate;
    }
  }
  return entry;
}

std::string format_ima_entry(std::string_view template_name, ByteView data) {
  return fmt::format("ima {} {}", template_name, to_hex(data));
}

bool is_space(char byte) {
  constexpr char kNoBreakSpace = '\xA0';
  return (byte >= '\t' && byte <= '\r') || byte == ' ' || byte == kNoBreakSpace;
}

std::string_view trimmed(std::string_view line) {
  while (!line.empty() && is_space(line.front())) {
    line.remove_prefix(1);
  }
  while (!line.empty() && is_space(line.back())) {
    line.remove_suffix(1);
  }
  return line;
}

bool is_stored_unchanged(std::string_view line) {
  // Two searches, each of which is fast, where find_first_of() makes one for each character.
  return !line.empty() && trimmed(line).size() == line.size() && !line.contains('\n') && !line.contains('\r');
}

namespace {

Value name_of(HashAlgorithm algorithm) {
  return algorithm == HashAlgorithm::none ? Value() : Value(to_string(algorithm));
}

// The words of a record, for those who look for the first of them. Bounded: further ones stay in the text.
Value::List words_of(std::string_view line) {
  constexpr std::size_t kWords = 256;
  Value::List words;
  while (!line.empty() && words.size() < kWords) {
    const std::size_t space = line.find(' ');
    if (const std::string_view word = line.substr(0, space); !word.empty()) {
      words.emplace_back(word);
    }
    line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
  }
  return words;
}

// As the entry is decoded in a list of its own; what covers the line covers all of it.
Decoded decode_ima_entry(const ImaEntry& entry, const Context& context) {
  const Record record = entry.record(context.record);
  LogInfo log;
  Decoded decoded = ima::rule_of(record).decode({.record = record, .log = log, .data = record.data});
  for (Field& field : decoded.fields) {
    field.range = {0, context.data.size()};
  }
  return decoded;
}

Decoded decode_record(std::string_view line) {
  const std::uint64_t end = line.size();
  const auto from = [&line](std::string_view part) { return static_cast<std::uint64_t>(part.data() - line.data()); };
  Decoded decoded{.kind = "tsm-record", .summary = std::string(line), .fields = {}, .problem = {}};
  const auto digest_fields = [&](const NamedDigest& digest, std::uint64_t begin) {
    decoded.fields.push_back({"algorithm", name_of(digest.algorithm), {begin, end}});
    decoded.fields.push_back({"value", Value(to_bytes(digest.value.view())), {begin, end}});
  };
  if (const auto extend = parse_virtual_extend(line)) {
    decoded.kind = "virtual-register-extend";
    const std::uint64_t begin = from(extend->name);
    decoded.fields.push_back({"virtual_register", Value(extend->name), {begin, begin + extend->name.size()}});
    digest_fields(extend->digest, line.rfind(' ') + 1);
  } else if (const auto fixed = parse_static_register(line)) {
    decoded.kind = "static-register";
    const std::uint64_t begin = from(fixed->name);
    decoded.fields.push_back({"static_mr", Value(fixed->name), {begin, begin + fixed->name.size()}});
    digest_fields(fixed->digest, line.rfind(' ') + 1);
  } else {
    decoded.fields.push_back({"words", Value(words_of(line)), {0, end}});
  }
  return decoded;
}

Decoded decode_line(const Context& context) {
  const std::string_view line = as_text(context.data);
  const std::uint64_t end = line.size();
  switch (static_cast<TsmLine>(context.record.type)) {
    case TsmLine::sync:
      if (const auto sync = parse_sync(line)) {
        return {.kind = "sync",
                .summary = std::string(line),
                .fields = {{"algorithm", name_of(sync->algorithm), {0, end}},
                           {"value", Value(to_bytes(sync->value.view())), {0, end}}},
                .problem = {}};
      }
      break;
    case TsmLine::extend:
      if (const auto extend = parse_extend(line)) {
        return {.kind = "direct-extend",
                .summary = std::string(line),
                .fields = {{"value", Value(to_bytes(extend->value.view())), {0, end}}},
                .problem = {}};
      }
      break;
    case TsmLine::comment:
      return {.kind = "comment",
              .summary = std::string(line),
              .fields = {{"text", Value(trimmed(line.substr(line.empty() ? 0 : 1))), {0, end}}},
              .problem = {}};
    case TsmLine::record:
      if (const auto entry = parse_ima_entry(line)) {
        return decode_ima_entry(*entry, context);
      }
      return decode_record(line);
  }
  return pcclient::decode_raw(context);
}

const EventType kHashed{.value = 0,
                        .name = {},
                        .decode = decode_line,
                        .recipes = pcclient::exact_recipe,
                        .otherwise = pcclient::always_differs,
                        .outside = {}};
const EventType kDirect{.value = 0,
                        .name = {},
                        .decode = decode_line,
                        .recipes = pcclient::no_recipes,
                        .otherwise = pcclient::always_unverifiable,
                        .outside = "direct extension"};

}  // namespace

const EventType& content_rule(const Record& record) {
  return static_cast<TsmLine>(record.type) == TsmLine::extend ? kDirect : kHashed;
}

std::string type_name(const Record& record) {
  static constexpr std::array<std::string_view, 4> kNames{"record", "SYNC", ".EXTEND", "comment"};
  return record.type < kNames.size() ? std::string(kNames[record.type]) : fmt::format("0x{:08x}", record.type);
}

}  // namespace mrtool::tsm
