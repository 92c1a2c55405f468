#include "formats/ima/base_reader.hpp"

#include <fmt/core.h>

#include "formats/ima/quirks.hpp"
#include "lib/content/ima.hpp"

namespace mrtool::ima {
namespace {

constexpr std::uint32_t kLastPcr = 23;

}  // namespace

BaseReader::BaseReader(std::string_view format, std::unique_ptr<ByteSource> source, ReadOptions options,
                       DiagnosticSink& diagnostics)
    : PieceReader(std::move(source)), options_(std::move(options)), diagnostics_(diagnostics) {
  describe(format);
}

BaseReader::BaseReader(std::string_view format, std::unique_ptr<ByteSource> source, ReadOptions options,
                       DiagnosticSink& diagnostics, Growing growing)
    : PieceReader(std::move(source), growing), options_(std::move(options)), diagnostics_(diagnostics) {
  describe(format);
}

void BaseReader::describe(std::string_view format) {
  info_.format = format;
  info_.evidence = "named";
  info_.platform = Platform::tpm;
  info_.has_digest_rules = true;
  info_.grows_at_runtime = true;
  begin_at(options_);
}

Result<PieceReader::Progress> BaseReader::parse(Batch& batch) {
  if (options_.begin && !digests_ && !adopt(*options_.begin)) {
    return damaged("expected a position in an IMA list to go on from, found one that no list has");
  }
  auto progress = parse_entries(batch);
  if (digests_) {
    digests_->finish(batch);
  }
  return progress;
}

void BaseReader::adopt(const Survey& found) {
  confirmed_ = found.state == SurveyState::confirmed || found.padded;
  info_.byte_order = found.layout.order;
  info_.algorithms = {{.algorithm = found.bank, .size = static_cast<std::uint16_t>(found.layout.digest_bytes)}};
  if (found.padded) {
    info_.dialect = kPaddedDialect;
    report(diagnostics_, QuirkId::padded_digests, next_number(), offset(),
           fmt::format("the digests are SHA-1, padded to {} bytes", found.layout.digest_bytes));
  }
  if (found.layout.order == ByteOrder::big) {
    report(diagnostics_, QuirkId::big_endian, next_number(), offset(), "the list was written in big-endian order");
  }
  digests_.emplace(options_, found.bank, found.padded);
}

bool BaseReader::adopt(const ReadPosition& position) {
  if (position.algorithms.size() != 1 || position.record == 0 || position.marks != 0 ||
      (!position.dialect.empty() && position.dialect != kPaddedDialect)) {
    return false;
  }
  const AlgorithmSize& stated = position.algorithms.front();
  const HashAlgorithmRow* const row = find_algorithm(stated.algorithm);
  if (row == nullptr || row->size != stated.size || !is_digest_size(stated.size)) {
    return false;
  }
  info_.byte_order = position.byte_order;
  info_.algorithms = position.algorithms;
  info_.dialect = position.dialect;
  confirmed_ = true;
  digests_.emplace(options_, stated.algorithm, !position.dialect.empty());
  return true;
}

Result<ReadPosition> BaseReader::position() const {
  const auto unsupported = [](std::string_view why) { return fail(ErrorKind::unsupported, std::string(why)); };
  if (!info_.preamble.empty()) {
    return unsupported("a list that a kernel handed to the next one does not grow");
  }
  if (!digests_ || !confirmed_ || next_number() == 0) {
    return unsupported("no entry's digest has told yet what the list's digests are");
  }
  if (records_end() < settled_at_) {
    return std::unexpected(Error{.kind = ErrorKind::unsupported,
                                 .message = "no state is kept: the digest of this entry near the log's end is not of "
                                            "its data, so that where the entry ends is not known",
                                 .file = {},
                                 .offset = unsettled_.offset,
                                 .record = unsettled_.record});
  }
  return ReadPosition{.offset = records_end(),
                      .record = next_number(),
                      .byte_order = info_.byte_order,
                      .algorithms = info_.algorithms,
                      .dialect = info_.dialect,
                      .marks = 0};
}

const std::optional<Template>& BaseReader::template_of(ByteView name) {
  if (template_name_ != as_text(name)) {
    template_name_ = as_text(name);
    template_ = find_template(template_name_);
  }
  return template_;
}

Record& BaseReader::add_entry(Batch& batch, const Parts& parts) {
  const std::size_t digests = digests_->add(batch, parts.digest, parts.data);
  Record& record = add_record(batch, digests);
  record.raw_index = parts.pcr;
  record.reg.kind = parts.pcr <= kLastPcr ? RegisterKind::pcr : RegisterKind::invalid;
  record.reg.index = parts.pcr;
  if (options_.reg) {
    record.reg = *options_.reg;
  }
  record.content = ContentType::ima_template;
  record.extends = true;
  record.name = parts.name;
  record.violation = Digests::is_violation(parts.digest);
  if (parts.data) {
    record.data = *parts.data;
  }
  const auto& kind = template_of(parts.name);
  if (!kind) {
    report(diagnostics_, QuirkId::unknown_template, record.number, record.offset,
           fmt::format("the template {} is not known", as_text(parts.name)));
    return record;
  }
  const bool boot_aggregate = is_named(*kind, record.data, info_.byte_order, kBootAggregate);
  record.starts_instance = boot_aggregate && record.number > 0;
  if (record.starts_instance) {
    report(diagnostics_, QuirkId::kernel_instance, record.number, record.offset,
           "boot_aggregate behind other entries: another kernel started here by kexec");
  }
  if (record.number == 0 && !boot_aggregate) {
    report(diagnostics_, QuirkId::no_boot_aggregate, record.number, record.offset,
           "the first entry is not boot_aggregate, so earlier entries were taken out of the list");
  }
  return record;
}

std::unexpected<Error> BaseReader::undecided() const {
  auto error = damaged(
      "expected an entry whose digest is the hash of its data, found none, so the list's bank is not known: name it "
      "with --bank");
  error.error().kind = ErrorKind::inconclusive;
  return error;
}

}  // namespace mrtool::ima
