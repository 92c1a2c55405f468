#include "tools/benchmark/inputs.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tools/benchmark/bare_loop.hpp"
#include "tools/benchmark/logs.hpp"

namespace mrtool::benchmark {
namespace {

Status write_text(const std::string& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  return out ? Status{} : fail(ErrorKind::io, fmt::format("{}: cannot be written", path));
}

Result<LoopResult> fold(const std::string& path, std::string_view kind) {
  auto result = run_bare_loop(path, {.kind = kind, .banks = {}, .digests = true});
  if (!result) {
    return fail(ErrorKind::check_failed, std::move(result).error());
  }
  return *std::move(result);
}

}  // namespace

std::string short_count(std::size_t count) {
  constexpr std::size_t kThousand = 1000;
  constexpr std::size_t kMillion = kThousand * kThousand;
  return count != 0 && count % kMillion == 0    ? fmt::format("{}M", count / kMillion)
         : count != 0 && count % kThousand == 0 ? fmt::format("{}k", count / kThousand)
                                                : fmt::format("{}", count);
}

std::string Inputs::place(std::string_view name, std::size_t records) const {
  return fmt::format("{}/{}-{}", directory_, name, short_count(records));
}

Result<std::string> Inputs::path_of(std::string_view name, std::size_t records) {
  const std::string_view kind = name.substr(0, name.find('.'));
  if (kind != "out" && made_.insert(place(kind, records)).second) {
    if (Status made = make(kind, records); !made) {
      return std::unexpected(std::move(made).error());
    }
  }
  return place(name, records);
}

Status Inputs::make(std::string_view kind, std::size_t records) {
  return kind == "batch" ? make_batch(records) : make_log(kind, records);
}

Status Inputs::make_log(std::string_view kind, std::size_t records) {
  const std::string path = place(kind, records);
  const LogSize size{.records = records};
  const Status written = kind == "ima"    ? write_ima_list(path, size)
                         : kind == "tsm"  ? write_tsm_log(path, size)
                         : kind == "tcg2" ? write_tcg2_log(path, size)
                         : kind == "cel"  ? write_cel_json(path, size)
                                          : fail(ErrorKind::usage, fmt::format("no input is called {}", kind));
  if (!written) {
    return written;
  }
  // The events of a CEL log are those of the TCG2 log of the same size.
  std::string folded = path;
  if (kind == "cel") {
    MRTOOL_TRY(same, path_of("tcg2", records));
    folded = same;
  }
  MRTOOL_TRY(result, fold(folded, kind == "cel" ? "tcg2" : kind));
  if (kind == "ima") {
    for (const std::string_view bank : {"sha1", "sha256"}) {
      if (Status put =
              write_text(place(fmt::format("ima.{}", bank), records), evmctl_registers(result.registers, bank));
          !put) {
        return put;
      }
    }
  }
  return write_text(place(fmt::format("{}.known", kind), records), known_answer(result.registers));
}

Status Inputs::make_batch(std::size_t logs) {
  const std::string folder = place("batch.logs", logs);
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  std::string list;
  std::string known;
  for (std::size_t i = 0; i < logs; ++i) {
    const std::string path = fmt::format("{}/{:05}.bin", folder, i);
    if (Status written = write_tcg2_log(path, {.records = kBootRecords, .seed = i + 1}); !written) {
      return written;
    }
    MRTOOL_TRY(result, fold(path, "tcg2"));
    list.append(path).append("\n");
    for (const RegisterAnswer& answer : result.registers) {
      known.append(answer.value).append(" ");
    }
    known += '\n';
  }
  return in_turn([&] { return write_text(place("batch", logs), list); },
                 [&] { return write_text(place("batch.known", logs), known); });
}

}  // namespace mrtool::benchmark
