#include "lib/extend/event.hpp"

#include "lib/base/limits.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/crypto/stream_hash.hpp"

namespace mrtool::extend {

Record as_record(const Event& event, const Register& reg, std::vector<DigestEntry>& pool) {
  pool.clear();
  for (const BankDigest& digest : event.digests) {
    pool.push_back({.algorithm = digest.bank, .value = digest.digest.view()});
  }
  Record record;
  record.reg = reg;
  record.raw_index = reg.index;
  record.content = event.content;
  record.type = event.type;
  record.extends = event.extends && !event.digests.empty();
  record.digests = pool;
  record.data = event.data;
  record.name = event.name;
  record.extras = event.extras;
  return record;
}

std::vector<BankDigest> digests_of(ByteView content, std::span<const HashAlgorithm> banks) {
  HashEngine engine;
  std::vector<BankDigest> digests;
  for (const HashAlgorithm bank : banks) {
    digests.push_back({.bank = bank, .digest = engine.hash(bank, content)});
  }
  return digests;
}

Result<std::vector<BankDigest>> digests_of(ByteSource& content, std::span<const HashAlgorithm> banks) {
  StreamHash hash(banks);
  Bytes piece(limits::kReadPiece);
  for (;;) {
    MRTOOL_TRY(got, content.read(piece));
    if (got == 0) {
      break;
    }
    hash.add(ByteView(piece).first(got));
  }
  const std::vector<Digest> values = hash.finish();
  std::vector<BankDigest> digests;
  for (std::size_t i = 0; i < banks.size(); ++i) {
    digests.push_back({.bank = banks[i], .digest = values[i]});
  }
  return digests;
}

}  // namespace mrtool::extend
