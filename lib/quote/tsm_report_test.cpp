#include "lib/quote/tsm_report.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>

using namespace mrtool;

namespace {

constexpr std::string_view kReports = "/root/sys/kernel/config/tsm/report";

// A configfs-tsm of one machine: a write counts up the generation, and outblob is made from inblob when it is read.
class ConfigFs final : public Host {
 public:
  struct Entry {
    std::map<std::string, Bytes> written;
    std::uint64_t generation = 0;
  };

  std::string provider = "tdx_guest\n";
  std::map<std::string, Bytes> blobs;  // beside outblob
  std::function<Bytes(const Entry&)> make_outblob = [](const Entry& entry) { return entry.written.at("inblob"); };
  std::function<void(Entry&, const std::string&)> before_read = [](Entry&, const std::string&) {};
  bool refuse_directories = false;
  bool stale = false;             // reading outblob fails with EBUSY
  std::string refused_attribute;  // its write fails
  std::string ignored_attribute;  // its write is taken and has no effect, as a binary attribute's refusal at close

  std::map<std::string, Entry> directories;
  std::vector<std::string> made;
  std::vector<std::string> order;  // of attributes written

  std::string system_path(const std::string& path) const override { return "/root" + path; }

  Result<std::unique_ptr<ByteSource>> open(const std::string& path) override {
    const auto [entry, name] = find(path);
    if (entry == nullptr) {
      return fail(ErrorKind::io, "no such file");
    }
    before_read(*entry, name);
    auto content = read(*entry, name);
    if (!content) {
      return std::unexpected(content.error());
    }
    held_.push_back(std::make_unique<Bytes>(std::move(*content)));
    return make_memory_source(*held_.back());
  }
  std::unique_ptr<ByteSource> standard_input() override { return make_memory_source({}); }
  FileKind kind(const std::string& path) override {
    const auto [entry, name] = find(path);
    return entry != nullptr && (name == "outblob" || blobs.contains(name)) ? FileKind::regular : FileKind::absent;
  }
  Result<std::vector<std::string>> list(const std::string&) override { return fail(ErrorKind::io, "not asked for"); }
  Status write_file(const std::string&, ByteView) override {
    return fail(ErrorKind::io, "not how an attribute is written");
  }

  Status write_once(const std::string& path, ByteView content) override {
    const auto [entry, name] = find(path);
    if (entry == nullptr || name == refused_attribute) {
      return fail(ErrorKind::io, "cannot be written");
    }
    order.push_back(name);
    if (name != ignored_attribute) {
      entry->written[name] = to_bytes(content);
      ++entry->generation;
    }
    return {};
  }
  Status make_directory(const std::string& path) override {
    if (refuse_directories || directories.contains(path) || !path.starts_with(std::string(kReports) + "/")) {
      return fail(ErrorKind::io, "cannot be created");
    }
    directories[path] = {};
    made.push_back(path);
    return {};
  }
  Status remove_directory(const std::string& path) override {
    return directories.erase(path) == 1 ? Status() : fail(ErrorKind::io, "cannot be removed");
  }

 private:
  std::pair<Entry*, std::string> find(const std::string& path) {
    const auto slash = path.rfind('/');
    const auto entry = directories.find(path.substr(0, slash));
    return {entry == directories.end() ? nullptr : &entry->second, path.substr(slash + 1)};
  }
  Result<Bytes> read(const Entry& entry, const std::string& name) const {
    if (name == "provider") {
      return to_bytes(as_bytes(provider));
    }
    if (name == "generation") {
      return to_bytes(as_bytes(std::to_string(entry.generation) + "\n"));
    }
    if (name == "outblob" && !stale) {
      return make_outblob(entry);
    }
    const auto blob = blobs.find(name);
    return blob != blobs.end() ? Result<Bytes>(blob->second) : fail(ErrorKind::io, "cannot be read");
  }

  std::vector<std::unique_ptr<Bytes>> held_;
};

Error error_of(const TsmReportRequest& request, ConfigFs& host) {
  const auto report = request_tsm_report(request, host);
  REQUIRE_FALSE(report);
  CHECK(host.directories.empty());
  return report.error();
}

}  // namespace

TEST_CASE("tsm report: the nonce is padded to 64 bytes, the report read, and the directory removed") {
  ConfigFs host;
  const auto report = request_tsm_report({.nonce = Bytes(20, 7)}, host);
  REQUIRE(report);
  Bytes expected(20, 7);
  expected.resize(64);
  CHECK(report->report.bytes == expected);
  CHECK(report->report.name.starts_with(kReports));
  CHECK(report->report.name.ends_with("/outblob"));
  CHECK(report->provider == "tdx_guest");
  CHECK_FALSE(report->auxiliary);
  CHECK_FALSE(report->manifest);
  CHECK(host.made.size() == 1);
  CHECK(host.directories.empty());
}

TEST_CASE("tsm report: each request has a directory of its own") {
  ConfigFs host;
  REQUIRE(request_tsm_report({}, host));
  REQUIRE(request_tsm_report({}, host));
  CHECK(host.made.front() != host.made.back());
}

TEST_CASE("tsm report: certificates and a service's manifest come along; attributes are written before the nonce") {
  ConfigFs host;
  host.provider = "sev_guest\n";
  host.blobs = {{"auxblob", Bytes(10, 1)}, {"manifestblob", Bytes(20, 2)}};
  const auto report = request_tsm_report({.nonce = Bytes(64, 9),
                                          .privilege_level = 0,
                                          .service_provider = "svsm",
                                          .service_guid = "c476f1eb-0123-45a5-9641-b4e7dde5bfe3",
                                          .service_manifest_version = 0},
                                         host);
  REQUIRE(report);
  REQUIRE(report->auxiliary);
  CHECK(report->auxiliary->bytes == Bytes(10, 1));
  REQUIRE(report->manifest);
  CHECK(report->manifest->bytes == Bytes(20, 2));
  CHECK(host.order == std::vector<std::string>{"privlevel", "service_provider", "service_guid",
                                               "service_manifest_version", "inblob"});
  host.blobs.erase("manifestblob");
  CHECK(error_of({.service_provider = "svsm"}, host).message.contains("manifest"));
  host.blobs = {{"auxblob", {}}};
  CHECK_FALSE(request_tsm_report({}, host)->auxiliary);
}

TEST_CASE("tsm report: another writer is noticed, and a new directory tried once") {
  for (const std::string_view attribute : {"outblob", "provider", "generation"}) {
    CAPTURE(attribute);
    ConfigFs host;
    int races = 1;
    host.before_read = [&](ConfigFs::Entry& entry, const std::string& name) {
      if (name == attribute && races > 0) {
        --races;
        entry.written["inblob"] = Bytes(64, 0xEE);
        ++entry.generation;
      }
    };
    const auto report = request_tsm_report({.nonce = Bytes(64, 7)}, host);
    REQUIRE(report);
    CHECK(report->report.bytes == Bytes(64, 7));
    CHECK(host.made.size() == 2);
    CHECK(host.made.front() != host.made.back());
    CHECK(host.directories.empty());

    races = 2;
    host.made.clear();
    const Error error = error_of({.nonce = Bytes(64, 7)}, host);
    CHECK(error.kind == ErrorKind::io);
    CHECK(error.message.contains("another program"));
    CHECK(host.made.size() == 2);
  }
}

TEST_CASE("tsm report: a stale report is tried again where another program wrote, and is an error where none did") {
  ConfigFs host;
  host.stale = true;
  CHECK(error_of({}, host).message == "cannot be read");
  CHECK(host.made.size() == 1);
  host.made.clear();
  host.before_read = [&](ConfigFs::Entry& entry, const std::string& name) {
    if (name == "outblob" && host.stale && host.made.size() == 1) {
      ++entry.generation;
    } else {
      host.stale = false;
    }
  };
  CHECK(request_tsm_report({}, host));
  CHECK(host.made.size() == 2);
}

TEST_CASE("tsm report: an empty report is a failure that says why") {
  ConfigFs host;
  host.make_outblob = [](const ConfigFs::Entry&) { return Bytes(); };
  const Error error = error_of({}, host);
  CHECK(error.kind == ErrorKind::io);
  CHECK(error.message == "tdx_guest gave an empty report: its quoting service may not be running");
}

TEST_CASE("tsm report: what the kernel refuses is an error, and the directory is gone") {
  ConfigFs no_configfs;
  no_configfs.refuse_directories = true;
  CHECK(error_of({}, no_configfs).kind == ErrorKind::io);
  CHECK(no_configfs.made.empty());
  ConfigFs no_write;
  no_write.refused_attribute = "inblob";
  CHECK(error_of({}, no_write).kind == ErrorKind::io);
  ConfigFs ignored;
  ignored.ignored_attribute = "inblob";
  ignored.make_outblob = [](const ConfigFs::Entry&) { return Bytes(10, 1); };
  CHECK(error_of({}, ignored).message == "the kernel took 0 of 1 attributes of the request");
  CHECK(error_of({.privilege_level = 1}, ignored).message == "the kernel took 1 of 2 attributes of the request");
}

TEST_CASE("tsm report: a generation that is no number, and a nonce that is too long") {
  ConfigFs host;
  CHECK(error_of({.nonce = Bytes(65)}, host).kind == ErrorKind::usage);
  CHECK(host.made.empty());

  class NoNumber final : public Host {
   public:
    std::string system_path(const std::string& path) const override { return path; }
    Result<std::unique_ptr<ByteSource>> open(const std::string& path) override {
      return make_memory_source(as_bytes(path.ends_with("generation") ? "1x" : "x"));
    }
    std::unique_ptr<ByteSource> standard_input() override { return make_memory_source({}); }
    FileKind kind(const std::string&) override { return FileKind::absent; }
    Result<std::vector<std::string>> list(const std::string&) override { return std::vector<std::string>(); }
    Status write_file(const std::string&, ByteView) override { return {}; }
    Status write_once(const std::string&, ByteView) override { return {}; }
    Status make_directory(const std::string&) override { return {}; }
    Status remove_directory(const std::string&) override {
      ++removed;
      return {};
    }
    int removed = 0;
  } other;
  const auto report = request_tsm_report({}, other);
  REQUIRE_FALSE(report);
  CHECK(report.error().message.contains("decimal number"));
  CHECK(other.removed == 1);
}
