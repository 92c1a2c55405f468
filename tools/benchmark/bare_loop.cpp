#define OPENSSL_SUPPRESS_DEPRECATED  // the bare functions are what everything else is compared with

#include "tools/benchmark/bare_loop.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <map>
#include <span>

namespace mrtool::benchmark {
namespace {

using View = std::span<const std::uint8_t>;
using Value = std::array<std::uint8_t, SHA512_DIGEST_LENGTH>;

template <class State, int (*kInit)(State*), int (*kUpdate)(State*, const void*, std::size_t),
          int (*kFinal)(unsigned char*, State*)>
void hash_bare(View first, View second, std::uint8_t* out) {
  State state;  // NOLINT(cppcoreguidelines-pro-type-member-init): the next line does
  kInit(&state);
  kUpdate(&state, first.data(), first.size());
  if (!second.empty()) {
    kUpdate(&state, second.data(), second.size());
  }
  kFinal(out, &state);
}

struct Bank {
  std::string_view name;
  std::size_t size;
  std::uint16_t id;  // TPM_ALG_ID
  void (*hash)(View first, View second, std::uint8_t* out);
};

constexpr std::array kBanks{
    Bank{"sha1", SHA_DIGEST_LENGTH, 0x04, hash_bare<SHA_CTX, SHA1_Init, SHA1_Update, SHA1_Final>},
    Bank{"sha256", SHA256_DIGEST_LENGTH, 0x0B, hash_bare<SHA256_CTX, SHA256_Init, SHA256_Update, SHA256_Final>},
    Bank{"sha384", SHA384_DIGEST_LENGTH, 0x0C, hash_bare<SHA512_CTX, SHA384_Init, SHA384_Update, SHA384_Final>},
    Bank{"sha512", SHA512_DIGEST_LENGTH, 0x0D, hash_bare<SHA512_CTX, SHA512_Init, SHA512_Update, SHA512_Final>},
};

// One message, as it lies in the file.
struct Message {
  std::uint32_t reg = 0;  // the register's number
  View data;
  std::array<View, kBanks.size()> logged;  // by bank; empty where the log has none
};

struct Log {
  std::string_view register_prefix;
  std::vector<std::string> banks;  // that its kind is measured in
  bool digests = true;             // the messages' digests are extended, logged or not
  std::vector<Message> messages;
};

// Little-endian fields one after the other. What isn't there reads as nothing, and is noticed at the end.
class Fields {
 public:
  explicit Fields(View bytes) : rest_(bytes) {}

  std::uint32_t u16() { return number(sizeof(std::uint16_t)); }
  std::uint32_t u32() { return number(sizeof(std::uint32_t)); }
  View take(std::size_t size) {
    good_ = good_ && size <= rest_.size();
    const View taken = good_ ? rest_.first(size) : View{};
    rest_ = good_ ? rest_.subspan(size) : View{};
    return taken;
  }
  bool more() const { return good_ && !rest_.empty(); }
  bool good() const { return good_; }

 private:
  std::uint32_t number(std::size_t size) {
    std::uint32_t value = 0;
    const View bytes = take(size);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      value |= static_cast<std::uint32_t>(bytes[i]) << (8 * i);
    }
    return value;
  }

  View rest_;
  bool good_ = true;
};

bool read_ima(View file, Log& log) {
  log.register_prefix = "pcr";
  log.banks = {"sha1", "sha256", "sha384", "sha512"};
  Fields in(file);
  while (in.more()) {
    Message message{.reg = in.u32(), .data = {}, .logged = {}};
    message.logged[0] = in.take(kBanks[0].size);
    in.take(in.u32());
    message.data = in.take(in.u32());
    log.messages.push_back(message);
  }
  return in.good();
}

bool read_tsm(View file, Log& log) {
  log.register_prefix = "rtmr";
  log.banks = {"sha384"};
  while (!file.empty()) {
    const auto end = static_cast<std::size_t>(std::ranges::find(file, '\n') - file.begin());
    if (end == file.size()) {
      return false;
    }
    if (end != 0) {  // an empty line isn't measured
      log.messages.push_back({.reg = 3, .data = file.first(end), .logged = {}});
    }
    file = file.subspan(end + 1);
  }
  return true;
}

bool read_tcg2(View file, Log& log) {
  log.register_prefix = "pcr";
  log.banks = {"sha1", "sha256", "sha384"};
  log.digests = false;
  Fields in(file);
  in.take(sizeof(std::uint32_t) * 2 + kBanks[0].size);
  in.take(in.u32());  // the event that announces the banks
  while (in.more()) {
    Message message{.reg = in.u32(), .data = {}, .logged = {}};
    in.u32();
    for (std::uint32_t left = in.u32(); left > 0 && in.good(); --left) {
      const auto* const bank = std::ranges::find(kBanks, in.u16(), &Bank::id);
      if (bank == kBanks.end()) {
        return false;
      }
      message.logged[static_cast<std::size_t>(bank - kBanks.begin())] = in.take(bank->size);
    }
    message.data = in.take(in.u32());
    log.messages.push_back(message);
  }
  return in.good();
}

// Empty when it can't be read.
std::vector<std::uint8_t> read_whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  std::vector<std::uint8_t> bytes(in ? static_cast<std::size_t>(in.tellg()) : 0);
  in.seekg(0);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return in ? bytes : std::vector<std::uint8_t>();
}

double seconds_of(clockid_t clock) {
  std::timespec now{};
  ::clock_gettime(clock, &now);
  constexpr double kNano = 1e-9;
  return static_cast<double>(now.tv_sec) + kNano * static_cast<double>(now.tv_nsec);
}

std::string hex(View bytes) {
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

using Values = std::map<std::uint32_t, std::array<Value, kBanks.size()>>;  // by register

// Returns how many messages have another digest than the log says.
std::size_t fold(const Log& log, const std::vector<std::size_t>& banks, bool digests, Values& values) {
  std::size_t wrong = 0;
  for (const Message& message : log.messages) {
    auto& registers = values[message.reg];
    for (const std::size_t i : banks) {
      const Bank& bank = kBanks[i];
      Value computed;
      View digest = message.logged[i];
      if (digests) {
        bank.hash(message.data, {}, computed.data());
        const View own(computed.data(), bank.size);
        wrong += digest.empty() || std::ranges::equal(digest, own) ? 0 : 1;
        digest = own;
      }
      bank.hash(View(registers[i].data(), bank.size), digest, registers[i].data());
    }
  }
  return wrong;
}

}  // namespace

std::expected<LoopResult, std::string> run_bare_loop(const std::string& path, const LoopOptions& options) {
  const std::vector<std::uint8_t> file = read_whole(path);
  Log log;
  const bool read = options.kind == "ima"    ? read_ima(file, log)
                    : options.kind == "tsm"  ? read_tsm(file, log)
                    : options.kind == "tcg2" ? read_tcg2(file, log)
                                             : false;
  if (!read || log.messages.empty()) {
    return std::unexpected(fmt::format("{}: not a log of kind {} as it is generated here", path, options.kind));
  }
  std::vector<std::size_t> banks;
  for (const std::string& name : options.banks.empty() ? log.banks : options.banks) {
    if (std::ranges::find(log.banks, name) == log.banks.end()) {
      return std::unexpected(fmt::format("{}: no bank {}", path, name));
    }
    banks.push_back(static_cast<std::size_t>(std::ranges::find(kBanks, name, &Bank::name) - kBanks.begin()));
  }
  Values values;
  LoopResult result{
      .registers = {}, .cpu = -seconds_of(CLOCK_PROCESS_CPUTIME_ID), .wall = -seconds_of(CLOCK_MONOTONIC)};
  const std::size_t wrong = fold(log, banks, log.digests || options.digests, values);
  result.cpu += seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  result.wall += seconds_of(CLOCK_MONOTONIC);
  if (wrong != 0) {
    return std::unexpected(fmt::format("{}: {} digests are not those of their messages", path, wrong));
  }
  for (const auto& [number, registers] : values) {
    for (const std::size_t i : banks) {
      result.registers.push_back({.reg = fmt::format("{}{}", log.register_prefix, number),
                                  .bank = std::string(kBanks[i].name),
                                  .value = hex(View(registers[i].data(), kBanks[i].size))});
    }
  }
  return result;
}

namespace {

std::string item(const RegisterAnswer& answer) {
  return fmt::format(R"({{"register":"{}","bank":"{}","value":"{}"}})", answer.reg, answer.bank, answer.value);
}

}  // namespace

std::string known_answer(const std::vector<RegisterAnswer>& registers) {
  std::vector<std::string> items;
  std::ranges::transform(registers, std::back_inserter(items), item);
  return fmt::format("{{\"schema\":\"mrtool.registers/1\",\"registers\":[\n{}\n]}}\n", fmt::join(items, ",\n"));
}

std::vector<RegisterAnswer> read_known_answer(std::string_view document) {
  std::vector<RegisterAnswer> registers;
  const auto member = [&document](std::string_view key) {
    const std::string begin = fmt::format("\"{}\":\"", key);
    const std::size_t place = document.find(begin);
    if (place == std::string_view::npos) {
      return std::string();
    }
    document.remove_prefix(place + begin.size());
    return std::string(document.substr(0, document.find('"')));
  };
  while (true) {
    RegisterAnswer answer{.reg = member("register"), .bank = member("bank"), .value = member("value")};
    if (answer.value.empty()) {
      return registers;
    }
    registers.push_back(std::move(answer));
  }
}

std::string missing_answer(std::string_view document, const std::vector<RegisterAnswer>& registers) {
  const auto missing = std::ranges::find_if(
      registers, [document](const RegisterAnswer& answer) { return !document.contains(item(answer)); });
  return missing == registers.end() ? std::string() : fmt::format("{}:{}", missing->bank, missing->reg);
}

std::string evmctl_registers(const std::vector<RegisterAnswer>& registers, std::string_view bank) {
  constexpr int kRegisters = 24;
  constexpr int kIma = 10;
  const auto own = std::ranges::find(registers, bank, &RegisterAnswer::bank);
  std::string text;
  for (int index = 0; index < kRegisters; ++index) {
    text += fmt::format("PCR-{:02}: {}\n", index, index == kIma ? own->value : std::string(own->value.size(), '0'));
  }
  return text;
}

}  // namespace mrtool::benchmark
