#include "tools/benchmark/rows.hpp"

#include <array>

#include "tools/benchmark/inputs.hpp"

namespace mrtool::benchmark {
namespace {

using enum Measure;
using enum Relation;

constexpr std::size_t k10k = 10'000;
constexpr std::size_t k100k = 100'000;
constexpr std::size_t k1M = 1'000'000;
constexpr int kStarts = 300;

// Commands that several rows have. With --against replay also compares the value behind each record, and folds an IMA
// list in every way in which kernels have extended it, as evmctl does. Bare hashing is compared with folding alone.
constexpr std::string_view kIma = "mrtool replay --threads 1 {check} --bank sha1,sha256 {ima} --against {ima.known}";
constexpr std::string_view kIma2 = "mrtool replay --threads 2 {check} --bank sha1,sha256 {ima} --against {ima.known}";
constexpr std::string_view kImaFold = "mrtool replay --threads 1 {check} --bank sha1,sha256 {ima}";
constexpr std::string_view kImaFold4 = "mrtool replay --threads 2 {check} --bank sha1,sha256,sha384,sha512 {ima}";
constexpr std::string_view kImaLoop = "loop ima --bank sha1,sha256 {ima} {ima.known}";
constexpr std::string_view kImaLoop4 = "loop ima {ima} {ima.known}";
constexpr std::string_view kEvmctl =
    "evmctl ima_measurement --ignore-violations --pcrs sha1,{ima.sha1} --pcrs sha256,{ima.sha256} {ima}";
constexpr std::string_view kEvmctlShows =
    "evmctl -v ima_measurement --ignore-violations --pcrs sha1,{ima.sha1} --pcrs sha256,{ima.sha256} {ima}";
constexpr std::string_view kTsm = "mrtool replay --threads 1 rtmr3={tsm} --against {tsm.known}";
constexpr std::string_view kTsmFold = "mrtool replay --threads 2 rtmr3={tsm}";
constexpr std::string_view kTsmLoop = "loop tsm {tsm} {tsm.known}";
constexpr std::string_view kTcg2 = "mrtool replay --threads 1 {tcg2} --against {tcg2.known}";
constexpr std::string_view kTcg2Checked = "mrtool replay --threads 1 {check} {tcg2} --against {tcg2.known}";
constexpr std::string_view kTcg2Fold = "mrtool replay --threads 1 {tcg2}";
constexpr std::string_view kTcg2FoldChecked = "mrtool replay --threads 1 {check} {tcg2}";
constexpr std::string_view kTcg2Loop = "loop tcg2 {tcg2} {tcg2.known}";
constexpr std::string_view kTcg2LoopChecked = "loop tcg2 --digests {tcg2} {tcg2.known}";
constexpr std::string_view kToAscii = "mrtool convert --threads 1 --to ima-ascii {ima}";
constexpr std::string_view kToAscii2 = "mrtool convert --threads 2 --to ima-ascii {ima}";
constexpr std::string_view kToTlv = "mrtool convert --threads 1 --to cel-tlv {ima}";
constexpr std::string_view kToCbor = "mrtool convert --threads 1 --to cel-cbor {ima}";
constexpr std::string_view kToJson = "mrtool convert --threads 1 --to cel-json {ima}";
constexpr std::string_view kInspect = "mrtool inspect --threads 1 --ndjson {ima}";
constexpr std::string_view kInspect2 = "mrtool inspect --threads 2 --ndjson {ima}";
constexpr std::string_view kCel = "mrtool replay --threads 1 {cel} --against {cel.known}";
constexpr std::string_view kCelFold = "mrtool replay --threads 1 {cel}";
constexpr std::string_view kBoot = "mrtool replay {tcg2}";
constexpr std::string_view kBatch1 = "mrtool replay --threads 1 --batch {batch}";
constexpr std::string_view kBatch2 = "mrtool replay --threads 2 --batch {batch}";

constexpr std::string_view kImaGroup = "IMA %n, sha1 + sha256, digests checked";
constexpr std::string_view kIma4Group = "IMA %n, four banks, digests checked";
constexpr std::string_view kTsmGroup = "TSM %n, sha384";
constexpr std::string_view kCelGroup = "CEL-JSON %n, three banks";
constexpr std::string_view kBatchGroup = "batch of %n logs of 30 KB";
constexpr std::string_view kTcg2Group = "TCG2 %n, three banks";
constexpr std::string_view kTcg2CheckedGroup = "TCG2 %n, three banks, digests checked";
constexpr std::string_view kShowGroup = "IMA %n, shown and converted";
constexpr std::string_view kLoop = "bare loop";

constexpr std::string_view kImaKnown = "ima.known";
constexpr std::string_view kTsmKnown = "tsm.known";
constexpr std::string_view kTcg2Known = "tcg2.known";
constexpr std::string_view kCelKnown = "cel.known";
constexpr std::string_view kOne = "replay, one thread";
constexpr std::string_view kTwo = "replay, two threads";
constexpr std::string_view kTpm2Eventlog = "tpm2_eventlog";  // folds and shows, and checks no digest
constexpr std::string_view kEventlog = "tpm2_eventlog {tcg2}";
constexpr std::string_view kStartGroup = "start-up, log of 30 KB";
constexpr std::string_view kOpenssl = "openssl version";

constexpr auto kRows = std::to_array<Row>({
    {kImaGroup, kOne, k1M, kIma, {}, "evmctl", kEvmctl, cpu, times, 8},
    {kImaGroup, kTwo, k1M, kIma2, {}, "evmctl", kEvmctl, wall, times, 12, 20},
    {kImaGroup, kOne, k1M, kImaFold, kImaKnown, kLoop, kImaLoop, cpu, share, 1.2, 0.7},
    {kIma4Group, kTwo, k1M, kImaFold4, kImaKnown, kLoop, kImaLoop4, wall, share, 0.7, 0.4},
    {kTsmGroup, kTwo, k1M, kTsmFold, kTsmKnown, kLoop, kTsmLoop, wall, share, 0.7, 0.52},
    {kTcg2Group, kOne, k100k, kTcg2Fold, kTcg2Known, kLoop, kTcg2Loop, cpu, share, 1.2, 0.9},
    {kTcg2Group, kOne, k1M, kTcg2Fold, kTcg2Known, kLoop, kTcg2Loop, cpu, share, 1.2, 0.9},
    {kTcg2Group, kOne, k100k, kTcg2Fold, kTcg2Known, kTpm2Eventlog, kEventlog, cpu, times, 20, 30},
    {kTcg2Group, kOne, k1M, kTcg2Fold, kTcg2Known, kTpm2Eventlog, kEventlog, cpu, times, 20, 30},
    {kTcg2CheckedGroup, kOne, k100k, kTcg2FoldChecked, kTcg2Known, kLoop, kTcg2LoopChecked, cpu, share, 1.2, 0.9},
    {kTcg2CheckedGroup, kOne, k1M, kTcg2FoldChecked, kTcg2Known, kLoop, kTcg2LoopChecked, cpu, share, 1.2, 0.9},
    {kShowGroup, "convert to ima-ascii, two threads", k1M, kToAscii2, {}, "evmctl -v", kEvmctlShows, wall, times, 40},
    {kShowGroup, "inspect --ndjson, two threads", k1M, kInspect2, {}, "evmctl -v", kEvmctlShows, wall, times, 25},
    {kShowGroup, "convert to cel-tlv", k1M, kToTlv, {}, "replay", kImaFold, cpu, share, 3, 2},
    {kShowGroup, "convert to cel-cbor", k1M, kToCbor, {}, "replay", kImaFold, cpu, share, 3, 2},
    {kShowGroup, "convert to cel-json", k1M, kToJson, {}, "replay", kImaFold, cpu, share, 3, 2},
    {kCelGroup, kOne, k100k, kCelFold, kCelKnown, "nlohmann", "parse-json {cel}", cpu, times, 4, 7},
    {kStartGroup, "replay", kBootRecords, kBoot, kTcg2Known, "openssl", kOpenssl, wall, milliseconds, 2, 0, kStarts},
    {kStartGroup, "replay", kBootRecords, kBoot, kTcg2Known, "openssl", kOpenssl, cpu, milliseconds, 2, 0, kStarts},
    {kBatchGroup, kTwo, k10k, kBatch2, {}, "one thread", kBatch1, wall, times, 1.8},
});

constexpr auto kWorkloads = std::to_array<Workload>({
    {"replay IMA, two banks, digests checked", kIma, k1M},
    {"the same, two threads", kIma2, k1M},
    {"replay TSM", kTsm, k1M},
    {"replay TCG2, three banks", kTcg2, k1M},
    {"the same, digests checked", kTcg2Checked, k1M},
    {"convert IMA to ima-ascii", kToAscii, k1M},
    {"convert IMA to cel-tlv", kToTlv, k1M},
    {"convert IMA to cel-cbor", kToCbor, k1M},
    {"convert IMA to cel-json", kToJson, k1M},
    {"inspect --ndjson IMA", kInspect, k1M},
    {"replay CEL-JSON, three banks", kCel, k100k},
});

constexpr std::string_view kReplayOut = "mrtool replay --bank sha1 {out} --against {ima.known}";

constexpr auto kChecks = std::to_array<Check>({
    {"ima-ascii", k100k, "mrtool convert --to ima-ascii {ima} -o {out}", kReplayOut},
    {"cel-tlv", k100k, "mrtool convert --to cel-tlv {ima} -o {out}", kReplayOut},
    {"cel-cbor", k100k, "mrtool convert --to cel-cbor {ima} -o {out}", kReplayOut},
    {"cel-json", k100k, "mrtool convert --to cel-json {ima} -o {out}", kReplayOut},
    {"inspect --ndjson", k100k, "", kInspect, Expect::line_each},
    {"start-up", kBootRecords, "", "mrtool replay {tcg2} --against {tcg2.known}"},
    {"batch", k10k, "", "mrtool replay --batch {batch}", Expect::batch_values},
});

}  // namespace

std::span<const Row> rows() {
  return kRows;
}
std::span<const Workload> workloads() {
  return kWorkloads;
}
std::span<const Check> checks() {
  return kChecks;
}

}  // namespace mrtool::benchmark
