// Files that decide a verdict: read only where nobody but this user and root can have written them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace mrtool {

// The whole of a file of at most `limit` bytes; nothing where there is none. Fails (io) where it is no regular file, a
// symbolic link included, or it or its directory belongs to somebody else than this user and root or can be
// written by others (a directory that has the sticky bit is fine), and as reading does.
Result<std::optional<Bytes>> read_trusted_file(const std::string& path, std::uint64_t limit);

// Was a file refused because others could have written it, or because a link is in its place?
bool is_untrusted(const Error& error);

// Would write_trusted_file() put a file there, and read_trusted_file() take it? Fails as they do. That is known before
// there is anything to write.
Status check_trusted_place(const std::string& path, std::string_view beginning);

// Puts a file of mode 0600 in the place of what is there, in one step. Fails (io) where that is no regular file, or one
// that does not begin with `beginning`, another file that was named by mistake, and where the directory is not one that
// read_trusted_file() takes a file from.
Status write_trusted_file(const std::string& path, ByteView content, std::string_view beginning);

}  // namespace mrtool
