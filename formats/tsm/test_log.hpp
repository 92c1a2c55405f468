// For the tests of the line formats: reads and writes logs whole, and folds them.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/test_log.hpp"
#include "lib/base/host.hpp"
#include "lib/replay/replay.hpp"

namespace mrtool::tsm::testing {

using mrtool::testing::Raw;
using mrtool::testing::read_whole;
using mrtool::testing::SlowSource;
using mrtool::testing::WholeLog;

inline std::unique_ptr<WholeLog> read_whole(std::string_view format, std::string_view bytes,
                                            const ReadOptions& options = {}) {
  return read_whole(format, as_bytes(bytes), options);
}

inline Result<std::string> write_text(std::string_view format, const WholeLog& log, Raw raw,
                                      const WriteOptions& options = {}) {
  auto out = mrtool::testing::write_whole(format, log, raw, options);
  if (!out) {
    return std::unexpected(std::move(out).error());
  }
  return std::string(as_text(*out));
}

inline bool same_record(const Record& a, const Record& b) {
  return a.reg == b.reg && a.content == b.content && a.type == b.type && equal(a.name, b.name) &&
         equal(a.data, b.data) && a.extends == b.extends && a.tentative == b.tentative && a.violation == b.violation &&
         a.starts_instance == b.starts_instance && a.stated_number == b.stated_number &&
         a.asserts.has_value() == b.asserts.has_value() &&
         (!a.asserts || (a.asserts->kind == b.asserts->kind && a.asserts->bank == b.asserts->bank &&
                         a.asserts->value == b.asserts->value)) &&
         std::ranges::equal(a.digests, b.digests, [](const DigestEntry& x, const DigestEntry& y) {
           return x.algorithm == y.algorithm && x.origin == y.origin && equal(x.value, y.value);
         });
}

// The register's value where every extend is done, in order: v = H(v || digest). `initial` empty: zeros.
inline std::string fold(const WholeLog& log, HashAlgorithm bank, std::string_view initial = {}) {
  HashEngine engine;
  Digest value = Digest::filled(find_algorithm(bank)->size, 0);
  if (!initial.empty()) {
    value = Digest(*from_hex(initial));
  }
  for (const Record* record : log.records) {
    if (record->extends) {
      value = engine.hash(bank, value.view(), record->digests[0].value);
    }
  }
  return value.hex();
}

}  // namespace mrtool::tsm::testing
