// Decodes and judges arbitrary data as every event type. Input: two bytes of options, then the data.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "lib/content/content.hpp"
#include "lib/content/pcclient.hpp"

namespace {

using mrtool::ByteView;

void check(const mrtool::Record& record, const mrtool::LogInfo& log, mrtool::HashEngine& engine) {
  const mrtool::Decoded decoded = mrtool::decode(record, log);
  const mrtool::Judgement judgement = mrtool::judge(record, log, engine);
  if (judgement.digests.size() != record.digests.size()) {
    std::abort();
  }
  for (const mrtool::Field& field : decoded.fields) {
    if (field.range.begin > field.range.end || field.range.end > record.data.size()) {
      std::abort();
    }
  }
  if (judgement.covered && judgement.covered->end > record.data.size()) {
    std::abort();
  }
  (void)mrtool::covered_fields(decoded, judgement);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the fuzzer's own name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  constexpr std::size_t kOptions = 2;
  constexpr std::uint32_t kUnknownType = 0x8401;
  static mrtool::HashEngine engine;
  if (size < kOptions) {
    return 0;
  }
  const ByteView data = ByteView(bytes, size).subspan(kOptions);
  const mrtool::Digest expected = engine.hash(mrtool::HashAlgorithm::sha256, data);
  const std::array<mrtool::DigestEntry, 2> digests{{
      {.algorithm = mrtool::HashAlgorithm::sha256, .value = expected.view()},
      {.algorithm = mrtool::HashAlgorithm::sha1, .value = data.first(std::min<std::size_t>(data.size(), 20))},
  }};
  mrtool::LogInfo log;
  log.uintn_size = (bytes[0] & 1U) != 0 ? 4 : 8;
  mrtool::Record record;
  record.content = mrtool::ContentType::pcclient;
  record.reg = {.kind = (bytes[0] & 2U) != 0 ? mrtool::RegisterKind::nv : mrtool::RegisterKind::pcr,
                .index = bytes[1] % 24U,
                .name = {},
                .provider = {},
                .carrier = {}};
  record.digests = digests;
  record.data = data;
  for (const mrtool::pcclient::EventType& type : mrtool::pcclient::event_types()) {
    record.type = type.value;
    check(record, log, engine);
  }
  record.type = kUnknownType;
  check(record, log, engine);
  return 0;
}
