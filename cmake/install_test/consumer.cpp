// Prints what a register holds after the log that the first argument names: consumer LOG REGISTER BANK
#include <iostream>
#include <mrtool/mrtool.hpp>

int main(int argc, char** argv) {
  if (argc != 4) {
    return 2;
  }
  mrtool::DiagnosticSink diagnostics;
  const auto host = mrtool::make_host("");
  mrtool::LogChain chain({{.format = nullptr, .reg = {}, .path = argv[1]}}, *host, diagnostics);
  mrtool::Replay replay({}, diagnostics);
  for (mrtool::LogChain::Step step; chain.next(step);) {
    if (step.first_of_log) {
      replay.begin_log(*step.info);
    }
    replay.add(*step.batch);
  }
  for (const auto& result : replay.finish()) {
    if (to_string(result.reg) == argv[2] && to_string(result.bank) == argv[3]) {
      std::cout << result.value.hex() << '\n';
    }
  }
  return chain.errors().empty() ? 0 : 1;
}
