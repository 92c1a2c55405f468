// mrtool registers: the values that a source states, and how far it is to be believed.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "lib/base/text.hpp"
#include "lib/registers/names.hpp"
#include "lib/sources/sources.hpp"
#include "tools/mrtool/cli/filter.hpp"
#include "tools/mrtool/commands/commands.hpp"
#include "tools/mrtool/commands/session.hpp"
#include "tools/mrtool/render/tpm2_yaml.hpp"

namespace mrtool {
namespace {

constexpr std::string_view kDefaultSource = "live";

using Entry = std::pair<RegisterKey, Digest>;

// Banks in the order of the table of algorithms, registers as everywhere.
std::vector<Entry> sorted(const RegisterValues& source) {
  std::vector<Entry> entries(source.values.begin(), source.values.end());
  const auto bank = [](const Entry& entry) { return find_algorithm(entry.first.bank); };
  std::ranges::sort(entries, [&bank](const Entry& a, const Entry& b) {
    return bank(a) != bank(b) ? bank(a) < bank(b) : display_before(a.first.reg, b.first.reg);
  });
  return entries;
}

// mrtool.registers/1.
void describe_registers(const RegisterValues& source, DocumentWriter& writer) {
  writer.begin_object();
  writer.key("schema");
  writer.text("mrtool.registers/1");
  writer.key("source");
  writer.text(source.source);
  writer.key("kind");
  writer.text(source.kind);
  writer.key("authenticated");
  writer.text(to_string(source.authenticated));
  writer.key("registers");
  writer.begin_list();
  for (const auto& [key, value] : sorted(source)) {
    writer.begin_object();
    writer.key("register");
    writer.text(to_string(key.reg));
    writer.key("bank");
    writer.text(to_string(key.bank));
    writer.key("value");
    writer.hex(value.view());
    writer.key("extendable");
    writer.boolean(is_extendable(key.reg));
    writer.end_object();
  }
  writer.end_list();
  writer.key("notes");
  writer.begin_list();
  for (const std::string& note : source.notes) {
    writer.text(note);
  }
  writer.end_list();
  writer.end_object();
}

std::string_view meaning_of(Authenticated authenticated) {
  switch (authenticated) {
    case Authenticated::none:
      return "nothing vouches for these values";
    case Authenticated::mac:
      return "only the machine that made the report could check it";
    case Authenticated::signed_:
      return "signed";
    case Authenticated::live:
      return "read from the machine itself";
  }
  return {};
}

void append_registers_text(std::string& out, const RegisterValues& source, const Style& style) {
  constexpr std::size_t kLeastWidth = 8;
  constexpr std::size_t kBankWidth = 8;
  const std::vector<Entry> entries = sorted(source);
  std::size_t width = kLeastWidth;
  for (const auto& [key, value] : entries) {
    width = std::max(width, to_string(key.reg).size());
  }
  const auto to = std::back_inserter(out);
  const std::string name = source.kind == "direct" ? "given" : escape_for_terminal(source.source);
  fmt::format_to(to, "{}: {}, {}\n", name, source.kind, meaning_of(source.authenticated));
  style.append(out, Tone::faint, fmt::format("{:{}}  {:{}}  EXTENDABLE  VALUE", "REGISTER", width, "BANK", kBankWidth));
  out += '\n';
  for (const auto& [key, value] : entries) {
    style.append(out, Tone::name, fmt::format("{:{}}", to_string(key.reg), width));
    fmt::format_to(to, "  {:{}}  {:10}  {}\n", to_string(key.bank), kBankWidth, is_extendable(key.reg) ? "yes" : "no",
                   value.hex());
  }
}

void render(const RegisterValues& source, Session& session) {
  std::string& out = session.out().buffer();
  switch (session.rendering()) {
    case Rendering::json:
    case Rendering::ndjson:
      describe_registers(source, *make_json_writer(out, false));
      break;
    case Rendering::yaml:
      describe_registers(source, *make_yaml_writer(out));
      break;
    case Rendering::tpm2_yaml:
      write_tpm2_pcrread_yaml(out, source.values);
      break;
    case Rendering::text:
      append_registers_text(out, source, session.output_style());
      break;
  }
}

}  // namespace

int registers_command(const CommandLine& line, Environment& environment) {
  Session session(line, environment);
  const auto filter = Filter::from(line);
  if (!filter) {
    return session.stop(filter.error());
  }
  const std::string spec = line.arguments.empty() ? std::string(kDefaultSource) : line.arguments.front();
  auto source = load_register_values(spec, session.host(), {.tcti = std::string(line.value(OptionId::tcti))});
  if (!source) {
    return session.stop(source.error());
  }
  std::erase_if(source->values,
                [&filter](const auto& entry) { return !filter->takes(entry.first.reg, entry.first.bank); });
  if (source->values.empty()) {
    return session.stop({.kind = ErrorKind::inconclusive,
                         .message = "it holds no value of a register and bank that --register and --bank select",
                         .file = spec,
                         .offset = {},
                         .record = {}});
  }
  const bool any_pcr =
      std::ranges::any_of(source->values, [](const auto& entry) { return entry.first.reg.kind == RegisterKind::pcr; });
  if (session.rendering() == Rendering::tpm2_yaml && !any_pcr) {
    return session.stop({.kind = ErrorKind::unsupported,
                         .message = "tpm2_pcrread's shape has a place for PCRs only, and here are none",
                         .file = spec,
                         .offset = {},
                         .record = {}});
  }
  if (const Status opened = session.open_output(); !opened) {
    return session.stop(opened.error());
  }
  session.tell_notes(*source);
  render(*source, session);
  return session.finish(kExitSuccess);
}

}  // namespace mrtool
