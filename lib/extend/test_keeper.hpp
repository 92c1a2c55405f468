// For tests of the keeper: a register in memory, a log of lines, and a machine that fails or dies at a given step.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "lib/crypto/hash.hpp"
#include "lib/extend/keeper.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::extend::testing {

class Scratch {
 public:
  explicit Scratch(const std::filesystem::path& in = std::filesystem::temp_directory_path()) {
    std::string name = (in / "mrtool-keeper-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_text(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

// The process dies here. Thrown through the keeper, which then does nothing more than close its files.
struct Death {};

// Counts the steps at which a run changes something, and lets one of them go wrong.
struct Faults {
  enum class Kind : std::uint8_t { none, death, failure };
  Kind kind = Kind::none;
  int at = -1;            // the step, from 0
  unsigned percent = 0;   // of a write that is done before
  bool for_good = false;  // failures: from then on
  int steps = 0;          // that were met
  std::string last;       // of the last one, what it was

  // True: this step fails.
  bool step(const std::string& what, const std::function<void(unsigned)>& part = {}) {
    last = what;
    const int step = steps++;
    if (kind == Kind::none || step < at || (step > at && !for_good)) {
      return false;
    }
    if (part) {
      part(percent);
    }
    if (kind == Kind::death) {
      throw Death();
    }
    return true;
  }
};

inline std::unexpected<Error> no_space(const std::string& path) {
  return std::unexpected(Error{.kind = ErrorKind::io,
                               .message = fmt::format("cannot be written: {}", std::strerror(ENOSPC)),
                               .file = path,
                               .offset = {},
                               .record = {}});
}

class FaultyFile final : public File {
 public:
  FaultyFile(std::unique_ptr<File> file, Faults& faults) : file_(std::move(file)), faults_(faults) {}

  const std::string& path() const override { return file_->path(); }
  Result<std::uint64_t> size() override { return file_->size(); }
  Result<Bytes> read_at(std::uint64_t offset, std::size_t size) override { return file_->read_at(offset, size); }
  Status write_at(std::uint64_t offset, ByteView bytes) override {
    const auto part = [&](unsigned percent) {
      (void)file_->write_at(offset, bytes.first(bytes.size() * percent / 100));
    };
    return faults_.step("write " + path(), part) ? Status(no_space(path())) : file_->write_at(offset, bytes);
  }
  Status truncate(std::uint64_t size) override {
    return faults_.step("truncate " + path()) ? Status(no_space(path())) : file_->truncate(size);
  }
  Status sync() override { return faults_.step("sync " + path()) ? Status(no_space(path())) : file_->sync(); }
  Status reserve(std::uint64_t offset, std::uint64_t size) override {
    return faults_.step("reserve " + path()) ? Status(no_space(path())) : file_->reserve(offset, size);
  }
  Result<bool> try_lock() override { return file_->try_lock(); }
  Result<std::uint32_t> mode() override { return file_->mode(); }
  Status set_mode(std::uint32_t mode) override {
    return faults_.step("chmod " + path()) ? Status(no_space(path())) : file_->set_mode(mode);
  }
  bool is_in_place() override { return file_->is_in_place(); }

 private:
  std::unique_ptr<File> file_;
  Faults& faults_;
};

// The real machine, with faults and a boot id of the test's choice.
class FaultyHost final : public Host {
 public:
  explicit FaultyHost(std::string root = {}) : host_(make_host(std::move(root))) {}

  Faults faults;
  std::string boot = "11111111-2222-3333-4444-555555555555\n";

  std::string system_path(const std::string& path) const override { return host_->system_path(path); }
  Result<std::unique_ptr<ByteSource>> open(const std::string& path) override {
    return path == "/proc/sys/kernel/random/boot_id" ? make_memory_source(as_bytes(boot)) : host_->open(path);
  }
  std::unique_ptr<ByteSource> standard_input() override { return host_->standard_input(); }
  FileKind kind(const std::string& path) override { return host_->kind(path); }
  Result<std::vector<std::string>> list(const std::string& directory) override { return host_->list(directory); }
  Status write_file(const std::string& path, ByteView content) override {
    return faults.step("replace " + path) ? Status(no_space(path)) : host_->write_file(path, content);
  }
  Status make_directories(const std::string& path) override {
    return faults.step("mkdir " + path) ? Status(no_space(path)) : host_->make_directories(path);
  }
  Result<std::unique_ptr<File>> open_file(const std::string& path, const FileAccess& access) override {
    if (faults.step("open " + path)) {
      return no_space(path);
    }
    MRTOOL_TRY(file, host_->open_file(path, access));
    return std::make_unique<FaultyFile>(std::move(file), faults);
  }
  Status rename_file(const std::string& from, const std::string& to) override {
    return faults.step("rename " + from) ? Status(no_space(from)) : host_->rename_file(from, to);
  }

 private:
  std::unique_ptr<Host> host_;
};

inline Register reg_of(std::string_view name) {
  return parse_register(name).value();
}

// A register that outlives processes.
struct Cell {
  explicit Cell(std::vector<HashAlgorithm> the_banks = {HashAlgorithm::sha256}) : banks(std::move(the_banks)) {
    reset();
  }

  void reset() {
    value.clear();
    for (const HashAlgorithm bank : banks) {
      value.push_back({.bank = bank, .digest = Digest::filled(find_algorithm(bank)->size, 0)});
    }
  }
  void extend(std::span<const BankDigest> digests) {
    HashEngine engine;
    for (std::size_t i = 0; i < value.size(); ++i) {
      engine.extend(value[i].bank, value[i].digest, digests[i].digest.view());
    }
    ++extends;
  }
  void extend(std::string_view text) { extend(digests_of(as_bytes(text), banks)); }

  std::vector<HashAlgorithm> banks;
  std::vector<BankDigest> value;
  int extends = 0;
};

class CellTarget final : public ExtendTarget {
 public:
  CellTarget(Register reg, Cell& cell, std::string directory, Faults* faults = nullptr)
      : reg_(std::move(reg)), cell_(cell), directory_(std::move(directory)), faults_(faults) {}

  // Before and behind each extend: what others do, or what goes wrong. `fails`: it reports failure.
  std::function<void()> before = [] {};
  std::function<void()> behind = [] {};
  std::function<bool()> is_lost = [] { return false; };  // it does not reach the register
  std::function<bool()> fails = [] { return false; };
  bool unreadable = false;

  const Register& reg() const override { return reg_; }
  std::string_view backend() const override { return "cell"; }
  std::string where() const override { return "memory"; }
  std::span<const HashAlgorithm> banks() const override { return cell_.banks; }
  std::string state_directory() const override { return directory_; }
  Result<std::vector<BankDigest>> read() override {
    return unreadable ? Result<std::vector<BankDigest>>(fail(ErrorKind::io, "cannot be read")) : cell_.value;
  }
  Status extend(std::span<const BankDigest> digests) override {
    if (faults_ != nullptr) {
      (void)faults_->step("before extend");
    }
    before();
    if (!is_lost()) {
      cell_.extend(digests);
    }
    behind();
    if (faults_ != nullptr) {
      (void)faults_->step("behind extend");
    }
    return fails() ? fail(ErrorKind::io, "does not answer") : Status();
  }

 private:
  Register reg_;
  Cell& cell_;
  std::string directory_;
  Faults* faults_;
};

// A log of lines that ends with a line of its own, as formats do whose end moves: "+ REGISTER TEXT" for an event whose
// digests are of the text, "= REGISTER BANK HEX..." for a mark.
class LineLog final : public KeptLog {
 public:
  static constexpr std::string_view kEnd = "end\n";

  bool dirty_protocol = false;

  std::string_view format() const override { return "lines"; }
  std::string_view file_name() const override { return "log"; }
  bool marks_dirty() const override { return dirty_protocol; }

  Result<LogEnd> scan(std::unique_ptr<ByteSource> source, const Register& /*reg*/, HashAlgorithm /*bank*/) override {
    ++scans;
    MRTOOL_TRY(bytes, read_all(*source, std::uint64_t{1} << 30U));
    return fold(as_text(bytes));
  }
  int scans = 0;

  static Result<LogEnd> fold(std::string_view text, std::span<const HashAlgorithm> banks = kBanks) {
    LogEnd end;
    end.size = text.size();
    if (text.empty()) {
      return end;
    }
    if (!text.ends_with(kEnd)) {
      return fail(ErrorKind::malformed, "expected a log that ends with its last line, found one that is cut short");
    }
    text.remove_suffix(kEnd.size());
    HashEngine engine;
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(line.size() + 1);
      const std::string_view rest = line.substr(2);
      const std::size_t space = rest.find(' ');
      const Register reg = reg_of(rest.substr(0, space));
      const std::string_view what = rest.substr(space + 1);
      ++end.records;
      ++end.next_numbers[reg];
      for (const HashAlgorithm bank : banks) {
        Digest& value =
            end.values.try_emplace({.reg = reg, .bank = bank}, Digest::filled(find_algorithm(bank)->size, 0))
                .first->second;
        if (line.starts_with('+')) {
          engine.extend(bank, value, engine.hash(bank, as_bytes(what)).view());
        } else if (const std::size_t at = what.find(to_string(bank) + "/"); at != std::string_view::npos) {
          value = Digest(*from_hex(what.substr(at + to_string(bank).size() + 1, 2 * value.size())));
        }
      }
    }
    return end;
  }

  std::vector<Event> resume(const Register& reg, std::span<const BankDigest> present, const LogEnd& end) override {
    bool there = true;
    std::string text;
    for (const BankDigest& value : present) {
      const auto known = end.values.find({.reg = reg, .bank = value.bank});
      there =
          there && (known == end.values.end() ? all_equal_to(value.digest.view(), 0) : known->second == value.digest);
      text += fmt::format("{}{}/{}", text.empty() ? "" : " ", to_string(value.bank), value.digest.hex());
    }
    if (there || dirty_protocol) {
      return {};
    }
    return {Event{.data = to_bytes(as_bytes(text)), .name = {}, .digests = {}, .extends = false, .extras = {}}};
  }

  Result<Append> encode(const Event& event, const Register& reg, const LogEnd& end, bool /*first*/) override {
    if (as_text(event.data) == "refused") {
      return fail(ErrorKind::unsupported, "the log cannot hold it");
    }
    const std::string line =
        fmt::format("{} {} {}\n{}", event.extends ? '+' : '=', to_string(reg), as_text(event.data), kEnd);
    Append append{.at = end.size == 0 ? 0 : end.size - kEnd.size(), .bytes = to_bytes(as_bytes(line)), .end = end};
    append.end.size = append.at + line.size();
    ++append.end.records;
    ++append.end.next_numbers[reg];
    return append;
  }

  static constexpr std::array kBanks{HashAlgorithm::sha256};
};

inline Event event_of(std::string_view text, std::span<const HashAlgorithm> banks = LineLog::kBanks) {
  return {.data = to_bytes(as_bytes(text)), .name = {}, .digests = digests_of(as_bytes(text), banks), .extras = {}};
}

inline std::vector<Event> events_of(const std::vector<std::string>& texts,
                                    std::span<const HashAlgorithm> banks = LineLog::kBanks) {
  std::vector<Event> events;
  for (const std::string& text : texts) {
    events.push_back(event_of(text, banks));
  }
  return events;
}

}  // namespace mrtool::extend::testing
