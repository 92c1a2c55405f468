// For tests of ima-bridge: a TD whose runtime register is a software register that the bridge carries an IMA list to,
// and a process that follows one.
#pragma once

#include <signal.h>

#include <chrono>
#include <functional>
#include <thread>

#include "tools/mrtool/layered_case_test.hpp"

namespace mrtool::testing {

inline std::string list_of(const std::vector<ImaTestEntry>& entries) {
  std::string list;
  for (const ImaTestEntry& entry : entries) {
    list += as_text(entry.entry());
  }
  return list;
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) {
      lines.push_back(line);
    }
  }
  return lines;
}

struct BridgeCase {
  LayeredCase td;
  std::string reg = "rtmr3";
  std::string way = "virtual";

  BridgeCase() { set_register(td.before.hex()); }

  std::vector<ImaTestEntry>& list() { return td.ima; }
  std::string path(const std::string& name) const { return td.path(name); }
  std::string log_path() const { return path("regs.json.mrtool/" + reg + "/event_log"); }
  std::string log() const { return read_text(log_path()); }

  void set_register(const std::string& value) const {
    const nlohmann::json entry = {{"register", reg}, {"bank", "sha384"}, {"value", value}, {"extendable", true}};
    const nlohmann::json document = {{"schema", "mrtool.registers/1"}, {"source", "test"},
                                     {"kind", "mrtool.registers"},     {"authenticated", "none"},
                                     {"registers", {entry}},           {"notes", nlohmann::json::array()}};
    write_text(path("regs.json"), document.dump());
  }
  std::string value() const {
    const auto document = nlohmann::json::parse(read_text(path("regs.json")));
    for (const auto& entry : document.at("registers")) {
      if (entry.at("register") == reg) {
        return entry.at("value");
      }
    }
    return {};
  }
  // As a program would that knows nothing of the log.
  void extend_behind_its_back() const {
    Digest now(*from_hex(value()));
    HashEngine().extend(HashAlgorithm::sha384, now, Digest::filled(48, 0x5A).view());
    set_register(now.hex());
  }

  void write_list() { write_text(path("ima.bin"), list_of(td.ima)); }
  std::vector<std::string> words(const std::vector<std::string>& more = {"--once"}) const {
    std::vector<std::string> all = {
        "ima-bridge", "--on", reg, "--backend", "software:" + path("regs.json"), "--as", way, path("ima.bin")};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Finished once(std::vector<std::string> more = {}) {
    write_list();
    more.emplace_back("--once");
    return mrtool(words(more));
  }

  // What the log is to have of the list, in order.
  std::vector<std::string> expected() const {
    std::vector<std::string> lines;
    for (const ImaTestEntry& entry : td.ima) {
      const bool violation = entry.name == kViolation;
      const Digest own = violation ? Digest::filled(48, 0xFF) : entry.extended_as(HashAlgorithm::sha384);
      const Digest sha256 = violation ? Digest::filled(32, 0xFF) : entry.extended_as(HashAlgorithm::sha256);
      lines.push_back(way == "virtual"   ? "mr_ima extend sha256/" + sha256.hex()
                      : way == "records" ? "ima ima-ng " + to_hex(entry.data())
                                         : "# .EXTEND " + own.hex());
    }
    return lines;
  }
  std::vector<std::string> carried() const {
    std::vector<std::string> lines = lines_of(log());
    const std::string start = way == "virtual" ? "mr_ima " : way == "records" ? "ima " : "# .EXTEND";
    std::erase_if(lines, [&start](const std::string& line) { return !line.starts_with(start); });
    return lines;
  }
  // Does the log lead to the register's value?
  bool log_agrees() const {
    const Finished finished = mrtool({"replay", "--json", reg + "=" + log_path(), "--against", path("regs.json")});
    const auto document = nlohmann::json::parse(finished.out);
    for (const auto& entry : document.at("registers")) {
      if (entry.at("register") == reg) {
        return entry.at("against").at(0).at("state") == "equal";
      }
    }
    return false;
  }

  // A quote of the register, with the log and the list as they are.
  void write_evidence() {
    td.quote.rtmr[static_cast<std::size_t>(reg.back() - '0')] = *from_hex(value());
    td.write();
    write_text(path("runtime.log"), log());
  }
  int verify(const std::vector<std::string>& logs) const {
    std::vector<std::string> all = {"verify", "--json",         "--quote", path("quote.bin"),
                                    "--ca",   path("root.pem"), "--nonce", std::string(LayeredCase::kNonce)};
    all.insert(all.end(), logs.begin(), logs.end());
    const Finished finished = mrtool(all);
    INFO(finished.err);
    return finished.status;
  }

  static constexpr std::string_view kViolation = "/var/log/violated";
};

// mrtool in the background, ended with the test.
class Background {
 public:
  Background(std::vector<std::string> words, const std::string& err) {
    words.insert(words.begin(), MRTOOL_BINARY);
    std::vector<char*> arguments;
    for (const std::string& word : words) {
      arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    process_ = ::fork();
    REQUIRE(process_ >= 0);
    if (process_ == 0) {
      constexpr mode_t kMode = 0600;
      ::dup2(::open("/dev/null", O_RDWR), STDIN_FILENO);
      ::dup2(::open("/dev/null", O_RDWR), STDOUT_FILENO);
      ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_APPEND, kMode), STDERR_FILENO);
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
  }
  ~Background() { end(SIGKILL); }
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // The exit status, as Finished has it.
  int end(int signal) {
    if (process_ > 0) {
      ::kill(process_, signal);
      return wait();
    }
    return status_;
  }
  int wait() {
    int state = 0;
    ::waitpid(process_, &state, 0);
    process_ = -1;
    constexpr int kSignalled = 128;
    status_ = WIFEXITED(state) ? WEXITSTATUS(state) : kSignalled + WTERMSIG(state);
    return status_;
  }

 private:
  pid_t process_ = -1;
  int status_ = -1;
};

inline bool within_seconds(int seconds, const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace mrtool::testing
