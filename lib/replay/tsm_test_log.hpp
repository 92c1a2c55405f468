// For tests: TSM text logs as their lines' records, and the values that the format notes state.
#pragma once

#include <memory>

#include "lib/content/tsm_line.hpp"
#include "lib/replay/test_log.hpp"

namespace mrtool::replay_test {

inline Digest digest_of(std::string_view hex) {
  const auto bytes = from_hex(hex);
  REQUIRE(bytes);
  return Digest(*bytes);
}

// A log whose lines are records by the plain rule; owns what they are views of.
class TsmLog {
 public:
  TsmLog(std::string_view reg, HashAlgorithm bank, std::string text) : text_(std::make_unique<std::string>(text)) {
    info.format = "tsm";
    info.grows_at_runtime = true;
    info.algorithms.push_back({bank, static_cast<std::uint16_t>(find_algorithm(bank)->size)});
    std::size_t start = 0;
    std::size_t blanks = 0;
    while (start < text_->size()) {
      const std::size_t end = std::min(text_->find('\n', start), text_->size());
      if (end == start) {
        ++blanks;
      } else {
        add(reg, bank, std::string_view(*text_).substr(start, end - start), start, blanks);
        blanks = 0;
      }
      start = end + 1;
    }
  }

  LogInfo info;
  std::vector<Record> records;

 private:
  void add(std::string_view reg, HashAlgorithm bank, std::string_view line, std::size_t start, std::size_t blanks) {
    Record record;
    record.number = records.size();
    record.offset = start - blanks;
    record.reg = reg_of(reg);
    record.content = ContentType::tsm;
    record.data = as_bytes(line);
    record.prefix = as_bytes(*text_).subspan(start - blanks, blanks);
    const TsmLine kind = tsm::classify(line, bank);
    record.type = static_cast<std::uint32_t>(kind);
    record.extends = kind != TsmLine::comment;
    if (kind == TsmLine::extend) {
      digests_.push_back(tsm::parse_extend(line)->value);
      record.tentative = true;
    } else if (record.extends) {
      digests_.push_back(hashed(bank, line));
    }
    if (kind == TsmLine::sync) {
      record.asserts = Assertion{AssertionKind::present, bank, tsm::parse_sync(line)->value};
    }
    if (record.extends) {
      entries_.push_back({bank, digests_.back().view(), DigestOrigin::computed});
      record.digests = {&entries_.back(), 1};
    }
    records.push_back(record);
  }

  std::unique_ptr<std::string> text_;
  std::deque<Digest> digests_;
  std::deque<DigestEntry> entries_;
};

inline std::string sync_line(HashAlgorithm bank, const Digest& value) {
  return tsm::format_sync(bank, value.view()) + "\n";
}
inline std::string extend_line(const Digest& digest) {
  return tsm::format_extend(digest.view()) + "\n";
}
inline Digest hash_line(HashAlgorithm bank, Digest value, std::string_view line) {
  return extended(bank, value, line.ends_with('\n') ? line.substr(0, line.size() - 1) : line);
}

template <class AnyLog>
void fold_log(Replay& replay, const AnyLog& log) {
  replay.begin_log(log.info);
  for (const Record& record : log.records) {
    replay.add(record);
  }
}

// Replays a log, or several, against one value of one register.
template <class... Logs>
Outcome replay_against(std::string_view reg, HashAlgorithm bank, const std::optional<Digest>& value,
                       const Logs&... logs) {
  Outcome outcome;
  Replay replay({}, outcome.sink);
  if (value) {
    replay.compare_with({values({{reg, bank, *value}})});
  }
  (fold_log(replay, logs), ...);
  outcome.results = replay.finish();
  return outcome;
}

}  // namespace mrtool::replay_test
