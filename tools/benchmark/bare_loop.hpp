// What hashing alone costs, and what a log's registers must hold: OpenSSL's SHA*_Init, Update and Final over a log's
// messages, one after the other. Its own few lines read the generated logs; nothing of the project's library is used,
// so that its answers say something about those of mrtool.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace mrtool::benchmark {

struct LoopOptions {
  std::string_view kind;           // ima, tsm or tcg2
  std::vector<std::string> banks;  // empty: all that the kind of log is measured in
  bool digests = false;            // tcg2: hash every event's data too, and compare with the digest that is logged
};

struct RegisterAnswer {
  std::string reg;
  std::string bank;
  std::string value;  // hexadecimal
};

struct LoopResult {
  std::vector<RegisterAnswer> registers;
  double cpu = 0;   // seconds that the hashing alone took; the log was in memory before
  double wall = 0;  // likewise, from its start to its end
};

// Fails, with a sentence, when the file isn't what the generator writes, or a digest in it isn't that of its message.
std::expected<LoopResult, std::string> run_bare_loop(const std::string& path, const LoopOptions& options);

// The document that mrtool's --against reads.
std::string known_answer(const std::vector<RegisterAnswer>& registers);
std::vector<RegisterAnswer> read_known_answer(std::string_view document);
// The first of the registers that `document`, of known_answer, doesn't hold with this value; empty when it has all.
std::string missing_answer(std::string_view document, const std::vector<RegisterAnswer>& registers);
// PCR 10 of a bank among the 24 that evmctl wants, as it reads them.
std::string evmctl_registers(const std::vector<RegisterAnswer>& registers, std::string_view bank);

}  // namespace mrtool::benchmark
