// CEL in JSON form (CEL format notes, sections 3, 8.1 and 9).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/formats.hpp"
#include "lib/base/json_text.hpp"
#include "lib/content/systemd_event.hpp"
#include "lib/record/reader.hpp"
#include "lib/record/writer.hpp"

namespace mrtool::cel {

inline constexpr std::string_view kJsonFormat = "cel-json";

// What a value of a record's text stands for.
enum class Slot : std::uint8_t { recnum, digest, data };

// The text of a record as its log has it, separators included, with holes where its fields are: what the writer fills
// in again. Everything else in it (names, types, blanks, unknown members) is kept as it was. Empty: the writer lays
// out.
struct JsonExtras : SystemdExtras {
  struct Hole {
    std::size_t at = 0;  // in `text`
    Slot slot = Slot::recnum;
    bool upper = false;  // hexadecimal digits in upper case
  };
  std::string text;
  std::vector<Hole> holes;
  // What the text without its holes says: the holes are filled only for a record that says the same.
  std::string key;
  bool data_is_hole = false;
};
std::optional<Detection> detect_json(const Probe& probe);
std::unique_ptr<Reader> make_json_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                         DiagnosticSink& diagnostics);
std::unique_ptr<Writer> make_json_writer(ByteSink& sink, const WriteOptions& options);

// The object of a record, on one line, in the dialect of `options`. `number`: nothing where it has none.
// Nothing for content that CEL has no name for.
std::optional<std::string> encode_json(const Record& record, const LogInfo& log, const WriteOptions& options,
                                       std::optional<std::uint64_t> number);

// Fills in content, type, name and data, from `type` and `content` (nullptr: missing). Fails (malformed) where a member
// that the content requires is missing or of another kind; says in `problem` what does not decode otherwise.
struct JsonContent {
  std::string problem;
  bool misspelt = false;
  std::shared_ptr<const SystemdEvent> systemd;
};
Result<JsonContent> decode_json_content(Record& record, const JsonText* type, const JsonText* content,
                                        std::span<const DigestEntry> digests, Arena& arena);

}  // namespace mrtool::cel
