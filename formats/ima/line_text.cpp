#include <fmt/format.h>

#include "formats/ima/line.hpp"
#include "lib/content/ima.hpp"

namespace mrtool::ima {
namespace {

// Nothing of it may be taken for a field's or a line's end.
bool is_one_word(std::string_view text) {
  return !text.contains(' ') && !text.contains('\n');
}

std::optional<FileDigest> parse_tagged(ByteView bytes) {
  return parse_file_digest(FieldId::d_ng, bytes);
}

bool is_faithful_digest(const std::optional<FileDigest>& digest) {
  return digest && !digest->algorithm.empty() && is_one_word(digest->algorithm);
}

// A field's text gives its bytes back: this follows from how append_field undoes append_text. False: perhaps.
bool is_faithful(FieldId id, ByteView bytes) {
  if (bytes.empty() && may_be_empty(id)) {
    return true;
  }
  switch (id) {
    case FieldId::n:
    case FieldId::n_ng:
      return !bytes.empty() && bytes.back() == 0 && is_one_word(as_text(bytes));
    case FieldId::xattrnames:
      return bytes.size() > 1 && bytes.back() == 0 && is_one_word(as_text(bytes));
    case FieldId::d_ng:
    case FieldId::d_ngv2:
    case FieldId::d_modsig:
      return is_faithful_digest(parse_tagged(bytes));
    case FieldId::iuid:
    case FieldId::igid:
      return bytes.size() == sizeof(std::uint32_t);
    case FieldId::imode:
      return bytes.size() == sizeof(std::uint16_t);
    default:
      return true;  // hexadecimal
  }
}

// Returns is_faithful() of the field, whose digest is parsed once for both.
bool append_text(std::string& out, FieldId id, ByteView bytes, ByteOrder order) {
  const auto append_decimal = [&out](std::uint32_t value) {
    const fmt::format_int digits(value);
    out.append(digits.data(), digits.size());
  };
  switch (id) {
    case FieldId::n:
    case FieldId::n_ng:
    case FieldId::xattrnames:
      out += as_text(without_nul(bytes));
      break;
    case FieldId::d_ng:
    case FieldId::d_ngv2:
    case FieldId::d_modsig: {
      const auto digest = parse_tagged(bytes);
      if (digest) {
        out.append(digest->algorithm).push_back(':');
        append_hex(out, digest->digest);
      }
      return is_faithful_digest(digest) || (bytes.empty() && may_be_empty(id));
    }
    case FieldId::iuid:
    case FieldId::igid:
      if (bytes.size() == sizeof(std::uint32_t)) {
        append_decimal(ByteReader(bytes, 0, order).u32());
      }
      break;
    case FieldId::imode:
      if (bytes.size() == sizeof(std::uint16_t)) {
        append_decimal(ByteReader(bytes, 0, order).u16());
      }
      break;
    default:
      append_hex(out, bytes);
  }
  return is_faithful(id, bytes);
}

}  // namespace

bool text_is_faithful(const Template& kind, ByteView data, ByteOrder order) {
  return !kind.legacy && see_fields(kind, data, order, is_faithful);
}

bool append_faithful_text(std::string& out, const Template& kind, ByteView data, ByteOrder order) {
  const std::size_t begin = out.size();
  const bool appended = !kind.legacy && see_fields(kind, data, order, [&](FieldId id, ByteView bytes) {
    out += ' ';
    return append_text(out, id, bytes, order);
  });
  if (!appended) {
    out.resize(begin);
  }
  return appended;
}

void append_fields(std::string& out, const Fields& fields, ByteOrder order) {
  for (const FieldPart& part : fields.parts()) {
    out += ' ';
    append_text(out, part.id, part.bytes, order);
  }
}

}  // namespace mrtool::ima
