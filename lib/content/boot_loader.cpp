// EV_IPL and EV_COMPACT_HASH: what boot loaders log. No specification covers their data; these are the forms of shim's
// tpm.c, GRUB's grub-core/commands/tpm.c and systemd's src/boot/measure.c.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "lib/content/decoders.hpp"
#include "lib/content/event_text.hpp"
#include "lib/content/field_reader.hpp"
#include "lib/content/raw.hpp"
#include "lib/content/recipes.hpp"

namespace mrtool::pcclient {

namespace {

using namespace std::string_view_literals;

enum class Measures : std::uint8_t {
  text,     // the text behind the prefix
  section,  // the name of a section, then in a second record of the same data its content
  wide,     // the UTF-16 text
  outside,  // something that the log does not hold
};

// How a form of ASCII text starts, and what it is.
struct Prefix {
  std::string_view text;
  std::string_view kind;
  std::string_view writer;
  std::string_view field;  // name of what follows the prefix
  Measures measures;
};

// Longer prefixes before those that they start with.
constexpr std::array kPrefixes = {
    Prefix{"grub_cmd: ", "grub-command", "grub", "command", Measures::text},
    Prefix{"grub_cmd ", "grub-command", "grub", "command", Measures::text},
    Prefix{"kernel_cmdline: ", "kernel-command-line", "grub", "command_line", Measures::text},
    Prefix{"grub_kernel_cmdline ", "kernel-command-line", "grub", "command_line", Measures::text},
    Prefix{"module_cmdline: ", "module-command-line", "grub", "command_line", Measures::text},
    Prefix{"grub_module ", "grub-file", "grub", "path", Measures::outside},
    Prefix{"grub_linuxefi ", "grub-file", "grub", "label", Measures::outside},
};

struct Form {
  std::string_view kind;
  std::string_view writer;  // empty: not known
  std::string_view field;   // name of the text
  std::size_t begin = 0;    // of the text in the data
  std::string text;
  Measures measures = Measures::outside;
};

bool is_section_name(std::string_view text) {
  constexpr std::size_t kLongestName = 8;  // PE/COFF, 4: a section's name field
  const auto is_name = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return text.size() > 1 && text.size() <= kLongestName && text.front() == '.' &&
         std::ranges::all_of(text.substr(1), is_name);
}

// systemd's sections, command lines, and archives that it makes for the kernel.
Form wide_form(std::string text) {
  Form form{.kind = "command-line",
            .writer = "systemd-stub",
            .field = "command_line",
            .begin = 0,
            .text = {},
            .measures = Measures::wide};
  if (is_section_name(text)) {
    form.kind = "uki-section";
    form.field = "section";
    form.measures = Measures::section;
  } else if (text.ends_with(" initrd") && text.find('=') == std::string::npos) {
    form.kind = "stub-initrd";
    form.field = "label";
    form.measures = Measures::outside;
  }
  form.text = std::move(text);
  return form;
}

std::optional<Form> ascii_form(ByteView data) {
  const std::string_view text = first_string(data);
  for (const Prefix& prefix : kPrefixes) {
    if (text.starts_with(prefix.text)) {
      return Form{.kind = prefix.kind,
                  .writer = prefix.writer,
                  .field = prefix.field,
                  .begin = prefix.text.size(),
                  .text = std::string(text.substr(prefix.text.size())),
                  .measures = prefix.measures};
    }
  }
  Form form{.kind = "ipl",
            .writer = {},
            .field = "label",
            .begin = 0,
            .text = std::string(text),
            .measures = Measures::outside};
  if (text.starts_with("Mok")) {
    form.kind = "shim-variable";
    form.writer = "shim";
    form.field = "variable";
  } else if (text.starts_with('/') || text.starts_with('(')) {
    form.kind = "grub-file";
    form.writer = "grub";
    form.field = "path";
  }
  return any_text(as_bytes(text)) ? std::optional(std::move(form)) : std::nullopt;
}

// In a CCEL the registers of all boot loaders are one, so the content decides.
std::optional<Form> form_of(ByteView data) {
  if (auto wide = utf16_text(data)) {
    return wide_form(std::move(*wide));
  }
  return ascii_form(data);
}

// GRUB's text, with the NUL that ends it or without.
std::optional<Preimage> grub_text(const Context& context, bool with_nul) {
  const auto form = form_of(context.data);
  if (!form || form->measures != Measures::text) {
    return std::nullopt;
  }
  const std::size_t end = form->begin + form->text.size();
  const bool nul_is_there = end < context.data.size();
  Preimage preimage = part_of(context, form->begin, end + (with_nul && nul_is_there ? 1 : 0));
  preimage.nul_after = with_nul && !nul_is_there;
  return preimage;
}

std::optional<Preimage> text_without_nul(const Context& context) {
  return grub_text(context, false);
}
std::optional<Preimage> text_with_nul(const Context& context) {
  return grub_text(context, true);
}

std::optional<Preimage> all_behind_prefix(const Context& context) {
  const auto form = form_of(context.data);
  if (!form || form->measures != Measures::text) {
    return std::nullopt;
  }
  return part_of(context, form->begin, context.data.size());
}

// systemd-stub logs the name in UTF-16 and measures it in ASCII.
std::optional<Preimage> section_name(const Context& context) {
  const auto form = form_of(context.data);
  if (!form || form->measures != Measures::section) {
    return std::nullopt;
  }
  Preimage preimage{.part = {}, .made = to_bytes(as_bytes(form->text)), .nul_after = true, .covers = {}};
  preimage.covers = {0, context.data.size()};
  return preimage;
}

bool is_wide_text(const Context& context) {
  const auto form = form_of(context.data);
  return form && form->measures == Measures::wide;
}

// systemd before 249 logged one byte less than it measured.
std::optional<Preimage> wide_text_with_last_byte(const Context& context) {
  return is_wide_text(context) ? data_with_nul(context) : std::nullopt;
}

std::optional<Preimage> wide_text_without_nul(const Context& context) {
  constexpr std::size_t kNulSize = 2;
  const ByteView data = context.data;
  if (!is_wide_text(context) || data.size() < kNulSize || !all_equal_to(data.last(kNulSize), 0)) {
    return std::nullopt;
  }
  return part_of(context, 0, data.size() - kNulSize);
}

// systemd measures command lines into these; UTF-16 text elsewhere is of an unknown writer.
bool is_command_line(const Context& context) {
  constexpr std::uint32_t kOldRegister = 8;
  constexpr std::uint32_t kRegister = 12;
  const Register& reg = context.record.reg;
  return reg.kind != RegisterKind::pcr || reg.index == kOldRegister || reg.index == kRegister;
}

bool is_windows_mark(const Context& context) {
  constexpr std::uint32_t kWindowsRegister = 11;
  return context.data.size() == sizeof(std::uint32_t) && context.record.reg.kind == RegisterKind::pcr &&
         context.record.reg.index == kWindowsRegister;
}

}  // namespace

Decoded decode_ipl(const Context& context) {
  auto form = form_of(context.data);
  if (!form) {
    return decode_raw(context);
  }
  const std::uint64_t size = context.data.size();
  const bool wide =
      form->measures == Measures::wide || form->measures == Measures::section || form->kind == "stub-initrd";
  const std::uint64_t end = wide ? size : form->begin + form->text.size();
  const std::string prefix(as_text(context.data.first(form->begin)));
  Decoded decoded{.kind = std::string(form->kind), .summary = prefix + form->text, .fields = {}, .problem = {}};
  if (!form->writer.empty()) {
    decoded.fields.push_back({"writer", Value(form->writer), {0, form->begin > 0 ? form->begin : end}});
  }
  decoded.fields.push_back({std::string(form->field), Value(std::move(form->text)), {form->begin, end}});
  // GRUB logs one byte of whatever lay behind its text.
  if (end + 1 < size) {
    decoded.fields.push_back({"stray", Value(to_bytes(context.data.subspan(end + 1))), {end + 1, size}});
  }
  return decoded;
}

std::span<const Recipe> ipl_recipes() {
  static constexpr std::array kRecipes = {
      kExact,
      Recipe{"text-without-nul", text_without_nul},
      Recipe{"text-with-nul", text_with_nul},
      Recipe{"all-behind-prefix", all_behind_prefix},
      Recipe{"section-name", section_name},
      Recipe{"with-nul", wide_text_with_last_byte},
      Recipe{"without-nul", wide_text_without_nul},
  };
  return kRecipes;
}

Otherwise ipl_otherwise(const Context& context) {
  const auto form = form_of(context.data);
  const bool in_data =
      form && (form->measures == Measures::text || (form->measures == Measures::wide && is_command_line(context)));
  return in_data ? Otherwise::differs : Otherwise::unverifiable;
}

Decoded decode_compact_hash(const Context& context) {
  if (is_windows_mark(context)) {
    FieldReader reader(context.data);
    const std::uint32_t value = reader.hex32("value");
    return reader.finish("compact-hash", fmt::format("Windows boot manager 0x{:08x}", value));
  }
  return decode_raw(context);
}

// Dell and HPE measure their setup in PCR 6 under a label.
Otherwise compact_hash_otherwise(const Context& context) {
  return is_windows_mark(context) ? Otherwise::differs : Otherwise::unverifiable;
}

}  // namespace mrtool::pcclient
