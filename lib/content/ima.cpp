#include "lib/content/ima.hpp"

#include <fmt/format.h>

#include <array>

#include "lib/base/text.hpp"
#include "lib/content/ima_fields.hpp"
#include "lib/content/raw.hpp"
#include "lib/content/recipes.hpp"

namespace mrtool::ima {

namespace {

using pcclient::Context;
using pcclient::EventType;
using pcclient::Otherwise;
using pcclient::Preimage;
using pcclient::Recipe;

struct Split {
  std::optional<Fields> fields;
  ByteOrder order = ByteOrder::little;
};

Split split(const Record& record, ByteOrder order) {
  Split split{.fields = {}, .order = order};
  if (const auto& kind = recent_template(as_text(record.name))) {
    split.fields = split_fields(*kind, record.data, order);
    if (!split.fields) {
      split.order = order == ByteOrder::little ? ByteOrder::big : ByteOrder::little;
      split.fields = split_fields(*kind, record.data, split.order);
    }
  }
  return split;
}

// What a summary says of a field stands apart by itself, or in brackets.
bool stands_apart(FieldId id) {
  return id == FieldId::d || id == FieldId::d_ng || id == FieldId::d_ngv2 || id == FieldId::buf;
}

Decoded decode_entry(const Context& context) {
  const std::string_view violation = context.record.violation ? "violation: " : "";
  const auto [fields, order] = split(context.record, context.log.byte_order);
  Decoded decoded;
  decoded.kind = "ima";
  if (!fields) {
    decoded.summary = fmt::format("{}{}", violation, hex_preview(context.data));
    if (find_template(as_text(context.record.name))) {
      decoded.problem = "the fields of the template do not fill the data";
    }
    return decoded;
  }
  decoded.fields.reserve(fields->parts().size());
  constexpr std::size_t kUsualBrief = 32;
  const std::string_view name = as_text(fields->name());
  std::string& summary = decoded.summary;
  summary.reserve(violation.size() + name.size() + kUsualBrief);
  summary.append(violation).append(name);
  for (const FieldPart& part : fields->parts()) {
    const std::size_t before = summary.size();
    const bool apart = stands_apart(part.id);
    summary.append(apart ? "  " : " [");
    const std::size_t begin = summary.size();
    FieldMeaning meaning = explain_field(part, *fields, order, summary);
    if (summary.size() == begin) {
      summary.resize(before);
    } else if (!apart) {
      summary.push_back(']');
    }
    if (decoded.problem.empty()) {
      decoded.problem = std::move(meaning.problem);
    }
    decoded.fields.emplace_back(std::move(meaning.name), std::move(meaning.value), part.range);
  }
  return decoded;
}

std::optional<Preimage> template_data(const Context& context) {
  return context.log.dialect == kPaddedDialect ? std::nullopt : pcclient::whole_data(context);
}

// Kernels before 5.8 extended the SHA-1 digest into every bank. A list of that dialect has digests of its own rule in
// other banks, so nothing holds in all of them.
std::optional<Preimage> padded_template_data(const Context& context) {
  auto preimage = template_data(context);
  if (preimage) {
    preimage->padded_sha1 = true;
  }
  return preimage;
}

std::span<const Recipe> entry_recipes() {
  static constexpr std::array kRecipes{Recipe{"template-data", template_data},
                                       Recipe{kPaddedDialect, padded_template_data}};
  return kRecipes;
}

Otherwise entry_otherwise(const Context& context) {
  return context.log.dialect == kPaddedDialect ? Otherwise::unverifiable : Otherwise::differs;
}

const EventType kEntry{.value = 0,
                       .name = {},
                       .decode = decode_entry,
                       .recipes = entry_recipes,
                       .otherwise = entry_otherwise,
                       .outside = "padded-sha1"};
const EventType kViolation{.value = 0,
                           .name = {},
                           .decode = decode_entry,
                           .recipes = pcclient::no_recipes,
                           .otherwise = pcclient::always_unverifiable,
                           .outside = "violation"};

}  // namespace

const EventType& rule_of(const Record& record) {
  return record.violation ? kViolation : kEntry;
}

std::string type_name(const Record& record) {
  return std::string(as_text(record.name));
}

std::optional<Fields> fields_of(const Record& record, ByteOrder order) {
  return split(record, order).fields;
}

std::optional<FileDigest> parse_file_digest(FieldId id, ByteView bytes) {
  if (id == FieldId::d) {
    constexpr std::size_t kMd5Bytes = 16;
    return FileDigest{.type = {}, .algorithm = bytes.size() == kMd5Bytes ? "md5" : "sha1", .digest = bytes};
  }
  const std::string_view text = as_text(bytes);
  const std::size_t nul = text.find('\0');
  if (nul == std::string_view::npos || nul == 0 || text[nul - 1] != ':') {
    return std::nullopt;
  }
  const ByteView digest = bytes.subspan(nul + 1);
  const std::string_view tag = text.substr(0, nul - 1);
  if (id != FieldId::d_ngv2) {
    return FileDigest{.type = {}, .algorithm = tag, .digest = digest};
  }
  const std::size_t colon = tag.rfind(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  return FileDigest{.type = tag.substr(0, colon), .algorithm = tag.substr(colon + 1), .digest = digest};
}

std::optional<BootAggregate> boot_aggregate_of(const Record& record, ByteOrder order) {
  const auto fields = fields_of(record, order);
  if (!fields || as_text(fields->name()) != kBootAggregate) {
    return std::nullopt;
  }
  for (const FieldId id : {FieldId::d_ng, FieldId::d_ngv2, FieldId::d}) {
    const FieldPart* part = fields->find(id);
    const auto digest = part == nullptr ? std::nullopt : parse_file_digest(id, part->bytes);
    if (!digest || digest->digest.size() > kMaxDigestSize) {
      continue;
    }
    if (const auto algorithm = parse_algorithm(digest->algorithm)) {
      return BootAggregate{.algorithm = *algorithm, .value = Digest(digest->digest)};
    }
  }
  return std::nullopt;
}

Digest boot_aggregate_value(HashEngine& engine, HashAlgorithm algorithm, std::span<const Digest> registers) {
  Bytes all;
  all.reserve(registers.size() * kMaxDigestSize);
  for (const Digest& value : registers) {
    all.insert(all.end(), value.view().begin(), value.view().end());
  }
  return engine.hash(algorithm, all);
}

}  // namespace mrtool::ima
