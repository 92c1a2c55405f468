// Man pages, completions and help agree with the table, and the examples in the man pages run.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "tools/mrtool/cli/completion.hpp"
#include "tools/mrtool/cli/help.hpp"
#include "tools/mrtool/process_test.hpp"

namespace mrtool::testing {
namespace {

const std::string kMan = MRTOOL_SOURCE_DIR "/man/";
const std::string kCompletions = MRTOOL_SOURCE_DIR "/completions/";

// The page's text with escaped hyphens and quotes made plain.
std::string plain_text(const std::filesystem::path& page) {
  const std::string text = std::regex_replace(read_text(page), std::regex(R"(\\-)"), "-");
  return std::regex_replace(text, std::regex(R"(\\\(aq)"), "'");
}

std::string page_text(const std::string& name) {
  return plain_text(kMan + name + ".1");
}

bool mentions(const std::string& page, const std::string& option) {
  return std::regex_search(page, std::regex(option + "(?![a-z0-9-])"));
}

void check_options(const std::string& page, const CommandSpec* command) {
  for (const OptionSpec& spec : options()) {
    const bool expected = command == nullptr ? spec.category == Category::global : accepts(*command, spec.id);
    CAPTURE(spec.name);
    if (expected) {
      CHECK(mentions(page, "--" + std::string(spec.name)));
      if (spec.letter != 0) {
        CHECK(mentions(page, "-" + std::string(1, spec.letter)));
      }
      // The value's name, whatever the fonts between its parts.
      const std::string shown = std::regex_replace(page, std::regex(R"(\\f[RBIP]|\\~| )"), "");
      CHECK(shown.contains(std::regex_replace(std::string(spec.metavar), std::regex(" "), "")));
    }
  }
  for (const ErrorKindRow& row : error_kinds()) {
    CHECK(page.contains(".B " + std::to_string(row.exit_status) + "\n"));
  }
  CHECK(page.contains(".B 0\n"));
}

TEST_CASE("man pages tell every option and exit status, and no option that is not there") {
  check_options(page_text("mrtool"), nullptr);
  for (const CommandSpec& command : commands()) {
    CAPTURE(command.name);
    const std::string page = page_text("mrtool-" + std::string(command.name));
    check_options(page, &command);
    CHECK(page_text("mrtool").contains("mrtool-" + std::string(command.name)));
    const std::regex pattern("--([a-z][a-z0-9-]*)");
    for (std::sregex_iterator it(page.begin(), page.end(), pattern), end; it != end; ++it) {
      CAPTURE((*it)[1].str());
      CHECK(find_option((*it)[1].str()) != nullptr);
    }
  }
}

// The terms of the list below a line of the page: ".B raw", ".BR record ,\~ register".
std::set<std::string> terms_below(const std::string& page, const std::string& heading) {
  std::set<std::string> terms;
  std::istringstream lines(page.substr(page.find(heading) + heading.size()));
  bool term = false;
  for (std::string line; std::getline(lines, line) && line != ".PP" && !line.starts_with(".SH");) {
    if (term) {
      const std::regex word("[a-z_]+");
      const std::string words = line.substr(line.find(' '));
      for (std::sregex_iterator it(words.begin(), words.end(), word), end; it != end; ++it) {
        terms.insert(it->str());
      }
    }
    term = line == ".TP";
  }
  return terms;
}

TEST_CASE("the page of the log format tells every member of its schema, and none that is not there") {
  const std::string page = read_text(kMan + "mrtool-log.5");
  const auto schema =
      nlohmann::json::parse(read_text(MRTOOL_SOURCE_DIR "/tools/mrtool/schemas/mrtool.log-1.schema.json"));
  const auto names = [](const nlohmann::json& properties) {
    std::set<std::string> all;
    for (const auto& property : properties.items()) {
      all.insert(property.key());
    }
    return all;
  };
  std::set<std::string> members = terms_below(page, "The members before it:");
  CHECK(page.contains("Its last member,\n.BR records ,"));
  members.insert("records");
  CHECK(members == names(schema["properties"]));
  const nlohmann::json& part = schema["definitions"]["part"]["properties"];
  CHECK(terms_below(page, "The members of a part:") == names(part));
  for (const auto& value : part["part"]["enum"]) {
    CHECK(std::regex_search(page, std::regex("\n\\.BR? " + value.get<std::string>() + "\\b")));
  }
  for (const std::string other : {"mrtool", "mrtool-formats", "mrtool-convert"}) {
    CHECK(page_text(other).contains(".BR mrtool-log (5)"));
  }
}

TEST_CASE("man pages have no formatting errors") {
  if (!have_program("man")) {
    MESSAGE("skipped: man is not installed");
    return;
  }
  for (const auto& page : std::filesystem::directory_iterator(kMan)) {
    CAPTURE(page.path().string());
    const Finished finished = shell("LC_ALL=C.UTF-8 MANROFFSEQ= MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z '" +
                                    page.path().string() + "' >/dev/null");
    CHECK(finished.status == 0);
    CHECK(finished.err.empty());
  }
}

TEST_CASE("the examples in the man pages succeed") {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kMan)) {
    std::istringstream lines(plain_text(entry.path()));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("$ ")) {
        CAPTURE(line);
        const Finished finished = shell(line.substr(2));
        CHECK(finished.status == 0);
        CHECK(finished.err.empty());
        ++count;
      }
    }
  }
  CHECK(count >= 10);
}

TEST_CASE("help tells every option of a command, in 80 columns") {
  for (const CommandSpec& command : commands()) {
    const std::string help = help_text(command);
    for (const OptionSpec& spec : options()) {
      CHECK(mentions(help, "--" + std::string(spec.name)) == accepts(command, spec.id));
    }
    std::istringstream lines(help);
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line);
      CHECK(line.size() <= 80);
      CHECK(!line.ends_with(' '));
    }
    CHECK(help_text().contains(command.brief));
  }
}

TEST_CASE("the completions kept are those that the table gives") {
  const std::vector<std::pair<std::string, std::string>> files = {
      {"mrtool.bash", bash_completion()}, {"_mrtool", zsh_completion()}, {"mrtool.fish", fish_completion()}};
  for (const auto& [name, text] : files) {
    CAPTURE(name);
    if (std::getenv("MRTOOL_BLESS") != nullptr) {
      write_text(kCompletions + name, text);
    }
    CHECK(read_text(kCompletions + name) == text);
  }
}

TEST_CASE("bash completes commands, options and values") {
  if (!have_program("bash")) {
    MESSAGE("skipped: bash is not installed");
    return;
  }
  const auto complete = [](const std::string& words, int at) {
    return shell(". '" + kCompletions + "mrtool.bash'; COMP_WORDS=(" + words + "); COMP_CWORD=" + std::to_string(at) +
                     "; compopt() { :; }; _mrtool; echo \"${COMPREPLY[@]}\"",
                 "bash")
        .out;
  };
  CHECK(complete("mrtool rep", 1) == "replay\n");
  CHECK(complete("mrtool --ver", 1) == "--verbose --version\n");
  CHECK(complete("mrtool replay --ag", 2) == "--against\n");
  CHECK(complete("mrtool inspect --ag", 2) == "\n");
  CHECK(complete("mrtool --color never inspect --nd", 4) == "--ndjson\n");
  CHECK(complete("mrtool inspect --color a", 3) == "auto always\n");
  CHECK(complete("mrtool inspect --bank sha3_", 3) == "sha3_256 sha3_384 sha3_512\n");
  CHECK(complete("mrtool inspect vectors/cc", 2) == "vectors/ccel-sha384.bin\n");
  CHECK(complete("mrtool inspect liv", 2) == "live\n");
  CHECK(complete("mrtool registers tdx", 2) == "tdx-guest\n");
  CHECK(complete("mrtool replay --against liv", 3) == "live\n");
}

TEST_CASE("zsh and fish read their completions") {
  for (const auto& [program, line] :
       {std::pair<std::string, std::string>{"zsh", "zsh -n '" + kCompletions + "_mrtool'"},
        {"fish", "HOME=/nonexistent fish --no-config -c \"source '" + kCompletions +
                     "mrtool.fish'; complete -C 'mrtool replay --ag'\" | grep -q -- --against"}}) {
    if (!have_program(program)) {
      MESSAGE("skipped: ", program, " is not installed");
      continue;
    }
    CAPTURE(program);
    const Finished finished = shell(line);
    CHECK(finished.status == 0);
    CHECK(finished.err.empty());
  }
}

}  // namespace
}  // namespace mrtool::testing
