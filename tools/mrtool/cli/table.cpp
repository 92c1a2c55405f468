#include "tools/mrtool/cli/table.hpp"

#include <algorithm>
#include <array>

#include "tools/mrtool/commands/commands.hpp"

namespace mrtool {
namespace {

using enum OptionId;
using Words = std::span<const std::string_view>;

constexpr auto kWhen = std::to_array<std::string_view>({"auto", "always", "never"});
constexpr auto kDiagnosticForms = std::to_array<std::string_view>({"text", "json"});
constexpr auto kBridgeWays = std::to_array<std::string_view>({"virtual", "records", "direct"});
constexpr auto kEventlogVersions = std::to_array<std::string_view>({"1", "2"});

constexpr auto kOptions = std::to_array<OptionSpec>({
    {registers,
     "register",
     0,
     "R,...",
     ValueKind::registers,
     {},
     Category::selection,
     true,
     "only these registers: pcr7, 0-7, rtmr2, sha256:0-7,14",
     "Names as mrtool prints them, numbers for PCRs, ranges, and a bank before a colon; + begins anew with another "
     "bank: "
     "sha256:0-7+sha384:rtmr2. May be given several times."},
    {bank,
     "bank",
     0,
     "ALG,...",
     ValueKind::banks,
     {},
     Category::selection,
     true,
     "only these banks: sha1, sha256, sha384, ...",
     ""},
    {type,
     "type",
     0,
     "GLOB",
     ValueKind::word,
     {},
     Category::selection,
     true,
     "only records whose event type matches, with or without EV_",
     "* and ? stand for any text and any character; upper and lower case are the same."},
    {record,
     "record",
     0,
     "N[-M],...",
     ValueKind::word,
     {},
     Category::selection,
     true,
     "only these records, by number from 0; N- is N and all after it",
     "Records keep the number that they have in their log."},
    {against,
     "against",
     0,
     "SRC",
     ValueKind::source,
     {},
     Category::comparison,
     true,
     "compare with register values: live, a file, a directory or values",
     "live, tpm or tdx-guest for this machine's; a file of tpm2_pcrread's text or of mrtool's own JSON, or an "
     "attestation "
     "report; a directory of sysfs PCR files or of measurement registers; SELECTION@FILE for bare values; or values "
     "given "
     "directly: sha256:7=HEX, sha384:rtmr2=HEX. May be given several times."},
    {initial,
     "initial",
     0,
     "BANK:REG=HEX",
     ValueKind::word,
     {},
     Category::comparison,
     true,
     "start this register at this value instead of the platform's",
     ""},
    {check_digests,
     "check-digests",
     0,
     "",
     ValueKind::none,
     {},
     Category::comparison,
     false,
     "also hold each digest of the logs against its content",
     "A digest that is not that of its content is an error (exit status 1)."},
    {tcti,
     "tcti",
     0,
     "CONF",
     ValueKind::word,
     {},
     Category::comparison,
     false,
     "how the TPM is reached, as tpm2-tools has it: device:PATH, swtpm:path=SOCKET",
     ""},
    {save_state,
     "save-state",
     0,
     "FILE",
     ValueKind::file,
     {},
     Category::growing,
     false,
     "where all went well, keep there how far the log was read",
     "Of one IMA list or TSM text log. The state ends behind the last record that the values compared vouch for."},
    {from_state,
     "from-state",
     0,
     "FILE",
     ValueKind::file,
     {},
     Category::growing,
     false,
     "begin where this state ends, once the log's bytes before are found to be the same",
     "Who can write the file decides the verdict: it is as trusted as the values."},
    {resume,
     "resume",
     0,
     "FILE",
     ValueKind::file,
     {},
     Category::growing,
     false,
     "--from-state where the file is there, and --save-state to it",
     ""},
    {to,
     "to",
     0,
     "FORMAT",
     ValueKind::format,
     {},
     Category::conversion,
     false,
     "the format to write, by its name in 'mrtool formats'; cel is cel-json",
     ""},
    {dialect,
     "dialect",
     0,
     "NAME",
     ValueKind::word,
     {},
     Category::conversion,
     false,
     "which of the format's dialects is written, where it has several",
     ""},
    {loss_report,
     "loss-report",
     0,
     "FILE",
     ValueKind::file,
     {},
     Category::conversion,
     false,
     "write there, as JSON, what is lost; also when the conversion is refused for it",
     ""},
    {allow_loss,
     "allow-loss",
     0,
     "",
     ValueKind::none,
     {},
     Category::conversion,
     false,
     "write what can be carried although something is lost",
     ""},
    {allow_gap,
     "allow-gap",
     0,
     "",
     ValueKind::none,
     {},
     Category::conversion,
     false,
     "join logs although one states another value than those before it lead to",
     ""},
    {matrix,
     "matrix",
     0,
     "",
     ValueKind::none,
     {},
     Category::rendering,
     false,
     "how each kind of record is carried by each format that can be written",
     ""},
    {quote,
     "quote",
     0,
     "FILE",
     ValueKind::file,
     {},
     Category::evidence,
     false,
     "a signed report that vouches for register values",
     "A TPM quote, TDX quote, CCA token, Nitro document or SNP report, recognised by its bytes; live asks this machine "
     "for one."},
    {sig,
     "sig",
     0,
     "FILE",
     ValueKind::file,
     {},
     Category::evidence,
     false,
     "the signature of a TPM quote: tpm2_quote's, raw RSA or DER ECDSA",
     ""},
    {pcrs,
     "pcrs",
     0,
     "FILE",
     ValueKind::file,
     {},
     Category::evidence,
     false,
     "the PCR values that a TPM quote is over; without them, those that the logs lead to are tried",
     ""},
    {key,
     "key",
     0,
     "FILE",
     ValueKind::file,
     {},
     Category::evidence,
     false,
     "the key that signed: PEM, DER, a certificate, or the public part as a TPM writes it",
     ""},
    {ca,
     "ca",
     0,
     "FILE",
     ValueKind::file,
     {},
     Category::evidence,
     true,
     "trust these root certificates, and no others",
     "PEM or DER. Without it, the vendors' roots that are known by fingerprint. May be given several times."},
    {crl,
     "crl",
     0,
     "FILE",
     ValueKind::file,
     {},
     Category::evidence,
     true,
     "certificate revocation lists; without any, revocation is not checked",
     ""},
    {tcb_info,
     "tcb-info",
     0,
     "FILE",
     ValueKind::file,
     {},
     Category::evidence,
     true,
     "Intel's TCB info and QE identity, as JSON; without them, the TCB status is not checked",
     ""},
    {nonce,
     "nonce",
     0,
     "HEX",
     ValueKind::word,
     {},
     Category::evidence,
     false,
     "the nonce that the quote must hold, exactly",
     ""},
    {no_nonce,
     "no-nonce",
     0,
     "",
     ValueKind::none,
     {},
     Category::evidence,
     false,
     "do without a nonce: the quote may be an old one",
     ""},
    {at,
     "at",
     0,
     "TIME",
     ValueKind::word,
     {},
     Category::evidence,
     false,
     "judge certificates as of then, not now: 2026-11-24, 2026-11-24T18:00:00Z or seconds",
     ""},
    {policy,
     "policy",
     0,
     "FILE",
     ValueKind::file,
     {},
     Category::judgement,
     true,
     "what the records and values have to be: mrtool.policy/1, or reference values",
     ""},
    {ima_key,
     "ima-key",
     0,
     "CERT",
     ValueKind::file,
     {},
     Category::judgement,
     true,
     "every file signature in an IMA list must be by one of these keys or certificates",
     ""},
    {make_policy,
     "make-policy",
     0,
     "",
     ValueKind::none,
     {},
     Category::judgement,
     false,
     "write a policy that these logs meet, instead of judging them",
     ""},
    {require,
     "require",
     0,
     "SELECTION",
     ValueKind::word,
     {},
     Category::judgement,
     false,
     "what has to be vouched for, instead of every register that the logs extend",
     ""},
    {trust_registers,
     "trust-registers",
     0,
     "",
     ValueKind::none,
     {},
     Category::judgement,
     false,
     "let values count that nothing authenticates",
     ""},
    {allow_sha1,
     "allow-sha1",
     0,
     "",
     ValueKind::none,
     {},
     Category::judgement,
     false,
     "let a SHA-1 bank or signature suffice",
     ""},
    {tolerate,
     "tolerate",
     0,
     "T01,...",
     ValueKind::word,
     {},
     Category::judgement,
     true,
     "take these of the readers' tolerances",
     ""},
    {tolerant, "tolerant", 0, "", ValueKind::none, {}, Category::judgement, false, "take all tolerances", ""},
    {event,
     "event",
     0,
     "TEXT",
     ValueKind::word,
     {},
     Category::measuring,
     true,
     "measure this text; for use without a register",
     "Beside --file or --digest the text is not measured: it says in the log what the digest is of."},
    {file,
     "file",
     0,
     "FILE",
     ValueKind::file,
     {},
     Category::measuring,
     true,
     "extend by the digest of this file's content",
     "The log names the file, or has the text that is given with it."},
    {digest,
     "digest",
     0,
     "ALG:HEX",
     ValueKind::word,
     {},
     Category::measuring,
     true,
     "extend by this digest as it is; of a PCR, one for each bank",
     ""},
    {standard_input,
     "stdin",
     0,
     "",
     ValueKind::none,
     {},
     Category::measuring,
     false,
     "measure the lines of standard input, each as it comes",
     "Understood where no event is given, except at a terminal."},
    {event_type,
     "event-type",
     0,
     "TYPE",
     ValueKind::word,
     {},
     Category::measuring,
     false,
     "the event type in a PCR's log: EV_IPL, 0xd; systemd's word",
     "Without it, EV_ACTION for text and EV_IPL for digests and files."},
    {data,
     "data",
     0,
     "HEX|@FILE",
     ValueKind::word,
     {},
     Category::measuring,
     false,
     "the event data in a PCR's log, in place of text",
     "Without a digest it is what is measured."},
    {by_event,
     "by-event",
     0,
     "",
     ValueKind::none,
     {},
     Category::measuring,
     false,
     "let the TPM hash the event itself (TPM2_PCR_Event)",
     ""},
    {virtual_register,
     "virtual",
     0,
     "NAME",
     ValueKind::word,
     {},
     Category::measuring,
     false,
     "extend this virtual register, in a record of the register that --on names",
     "extend extends it by each digest that is given, ima-bridge by each entry of the list; mr_ima by default there."},
    {on,
     "on",
     0,
     "REGISTER",
     ValueKind::word,
     {},
     Category::measuring,
     false,
     "the register that carries the virtual one",
     ""},
    {way, "as", 0, "WAY", ValueKind::choice, kBridgeWays, Category::measuring, false,
     "how a register carries the list: virtual (the default), records or direct",
     "virtual: lines that extend a virtual register by each entry's digest. records: the entries themselves, as lines. "
     "direct: the digests alone, in a register that nothing else extends."},
    {follow,
     "follow",
     0,
     "",
     ValueKind::none,
     {},
     Category::measuring,
     false,
     "go on as the list grows, until SIGINT or SIGTERM (the default)",
     ""},
    {once, "once", 0, "", ValueKind::none, {}, Category::measuring, false, "carry what is there, and end", ""},
    {interval,
     "interval",
     0,
     "SECONDS",
     ValueKind::word,
     {},
     Category::measuring,
     false,
     "how often to look for new entries; 1 by default, and parts of it can be given",
     ""},
    {backend,
     "backend",
     0,
     "NAME",
     ValueKind::backend,
     {},
     Category::keeping,
     false,
     "how the register is reached, instead of by what the machine has",
     "software:FILE has registers in a file, which is made where it is not there; they prove nothing."},
    {log,
     "log",
     0,
     "[FORMAT:]PATH",
     ValueKind::file,
     {},
     Category::keeping,
     false,
     "keep the log there, not below /run/mrtool; or a format's name",
     "tsm, cel-json, tcg2 or systemd."},
    {wait,
     "wait",
     0,
     "SECONDS",
     ValueKind::word,
     {},
     Category::keeping,
     false,
     "how long to wait for another mrtool that extends the register; 10 by default",
     ""},
    {recover,
     "recover",
     0,
     "",
     ValueKind::none,
     {},
     Category::keeping,
     false,
     "finish what an interrupted run left, of this register or of all",
     "Every extend does so first."},
    {force,
     "force",
     0,
     "",
     ValueKind::none,
     {},
     Category::keeping,
     false,
     "measure what the log's format changes, and go on with a log of another boot",
     ""},
    {text, "text", 0, "", ValueKind::none, {}, Category::rendering, false, "text for people (the default)", ""},
    {json, "json", 0, "", ValueKind::none, {}, Category::rendering, false, "one JSON document", ""},
    {ndjson,
     "ndjson",
     0,
     "",
     ValueKind::none,
     {},
     Category::rendering,
     false,
     "a JSON document a line: a head, every record, a tail",
     ""},
    {yaml, "yaml", 0, "", ValueKind::none, {}, Category::rendering, false, "the JSON document as YAML", ""},
    {tpm2_yaml,
     "tpm2-yaml",
     0,
     "",
     ValueKind::none,
     {},
     Category::rendering,
     false,
     "what the tpm2-tools print: tpm2_eventlog or tpm2_pcrread",
     ""},
    {eventlog_version, "eventlog-version", 0, "1|2", ValueKind::choice, Words(kEventlogVersions), Category::rendering,
     false, "which form --tpm2-yaml has, as in tpm2_eventlog; 2 decodes more, 1 is the default", ""},
    {details,
     "details",
     0,
     "",
     ValueKind::none,
     {},
     Category::rendering,
     false,
     "every field and every digest, with how it was checked",
     ""},
    {raw,
     "raw",
     0,
     "",
     ValueKind::none,
     {},
     Category::rendering,
     false,
     "the bytes of each record too, in hexadecimal",
     ""},
    {output,
     "output",
     'o',
     "FILE",
     ValueKind::file,
     {},
     Category::rendering,
     false,
     "write there instead of standard output, in one step at the end",
     ""},
    {batch,
     "batch",
     0,
     "LIST",
     ValueKind::file,
     {},
     Category::many,
     false,
     "appraise many logs in one run, each by itself: a line of JSON for each",
     "LIST names a log a line, or is a JSON object a line with \"logs\" and a member's own options; - is standard "
     "input."},
    {unordered,
     "unordered",
     0,
     "",
     ValueKind::none,
     {},
     Category::many,
     false,
     "write each result as soon as it is there, not in the list's order",
     ""},
    {diagnostics, "diagnostics", 0, "text|json", ValueKind::choice, Words(kDiagnosticForms), Category::rendering, false,
     "how messages on standard error look", ""},
    {color, "color", 0, "auto|always|never", ValueKind::choice, Words(kWhen), Category::global, false,
     "colour the output; auto: at a terminal, unless NO_COLOR is set", ""},
    {quiet, "quiet", 'q', "", ValueKind::none, {}, Category::global, false, "no messages but errors", ""},
    {verbose,
     "verbose",
     'v',
     "",
     ValueKind::none,
     {},
     Category::global,
     false,
     "notes too, and up to 16 messages of a kind for each log, not one",
     ""},
    {threads,
     "threads",
     0,
     "N",
     ValueKind::number,
     {},
     Category::global,
     false,
     "use at most N threads; by default one for each processor",
     ""},
    {root,
     "root",
     0,
     "DIR",
     ValueKind::directory,
     {},
     Category::global,
     false,
     "look up /sys, /dev, /run and /var under DIR",
     ""},
    {help, "help", 'h', "", ValueKind::none, {}, Category::global, false, "show help and exit", ""},
    {version, "version", 0, "", ValueKind::none, {}, Category::global, false, "show the version and exit", ""},
});

constexpr auto kInspectOptions =
    std::to_array<OptionId>({registers, bank, type, record, text, details, raw, json, ndjson, yaml, tpm2_yaml,
                             eventlog_version, output, diagnostics});
constexpr auto kReplayOptions =
    std::to_array<OptionId>({registers, bank, against, tcti, initial, check_digests, save_state, from_state, resume,
                             text, json, yaml, tpm2_yaml, output, diagnostics, batch, unordered});
constexpr auto kVerifyOptions = std::to_array<OptionId>(
    {quote,      sig,         pcrs,     key,        ca,         crl,     tcb_info,    nonce,   no_nonce,
     at,         against,     tcti,     initial,    policy,     ima_key, make_policy, require, trust_registers,
     allow_sha1, tolerate,    tolerant, save_state, from_state, resume,  text,        json,    yaml,
     output,     diagnostics, batch,    unordered});
constexpr auto kExplainOptions =
    std::to_array<OptionId>({registers, bank, against, tcti, initial, text, json, yaml, output, diagnostics});
constexpr auto kConvertOptions =
    std::to_array<OptionId>({registers, bank, to, dialect, loss_report, allow_loss, allow_gap, output, diagnostics});
constexpr auto kRegistersOptions =
    std::to_array<OptionId>({registers, bank, tcti, text, json, yaml, tpm2_yaml, output, diagnostics});
constexpr auto kExtendOptions = std::to_array<OptionId>(
    {event, file, digest, standard_input, event_type, data, by_event, virtual_register, on,         backend, bank,
     tcti,  log,  wait,   recover,        force,      text, json,     ndjson,           diagnostics});
constexpr auto kBridgeOptions =
    std::to_array<OptionId>({on, way, virtual_register, bank, follow, once, interval, backend, tcti, log, wait, force,
                             text, json, ndjson, diagnostics});
constexpr auto kFormatsOptions = std::to_array<OptionId>({matrix, text, json, yaml, output});

constexpr std::string_view kLogBrief =
    "[FORMAT:][REGISTER=]PATH, - for standard input, or live for this machine's own logs. Several are one chain. "
    "Without any: live at a terminal, else standard input.";

constexpr std::string_view kSourceBrief =
    "live (the default), tpm or tdx-guest; a file or directory; SELECTION@FILE for bare values; BANK:REGISTER=HEX,...";

constexpr std::string_view kExtendBrief =
    "The register (rtmr3, rem3, pcr14), then the texts to measure, an event each. Without a register, the machine's "
    "last runtime register; never a PCR. Without an event, the lines of standard input.";

constexpr std::string_view kListBrief =
    "[FORMAT:]PATH: the IMA list, binary or ASCII. Of several, each goes on where the one before it ends, and the last "
    "is followed. Without any, this machine's.";

constexpr auto kCommands = std::to_array<CommandSpec>({
    {"inspect", "show the records of logs, decoded",
     "One line a record: its number, register, event type, the digest of the strongest bank in short form, and what "
     "the "
     "record says. A ! marks a digest that differs from its content, a ? one that cannot be checked because the "
     "measured "
     "bytes are not in the log, and a ~ one that is of a constant and says nothing about the data shown.",
     "[LOG...]", kLogBrief, kInspectOptions, inspect_command},
    {"replay", "compute the register values that logs lead to, and compare",
     "Folds every record into its register, in each bank, and says where each register started and why. With --against "
     "the values are compared; status 0 then means that all are equal, 1 that one differs, 6 that nothing could be "
     "compared.",
     "[LOG...]", kLogBrief, kReplayOptions, replay_command},
    {"verify", "say whether logs may be believed, layer by layer",
     "Says whether the logs may be believed, layer by layer: a signed quote vouches for register values, those for the "
     "logs that lead to them, these for the registers that they carry, and a policy says what they have to record. "
     "Status 0 means that all of it holds, 1 that a check failed, 6 that it cannot be known from what was given.",
     "[LOG...]", kLogBrief, kVerifyOptions, verify_command},
    {"explain", "say what could make logs and register values differ",
     "Tries, for every value that the logs do not lead to, what is known to happen: another startup locality, records "
     "left out, doubled or swapped, separators and Exit Boot Services events missing, padded SHA-1, another bank or "
     "register. What holds explains the value; it is no proof. The status is 1 where values differ, whatever is found.",
     "[LOG...]", kLogBrief, kExplainOptions, explain_command},
    {"convert", "write logs in another format, or say what that would lose",
     "Carries each record over as it is, or in a documented wrapping. Where something would be lost, nothing is "
     "written, the status is 4 and each loss is told, unless --allow-loss is given. The result is read back and "
     "replayed first: one that leads to other register values is never written.",
     "[LOG...]", kLogBrief, kConvertOptions, convert_command},
    {"extend", "measure events into a register, and keep its log",
     "Extends a register of this machine by each event and appends the event to the register's log, so that the two "
     "never part, however the run or the machine ends. Where the kernel keeps the log, it is written there; elsewhere "
     "mrtool keeps it, below /run/mrtool. Status 0 means that the register has every event and that the log is on the "
     "disk.",
     "[REGISTER] [EVENT...]", kExtendBrief, kExtendOptions, extend_command, Arguments::register_and_events},
    {"ima-bridge", "carry the entries of IMA's list to a register, as they come",
     "Makes IMA's measurements verifiable where IMA itself extends nothing, as on a machine without a TPM: each entry "
     "of "
     "its list is measured into a register of this machine, once and in order, across restarts. What verify then says "
     "of the list holds from the moment on at which an entry was carried: root can change what is not carried yet.",
     "[LOG...]", kListBrief, kBridgeOptions, ima_bridge_command},
    {"registers", "show register values from this machine, a file or a report",
     "The values of a source, and whether anything vouches for them. Its JSON is a source itself. A quote's "
     "signature is not checked here.",
     "[SRC]", kSourceBrief, kRegistersOptions, registers_command, Arguments::source},
    {"formats", "list the log formats, and what each one holds",
     "For each format its name and aliases, what it carries, and the variants (V) and tolerances (T) that its reader "
     "knows by name. With --matrix, how each kind of record is carried by each format.",
     "", "", kFormatsOptions, formats_command, Arguments::none},
});

consteval bool options_are_unique() {
  for (std::size_t i = 0; i < kOptions.size(); ++i) {
    for (std::size_t k = i + 1; k < kOptions.size(); ++k) {
      if (kOptions[i].name == kOptions[k].name || kOptions[i].id == kOptions[k].id ||
          (kOptions[i].letter != 0 && kOptions[i].letter == kOptions[k].letter)) {
        return false;
      }
    }
  }
  return true;
}
static_assert(options_are_unique());

}  // namespace

std::string_view to_string(Category category) {
  switch (category) {
    case Category::measuring:
      return "What is measured";
    case Category::keeping:
      return "Register and log";
    case Category::selection:
      return "Selection";
    case Category::evidence:
      return "Evidence";
    case Category::comparison:
      return "Values";
    case Category::judgement:
      return "Judgement";
    case Category::growing:
      return "Logs that grow";
    case Category::conversion:
      return "Conversion";
    case Category::rendering:
      return "Output";
    case Category::many:
      return "Many logs";
    case Category::global:
      return "Global options";
  }
  return {};
}

std::span<const OptionSpec> options() {
  return kOptions;
}

const OptionSpec& option(OptionId id) {
  return *std::ranges::find(kOptions, id, &OptionSpec::id);
}

const OptionSpec* find_option(std::string_view name) {
  const auto* const found = std::ranges::find(kOptions, name, &OptionSpec::name);
  return found == kOptions.end() ? nullptr : found;
}

const OptionSpec* find_option(char letter) {
  const auto* const found = std::ranges::find(kOptions, letter, &OptionSpec::letter);
  return letter == 0 || found == kOptions.end() ? nullptr : found;
}

std::span<const CommandSpec> commands() {
  return kCommands;
}

std::string argument_names(const CommandSpec& command) {
  std::string names(command.positional);
  std::erase_if(names, [](char c) { return c == '[' || c == ']'; });
  return names;
}

const CommandSpec* find_command(std::string_view name) {
  const auto* const found = std::ranges::find(kCommands, name, &CommandSpec::name);
  return found == kCommands.end() ? nullptr : found;
}

bool accepts(const CommandSpec& command, OptionId id) {
  return option(id).category == Category::global || std::ranges::find(command.options, id) != command.options.end();
}

}  // namespace mrtool
