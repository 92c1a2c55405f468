// States from any bytes, with a checksum of their own: refused, or written again as they were and taken up by a fold
// that then ends without a crash.
#include <cstdlib>
#include <string>

#include "lib/crypto/hash.hpp"
#include "lib/replay/replay.hpp"
#include "lib/state/log_state.hpp"
#include "lib/state/state_names.hpp"

using namespace mrtool;

namespace {

void take_up(const LogState& state) {
  DiagnosticSink sink;
  Replay replay({}, sink);
  RegisterValues values;
  for (const Checkpoint::Held& held : state.fold.registers) {
    for (const Checkpoint::Cell& cell : held.cells) {
      values.values.emplace(RegisterKey{held.reg, cell.bank}, cell.value);
    }
  }
  replay.compare_with({values});
  LogInfo info;
  info.algorithms = state.position.algorithms;
  info.grows_at_runtime = true;
  replay.begin_log(info, 0);
  if (replay.take_up(state.fold)) {
    for (const RegisterResult& result : replay.finish()) {
      if (result.records > state.position.record) {
        std::abort();
      }
    }
  }
}

void check(ByteView text) {
  const auto state = read_state(text);
  if (!state) {
    if (state.error().message.empty()) {
      std::abort();
    }
    return;
  }
  const auto again = write_state(*state);
  if (!again || *again != as_text(text)) {
    std::abort();
  }
  take_up(*state);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  check(bytes);
  std::string text(as_text(bytes));
  const std::string checksum = HashEngine().hash(HashAlgorithm::sha256, bytes).hex();
  text.append(state::kChecksumMember).append(checksum).append(state::kEnd);
  check(as_bytes(text));
  return 0;
}
