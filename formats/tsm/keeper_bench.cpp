// What keeping a log costs for each event, beside what it cannot do without: two waits for the device (for the journal
// before the register is touched, for the log after; of a batch one each). The register costs nothing here.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

#include "formats/tsm/kept_log.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/extend/keeper.hpp"

using namespace mrtool;

namespace {

constexpr std::array kBanks{HashAlgorithm::sha384};

class Directory {
 public:
  Directory() : path_(std::filesystem::temp_directory_path() / "mrtool-bench-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) {
      throw std::runtime_error("no temporary directory");
    }
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class Register final : public extend::ExtendTarget {
 public:
  explicit Register(std::string directory) : directory_(std::move(directory)) {}

  const mrtool::Register& reg() const override { return reg_; }
  std::string_view backend() const override { return "memory"; }
  std::string where() const override { return "memory"; }
  std::span<const HashAlgorithm> banks() const override { return kBanks; }
  std::string state_directory() const override { return directory_; }
  Result<std::vector<extend::BankDigest>> read() override {
    return std::vector<extend::BankDigest>{{.bank = kBanks[0], .digest = value_}};
  }
  Status extend(std::span<const extend::BankDigest> digests) override {
    engine_.extend(kBanks[0], value_, digests[0].digest.view());
    return {};
  }

 private:
  mrtool::Register reg_{.kind = RegisterKind::rtmr, .index = 3, .name = {}, .provider = {}, .carrier = {}};
  std::string directory_;
  HashEngine engine_;
  Digest value_ = Digest::filled(find_algorithm(kBanks[0])->size, 0);
};

extend::Event event(std::size_t number) {
  const std::string text = fmt::format("example.org measured this in event number {}", number);
  return {.content = ContentType::tsm,
          .type = static_cast<std::uint32_t>(TsmLine::record),
          .data = Bytes(text.begin(), text.end()),
          .name = {},
          .digests = extend::digests_of(as_bytes(text), kBanks),
          .extras = {}};
}

// A journal written and waited for, then a log.
void bare_syncs(benchmark::State& state) {
  const Directory directory;
  const int journal = ::open((directory.path() + "/journal").c_str(), O_RDWR | O_CREAT, 0600);
  const int log = ::open((directory.path() + "/log").c_str(), O_RDWR | O_CREAT | O_APPEND, 0600);
  const std::string intent(600, 'j');
  const std::string line(80, 'l');
  for (auto iteration : state) {
    bool done = ::pwrite(journal, intent.data(), intent.size(), 0) > 0 && ::fdatasync(journal) == 0;
    done = done && ::write(log, line.data(), line.size()) > 0 && ::fdatasync(log) == 0;
    if (!done) {
      state.SkipWithError("cannot write");
    }
  }
  state.SetItemsProcessed(state.iterations());
  ::close(journal);
  ::close(log);
}
BENCHMARK(bare_syncs)->UseRealTime();

// Batches of as many events as the argument says.
void kept(benchmark::State& state) {
  const Directory directory;
  Register target(directory.path());
  const auto log = tsm::make_tsm_kept_log(kBanks[0]);
  const auto host = make_host("");
  extend::Keeper keeper(target, *log, *host, {});
  std::vector<extend::Event> events;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    events.push_back(event(static_cast<std::size_t>(i)));
  }
  for (auto iteration : state) {
    const Status measured = keeper.measure(events, [](std::size_t, const extend::Extended&) {});
    if (!measured) {
      state.SkipWithError(to_string(measured.error()).c_str());
      break;
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(kept)->Arg(1)->Arg(16)->Arg(256)->UseRealTime();

}  // namespace
