#include "tools/tsmfs/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>

#include "lib/base/text.hpp"
#include "tools/tsmfs/definitions.hpp"

namespace mrtool::tsmfs {
namespace {

constexpr const char* kOwnProvider = "tsmfs";
constexpr const char* kHelp =
    R"(tsmfs - measurement registers in memory, shown as the kernel's files

Usage: tsmfs [OPTIONS] MOUNTPOINT

  --tree TREE            rfc: /sys/kernel/tsm, with logs; upstream: the misc
                         devices' measurements; both (default)
  --provider NAME        the registers of tdx_guest, measurement-example or
                         tsm_mr_sample; may be repeated (default: the first two)
  --register DEFINITION  a register of a provider of your own, named by
                         --provider; may be repeated:
                         NAME[:HASH][,append-only|fixed|stored][,size=N]
                         [,value=HEX][,fails-after=N]
  -o OPTION              an option for FUSE, such as allow_other
  -f, --foreground       stay in the foreground
  -h, --help             this help
  --version              the version

Nothing is kept: unmounted with fusermount3 -u, the registers are gone.
Exit status: 0, 2 for a command line that cannot be understood, 5 when it
cannot be mounted.
)";

struct TreeWord {
  std::string_view word;
  std::vector<Interface> interfaces;
};

std::optional<std::vector<Interface>> parse_tree(std::string_view word) {
  const std::array<TreeWord, 3> words{
      TreeWord{"rfc", {Interface::rfc}},
      {"upstream", {Interface::upstream}},
      {"both", {Interface::rfc, Interface::upstream}},
  };
  const auto* const row = std::ranges::find(words, word, &TreeWord::word);
  return row == words.end() ? std::nullopt : std::optional(row->interfaces);
}

const KnownProvider* find_known(std::string_view name) {
  const auto known = known_providers();
  const auto row = std::ranges::find(known, name, &KnownProvider::name);
  return row == known.end() ? nullptr : &*row;
}

// The providers that the options name, or stand for.
Status settle_providers(Options& options) {
  if (!options.definitions.empty()) {
    if (options.providers.size() > 1) {
      return fail(ErrorKind::usage, "with --register there is one provider; --provider names it");
    }
    if (options.providers.empty()) {
      options.providers.emplace_back(kOwnProvider);
    }
    return {};
  }
  if (options.providers.empty()) {
    options.providers = {"tdx_guest", "measurement-example"};
  }
  for (const std::string& name : options.providers) {
    if (find_known(name) == nullptr) {
      return fail(ErrorKind::usage, fmt::format("the registers of provider \"{}\" are not known; give --register",
                                                escape_for_terminal(name)));
    }
    if (std::ranges::count(options.providers, name) > 1) {
      return fail(ErrorKind::usage, fmt::format("--provider {} is given twice", name));
    }
  }
  return {};
}

}  // namespace

Result<std::variant<Options, Answer>> parse_options(std::span<const std::string> words) {
  Options options;
  std::vector<std::string> definitions;
  std::string tree = "both";
  bool version = false;
  bool help = false;
  CLI::App app;
  app.set_help_flag();
  app.add_option("mountpoint", options.mount_point);
  app.add_option("--provider", options.providers)->allow_extra_args(false);
  app.add_option("--register", definitions)->allow_extra_args(false);
  app.add_option("--tree", tree);
  app.add_option("-o", options.mount_options)->allow_extra_args(false);
  app.add_flag("-f,--foreground", options.foreground);
  app.add_flag("-h,--help", help);
  app.add_flag("--version", version);
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& error) {
    return fail(ErrorKind::usage, escape_for_terminal(error.what()));
  }
  if (help || version) {
    return Answer{help ? kHelp : "tsmfs " MRTOOL_VERSION "\n"};
  }
  if (options.mount_point.empty()) {
    return fail(ErrorKind::usage, "expected the directory to mount at; tsmfs --help tells more");
  }
  const auto interfaces = parse_tree(tree);
  if (!interfaces) {
    return fail(ErrorKind::usage,
                fmt::format("expected --tree rfc, upstream or both, found \"{}\"", escape_for_terminal(tree)));
  }
  options.interfaces = *interfaces;
  for (const std::string& text : definitions) {
    MRTOOL_TRY(definition, parse_definition(text));
    options.definitions.push_back(std::move(definition));
  }
  if (Status settled = settle_providers(options); !settled) {
    return std::unexpected(std::move(settled).error());
  }
  return options;
}

Result<std::unique_ptr<Tree>> make_tree(const Options& options) {
  std::vector<std::unique_ptr<Provider>> providers;
  for (const std::string& name : options.providers) {
    MRTOOL_TRY(provider,
               Provider::make(name, options.definitions.empty() ? find_known(name)->registers() : options.definitions));
    providers.push_back(std::move(provider));
  }
  return Tree::make(std::move(providers), options.interfaces);
}

}  // namespace mrtool::tsmfs
