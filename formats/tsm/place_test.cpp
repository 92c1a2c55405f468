#include "formats/tsm/place.hpp"

#include <doctest/doctest.h>

#include <map>

#include "formats/chain.hpp"
#include "lib/registers/names.hpp"

using namespace mrtool;

namespace {

class MapHost final : public Host {
 public:
  std::map<std::string, std::string> files;

  std::string system_path(const std::string& path) const override { return path; }
  Result<std::unique_ptr<ByteSource>> open(const std::string& path) override {
    const auto file = files.find(path);
    if (file == files.end()) {
      return fail(ErrorKind::io, "no such file");
    }
    return make_memory_source(as_bytes(file->second));
  }
  std::unique_ptr<ByteSource> standard_input() override { return make_memory_source({}); }
  FileKind kind(const std::string& path) override {
    return files.contains(path) ? FileKind::regular : FileKind::absent;
  }
  Result<std::vector<std::string>> list(const std::string&) override { return std::vector<std::string>{}; }
  Status write_file(const std::string&, ByteView) override { return {}; }
};

std::string name_of(const std::string& path) {
  const auto reg = tsm::register_of_path(path);
  return reg ? to_string(*reg) : "";
}

struct Opened {
  std::string reg;
  std::size_t records = 0;
  std::vector<Error> errors;
};

Opened open_all(MapHost& host, const std::string& path, HashAlgorithm bank = HashAlgorithm::none) {
  DiagnosticSink sink;
  LogChain chain({{.format = find_format("tsm"), .reg = {}, .path = path}}, host, sink, {.bank = bank});
  Opened opened;
  LogChain::Step step;
  while (chain.next(step)) {
    for (const Record& record : step.batch->records) {
      opened.reg = to_string(record.reg);
      ++opened.records;
    }
  }
  opened.errors = chain.errors();
  return opened;
}

}  // namespace

TEST_CASE("the register is the one whose directory in a TSM tree holds the log") {
  CHECK(name_of("/sys/kernel/tsm/measurement-example/rtmr0/event_log") == "measurement-example/rtmr0");
  CHECK(name_of("root/sys/kernel/tsm/x/boot/event_log") == "x/mr:boot");
  CHECK(name_of("/run/mrtool/tsm/tdx_guest/rtmr3/event_log") == "rtmr3");
  CHECK(name_of("/run/mrtool/tsm/x/rtmr0:sha256/event_log") == "x/rtmr0");
  CHECK(name_of("/run/mrtool/tsm/x/rtmr0:other/event_log") != "x/rtmr0");
  CHECK(name_of("/sys/kernel/tsm/x/rtmr0/log").empty());
  CHECK(name_of("x/rtmr0/event_log").empty());
  CHECK(name_of("event_log").empty());
  CHECK(name_of("/tsm/a@b/rtmr0/event_log").empty());
}

TEST_CASE("a log is opened with what its place says") {
  const std::string path = "/sys/kernel/tsm/measurement-example/rtmr0/event_log";
  MapHost host;
  host.files[path] = "a\n";
  host.files["/sys/kernel/tsm/measurement-example/rtmr0/hash_algo"] = "sha256";
  const Opened opened = open_all(host, path);
  CHECK(opened.errors.empty());
  CHECK(opened.records == 1);
  CHECK(opened.reg == "measurement-example/rtmr0");
  CHECK(open_all(host, path, HashAlgorithm::sha256).errors.empty());
  const Opened conflict = open_all(host, path, HashAlgorithm::sha384);
  REQUIRE(conflict.errors.size() == 1);
  CHECK(conflict.errors[0].kind == ErrorKind::usage);
  CHECK(conflict.errors[0].file == path);
}

TEST_CASE("a hash_algo file that names no algorithm fails the log") {
  MapHost host;
  host.files["log"] = "a\n";
  host.files["hash_algo"] = "rot13";
  const Opened opened = open_all(host, "log");
  REQUIRE(opened.errors.size() == 1);
  CHECK(opened.errors[0].kind == ErrorKind::malformed);
  CHECK(opened.errors[0].file == "hash_algo");
  host.files["hash_algo"] = "sha384\n";
  CHECK(open_all(host, "log").errors.empty());
  host.files.erase("hash_algo");
  CHECK(open_all(host, "log").errors.at(0).kind == ErrorKind::inconclusive);
}
