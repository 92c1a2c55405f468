#include "lib/quote/tsm_report.hpp"

#include <fmt/format.h>

#include <charconv>
#include <random>
#include <utility>
#include <vector>

#include "lib/base/limits.hpp"

namespace mrtool {
namespace {

constexpr std::string_view kReports = "/sys/kernel/config/tsm/report";
constexpr int kAttempts = 2;
constexpr std::uint64_t kShortText = 4096;  // bytes of a text attribute

// A request's directory, removed at the end. That fails only where somebody removed it before.
class RequestDirectory {
 public:
  static Result<RequestDirectory> make(Host& host) {
    std::random_device random;
    RequestDirectory directory(
        host, fmt::format("{}/mrtool-{:08x}{:08x}", host.system_path(std::string(kReports)), random(), random()));
    if (auto made = host.make_directory(directory.path_); !made) {
      directory.host_ = nullptr;
      return std::unexpected(made.error());
    }
    return directory;
  }
  ~RequestDirectory() {
    if (host_ != nullptr) {
      // NOLINTNEXTLINE(bugprone-unused-return-value): a destructor can tell nobody
      (void)host_->remove_directory(path_);
    }
  }
  RequestDirectory(RequestDirectory&& other) noexcept
      : host_(std::exchange(other.host_, nullptr)), path_(std::move(other.path_)) {}
  RequestDirectory& operator=(RequestDirectory&&) = delete;
  RequestDirectory(const RequestDirectory&) = delete;
  RequestDirectory& operator=(const RequestDirectory&) = delete;

  std::string operator/(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

 private:
  RequestDirectory(Host& host, std::string path) : host_(&host), path_(std::move(path)) {}

  Host* host_;
  std::string path_;
};

struct Attribute {
  std::string_view name;
  Bytes content;
};

// In the order in which they are written: the nonce last, for it makes the report.
std::vector<Attribute> attributes_of(const TsmReportRequest& request) {
  std::vector<Attribute> attributes;
  const auto add = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) {
      attributes.push_back({name, to_bytes(as_bytes(text))});
    }
  };
  const auto number = [](const std::optional<unsigned>& value) {
    return value ? std::to_string(*value) : std::string();
  };
  add("privlevel", number(request.privilege_level));
  add("service_provider", request.service_provider);
  add("service_guid", request.service_guid);
  add("service_manifest_version", number(request.service_manifest_version));
  Bytes nonce = request.nonce;
  nonce.resize(kTsmNonceSize);
  attributes.push_back({"inblob", std::move(nonce)});
  return attributes;
}

std::unexpected<Error> io_failure(const std::string& path, std::string message) {
  return std::unexpected(
      Error{.kind = ErrorKind::io, .message = std::move(message), .file = path, .offset = {}, .record = {}});
}

// A line of text without its end.
Result<std::string> read_text(const std::string& path, Host& host) {
  MRTOOL_TRY(content, host.read_file(path, kShortText));
  std::string text(as_text(content));
  while (text.ends_with('\n')) {
    text.pop_back();
  }
  return text;
}

Result<std::uint64_t> read_generation(const RequestDirectory& directory, Host& host) {
  const std::string path = directory / "generation";
  MRTOOL_TRY(text, read_text(path, host));
  std::uint64_t generation = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), generation);
  if (error != std::errc() || end != text.data() + text.size()) {
    return io_failure(path, "expected a decimal number, found another text");
  }
  return generation;
}

// A blob that not every platform has.
std::optional<NamedBytes> read_extra(const RequestDirectory& directory, std::string_view name, Host& host) {
  const std::string path = directory / name;
  if (host.kind(path) == FileKind::absent) {
    return std::nullopt;
  }
  auto content = host.read_file(path, limits::kSmallFile);
  if (!content || content->empty()) {
    return std::nullopt;
  }
  return NamedBytes{.name = path, .bytes = std::move(*content)};
}

Result<TsmReport> read_report(const RequestDirectory& directory, const TsmReportRequest& request, Host& host) {
  TsmReport report;
  report.report.name = directory / "outblob";
  MRTOOL_TRY(content, host.read_file(report.report.name, limits::kSmallFile));
  report.report.bytes = std::move(content);
  report.auxiliary = read_extra(directory, "auxblob", host);
  report.manifest = read_extra(directory, "manifestblob", host);
  MRTOOL_TRY(provider, read_text(directory / "provider", host));
  report.provider = std::move(provider);
  if (report.report.bytes.empty()) {
    return io_failure(report.report.name,
                      fmt::format("{} gave an empty report: its quoting service may not be running", report.provider));
  }
  if (!request.service_provider.empty() && !report.manifest) {
    return io_failure(directory / "manifestblob", "expected the manifest of the service, found none");
  }
  return report;
}

// Nothing where another program wrote into the directory, so that the report may be its own.
Result<std::optional<TsmReport>> attempt(const TsmReportRequest& request, Host& host) {
  MRTOOL_TRY(directory, RequestDirectory::make(host));
  std::uint64_t expected = 0;
  for (const Attribute& attribute : attributes_of(request)) {
    if (auto written = host.write_once(directory / attribute.name, attribute.content); !written) {
      return std::unexpected(written.error());
    }
    ++expected;
  }
  auto report = read_report(directory, request, host);
  // A stale report cannot be read either, so the generation is asked for first.
  MRTOOL_TRY(generation, read_generation(directory, host));
  if (generation < expected) {
    return io_failure(directory / "generation",
                      fmt::format("the kernel took {} of {} attributes of the request", generation, expected));
  }
  if (generation > expected) {
    return std::nullopt;
  }
  if (!report) {
    return std::unexpected(report.error());
  }
  return std::move(*report);
}

}  // namespace

Result<TsmReport> request_tsm_report(const TsmReportRequest& request, Host& host) {
  if (request.nonce.size() > kTsmNonceSize) {
    return fail(ErrorKind::usage,
                fmt::format("expected a nonce of at most {} bytes, found {}", kTsmNonceSize, request.nonce.size()));
  }
  for (int i = 0; i < kAttempts; ++i) {
    MRTOOL_TRY(report, attempt(request, host));
    if (report) {
      return std::move(*report);
    }
  }
  return io_failure(host.system_path(std::string(kReports)),
                    "another program wrote into the request while its report was made, twice");
}

}  // namespace mrtool
