// CEL in JSON form (CEL format notes, sections 3, 8.1 and 9).
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/formats.hpp"
#include "lib/base/json_node.hpp"
#include "lib/base/limits.hpp"
#include "lib/base/text_buffer.hpp"
#include "lib/content/systemd_event.hpp"
#include "lib/record/reader.hpp"
#include "lib/record/writer.hpp"

namespace mrtool::cel {

inline constexpr std::string_view kJsonFormat = "cel-json";

// The text of a record as its log has it, and what it was read as: the writer of an unchanged record follows its
// layout. Views are of the record's batch.
struct JsonExtras : SystemdExtras {
  std::string_view before;  // the separators
  std::string_view item;
  std::string_view after;

  Register reg;
  std::uint64_t raw_index = 0;
  std::uint32_t type = 0;
  ContentType content = ContentType::none;
  bool is_numbered = false;
  ByteView data;
  ByteView name;
  ByteView prefix;
  std::array<HashAlgorithm, limits::kDigestsPerRecord> banks{};
  std::size_t digests = 0;
};
std::optional<Detection> detect_json(const Probe& probe);
std::unique_ptr<Reader> make_json_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                         DiagnosticSink& diagnostics);
std::unique_ptr<Writer> make_json_writer(ByteSink& sink, const WriteOptions& options);

// Puts the object of a record, on one line, in the dialect of `options`. `number`: nothing where it has none.
// False for content that CEL has no name for.
bool put_json(TextBuffer& out, const Record& record, const LogInfo& log, const WriteOptions& options,
              std::optional<std::uint64_t> number);

// Fills in content, type, name and data, from `type` and `content` (nullptr: missing). Fails (malformed) where a member
// that the content requires is missing or of another kind; says in `problem` what does not decode otherwise.
struct JsonContent {
  std::string problem;
  bool misspelt = false;
  std::shared_ptr<const SystemdEvent> systemd;
};
Result<JsonContent> decode_json_content(Record& record, const JsonNode* type, const JsonNode* content,
                                        std::span<const DigestEntry> digests, Arena& arena);

}  // namespace mrtool::cel
