// One line of an ASCII IMA list (Linux, security/integrity/ima/ima_fs.c and ima_template_lib.c):
//
//   "%2d " register, template digest, " ", template name, then " " and text for each field, LF
//
// An empty field prints nothing behind its blank, so blanks are never stripped or collapsed. Nothing is escaped: a name
// may hold line feeds, and imitate an entry. Only the template digest tells that several lines are one entry.
#pragma once

#include <optional>
#include <string>

#include "lib/base/byte_reader.hpp"
#include "lib/content/ima_template.hpp"
#include "lib/crypto/digest.hpp"

namespace mrtool::ima {

// Text views are of the line.
struct Line {
  std::uint32_t pcr = 0;
  Digest digest;
  std::string_view name;
  std::string_view fields;  // behind the name, with the blank before each field
  bool unpadded_pcr = false;
};

// The front of a line without its LF; nothing when it is not that of an entry.
std::optional<Line> parse_line(std::string_view text);

// Digests and names are always there; other fields are empty where they do not apply.
bool may_be_empty(FieldId id);

struct Rebuilt {
  Bytes data;                       // in the form that is hashed
  std::uint8_t missing_blanks = 0;  // before empty fields at the end
  bool blank_in_name = false;
  std::string problem;  // why the text does not give the data; then the rest means nothing
};

// The template data that the fields are the text of.
Rebuilt rebuild_data(const Template& kind, std::string_view fields, ByteOrder order);
// The same in place of what `out` held, whose room is used.
void rebuild_data(const Template& kind, std::string_view fields, ByteOrder order, Rebuilt& out);

// An entry ends at its first line feed, unless its digest is that of the data only with some of the lines that follow:
// so many at most, and bytes of them.
inline constexpr std::size_t kMostLineFeeds = 16;
inline constexpr std::size_t kMostJoinedBytes = 8192;

// rebuild_data() gives the data back from the text of its fields, which holds no line feed. False: perhaps, or these
// are no fields. False of the legacy template.
bool text_is_faithful(const Template& kind, ByteView data, ByteOrder order);

// The text of an entry's fields, each with its blank in front.
void append_fields(std::string& out, const Fields& fields, ByteOrder order);
// The same where text_is_faithful(); else false, and nothing is appended.
bool append_faithful_text(std::string& out, const Template& kind, ByteView data, ByteOrder order);

}  // namespace mrtool::ima
