#include <fmt/format.h>

#include "formats/json/carried_log.hpp"

namespace mrtool::carried {
namespace {

class CarriedReader final : public Reader {
 public:
  CarriedReader(std::unique_ptr<ByteSource> document, ReadOptions options, DiagnosticSink& diagnostics)
      : parts_(std::make_unique<PartSource>(std::move(document))),
        options_(std::move(options)),
        diagnostics_(diagnostics) {
    own_info_.format = "json";
    own_info_.evidence = "named";
  }

  Result<bool> read(Batch& batch) override;
  const LogInfo& info() const override { return reader_ == nullptr ? own_info_ : reader_->info(); }

 private:
  Status open();

  std::unique_ptr<PartSource> parts_;  // until the carried format's reader takes it
  ReadOptions options_;
  DiagnosticSink& diagnostics_;
  LogInfo own_info_;
  std::unique_ptr<Reader> reader_;
};

Status CarriedReader::open() {
  MRTOOL_TRY(header, parts_->header());
  const FormatRow* row = find_format(header.format);
  if (row == nullptr || row->make_reader == make_reader) {
    return fail(ErrorKind::malformed, fmt::format("expected a log of a known format, found \"{}\"", header.format));
  }
  if (options_.platform == Platform::unknown) {
    options_.platform = header.platform;
  }
  if (options_.bank == HashAlgorithm::none) {
    options_.bank = header.bank;
  }
  if (options_.algorithms.empty()) {
    options_.algorithms = header.algorithms;
  }
  if (!options_.reg && needs_register(*row)) {
    options_.reg = header.reg;
  }
  reader_ = row->make_reader(std::move(parts_), options_, diagnostics_);
  return {};
}

Result<bool> CarriedReader::read(Batch& batch) {
  if (reader_ == nullptr) {
    batch.records.clear();
    batch.trailing = {};
    if (auto status = open(); !status) {
      return std::unexpected(std::move(status).error());
    }
  }
  return reader_->read(batch);
}

}  // namespace

std::optional<Detection> detect(const Probe& probe) {
  JsonItems items{std::string(kArray)};
  const auto step = items.next(probe.prefix, probe.complete);
  if (step.state != JsonItems::State::leading || items.shape() != JsonShape::member) {
    return std::nullopt;
  }
  const auto header = read_header(probe.prefix.first(step.text));
  if (!header) {
    return std::nullopt;
  }
  return Detection{.evidence = fmt::format("schema {} carrying {}", kSchema, header->format), .note = {}};
}

std::unique_ptr<Reader> make_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                    DiagnosticSink& diagnostics) {
  return std::make_unique<CarriedReader>(std::move(source), options, diagnostics);
}

}  // namespace mrtool::carried
