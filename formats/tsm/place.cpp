#include "formats/tsm/place.hpp"

#include <fmt/format.h>

#include <array>

#include "lib/content/tsm_line.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::tsm {
namespace {

// The last `parts.size()` parts of a path, the last one first; empty where it has fewer.
std::array<std::string_view, 4> last_parts(std::string_view path) {
  std::array<std::string_view, 4> parts{};
  for (std::string_view& part : parts) {
    const std::size_t slash = path.rfind('/');
    part = slash == std::string_view::npos ? path : path.substr(slash + 1);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
  }
  return parts;
}

}  // namespace

std::optional<Register> register_of_path(const std::string& path) {
  const auto [file, directory, provider, tree] = last_parts(path);
  if (file != "event_log" || tree != "tsm" || provider.empty()) {
    return std::nullopt;
  }
  // A log that mrtool keeps is in NAME:HASH where the provider has several registers of the name.
  const std::size_t colon = directory.find(':');
  const bool has_hash = colon != std::string_view::npos && parse_algorithm(directory.substr(colon + 1));
  return register_of_provider(provider, has_hash ? directory.substr(0, colon) : directory);
}

Result<HashAlgorithm> bank_beside(const std::string& path, Host& host) {
  constexpr std::uint64_t kLongestName = 64;
  const std::size_t slash = path.rfind('/');
  const std::string file = (slash == std::string::npos ? std::string() : path.substr(0, slash + 1)).append("hash_algo");
  const FileKind kind = host.kind(file);
  if (kind != FileKind::regular && kind != FileKind::other) {
    return HashAlgorithm::none;
  }
  MRTOOL_TRY(bytes, host.read_file(file, kLongestName));
  std::string_view name = as_text(bytes);
  if (name.ends_with('\n')) {
    name.remove_suffix(1);
  }
  const auto bank = parse_kernel_name(name);
  if (!bank) {
    Error error =
        fail(ErrorKind::malformed, "expected the name of a hash algorithm beside the log, found none").error();
    error.file = file;
    return std::unexpected(std::move(error));
  }
  return *bank;
}

Status complete(ReadOptions& options, const std::string& path, Host& host) {
  if (path == "-") {
    return {};
  }
  if (!options.reg) {
    options.reg = register_of_path(path);
  }
  MRTOOL_TRY(bank, bank_beside(path, host));
  if (bank != HashAlgorithm::none && options.bank != HashAlgorithm::none && bank != options.bank) {
    return fail(ErrorKind::usage, fmt::format("the log's bank is {}, as the file hash_algo beside it says, not {}",
                                              to_string(bank), to_string(options.bank)));
  }
  if (bank != HashAlgorithm::none) {
    options.bank = bank;
  }
  return {};
}

}  // namespace mrtool::tsm
