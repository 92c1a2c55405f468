// For the tests of policies: a policy in a text, logs written down record by record, and what they come to.
#pragma once

#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "lib/base/byte_writer.hpp"
#include "lib/replay/replay.hpp"
#include "lib/replay/test_log.hpp"
#include "lib/verify/policy.hpp"
#include "lib/verify/policy_model.hpp"

namespace mrtool::policy_test {

using replay_test::hashed;
using replay_test::kSha1;
using replay_test::kSha256;
using replay_test::kSha384;
using replay_test::reg_of;

inline constexpr std::uint32_t kSeparator = 4;
inline constexpr std::uint32_t kAction = 5;
inline constexpr std::uint32_t kIpl = 0x0D;
inline constexpr std::uint32_t kDriverConfig = 0x80000001;
inline constexpr std::uint32_t kVariableBoot = 0x80000002;
inline constexpr std::uint32_t kApplication = 0x80000003;
inline constexpr std::uint32_t kEfiAction = 0x80000007;

// Files by name, and nothing else.
class MemoryHost final : public Host {
 public:
  std::map<std::string, std::string> files;

  std::string system_path(const std::string& path) const override { return path; }
  Result<std::unique_ptr<ByteSource>> open(const std::string& path) override {
    const auto file = files.find(path);
    if (file == files.end()) {
      return std::unexpected(
          Error{.kind = ErrorKind::io, .message = "no such file", .file = path, .offset = {}, .record = {}});
    }
    return make_memory_source(as_bytes(file->second));
  }
  std::unique_ptr<ByteSource> standard_input() override { return make_memory_source({}); }
  FileKind kind(const std::string& path) override {
    return files.contains(path) ? FileKind::regular : FileKind::absent;
  }
  Result<std::vector<std::string>> list(const std::string& /*directory*/) override {
    return fail(ErrorKind::io, "no directories");
  }
  Status write_file(const std::string& path, ByteView content) override {
    files[path] = as_text(content);
    return {};
  }
};

inline Result<std::shared_ptr<const Policy>> load(const std::string& text, MemoryHost host = {}) {
  host.files["dir/policy.yaml"] = text;
  return load_policy("dir/policy.yaml", host);
}

inline std::shared_ptr<const Policy> loaded(const std::string& text, MemoryHost host = {}) {
  auto policy = load(text, std::move(host));
  REQUIRE_MESSAGE(policy.has_value(), (policy ? std::string() : to_string(policy.error())));
  return *policy;
}

inline std::string rules(const std::string& text) {
  return "schema: mrtool.policy/1\nrules:\n" + text;
}

inline Bytes text_bytes(std::string_view text) {
  return to_bytes(as_bytes(text));
}

// UEFI_VARIABLE_DATA of a variable in the EFI global namespace.
inline Bytes variable(std::string_view name, const Bytes& data) {
  ByteWriter writer;
  writer.bytes(*from_hex("61dfe48bca93d211aa0d00e098032b8c"));
  writer.u64(name.size());
  writer.u64(data.size());
  for (const char c : name) {
    writer.u16(static_cast<unsigned char>(c));
  }
  writer.bytes(data);
  return writer.take();
}

inline Bytes secure_boot(bool on) {
  return variable("SecureBoot", {static_cast<std::uint8_t>(on ? 1 : 0)});
}

// Template data of ima-ng, or of ima-sig when a signature is given.
inline Bytes ima_data(std::string_view path, const Digest& file, std::optional<Bytes> signature = {}) {
  ByteWriter writer;
  const auto field = [&](const Bytes& bytes) {
    writer.u32(static_cast<std::uint32_t>(bytes.size()));
    writer.bytes(bytes);
  };
  Bytes digest = text_bytes("sha256:");
  digest.push_back(0);
  digest.insert(digest.end(), file.view().begin(), file.view().end());
  Bytes name = text_bytes(path);
  name.push_back(0);
  field(digest);
  field(name);
  if (signature) {
    field(*signature);
  }
  return writer.take();
}

// A log written down record by record; owns what its records are views of.
class Records {
 public:
  Records() { info.format = "test"; }

  // A record whose digests are of `measured`, whatever its data is.
  Records& record(std::string_view reg, std::uint32_t type, Bytes data, const Bytes& measured,
                  const std::vector<HashAlgorithm>& banks = {kSha256}) {
    auto& digests = digests_.emplace_back();
    for (const HashAlgorithm bank : banks) {
      digests.push_back({bank, values_.emplace_back(HashEngine().hash(bank, measured)).view()});
    }
    Record next;
    next.number = records.size();
    next.offset = 100 * records.size();
    next.reg = reg_of(reg);
    next.content = ContentType::pcclient;
    next.type = type;
    next.extends = true;
    next.digests = digests;
    next.data = data_.emplace_back(std::move(data));
    records.push_back(next);
    return *this;
  }
  Records& event(std::string_view reg, std::uint32_t type, const Bytes& data,
                 const std::vector<HashAlgorithm>& banks = {kSha256}) {
    return record(reg, type, data, data, banks);
  }
  Records& separator(std::string_view reg, const std::vector<HashAlgorithm>& banks = {kSha256}) {
    return event(reg, kSeparator, Bytes(4, 0), banks);
  }
  // An image: its digest is of something that the log does not hold.
  Records& image(std::string_view reg, std::string_view code) {
    return record(reg, kApplication, Bytes(32, 0), text_bytes(code));
  }
  Records& ima(std::string_view template_name, const Bytes& data) {
    event("pcr10", 0, data);
    records.back().content = ContentType::ima_template;
    records.back().name = data_.emplace_back(text_bytes(template_name));
    return *this;
  }
  Records& line(std::string_view reg, std::string_view text) {
    event(reg, static_cast<std::uint32_t>(TsmLine::record), text_bytes(text), {kSha384});
    records.back().content = ContentType::tsm;
    return *this;
  }
  Records& virtual_line(std::string_view name, std::string_view text) {
    line("mr:" + std::string(name), text);
    return *this;
  }

  LogInfo info;
  std::vector<Record> records;

 private:
  std::deque<Bytes> data_;
  std::deque<Digest> values_;
  std::deque<std::vector<DigestEntry>> digests_;
};

// Everything is vouched for but what is said otherwise.
struct Vouching final : BoundRecords {
  std::map<RegisterKey, std::uint64_t> counts;  // other registers: all records
  std::set<RegisterKey> not_vouched;
  std::set<HashAlgorithm> banks{kSha1, kSha256, kSha384};

  std::uint64_t count(const Register& reg, HashAlgorithm bank) const override {
    const auto found = counts.find({reg, bank});
    return !vouched(reg, bank) ? 0 : found == counts.end() ? ~std::uint64_t{0} : found->second;
  }
  bool vouched(const Register& reg, HashAlgorithm bank) const override {
    return banks.contains(bank) && !not_vouched.contains({reg, bank});
  }
};

inline PolicyRun::Outcome appraise(std::shared_ptr<const Policy> policy, const Records& log,
                                   const BoundRecords& bound = Vouching(),
                                   const std::vector<RegisterResult>& registers = {}) {
  PolicyRun run(std::move(policy));
  HashEngine engine;
  for (const Record& record : log.records) {
    const Judgement judgement = judge(record, log.info, engine);
    const Decoded decoded = decode(record, log.info);
    run.add({.log = 0, .info = &log.info, .record = &record, .judgement = &judgement, .decoded = &decoded});
  }
  return run.finish(registers, bound);
}

// The verdict on the only rule of a policy.
inline Verdict verdict(const std::string& rule, const Records& log, const Vouching& bound = {}, MemoryHost host = {}) {
  const auto outcome = appraise(loaded(rules(rule), std::move(host)), log, bound);
  REQUIRE(outcome.checks.size() == 1);
  CAPTURE(outcome.checks[0].detail);
  CHECK(outcome.findings.empty() == (outcome.checks[0].verdict == Verdict::pass));
  return outcome.checks[0].verdict;
}

}  // namespace mrtool::policy_test

namespace doctest {
template <>
struct StringMaker<mrtool::Verdict> {
  static String convert(mrtool::Verdict verdict) { return std::string(mrtool::to_string(verdict)).c_str(); }
};
}  // namespace doctest
