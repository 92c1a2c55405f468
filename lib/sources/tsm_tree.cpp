// Trees of measurement registers, in the four shapes that Linux kernels have had (registers and reports notes, 3):
//   3.3  upstream, 6.16     .../misc/DEVICE/measurements/NAME:HASH, or NAME for a register without a hash
//   3.1  RFC, 2024-09       .../tsm/PROVIDER/NAME/{digest,hash_algo,...}, plain files for registers that cannot grow
//   3.2  RFC v2 and v3      .../tsm/PROVIDER/NAME/HASH/digest, plain files likewise
//   3.4  configfs, 2024-01  .../tsm/rtmrs/ANY/{index,digest}
// Values are raw bytes. A directory may be a whole tree or one of its levels; nothing is looked for deeper than that.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/limits.hpp"
#include "lib/base/text.hpp"
#include "lib/content/tsm_line.hpp"
#include "lib/registers/kinds.hpp"
#include "lib/sources/kinds.hpp"

namespace mrtool::sources {

namespace {

constexpr std::string_view kMeasurements = "measurements";
constexpr std::string_view kDevices = "misc";
constexpr std::string_view kProviders = "tsm";
constexpr const char* kDigest = "digest";
constexpr const char* kAlgorithm = "hash_algo";
constexpr const char* kIndex = "index";
constexpr std::uint64_t kWord = 64;  // bytes of a file that holds one word

std::string join(const std::string& directory, std::string_view name) {
  return fmt::format("{}/{}", directory, name);
}

struct Named {
  std::string_view name;
  HashAlgorithm bank;
};
// NAME:HASH.
std::optional<Named> split_name(std::string_view file) {
  const auto colon = file.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return std::nullopt;
  }
  const auto bank = tsm::parse_kernel_name(file.substr(colon + 1));
  return bank ? std::optional(Named{.name = file.substr(0, colon), .bank = *bank}) : std::nullopt;
}

// A register without a hash is told in the bank whose values have its size.
std::optional<HashAlgorithm> bank_of_size(std::size_t size) {
  constexpr std::array kBanks{HashAlgorithm::sha1, HashAlgorithm::sha256, HashAlgorithm::sha384, HashAlgorithm::sha512};
  const auto* const bank =
      std::ranges::find_if(kBanks, [size](HashAlgorithm algorithm) { return find_algorithm(algorithm)->size == size; });
  return bank == kBanks.end() ? std::nullopt : std::optional(*bank);
}

class Tree {
 public:
  explicit Tree(Host& host) : host_(host) {}

  // Each is false when the directory is none of its kind. What it is and cannot be read is noted, what is wrong fails.
  Result<bool> add_measurements(const std::string& directory, std::string_view provider);
  Result<bool> add_register(const std::string& directory, std::string_view provider, std::string_view name);
  Result<bool> add_provider(const std::string& directory, std::string_view provider);
  Result<bool> add_each(const std::string& directory, Result<bool> (Tree::*add)(const std::string&, std::string_view));
  Result<bool> add_device(const std::string& directory, std::string_view provider) {
    return add_measurements(join(directory, kMeasurements), provider);
  }

  // The first failure, if nothing at all could be read.
  Result<RegisterValues> finish() {
    if (values_.values.empty() && failure_) {
      return std::unexpected(*std::move(failure_));
    }
    return std::move(values_);
  }

 private:
  using Names = std::vector<std::string>;

  Names list(const std::string& directory) {
    if (host_.kind(directory) != FileKind::directory) {
      return {};
    }
    auto names = host_.list(directory);
    if (!names) {
      note(names.error());
      return {};
    }
    names->resize(std::min<std::size_t>(names->size(), limits::kListedItems));
    return *std::move(names);
  }
  bool has(const Names& names, std::string_view name) const { return std::ranges::find(names, name) != names.end(); }
  bool is_file(const std::string& path) {
    const FileKind kind = host_.kind(path);
    return kind == FileKind::regular || kind == FileKind::other;
  }
  void note(const Error& error) {
    values_.notes.push_back(to_string(error));
    if (!failure_) {
      failure_ = error;
    }
  }
  void note(const std::string& path, std::string_view problem) {
    note(about_file(fail(ErrorKind::malformed, std::string(problem)).error(), path));
  }

  Result<bool> add_hashed(const std::string& directory, const Names& names, std::string_view provider,
                          std::string_view name);
  Result<bool> add_indexed(const std::string& directory);
  Status add_plain(const std::string& path, std::string_view provider, std::string_view name);
  Status add(const std::string& path, std::string_view provider, std::string_view name, HashAlgorithm bank);

  Host& host_;
  RegisterValues values_{.source = {}, .kind = "tsm", .authenticated = Authenticated::none, .values = {}};
  std::optional<Error> failure_;
};

Status Tree::add(const std::string& path, std::string_view provider, std::string_view name, HashAlgorithm bank) {
  const auto reg = register_of_provider(provider, name);
  if (!reg) {
    note(path, "left out: this is no name of a register");
    return {};
  }
  const auto bytes = host_.read_file(path, kRegisterFile);
  if (!bytes && bytes.error().kind == ErrorKind::io) {
    note(bytes.error());
    return {};
  }
  if (!bytes) {
    return std::unexpected(bytes.error());
  }
  if (Status added = add_bytes(values_, *reg, bank, *bytes, "register file"); !added) {
    return std::unexpected(about_file(std::move(added).error(), path));
  }
  return {};
}

Status Tree::add_plain(const std::string& path, std::string_view provider, std::string_view name) {
  const auto bytes = host_.read_file(path, kRegisterFile);
  if (!bytes) {
    note(bytes.error());
    return {};
  }
  const auto bank = bank_of_size(bytes->size());
  if (!bank) {
    values_.notes.push_back(fmt::format("{}: left out: its {} bytes are of no register's size", path, bytes->size()));
    return {};
  }
  return add(path, provider, name, *bank);
}

Result<bool> Tree::add_measurements(const std::string& directory, std::string_view provider) {
  const Names names = list(directory);
  if (std::ranges::none_of(names, [](const std::string& name) { return split_name(name).has_value(); })) {
    return false;
  }
  for (const std::string& name : names) {
    const std::string path = join(directory, name);
    if (!is_file(path)) {
      continue;
    }
    const auto named = split_name(name);
    Status added = named ? add(path, provider, named->name, named->bank) : add_plain(path, provider, name);
    if (!added) {
      return std::unexpected(std::move(added).error());
    }
  }
  return true;
}

// 3.4: the register's number is a file.
Result<bool> Tree::add_indexed(const std::string& directory) {
  const std::string path = join(directory, kIndex);
  const auto text = host_.read_file(path, kWord);
  if (!text) {
    note(text.error());  // not set yet: ENXIO
    return true;
  }
  const auto number = parse_index(trim(as_text(*text)));
  const auto reg = number ? parse_register(fmt::format("rtmr{}", *number)) : std::nullopt;
  if (!reg) {
    return std::unexpected(
        about_file(fail(ErrorKind::malformed, "expected the number of an RTMR, 0 to 3").error(), path));
  }
  if (Status added = add(join(directory, kDigest), {}, to_string(*reg), HashAlgorithm::sha384); !added) {
    return std::unexpected(std::move(added).error());
  }
  return true;
}

// 3.2: a directory for each hash.
Result<bool> Tree::add_hashed(const std::string& directory, const Names& names, std::string_view provider,
                              std::string_view name) {
  bool found = false;
  for (const std::string& hash : names) {
    const std::string path = join(join(directory, hash), kDigest);
    const auto bank = tsm::parse_kernel_name(hash);
    if (!bank || !is_file(path)) {
      continue;
    }
    found = true;
    if (Status added = add(path, provider, name, *bank); !added) {
      return std::unexpected(std::move(added).error());
    }
  }
  return found;
}

Result<bool> Tree::add_register(const std::string& directory, std::string_view provider, std::string_view name) {
  const Names names = list(directory);
  if (!has(names, kDigest)) {
    return add_hashed(directory, names, provider, name);
  }
  if (!has(names, kAlgorithm)) {
    return has(names, kIndex) ? add_indexed(directory) : Result<bool>(false);
  }
  const std::string path = join(directory, kAlgorithm);
  const auto word = host_.read_file(path, kWord);
  if (!word) {
    note(word.error());
    return true;
  }
  const auto bank = tsm::parse_kernel_name(trim(as_text(*word)));
  if (!bank) {
    return std::unexpected(about_file(
        fail(ErrorKind::malformed,
             fmt::format("expected the name of a hash algorithm, found \"{}\"", escape_for_terminal(as_text(*word))))
            .error(),
        path));
  }
  if (Status added = add(join(directory, kDigest), provider, name, *bank); !added) {
    return std::unexpected(std::move(added).error());
  }
  return true;
}

Result<bool> Tree::add_provider(const std::string& directory, std::string_view provider) {
  bool found = false;
  const Names names = list(directory);
  for (const std::string& name : names) {
    MRTOOL_TRY(added, add_register(join(directory, name), provider, name));
    found = found || added;
  }
  for (const std::string& name : names) {
    const std::string path = join(directory, name);
    if (!found || !is_file(path)) {
      continue;
    }
    if (Status added = add_plain(path, provider, name); !added) {
      return std::unexpected(std::move(added).error());
    }
  }
  return found;
}

Result<bool> Tree::add_each(const std::string& directory,
                            Result<bool> (Tree::*add_one)(const std::string&, std::string_view)) {
  bool found = false;
  for (const std::string& name : list(directory)) {
    MRTOOL_TRY(added, (this->*add_one)(join(directory, name), name));
    found = found || added;
  }
  return found;
}

}  // namespace

Result<RegisterValues> read_tsm_tree(const std::string& directory, Host& host) {
  const auto part = [&directory](std::size_t i) { return part_from_end(directory, i); };
  // A level's name counts only where its place in the tree says that it is one: a copy may lie anywhere.
  const auto provider = [&part](std::size_t i, std::string_view above) {
    return part(i + 1) == above ? part(i) : std::string_view();
  };
  Tree tree(host);
  bool found = false;
  const auto try_level = [&found](auto add) -> Status {
    if (!found) {
      MRTOOL_TRY(added, add());
      found = added;
    }
    return {};
  };
  Status status = try_level([&] { return tree.add_measurements(directory, provider(1, kDevices)); });
  const auto then = [&](auto add) { status = status ? try_level(add) : status; };
  then([&] { return tree.add_device(directory, provider(0, kDevices)); });
  then([&] { return tree.add_each(directory, &Tree::add_device); });
  then([&] { return tree.add_register(directory, provider(1, kProviders), part(0)); });
  then([&] { return tree.add_provider(directory, provider(0, kProviders)); });
  then([&] { return tree.add_each(directory, &Tree::add_provider); });
  if (!status) {
    return std::unexpected(std::move(status).error());
  }
  return tree.finish();
}

}  // namespace mrtool::sources
