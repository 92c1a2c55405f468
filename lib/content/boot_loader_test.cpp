#include "lib/content/event_fixture_test.hpp"

namespace mrtool::pcclient {

namespace {

using namespace std::string_view_literals;

ByteView bytes(std::string_view text) {
  return as_bytes(text);
}

ByteRange range_of(const Decoded& decoded, std::string_view name) {
  const auto found = std::ranges::find(decoded.fields, name, &Field::name);
  REQUIRE(found != decoded.fields.end());
  return found->range;
}

}  // namespace

TEST_CASE("GRUB 2.04 command: the digest is of the text behind the colon") {
  const EventFixture event("grub_cmd: set root=hd0\0"sv, 8);
  const Decoded decoded = decode_ipl(event.context());
  CHECK(decoded.kind == "grub-command");
  CHECK(decoded.summary == "grub_cmd: set root=hd0");
  CHECK(text_of(field(decoded, "command")) == "set root=hd0");
  CHECK(text_of(field(decoded, "writer")) == "grub");
  const Held held = rule_of(ipl_recipes(), event, bytes("set root=hd0"));
  CHECK(held.recipe == "text-without-nul");
  CHECK(held.covers == range_of(decoded, "command"));
  CHECK(!held.covers.contains(range_of(decoded, "writer")));
  CHECK(ipl_otherwise(event.context()) == Otherwise::differs);
}

TEST_CASE("GRUB command lines of kernels and modules") {
  const EventFixture kernel("kernel_cmdline: /vmlinuz ro quiet\0"sv, 8);
  const Decoded decoded = decode_ipl(kernel.context());
  CHECK(decoded.kind == "kernel-command-line");
  CHECK(text_of(field(decoded, "command_line")) == "/vmlinuz ro quiet");
  CHECK(rule_of(ipl_recipes(), kernel, bytes("/vmlinuz ro quiet")).recipe == "text-without-nul");
  const EventFixture module("module_cmdline: xen.gz\0"sv, 8);
  CHECK(decode_ipl(module.context()).kind == "module-command-line");
}

TEST_CASE("GRUB command of RHEL: the NUL is hashed, the stray byte is not") {
  const EventFixture event("grub_cmd set pager=1\0\x9F"sv, 8);
  const Decoded decoded = decode_ipl(event.context());
  CHECK(text_of(field(decoded, "command")) == "set pager=1");
  CHECK(field(decoded, "stray") == Value(Bytes{0x9F}));
  const Held held = rule_of(ipl_recipes(), event, bytes("set pager=1\0"sv));
  CHECK(held.recipe == "text-with-nul");
  CHECK(held.covers == ByteRange{9, 21});
}

TEST_CASE("GRUB kernel command line of RHEL: the NUL is not hashed") {
  const EventFixture event("grub_kernel_cmdline (hd0)/vmlinuz ro\0o"sv, 8);
  CHECK(decode_ipl(event.context()).kind == "kernel-command-line");
  CHECK(rule_of(ipl_recipes(), event, bytes("(hd0)/vmlinuz ro")).recipe == "text-without-nul");
}

TEST_CASE("GRUB text whose stray byte is hashed too") {
  const EventFixture event("grub_cmd x\0y"sv, 8);
  CHECK(rule_of(ipl_recipes(), event, bytes("x\0y"sv)).recipe == "all-behind-prefix");
}

TEST_CASE("GRUB text without a NUL in the log, hashed with one") {
  const EventFixture event("grub_cmd x"sv, 8);
  CHECK(rule_of(ipl_recipes(), event, bytes("x\0"sv)).recipe == "text-with-nul");
}

TEST_CASE("GRUB command without text") {
  const EventFixture event("grub_cmd: \0"sv, 8);
  CHECK(rule_of(ipl_recipes(), event, {}).recipe == "text-without-nul");
  CHECK(text_of(field(decode_ipl(event.context()), "command")).empty());
}

TEST_CASE("GRUB text that was changed has no rule") {
  const EventFixture event("grub_cmd: set check_signatures=no\0"sv, 8);
  CHECK(rule_of(ipl_recipes(), event, bytes("set check_signatures=enforce")).recipe.empty());
  CHECK(ipl_otherwise(event.context()) == Otherwise::differs);
}

TEST_CASE("GRUB files are outside the log") {
  for (const auto path : {"(hd0,gpt2)/grub/grub.cfg\0"sv, "/boot/vmlinuz\0"sv}) {
    const EventFixture event(path, 9);
    const Decoded decoded = decode_ipl(event.context());
    CHECK(decoded.kind == "grub-file");
    CHECK(text_of(field(decoded, "path")) == path.substr(0, path.size() - 1));
    CHECK(ipl_otherwise(event.context()) == Otherwise::unverifiable);
  }
  const EventFixture kernel("grub_linuxefi Kernel\0l"sv, 9);
  CHECK(decode_ipl(kernel.context()).summary == "grub_linuxefi Kernel");
  CHECK(ipl_otherwise(kernel.context()) == Otherwise::unverifiable);
  CHECK(text_of(field(decode_ipl(EventFixture("grub_module /a.mod\0"sv, 9).context()), "path")) == "/a.mod");
}

TEST_CASE("shim variables are outside the log, with a stray byte or without") {
  for (const auto data : {"MokList\0"sv, "MokListX\0"sv, "MokListTrusted\0"sv, "MokList\0j"sv, "MokList\0\0"sv}) {
    const EventFixture event(data, 14);
    const Decoded decoded = decode_ipl(event.context());
    CHECK(decoded.kind == "shim-variable");
    CHECK(text_of(field(decoded, "writer")) == "shim");
    CHECK(text_of(field(decoded, "variable")).starts_with("MokList"));
    CHECK(ipl_otherwise(event.context()) == Otherwise::unverifiable);
  }
}

TEST_CASE("UKI section: first its name in ASCII, then its content") {
  const EventFixture event(utf16(".linux"), 11);
  const Decoded decoded = decode_ipl(event.context());
  CHECK(decoded.kind == "uki-section");
  CHECK(decoded.summary == ".linux");
  CHECK(text_of(field(decoded, "section")) == ".linux");
  const Held held = rule_of(ipl_recipes(), event, bytes(".linux\0"sv));
  CHECK(held.recipe == "section-name");
  CHECK(held.covers == ByteRange{0, 14});
  CHECK(rule_of(ipl_recipes(), event, bytes("the kernel")).recipe.empty());
  CHECK(ipl_otherwise(event.context()) == Otherwise::unverifiable);
}

TEST_CASE("UTF-16 command line hashed with its NUL, without it, and logged one byte short") {
  const Bytes whole = utf16("root=/dev/vda ro");
  const Bytes no_nul = utf16("root=/dev/vda ro", false);
  Bytes short_one = whole;
  short_one.pop_back();
  const EventFixture event(whole, 12);
  CHECK(decode_ipl(event.context()).kind == "command-line");
  CHECK(rule_of(ipl_recipes(), event, whole).recipe == "exact");
  CHECK(rule_of(ipl_recipes(), event, no_nul).recipe == "without-nul");
  const EventFixture old(short_one, 8);
  CHECK(text_of(field(decode_ipl(old.context()), "command_line")) == "root=/dev/vda ro");
  CHECK(rule_of(ipl_recipes(), old, whole).recipe == "with-nul");
  CHECK(ipl_otherwise(event.context()) == Otherwise::differs);
  CHECK(ipl_otherwise(old.context()) == Otherwise::differs);
}

TEST_CASE("UTF-16 text in a register that systemd does not use is of an unknown writer") {
  const EventFixture event(utf16("something else"), 4);
  CHECK(ipl_otherwise(event.context()) == Otherwise::unverifiable);
}

TEST_CASE("archives that systemd-stub makes are outside the log") {
  for (const auto* label : {"Credentials initrd", "Global credentials initrd", "System extension initrd"}) {
    const EventFixture event(utf16(label), 12);
    CHECK(decode_ipl(event.context()).kind == "stub-initrd");
    CHECK(ipl_otherwise(event.context()) == Otherwise::unverifiable);
  }
  // A command line is not mistaken for one.
  CHECK(ipl_otherwise(EventFixture(utf16("init=/bin/sh x initrd"), 12).context()) == Otherwise::differs);
}

TEST_CASE("labels and boot code in PCR 4") {
  CHECK(decode_ipl(EventFixture("MBR", 4).context()).summary == "MBR");
  const EventFixture code(Bytes{0xEB, 0x63, 0x90, 0, 0, 0}, 4);
  CHECK(decode_ipl(code.context()).kind.empty());
  CHECK(ipl_otherwise(code.context()) == Otherwise::unverifiable);
  CHECK(ipl_otherwise(EventFixture(Bytes{}, 4).context()) == Otherwise::unverifiable);
  CHECK(decode_ipl(EventFixture(Bytes{0}, 4).context()).problem == "");
}

TEST_CASE("boot loader data cut at every byte stays readable") {
  const EventFixture whole("grub_kernel_cmdline (hd0)/vmlinuz ro\0o"sv, 8);
  for (std::size_t size = 0; size <= whole.data.size(); ++size) {
    const EventFixture event(Bytes(whole.data.begin(), whole.data.begin() + static_cast<std::ptrdiff_t>(size)), 8);
    for (const Field& part : decode_ipl(event.context()).fields) {
      CHECK(part.range.end <= size);
    }
    for (const Recipe& recipe : ipl_recipes()) {
      if (const auto preimage = recipe.preimage(event.context())) {
        CHECK(preimage->covers.end <= size);
      }
    }
  }
}

TEST_CASE("compact hash of Windows is of its data, that of others is not") {
  const EventFixture windows(Bytes{0x10, 0, 0, 0}, 11);
  CHECK(decode_compact_hash(windows.context()).summary == "Windows boot manager 0x00000010");
  CHECK(compact_hash_otherwise(windows.context()) == Otherwise::differs);
  const EventFixture dell("Dell Configuration Information 1", 6);
  CHECK(decode_compact_hash(dell.context()).summary == "Dell Configuration Information 1");
  CHECK(compact_hash_otherwise(dell.context()) == Otherwise::unverifiable);
}

}  // namespace mrtool::pcclient
