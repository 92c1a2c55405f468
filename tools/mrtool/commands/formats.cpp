// mrtool formats: the table of log formats.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <vector>

#include "formats/formats.hpp"
#include "tools/mrtool/commands/commands.hpp"
#include "tools/mrtool/commands/format_matrix.hpp"
#include "tools/mrtool/commands/session.hpp"

namespace mrtool {
namespace {

void describe_quirks(std::string_view name, std::span<const Quirk> quirks, bool tolerances, DocumentWriter& writer) {
  writer.key(name);
  writer.begin_list();
  for (const Quirk& quirk : quirks) {
    if (quirk.is_tolerance() == tolerances) {
      writer.begin_object();
      writer.key("code");
      writer.text(quirk.code);
      writer.key("name");
      writer.text(quirk.name);
      writer.key("meaning");
      writer.text(quirk.meaning);
      writer.end_object();
    }
  }
  writer.end_list();
}

void describe_format(const FormatRow& format, DocumentWriter& writer) {
  writer.begin_object();
  writer.key("name");
  writer.text(format.name);
  writer.key("aliases");
  writer.begin_list();
  for (const std::string_view alias : format.aliases) {
    writer.text(alias);
  }
  writer.end_list();
  writer.key("summary");
  writer.text(format.summary);
  writer.key("carries");
  writer.text(format.carries);
  writer.key("reads");
  writer.boolean(format.make_reader != nullptr);
  writer.key("writes");
  writer.boolean(format.make_writer != nullptr);
  describe_quirks("variants", format.quirks, false, writer);
  describe_quirks("tolerances", format.quirks, true, writer);
  writer.end_object();
}

void describe_matrix(DocumentWriter& writer) {
  writer.key("matrix");
  writer.begin_list();
  for (const MatrixRow& row : format_matrix()) {
    for (const MatrixCell& cell : row.cells) {
      writer.begin_object();
      writer.key("record");
      writer.text(row.kind);
      writer.key("to");
      writer.text(cell.format);
      writer.key("carriage");
      writer.text(to_string(cell.carried.carriage));
      writer.key("field");
      writer.text_or_null(cell.carried.field);
      writer.key("reason");
      writer.text_or_null(cell.carried.reason);
      writer.end_object();
    }
  }
  writer.end_list();
}

// mrtool.formats/1.
void describe_formats(DocumentWriter& writer, bool matrix) {
  writer.begin_object();
  writer.key("schema");
  writer.text("mrtool.formats/1");
  writer.key("formats");
  writer.begin_list();
  for (const FormatRow& format : formats()) {
    describe_format(format, writer);
  }
  writer.end_list();
  if (matrix) {
    describe_matrix(writer);
  }
  writer.end_object();
}

constexpr std::size_t kIndent = 10;  // where text about a format or quirk starts

unsigned number_of(std::string_view code) {
  unsigned number = 0;
  code.remove_prefix(1);  // the letter
  (void)std::from_chars(code.data(), code.data() + code.size(), number);
  return number;
}

// "V01-V17 V20": codes with consecutive numbers as a range.
std::string quirk_codes(std::span<const Quirk> quirks, bool tolerances) {
  std::vector<std::string_view> codes;
  for (const Quirk& quirk : quirks) {
    if (quirk.is_tolerance() == tolerances) {
      codes.push_back(quirk.code);
    }
  }
  std::string text;
  for (std::size_t i = 0; i < codes.size();) {
    std::size_t last = i;
    while (last + 1 < codes.size() && number_of(codes[last + 1]) == number_of(codes[last]) + 1) {
      ++last;
    }
    fmt::format_to(std::back_inserter(text), "{}{}", i == 0 ? "" : " ", codes[i]);
    if (last != i) {
      fmt::format_to(std::back_inserter(text), "{}{}", last == i + 1 ? ' ' : '-', codes[last]);
    }
    i = last + 1;
  }
  return text;
}

void append_format(std::string& out, const FormatRow& format, const Style& style) {
  const auto to = std::back_inserter(out);
  style.append(out, Tone::strong, fmt::format("{:{}}", format.name, kIndent - 2));
  fmt::format_to(to, "  {}\n", format.summary);
  if (!format.aliases.empty()) {
    fmt::format_to(to, "{:{}}also: {}\n", "", kIndent, fmt::join(format.aliases, ", "));
  }
  fmt::format_to(to, "{:{}}carries: {}\n", "", kIndent, format.carries);
  for (const bool tolerances : {false, true}) {
    const std::string codes = quirk_codes(format.quirks, tolerances);
    if (!codes.empty()) {
      fmt::format_to(to, "{:{}}{}: {}\n", "", kIndent, tolerances ? "tolerances" : "variants", codes);
    }
  }
}

// Formats share quirks; each is explained once.
void append_formats_text(std::string& out, const Style& style) {
  std::vector<const Quirk*> quirks;
  for (const FormatRow& format : formats()) {
    append_format(out, format, style);
    for (const Quirk& quirk : format.quirks) {
      if (std::ranges::find(quirks, quirk.code, &Quirk::code) == quirks.end()) {
        quirks.push_back(&quirk);
      }
    }
  }
  out += '\n';
  for (const Quirk* const quirk : quirks) {
    style.append(out, quirk->is_tolerance() ? Tone::doubtful : Tone::name, fmt::format("{:5}", quirk->code));
    fmt::format_to(std::back_inserter(out), "{}\n     {}\n", quirk->name, quirk->meaning);
  }
}

}  // namespace

int formats_command(const CommandLine& line, Environment& environment) {
  Session session(line, environment);
  if (const Status opened = session.open_output(); !opened) {
    return session.stop(opened.error());
  }
  std::string& out = session.out().buffer();
  const bool matrix = line.has(OptionId::matrix);
  switch (session.rendering()) {
    case Rendering::json:
      describe_formats(*make_json_writer(out, false), matrix);
      break;
    case Rendering::yaml:
      describe_formats(*make_yaml_writer(out), matrix);
      break;
    default:
      if (matrix) {
        out += format_matrix_text();
        break;
      }
      append_formats_text(out, session.output_style());
      break;
  }
  return session.finish(kExitSuccess);
}

}  // namespace mrtool
