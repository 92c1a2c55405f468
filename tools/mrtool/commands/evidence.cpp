#include "tools/mrtool/commands/evidence.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "lib/base/limits.hpp"
#include "lib/base/reread_host.hpp"
#include "lib/base/text.hpp"
#include "lib/quote/tsm_report.hpp"
#include "lib/sources/sources.hpp"

namespace mrtool {
namespace {

std::string option_name(OptionId id) {
  return fmt::format("--{}", option(id).name);
}

// What is of no use without a quote.
constexpr auto kCompanions =
    std::to_array<OptionId>({OptionId::sig, OptionId::pcrs, OptionId::key, OptionId::ca, OptionId::crl,
                             OptionId::tcb_info, OptionId::nonce, OptionId::no_nonce, OptionId::at});

Result<NamedBytes> read_named(const std::string& path, Host& host, const SharedInputs& shared) {
  MRTOOL_TRY(bytes, shared.file(path, host));
  return NamedBytes{.name = path, .bytes = std::move(bytes)};
}

Result<std::optional<NamedBytes>> read_one(const CommandLine& line, OptionId id, Host& host,
                                           const SharedInputs& shared) {
  if (!line.has(id)) {
    return std::nullopt;
  }
  MRTOOL_TRY(file, read_named(std::string(line.value(id)), host, shared));
  return file;
}

Result<std::vector<NamedBytes>> read_each(const CommandLine& line, OptionId id, Host& host,
                                          const SharedInputs& shared) {
  std::vector<NamedBytes> files;
  for (const std::string& path : line.all(id)) {
    MRTOOL_TRY(file, read_named(path, host, shared));
    files.push_back(std::move(file));
  }
  return files;
}

// 2026-11-24, 2026-11-24T18:00:00Z, or seconds since 1970.
Result<std::int64_t> parse_time(std::string_view text) {
  const std::string whole(text);
  const auto refuse = [&] {
    return fail(ErrorKind::usage,
                fmt::format("--at takes 2026-11-24, 2026-11-24T18:00:00Z or seconds since 1970, not '{}'",
                            escape_for_terminal(text)));
  };
  if (!whole.empty() && whole.size() <= 12 && whole.find_first_not_of("0123456789") == std::string::npos) {
    return std::stoll(whole);
  }
  std::tm time{};
  for (const char* const form : {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"}) {
    time = {};
    const char* const end = ::strptime(whole.c_str(), form, &time);
    if (end != nullptr && *end == '\0') {
      const auto day = std::chrono::year_month_day(std::chrono::year(time.tm_year + 1900),
                                                   std::chrono::month(static_cast<unsigned>(time.tm_mon + 1)),
                                                   std::chrono::day(static_cast<unsigned>(time.tm_mday)));
      if (!day.ok()) {
        return refuse();
      }
      return static_cast<std::int64_t>(::timegm(&time));
    }
  }
  return refuse();
}

Status take_nonce(const CommandLine& line, QuoteEvidence& evidence) {
  if (line.has(OptionId::nonce) && line.has(OptionId::no_nonce)) {
    return fail(ErrorKind::usage, "--nonce and --no-nonce exclude each other");
  }
  if (line.has(OptionId::no_nonce)) {
    evidence.nonce_policy = NoncePolicy::waived;
  }
  if (line.has(OptionId::nonce)) {
    auto nonce = from_hex(line.value(OptionId::nonce));
    if (!nonce || nonce->empty()) {
      return fail(ErrorKind::usage, fmt::format("--nonce takes hexadecimal digits, two a byte, not '{}'",
                                                escape_for_terminal(line.value(OptionId::nonce))));
    }
    evidence.nonce_policy = NoncePolicy::given;
    evidence.nonce = *std::move(nonce);
  }
  return {};
}

// From a file, or from this machine's kernel.
Status take_quote(const CommandLine& line, Host& host, const SharedInputs& shared, QuoteEvidence& evidence) {
  const std::string path(line.value(OptionId::quote));
  if (path != "live") {
    MRTOOL_TRY(quote, read_named(path, host, shared));
    evidence.quote = std::move(quote);
    return {};
  }
  if (evidence.nonce_policy != NoncePolicy::given) {
    return fail(ErrorKind::usage, "--quote live asks for a report with a nonce: give it with --nonce");
  }
  MRTOOL_TRY(report, request_tsm_report({.nonce = evidence.nonce}, host));
  evidence.quote = std::move(report.report);
  evidence.manifest = std::move(report.manifest);
  return {};
}

// Text and JSON name their registers; binary files need what the quote says, and are read by its kind.
Status take_pcrs(const CommandLine& line, Host& host, const SharedInputs& shared, QuoteEvidence& evidence) {
  if (!line.has(OptionId::pcrs)) {
    return {};
  }
  const std::string path(line.value(OptionId::pcrs));
  RereadHost kept(host);  // it may be a pipe
  MRTOOL_TRY(file, read_named(path, kept, shared));
  if (auto values = load_register_values(path, kept)) {
    evidence.pcr_values = *std::move(values);
  } else {
    evidence.pcr_file = std::move(file);
  }
  return {};
}

Result<QuoteEvidence> read_evidence(const CommandLine& line, Host& host, const SharedInputs& shared) {
  QuoteEvidence evidence;
  evidence.time =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  if (line.has(OptionId::at)) {
    MRTOOL_TRY(time, parse_time(line.value(OptionId::at)));
    evidence.time = time;
    evidence.time_is_given = true;
  }
  if (const Status taken = take_nonce(line, evidence); !taken) {
    return std::unexpected(taken.error());
  }
  evidence.allow_sha1 = line.has(OptionId::allow_sha1);
  if (const Status taken = take_quote(line, host, shared, evidence); !taken) {
    return std::unexpected(taken.error());
  }
  if (const Status taken = take_pcrs(line, host, shared, evidence); !taken) {
    return std::unexpected(taken.error());
  }
  MRTOOL_TRY(signature, read_one(line, OptionId::sig, host, shared));
  evidence.signature = std::move(signature);
  MRTOOL_TRY(key, read_one(line, OptionId::key, host, shared));
  evidence.key = std::move(key);
  MRTOOL_TRY(roots, read_each(line, OptionId::ca, host, shared));
  evidence.roots = std::move(roots);
  MRTOOL_TRY(crls, read_each(line, OptionId::crl, host, shared));
  evidence.crls = std::move(crls);
  MRTOOL_TRY(tcb_info, read_each(line, OptionId::tcb_info, host, shared));
  evidence.tcb_info = std::move(tcb_info);
  return evidence;
}

std::unexpected<Error> about(Error error, const std::string& path) {
  if (error.file.empty()) {
    error.file = path;
  }
  return std::unexpected(std::move(error));
}

}  // namespace

Result<std::optional<QuoteResult>> appraise_quote(const CommandLine& line, Host& host, const SharedInputs& shared) {
  if (!line.has(OptionId::quote)) {
    for (const OptionId companion : kCompanions) {
      if (line.has(companion)) {
        return fail(ErrorKind::usage,
                    fmt::format("{} goes with a quote: give it with --quote", option_name(companion)));
      }
    }
    return std::nullopt;
  }
  MRTOOL_TRY(evidence, read_evidence(line, host, shared));
  const std::string path = evidence.quote.name;
  const QuoteKind* const kind = find_quote_kind(evidence.quote.bytes);
  if (kind == nullptr) {
    return about(Error{.kind = ErrorKind::malformed,
                       .message = "expected a signed report (TPM quote, TDX quote, CCA token, Nitro document or SNP "
                                  "report), found none of these; values that nobody signed are given with --against",
                       .file = {},
                       .offset = {},
                       .record = {}},
                 path);
  }
  if (kind->best != Authenticated::signed_) {
    return about(Error{.kind = ErrorKind::unsupported,
                       .message = fmt::format("this is a {}, which only its own machine can check: as values that "
                                              "nobody signed, it is given with --against",
                                              kind->name),
                       .file = {},
                       .offset = {},
                       .record = {}},
                 path);
  }
  auto result = kind->appraise(evidence);
  if (!result) {
    return about(std::move(result).error(), path);
  }
  result->registers.source = path;
  result->registers.authenticated = kind->best;
  return *std::move(result);
}

}  // namespace mrtool
