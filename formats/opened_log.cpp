#include "formats/opened_log.hpp"

#include <fmt/core.h>

#include "formats/tcg/opening.hpp"

namespace mrtool {
namespace {

// Enough to tell a companion from a log.
constexpr std::uint64_t kKindBytes = 64;

class CountingSource final : public ByteSource {
 public:
  CountingSource(std::unique_ptr<ByteSource> source, std::uint64_t& count)
      : source_(std::move(source)), count_(count) {}

  Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
    auto got = source_->read(buffer);
    if (got) {
      count_ += *got;
    }
    return got;
  }

 private:
  std::unique_ptr<ByteSource> source_;
  std::uint64_t& count_;
};

void look(OpenedLog& opened) {
  const auto front = opened.source->peek(kKindBytes);
  if (!front) {
    opened.error = front.error();
    return;
  }
  if (opened.name.format != nullptr && !is_crypto_agile(*opened.name.format)) {
    return;
  }
  const bool complete = opened.source->at_end_after_peek();
  if (complete && front->size() == tcg::kAcpiTableBytes) {
    opened.table = tcg::read_acpi_table(*front);
  }
  opened.final_events = tcg::starts_final_events(*front, complete, tcg::built_in_algorithms());
}

// What somebody who names a directory could mean.
std::string describe_directory(const std::string& path, Host& host) {
  constexpr const char* kRegisterLog = "event_log";
  const std::string log = fmt::format("{}/{}", path, kRegisterLog);
  if (host.kind(log) != FileKind::absent) {
    return fmt::format("expected a log, found the directory of a measurement register: its log is {}", log);
  }
  return "expected a log, found a directory; register values in one are given with --against, the files of another "
         "machine with 'live --root', and the log of a measurement register is its file event_log";
}

}  // namespace

OpenedLog open_log(const LogName& name, Host& host) {
  OpenedLog opened{.name = name, .source = nullptr, .error = {}, .table = {}, .final_events = false};
  std::unique_ptr<ByteSource> source;
  if (name.path == "-") {
    source = host.standard_input();
  } else if (auto file = host.open(name.path)) {
    source = *std::move(file);
  } else {
    opened.error = std::move(file).error();
    if (host.kind(name.path) == FileKind::directory) {
      opened.error->message = describe_directory(name.path, host);
    }
    return opened;
  }
  opened.source = std::make_unique<PeekSource>(std::move(source));
  look(opened);
  return opened;
}

bool is_crypto_agile(const FormatRow& format) {
  return format.name == "tcg2" || format.name == "ccel";
}

std::unique_ptr<ByteSource> make_counting_source(std::unique_ptr<ByteSource> source, std::uint64_t& count) {
  return std::make_unique<CountingSource>(std::move(source), count);
}

}  // namespace mrtool
