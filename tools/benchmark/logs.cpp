#include "tools/benchmark/logs.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "formats/formats.hpp"
#include "formats/tcg/spec_id.hpp"
#include "lib/base/byte_writer.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/registers/names.hpp"
#include "tools/benchmark/messages.hpp"

namespace mrtool::benchmark {
namespace {

constexpr std::uint32_t kEfiAction = 0x80000007;
constexpr std::size_t kRegisters = 8;  // that the boot events are about
constexpr std::array kLogBanks{HashAlgorithm::sha1, HashAlgorithm::sha256, HashAlgorithm::sha384};

class FileSink final : public ByteSink {
 public:
  explicit FileSink(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "wb"), &std::fclose) {}

  Status write(ByteView bytes) override {
    if (!file_ || std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) {
      return failed();
    }
    return {};
  }
  Status close() { return file_ && std::fclose(file_.release()) == 0 ? Status{} : failed(); }

 private:
  Status failed() const { return fail(ErrorKind::io, fmt::format("{}: {}", path_, std::strerror(errno))); }

  std::string path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

// The digests of some bytes, and the list of them that a record has.
class Measured {
 public:
  template <std::size_t kCount>
  std::span<const DigestEntry> operator()(const std::array<HashAlgorithm, kCount>& banks, ByteView data) {
    entries_.clear();
    for (std::size_t i = 0; i < kCount; ++i) {
      digests_[i] = engine_.hash(banks[i], data);
      entries_.push_back({.algorithm = banks[i], .value = digests_[i].view()});
    }
    return entries_;
  }

 private:
  HashEngine engine_;
  std::array<Digest, kLogBanks.size()> digests_;
  std::vector<DigestEntry> entries_;
};

Bytes ima_ng_data(Random& random, const std::string& path) {
  constexpr std::string_view kAlgorithm{"sha256:\0", 8};
  constexpr std::size_t kFileDigest = 32;
  ByteWriter data;
  data.u32(kAlgorithm.size() + kFileDigest).bytes(as_bytes(kAlgorithm));
  for (std::size_t i = 0; i < kFileDigest; i += sizeof(std::uint64_t)) {
    data.u64(random.next());
  }
  data.u32(static_cast<std::uint32_t>(path.size() + 1)).bytes(as_bytes(path)).u8(0);
  return data.take();
}

// Writes the events of a boot behind what begins the format.
Status write_boot_events(Writer& writer, const LogSize& size) {
  Random random(size.seed);
  Measured measured;
  Status status;
  for (std::size_t i = 0; status && i < size.records; ++i) {
    const std::string text = boot_action(random, i);
    const auto index = static_cast<std::uint32_t>(random.below(kRegisters));
    Record record;
    record.number = i + 1;
    record.reg.kind = RegisterKind::pcr;
    record.reg.index = index;
    record.raw_index = index;
    record.type = kEfiAction;
    record.content = ContentType::pcclient;
    record.extends = true;
    record.data = as_bytes(text);
    record.digests = measured(kLogBanks, record.data);
    status = writer.write(record);
  }
  return in_turn([&] { return status; }, [&] { return writer.finish(); });
}

LogInfo boot_log() {
  LogInfo info;
  info.platform = Platform::tpm;
  for (const HashAlgorithm bank : kLogBanks) {
    info.algorithms.push_back({bank, static_cast<std::uint16_t>(find_algorithm(bank)->size)});
  }
  return info;
}

}  // namespace

Status write_ima_list(const std::string& path, const LogSize& size) {
  FileSink sink(path);
  const auto writer = find_format("ima")->make_writer(sink, {.bank = HashAlgorithm::sha1});
  Random random(size.seed);
  Measured measured;
  Status status = writer->begin({});
  for (std::size_t i = 0; status && i < size.records; ++i) {
    const Bytes data = ima_ng_data(random, i == 0 ? "boot_aggregate" : file_path(random));
    Record record;
    record.number = i;
    record.reg = *parse_register("pcr10");
    record.raw_index = record.reg.index;
    record.content = ContentType::ima_template;
    record.extends = true;
    record.name = as_bytes("ima-ng");
    record.data = data;
    record.digests = measured(std::array{HashAlgorithm::sha1}, data);
    status = writer->write(record);
  }
  return in_turn([&] { return status; }, [&] { return writer->finish(); }, [&] { return sink.close(); });
}

Status write_tsm_log(const std::string& path, const LogSize& size) {
  constexpr HashAlgorithm kBank = HashAlgorithm::sha384;
  FileSink sink(path);
  const auto writer = find_format("tsm")->make_writer(sink, {.reg = parse_register("rtmr3"), .bank = kBank});
  Random random(size.seed);
  Measured measured;
  Status status = writer->begin({});
  for (std::size_t i = 0; status && i <= size.records; ++i) {
    const bool sync = i == 0;
    const std::string line = sync ? fmt::format("SYNC sha384/{}", Digest::filled(find_algorithm(kBank)->size, 0).hex())
                                  : tsm_line(random, i);
    Record record;
    record.number = i;
    record.reg = *parse_register("rtmr3");
    record.type = static_cast<std::uint32_t>(sync ? TsmLine::sync : TsmLine::record);
    record.content = ContentType::tsm;
    record.extends = true;
    record.data = as_bytes(line);
    record.digests = measured(std::array{kBank}, record.data);
    status = writer->write(record);
  }
  return in_turn([&] { return status; }, [&] { return writer->finish(); }, [&] { return sink.close(); });
}

Status write_tcg2_log(const std::string& path, const LogSize& size) {
  FileSink sink(path);
  const LogInfo info = boot_log();
  const auto writer = find_format("tcg2")->make_writer(sink, {});
  return in_turn([&] { return sink.write(tcg::spec_id_record(0, info.byte_order, info.algorithms)); },
                 [&] { return writer->begin(info); }, [&] { return write_boot_events(*writer, size); },
                 [&] { return sink.close(); });
}

Status write_cel_json(const std::string& path, const LogSize& size) {
  FileSink sink(path);
  const auto writer = find_format("cel-json")->make_writer(sink, {.dialect = "pcrlock"});
  return in_turn([&] { return writer->begin(boot_log()); }, [&] { return write_boot_events(*writer, size); },
                 [&] { return sink.close(); });
}

}  // namespace mrtool::benchmark
