// What a command offers so that a batch of its runs can be made: one appraisal, from a command line to a line of JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/chain.hpp"
#include "lib/base/error.hpp"
#include "lib/base/host.hpp"
#include "tools/mrtool/batch/entry.hpp"
#include "tools/mrtool/render/document.hpp"

namespace mrtool {

// What a document that is one of a batch says of itself, behind its schema.
struct MemberMark {
  std::optional<std::string> path;
  std::uint64_t line = 0;            // of the list, from 1
  std::optional<std::string> entry;  // that line, for a list of members to look at again; nothing where it is too long
  int status = 0;                    // that the member alone would have ended with
};
MemberMark mark_of(const BatchMember& member, int status);
void describe_mark(const std::optional<MemberMark>& mark, DocumentWriter& writer);

struct MemberResult {
  int status = 0;
  std::string_view verdict;  // of the document
  std::string document;      // a line, its end included
  std::string message;       // why the status is not 0
};

// Used by several threads at once.
class Appraiser {
 public:
  virtual ~Appraiser() = default;
  // Never fails: what goes wrong is the member's result. `host` is the calling thread's.
  virtual MemberResult appraise(const BatchMember& member, Host& host) const = 0;
};

// The logs that a member names. Fails (io) where one of its files is a pipe or the like: that could be the batch's own
// list, or keep a thread waiting for good.
Result<std::vector<LogName>> logs_of_member(const CommandLine& line, Host& host);

// The message of a result: what the member is called, and the first error where there is one, else the verdict.
std::string why(const BatchMember& member, const std::vector<Error>& errors, std::string_view verdict);

}  // namespace mrtool
