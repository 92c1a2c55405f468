#include "lib/extend/event.hpp"

#include "lib/crypto/hash.hpp"

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

}  // namespace mrtool::extend
