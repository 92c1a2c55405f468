// The worked examples of the TSM log format notes, section 12: built by the writer from records, read and folded.
#include <doctest/doctest.h>

#include "formats/tsm/test_log.hpp"
#include "lib/content/tsm_line.hpp"

using namespace mrtool;
using namespace mrtool::tsm::testing;

namespace {

constexpr auto kSha256 = HashAlgorithm::sha256;
constexpr auto kSha384 = HashAlgorithm::sha384;

// Writes lines as records without their bytes; a line that starts with LF has an empty line before it.
class LogMaker {
 public:
  explicit LogMaker(HashAlgorithm bank) : bank_(bank), writer_(find_format("tsm")->make_writer(sink_, {})) {
    LogInfo info;
    info.format = "tsm";
    CHECK(writer_->begin(info));
  }
  LogMaker& add(std::string_view line) {
    const std::string_view text = line.substr(line.starts_with('\n') ? 1 : 0);
    const TsmLine kind = tsm::classify(text, bank_);
    const auto extend = tsm::parse_extend(text);
    const Digest digest = extend ? extend->value : engine_.hash(bank_, as_bytes(text));
    const DigestEntry entry{.algorithm = bank_, .value = digest.view()};
    Record record;
    record.reg.kind = RegisterKind::rtmr;
    record.reg.index = 2;
    record.content = ContentType::tsm;
    record.type = static_cast<std::uint32_t>(kind);
    record.data = as_bytes(text);
    record.prefix = as_bytes(line).first(line.size() - text.size());
    record.extends = kind != TsmLine::comment;
    if (record.extends) {
      record.digests = {&entry, 1};
    }
    CHECK(writer_->write(record));
    return *this;
  }
  std::string take() { return std::string(as_text(out_)); }

 private:
  HashAlgorithm bank_;
  HashEngine engine_;
  Bytes out_;
  MemorySink sink_{out_};
  std::unique_ptr<Writer> writer_;
};

std::string hash_of(HashAlgorithm bank, std::string_view text) {
  return HashEngine().hash(bank, as_bytes(text)).hex();
}

std::string zeros(std::size_t count) {
  return std::string(count, '0');
}

// 12.1.
std::string example(HashAlgorithm bank, std::string_view second_sync) {
  const auto direct = [bank](std::string_view text) { return "# .EXTEND " + hash_of(bank, text); };
  const std::string name = to_string(bank);
  return LogMaker(bank)
      .add("SYNC " + name + "/" + zeros(2 * find_algorithm(bank)->size))
      .add("\n# boot agent 1.0")
      .add("com.example/boot start")
      .add("com.example/image sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03")
      .add("\nalpha")
      .add("beta")
      .add("\n" + direct("direct one"))
      .add(direct("direct two"))
      .add("\nSYNC " + name + "/" + std::string(second_sync))
      .add("\nmr_ima extend sha256/7b400d2dda1901cf39118a43ceb3837cd1de0b584b757e8ee2cf173c9e1b3444")
      .add("mr_ima extend sha256/dfa612432aebcb7ffb5ccea2b973b1de828d91e19f989f8dc99b2b414a99b26c")
      .add("mr_ima extend sha256/ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")
      .add("\n# only a comment")
      .add(
          "\nkernel.org/tsm/static_mr mr_policy "
          "sha256/19667cd7243831f9a8f60b64ae0e61c7fa9cd64225b2aead93188680716ef01b")
      .add("\n" + direct("direct three"))
      .take();
}

constexpr std::string_view kSync256 = "7d9d422333745fc9a5eafa0f3f312b856b8426a0a4bfc060a92da1118bf2a68f";
constexpr std::string_view kSync384 =
    "113c764a176500084d5cc36f73e8d351a09998b957782b4e4eee979421cab7e6e2945625f3bd2741923b67529928fa9f";
constexpr std::string_view kFinal256 = "31c3103ae25c6b33049727b267ca7f46cbcb0beb9f576f6720a931b8c735aa21";
constexpr std::string_view kFinal384 =
    "8f366cdbcdf120b3a50300accbb12ef092a82ad825a8db80fd8fa2e61878ea6d65767abafd0526f7dbf68909d45d5713";

// Reads, folds, and writes back from fields. The log is as a kernel writes it, or the finding says why not.
std::unique_ptr<WholeLog> check_log(std::string_view text, HashAlgorithm bank, std::string_view final_value,
                                    const ReadOptions& options = {}) {
  auto log = read_whole("tsm", text, options);
  CHECK_MESSAGE(!log->error, (log->error ? to_string(*log->error) : ""));
  CHECK(fold(*log, bank) == final_value);
  CHECK(write_text("tsm", *log, Raw::dropped) == std::string(text));
  CHECK(write_text("tsm", *log, Raw::kept) == std::string(text));
  return log;
}

}  // namespace

TEST_CASE("12.2 and 12.3: the example is written byte for byte, in both banks") {
  const std::string small = example(kSha256, kSync256);
  CHECK(small.size() == 910);
  CHECK(hash_of(kSha256, small) == "a37387baca267855878758e0c132dc0bafee714a9d6d8844587f10194d43ede2");
  const auto log = check_log(small, kSha256, kFinal256);
  CHECK(log->diagnostics.all().empty());
  REQUIRE(log->records.size() == 15);
  const std::vector<std::uint64_t> places{0, 78, 95, 118, 209, 215, 221, 296, 372, 450, 536, 622, 709, 727, 835};
  for (std::size_t i = 0; i < places.size(); ++i) {
    CHECK(log->records[i]->offset + log->records[i]->prefix.size() == places[i]);
    CHECK(log->records[i]->number == i);
  }
  CHECK(to_hex(log->records[3]->digests[0].value) ==
        "1ad58194e7fcadfb5ea8a0a2ca4d112ce417de13d2223f459b695840e897ccdc");

  const std::string large = example(kSha384, kSync384);
  CHECK(large.size() == 1070);
  CHECK(hash_of(kSha256, large) == "d504179db42f82d9af46c65c3bde9fe48dad98858299113bf894a021c345d7a5");
  CHECK(check_log(large, kSha384, kFinal384)->diagnostics.all().empty());
}

TEST_CASE("12.2: the virtual register that three records extend") {
  const auto log = read_whole("tsm", example(kSha256, kSync256));
  HashEngine engine;
  Digest value = Digest::filled(32, 0);
  for (const Record* record : log->records) {
    if (const auto extend = tsm::parse_virtual_extend(as_text(record->data))) {
      CHECK(extend->name == "mr_ima");
      engine.extend(extend->digest.algorithm, value, extend->digest.value.view());
    }
  }
  CHECK(value.hex() == "7b3f88d1e2593eab4875f42cefdeea50e8b72fdaa0d0a2c6ffddf2d7753ae0d3");
}

TEST_CASE("12.2: what each line becomes") {
  const auto log = read_whole("tsm", example(kSha256, kSync256));
  REQUIRE(log->records.size() == 15);
  const Record& sync = *log->records[8];
  CHECK(sync.type == static_cast<std::uint32_t>(TsmLine::sync));
  CHECK(sync.extends);
  REQUIRE(sync.asserts);
  CHECK(sync.asserts->kind == AssertionKind::present);
  CHECK(sync.asserts->bank == kSha256);
  CHECK(sync.asserts->value.hex() == kSync256);
  CHECK(as_text(sync.prefix) == "\n");
  CHECK(as_text(sync.raw) == "\n" + std::string(as_text(sync.data)) + "\n");
  CHECK(sync.digests[0].origin == DigestOrigin::computed);
  const Record& direct = *log->records[6];
  CHECK(direct.type == static_cast<std::uint32_t>(TsmLine::extend));
  CHECK(direct.tentative);
  CHECK(direct.extends);
  CHECK(direct.digests[0].origin == DigestOrigin::logged);
  const Record& comment = *log->records[1];
  CHECK(comment.type == static_cast<std::uint32_t>(TsmLine::comment));
  CHECK_FALSE(comment.extends);
  CHECK(comment.digests.empty());
  CHECK(log->info.grows_at_runtime);
  CHECK(log->info.algorithms == std::vector<AlgorithmSize>{{kSha256, 32}});
}

TEST_CASE("12.2: replay through the records, from the zeros of the first SYNC") {
  const auto log = read_whole("tsm", example(kSha256, kSync256));
  DiagnosticSink sink;
  Replay replay({}, sink);
  replay.begin_log(log->info);
  for (const Batch& batch : log->batches) {
    replay.add(batch);
  }
  const auto results = replay.finish();
  const auto log_register =
      std::ranges::find(results, "unnamed", [](const RegisterResult& result) { return result.reg.name; });
  REQUIRE(log_register != results.end());
  CHECK(log_register->value.hex() == kFinal256);
}

TEST_CASE("12.4: the SYNC value continues a boot log") {
  const std::string text = LogMaker(kSha384)
                               .add(
                                   "SYNC sha384/f73c81858e2e10c639fd6781403891fdafddfc874dbdff2bb4bceff93017035502eca0"
                                   "89c3e516b0fd71f155de9ef3e8")
                               .add("\ncom.example/boot start")
                               .take();
  const auto log = read_whole("tsm", text);
  REQUIRE(log->records.size() == 2);
  CHECK(fold(*log, kSha384, log->records[0]->asserts->value.hex()) ==
        "e7ecafc98d90403f3c1407e35a694dab12f7301d5543a09df63319851ce785175f6ec7016b21ac371d1eb397597146cd");
  CHECK(to_hex(log->records[0]->digests[0].value) ==
        "b515c6542199bf12f2fb03d472079a2a1caf42335052d732b3d1e912077fb933750c13c0b49b27a49d61c5e6951f27c1");
  HashEngine engine;
  Digest value = Digest::filled(48, 0);
  for (const std::string_view event : {"ccel event 1", "ccel event 2"}) {
    engine.extend(kSha384, value, engine.hash(kSha384, as_bytes(event)).view());
  }
  CHECK(value == log->records[0]->asserts->value);
}

TEST_CASE("12.5: without a line the values before the second SYNC differ from it") {
  std::string text = example(kSha256, kSync256);
  text.erase(text.find("beta\n"), 5);
  const auto log = read_whole("tsm", text);
  CHECK(fold(*log, kSha256) == "06d2adad39d92e7df7826140fdd952fb13aa71cfc4fefc43a820581c6145c114");
  HashEngine engine;
  Digest value = Digest::filled(32, 0);
  for (std::size_t i = 0; i < 7; ++i) {
    if (log->records[i]->extends) {
      engine.extend(kSha256, value, log->records[i]->digests[0].value);
    }
  }
  CHECK(value.hex() == "bd5c5a32b1f52470883496be49a78915f2ce6b4221d1cbbdd9814203ff99862f");
}

TEST_CASE("12.6: extends that failed stay in the log, and their empty lines in the prefix") {
  const std::string one =
      "SYNC sha256/" + zeros(64) + "\n\none\n\n# .EXTEND " + hash_of(kSha256, "direct one") + "\n\ntwo\n";
  const auto failed = check_log(one, kSha256, "29ee0c090f730dcfa09780b32339fd066eed9e0a87eae373c7e2a7fb5ce5025e");
  CHECK(failed->diagnostics.all().empty());

  const std::string second =
      "SYNC sha256/" + zeros(64) + "\n\none\n\n# .EXTEND " + hash_of(kSha256, "direct one") + "\n\n# .EXTEND " +
      hash_of(kSha256, "direct two") +
      "\n\nSYNC sha256/c295ef7b15746eb39e8ae41b2a17e65dee18361c14532bda5dbbac523882f85f\n\ntwo\n";
  const auto log = read_whole("tsm", second);
  REQUIRE(log->records.size() == 6);
  CHECK(as_text(log->records[3]->prefix) == "\n");
  CHECK(write_text("tsm", *log, Raw::dropped) == second);
}

TEST_CASE("12.7: a manifest of a static register has no SYNC, so its bank is given") {
  const std::string text =
      "kernel.org/tsm/static_mr mr_policy sha256/19667cd7243831f9a8f60b64ae0e61c7fa9cd64225b2aead93188680716ef01b\n"
      "kernel.org/tsm/static_mr mr_pubkey sha256/33ac1d9b9e56005ccac045eac2398b3e9dd6b3f5b66ae6260f2d478c7c0d82c8\n";
  CHECK(text.size() == 214);
  CHECK(hash_of(kSha384, text) ==
        "ffa2220519dbec431c5fc52c8f07523c76464e20e27222239a3cf6812c0593de1f22b0b52163c4f43782fcac40b0dd09");
  const auto log = check_log(text, kSha384,
                             "67845a81446c80e1b4cb660ef74abdd4762dbeb50de4fe276ce7b6fafbfffa971bbdbdddb9c260b4a64a65"
                             "ceeaae815e",
                             {.bank = kSha384});
  CHECK(log->diagnostics.has("V23"));
  const auto unknown = read_whole("tsm", text);
  REQUIRE(unknown->error);
  CHECK(unknown->error->kind == ErrorKind::inconclusive);
  CHECK(unknown->error->message.contains("--bank"));
  CHECK_FALSE(detect_format({.prefix = as_bytes(text), .complete = true}));
}

TEST_CASE("12.8: lines at the edges of what the kernel stores") {
  const std::string start = "SYNC sha256/" + zeros(64) + "\n\n# only\n";
  struct Edge {
    std::string_view added;
    std::string_view value;
  };
  using namespace std::string_view_literals;
  const std::string sync = "\nSYNC sha256/" + zeros(64) + "\n";
  const std::string comment = "\n# .EXTEND " + std::string(64, '1') + "\n";
  for (const Edge& edge : {
           Edge{"\nx\n", "85b075200e91e012477ef6270019761dbb97e280b4083165767327dbb5531e26"},
           Edge{"\nx\ny\n", "bb3e54dc0e5504922790d801a4f1cfe3c3049e17d7a0f32b6fe34c79b9b39fd9"},
           Edge{"\n# note\n", "8ee385091f98515463cce785069ed70e3c84296aa67a42cd79dd7caac88b16a1"},
           Edge{"\ncaf\xc3\n", "c8ee73a0c92806c0ca6a549da1ae5c32c3430da911d9d43825adf00327d7ae6d"},
           Edge{"\na\0b\n"sv, "35d68dc327c473bae716d87de4acee6856e9d026d4cb52392a4f31e104e16f7a"},
           Edge{"\na\x0b"
                "b\x0c"
                "c\n",
                "593acf562def778fe9ca4757b2416713ee5ee28d9243c153836067d8e86adbc9"},
           Edge{sync, "4d363ae6446fb0e44df440483015dc7cccba0e0c518793bf66a4d17ac54385ed"},
       }) {
    CHECK(check_log(start + std::string(edge.added), kSha256, edge.value)->diagnostics.all().empty());
  }
  // A comment that a user wrote cannot be told from a direct extension by its bytes.
  const auto forged = read_whole("tsm", start + comment);
  REQUIRE(forged->records.size() == 3);
  CHECK(forged->records[2]->tentative);

  const std::string border =
      "SYNC sha256/" + zeros(64) + "\n\n" + std::string(4090, 'A') + "\nBBBBB\n\n" + std::string(15, 'B') + "\n";
  CHECK(border.size() == 4192);
  check_log(border, kSha256, "4a9746c9de2aed691df0300af4a37271af487c07c98e53f9708de76aab5cd75f");
}
