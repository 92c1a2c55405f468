#include "lib/sources/register_places.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/limits.hpp"
#include "lib/base/text.hpp"
#include "lib/content/tsm_line.hpp"
#include "lib/registers/kinds.hpp"
#include "lib/registers/names.hpp"
#include "lib/sources/kinds.hpp"

namespace mrtool::sources {

namespace {

constexpr std::string_view kMeasurements = "measurements";
constexpr std::string_view kDevices = "misc";
constexpr std::string_view kProviders = "tsm";
constexpr const char* kAlgorithm = "hash_algo";
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

class Finder {
 public:
  explicit Finder(Host& host) : host_(host) {}

  // Each is false when the directory is none of its kind. What it is and cannot be read is noted, what is wrong fails.
  Result<bool> add_measurements(const std::string& directory, std::string_view provider);
  Result<bool> add_register(const std::string& directory, std::string_view provider, std::string_view name);
  Result<bool> add_provider(const std::string& directory, std::string_view provider);
  Result<bool> add_each(const std::string& directory,
                        Result<bool> (Finder::*add)(const std::string&, std::string_view));
  Result<bool> add_device(const std::string& directory, std::string_view provider) {
    return add_measurements(join(directory, kMeasurements), provider);
  }

  RegisterPlaces take() { return std::move(found_); }

 private:
  using Names = std::vector<std::string>;

  Names list(const std::string& directory) {
    if (host_.kind(directory) != FileKind::directory) {
      return {};
    }
    auto names = host_.list(directory);
    if (!names) {
      found_.problems.push_back(names.error());
      return {};
    }
    names->resize(std::min<std::size_t>(names->size(), limits::kListedItems));
    return *std::move(names);
  }
  static bool has(const Names& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }
  bool is_file(const std::string& path) {
    const FileKind kind = host_.kind(path);
    return kind == FileKind::regular || kind == FileKind::other;
  }
  void add(TreeShape shape, std::string_view provider, std::string_view name, HashAlgorithm bank, std::string file) {
    found_.places.push_back({.shape = shape,
                             .provider = std::string(provider),
                             .name = std::string(name),
                             .bank = bank,
                             .file = std::move(file)});
  }
  void add_plain(std::string_view provider, std::string_view name, std::string file) {
    add(TreeShape::plain, provider, name, HashAlgorithm::none, std::move(file));
  }

  bool add_hashed(const std::string& directory, const Names& names, std::string_view provider, std::string_view name);
  Result<bool> add_indexed(const std::string& directory);

  Host& host_;
  RegisterPlaces found_;
};

Result<bool> Finder::add_measurements(const std::string& directory, std::string_view provider) {
  const Names names = list(directory);
  if (std::ranges::none_of(names, [](const std::string& name) { return split_name(name).has_value(); })) {
    return false;
  }
  for (const std::string& name : names) {
    std::string path = join(directory, name);
    if (!is_file(path)) {
      continue;
    }
    if (const auto named = split_name(name)) {
      add(TreeShape::measurements, provider, named->name, named->bank, std::move(path));
    } else {
      add_plain(provider, name, std::move(path));
    }
  }
  return true;
}

// 3.4: the register's number is a file.
Result<bool> Finder::add_indexed(const std::string& directory) {
  const std::string path = join(directory, kIndexFile);
  const auto text = host_.read_file(path, kWord);
  if (!text) {
    found_.problems.push_back(text.error());  // not set yet: ENXIO
    return true;
  }
  const auto number = parse_index(trim(as_text(*text)));
  const auto reg = number ? parse_register(fmt::format("rtmr{}", *number)) : std::nullopt;
  if (!reg) {
    return std::unexpected(
        about_file(fail(ErrorKind::malformed, "expected the number of an RTMR, 0 to 3").error(), path));
  }
  add(TreeShape::configfs, {}, to_string(*reg), HashAlgorithm::sha384, join(directory, kDigestFile));
  return true;
}

// 3.2: a directory for each hash.
bool Finder::add_hashed(const std::string& directory, const Names& names, std::string_view provider,
                        std::string_view name) {
  bool found = false;
  for (const std::string& hash : names) {
    std::string path = join(join(directory, hash), kDigestFile);
    const auto bank = tsm::parse_kernel_name(hash);
    if (bank && is_file(path)) {
      found = true;
      add(TreeShape::by_hash, provider, name, *bank, std::move(path));
    }
  }
  return found;
}

Result<bool> Finder::add_register(const std::string& directory, std::string_view provider, std::string_view name) {
  const Names names = list(directory);
  if (!has(names, kDigestFile)) {
    return add_hashed(directory, names, provider, name);
  }
  if (!has(names, kAlgorithm)) {
    return has(names, kIndexFile) ? add_indexed(directory) : Result<bool>(false);
  }
  const std::string path = join(directory, kAlgorithm);
  const auto word = host_.read_file(path, kWord);
  if (!word) {
    found_.problems.push_back(word.error());
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
  add(TreeShape::hash_algo, provider, name, *bank, join(directory, kDigestFile));
  return true;
}

Result<bool> Finder::add_provider(const std::string& directory, std::string_view provider) {
  bool found = false;
  const Names names = list(directory);
  for (const std::string& name : names) {
    MRTOOL_TRY(added, add_register(join(directory, name), provider, name));
    found = found || added;
  }
  for (const std::string& name : names) {
    std::string path = join(directory, name);
    if (found && is_file(path)) {
      add_plain(provider, name, std::move(path));
    }
  }
  return found;
}

Result<bool> Finder::add_each(const std::string& directory,
                              Result<bool> (Finder::*add_one)(const std::string&, std::string_view)) {
  bool found = false;
  for (const std::string& name : list(directory)) {
    MRTOOL_TRY(added, (this->*add_one)(join(directory, name), name));
    found = found || added;
  }
  return found;
}

}  // namespace

std::optional<Register> RegisterPlace::reg() const {
  return register_of_provider(provider, name);
}

Result<RegisterPlaces> find_register_places(const std::string& directory, Host& host) {
  const auto part = [&directory](std::size_t i) { return part_from_end(directory, i); };
  // A level's name counts only where its place in the tree says that it is one: a copy may lie anywhere.
  const auto provider = [&part](std::size_t i, std::string_view above) {
    return part(i + 1) == above ? part(i) : std::string_view();
  };
  Finder finder(host);
  bool found = false;
  const auto try_level = [&found](auto add) -> Status {
    if (!found) {
      MRTOOL_TRY(added, add());
      found = added;
    }
    return {};
  };
  Status status = try_level([&] { return finder.add_measurements(directory, provider(1, kDevices)); });
  const auto then = [&](auto add) { status = status ? try_level(add) : status; };
  then([&] { return finder.add_device(directory, provider(0, kDevices)); });
  then([&] { return finder.add_each(directory, &Finder::add_device); });
  then([&] { return finder.add_register(directory, provider(1, kProviders), part(0)); });
  then([&] { return finder.add_provider(directory, provider(0, kProviders)); });
  then([&] { return finder.add_each(directory, &Finder::add_provider); });
  if (!status) {
    return std::unexpected(std::move(status).error());
  }
  return finder.take();
}

}  // namespace mrtool::sources
