#include "lib/quote/common.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace mrtool::quotes {
namespace {

struct InputRow {
  Input input;
  std::string_view name;
  bool (*given)(const QuoteEvidence&);
};

constexpr std::array kInputs{
    InputRow{Input::signature, "a signature (--sig)", [](const QuoteEvidence& e) { return e.signature.has_value(); }},
    InputRow{Input::pcrs, "PCR values (--pcrs)",
             [](const QuoteEvidence& e) { return e.pcr_file.has_value() || e.pcr_values.has_value(); }},
    InputRow{Input::key, "a key (--key)", [](const QuoteEvidence& e) { return e.key.has_value(); }},
    InputRow{Input::roots, "root certificates (--ca)", [](const QuoteEvidence& e) { return !e.roots.empty(); }},
    InputRow{Input::crls, "revocation lists (--crl)", [](const QuoteEvidence& e) { return !e.crls.empty(); }},
    InputRow{Input::tcb_info, "TCB info (--tcb-info)", [](const QuoteEvidence& e) { return !e.tcb_info.empty(); }},
    InputRow{Input::manifest, "a services manifest", [](const QuoteEvidence& e) { return e.manifest.has_value(); }},
};

QuoteCheck revocation_check(const ChainResult& chain, bool has_crls) {
  if (!has_crls) {
    return {.name = "revocation",
            .verdict = Verdict::skipped,
            .detail = "no revocation list was given (--crl): whether a certificate was revoked was not checked"};
  }
  if (!chain.without_crl.empty()) {
    return {.name = "revocation",
            .verdict = Verdict::inconclusive,
            .detail = fmt::format("no revocation list was given for {}", fmt::join(chain.without_crl, "; "))};
  }
  return {.name = "revocation",
          .verdict = Verdict::pass,
          .detail = "no certificate of the chain is on the revocation lists that were given"};
}

}  // namespace

void tell_unused(std::vector<QuoteCheck>& checks, const QuoteEvidence& evidence, std::initializer_list<Input> used) {
  for (const InputRow& row : kInputs) {
    if (row.given(evidence) && std::ranges::find(used, row.input) == used.end()) {
      checks.push_back(
          {.name = "unused-input",
           .verdict = Verdict::inconclusive,
           .detail = fmt::format("nothing in a report of this kind is checked with {}: give only what belongs to it",
                                 row.name)});
    }
  }
}

Result<std::vector<Certificate>> parse_certificates(std::span<const NamedBytes> files) {
  std::vector<Certificate> all;
  for (const NamedBytes& file : files) {
    auto certificates = Certificate::parse(file.bytes);
    if (!certificates) {
      Error error = certificates.error();
      error.file = file.name;
      return std::unexpected(std::move(error));
    }
    all.insert(all.end(), certificates->begin(), certificates->end());
  }
  return all;
}

std::string format_time(std::int64_t seconds) {
  constexpr std::int64_t kYear10000 = 253402300800;
  if (seconds < 0 || seconds >= kYear10000) {
    return fmt::format("second {}", seconds);
  }
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

std::string format_day(std::int64_t seconds) {
  const std::string time = format_time(seconds);
  return time.substr(0, time.find('T'));
}

void check_chain(std::vector<QuoteCheck>& checks, const ChainInputs& inputs) {
  std::vector<Bytes> crls;
  for (const NamedBytes& crl : inputs.crls) {
    crls.push_back(crl.bytes);
  }
  const auto chain = verify_chain(
      inputs.leaf, {.intermediates = inputs.intermediates, .roots = inputs.roots, .crls = crls, .time = inputs.time});
  if (!chain) {
    checks.push_back({.name = "certificate-chain", .verdict = Verdict::fail, .detail = chain.error().message});
    return;
  }
  checks.push_back({.name = "certificate-chain",
                    .verdict = Verdict::pass,
                    .detail = fmt::format("{} certificates from {} up to {} are valid on {}", chain->path.size(),
                                          chain->path.front().summary().subject, chain->path.back().summary().subject,
                                          format_day(inputs.time))});
  checks.push_back(revocation_check(*chain, !crls.empty()));
}

Result<QuoteResult> named(Result<QuoteResult> result, std::string_view kind, const QuoteEvidence& evidence) {
  if (!result) {
    if (result.error().file.empty()) {
      result.error().file = evidence.quote.name;
    }
    return result;
  }
  result->kind = kind;
  result->registers.source = evidence.quote.name;
  result->registers.kind = kind;
  result->registers.authenticated = Authenticated::signed_;
  return result;
}

}  // namespace mrtool::quotes
