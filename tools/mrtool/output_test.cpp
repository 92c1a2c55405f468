#include "tools/mrtool/output.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "lib/base/file.hpp"
#include "lib/base/spool.hpp"
#include "lib/base/test_files.hpp"

namespace mrtool {
namespace {

TEST_CASE("what the system copies from a spool is what is read from it, and what it does not copy is told") {
  const std::string directory = std::filesystem::temp_directory_path();
  Spool spool(directory);
  const Bytes bytes(3 * Spool::kMemory, 'x');
  REQUIRE(spool.append(ByteView(bytes).first(2 * Spool::kMemory)));
  REQUIRE(spool.append(ByteView(bytes).subspan(2 * Spool::kMemory)));
  REQUIRE(spool.filed() > Spool::kMemory);
  const std::string path = directory + "/mrtool-output-test";
  for (const int flags : {O_TRUNC, O_APPEND}) {
    const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC | flags, 0600);
    REQUIRE(file >= 0);
    DescriptorOutput out(file, "a file");
    out.append("before ");
    const std::uint64_t sent = out.send(spool.file(), spool.filed());
    CHECK(sent == (flags == O_APPEND ? 0 : spool.filed()));  // the system copies to no file that is appended to
    out.put(as_text(ByteView(bytes).subspan(static_cast<std::size_t>(sent))));
    CHECK_FALSE(out.failed());
    ::close(file);
    CHECK(std::filesystem::file_size(path) == 7 + bytes.size());
    std::filesystem::remove(path);
  }
  MemoryOutput memory;
  CHECK(memory.send(spool.file(), spool.filed()) == 0);
  spool.put_first(as_bytes("head"));
  CHECK(spool.file() == -1);
}

}  // namespace
}  // namespace mrtool
