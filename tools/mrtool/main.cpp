#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "tools/mrtool/run.hpp"

namespace {

std::size_t terminal_columns() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int run_process(std::span<char*> arguments) {
  mrtool::DescriptorOutput out(STDOUT_FILENO, "standard output");
  mrtool::DescriptorOutput err(STDERR_FILENO, "standard error");
  const char* const no_color = std::getenv("NO_COLOR");
  mrtool::Environment environment{.out = out, .err = err};
  const char* const temporary = std::getenv("TMPDIR");
  environment.make_host = [directory = std::string(temporary == nullptr ? "" : temporary)](std::string root) {
    return mrtool::make_host(std::move(root), directory);
  };
  environment.input_is_terminal = ::isatty(STDIN_FILENO) == 1;
  environment.output_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  environment.error_is_terminal = ::isatty(STDERR_FILENO) == 1;
  environment.columns = environment.output_is_terminal ? terminal_columns() : 0;
  environment.no_color = no_color != nullptr && *no_color != '\0';

  const std::vector<std::string> words(arguments.begin(), arguments.end());
  const int status = mrtool::run(words, environment);
  if (out.reader_gone()) {
    // End as every filter does whose reader went away, so that a shell's pipefail sees an unfinished run.
    (void)std::signal(SIGPIPE, SIG_DFL);
    (void)std::raise(SIGPIPE);
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  // libtss2 tells on standard error what is told here in its own way; whoever wants to hear it says so.
  (void)::setenv("TSS2_LOG", "all+NONE", 0);
  // A reader that goes away is noticed where it is written to.
  (void)std::signal(SIGPIPE, SIG_IGN);
  constexpr int kFailed = 5;
  std::string_view reason;
  try {
    return run_process(std::span(argv, static_cast<std::size_t>(argc)).subspan(argc > 0 ? 1 : 0));
  } catch (const std::bad_alloc&) {
    reason = "mrtool: error: out of memory\n";
  } catch (const std::exception&) {
    reason = "mrtool: error: internal error; please report it with the input that caused it\n";
  }
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, reason.data(), reason.size());
  return kFailed;
}
