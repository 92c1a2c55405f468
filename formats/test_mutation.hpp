// For tests: a log with one byte changed, taken away or added, or cut, and whether anybody would notice.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "formats/test_log.hpp"
#include "lib/content/content.hpp"
#include "lib/registers/names.hpp"
#include "lib/replay/replay.hpp"

namespace mrtool::testing {

struct Mutation {
  std::size_t at = 0;
  std::string_view kind;
  Bytes bytes;
};

// At `positions` places of the log, or at all of its bytes where these are fewer.
template <class Take>
void for_each_mutation(const Bytes& sound, std::size_t positions, Take take) {
  struct Change {
    std::string_view kind;
    void (*apply)(Bytes& bytes, std::size_t at);
  };
  static constexpr auto kChanges = std::to_array<Change>({
      {"lowest bit", [](Bytes& bytes, std::size_t at) { bytes[at] ^= 0x01; }},
      {"highest bit", [](Bytes& bytes, std::size_t at) { bytes[at] ^= 0x80; }},
      {"all bits", [](Bytes& bytes, std::size_t at) { bytes[at] ^= 0xFF; }},
      {"zero", [](Bytes& bytes, std::size_t at) { bytes[at] = 0; }},
      {"taken away",
       [](Bytes& bytes, std::size_t at) { bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at)); }},
      {"twice",
       [](Bytes& bytes, std::size_t at) {
         bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), std::uint8_t{bytes[at]});
       }},
      {"cut", [](Bytes& bytes, std::size_t at) { bytes.resize(at); }},
  });
  const std::size_t step = std::max<std::size_t>(1, sound.size() / positions);
  for (std::size_t at = 0; at < sound.size(); at += step) {
    for (const Change& change : kChanges) {
      Mutation mutation{.at = at, .kind = change.kind, .bytes = sound};
      change.apply(mutation.bytes, at);
      if (mutation.bytes != sound) {
        take(mutation);
      }
    }
  }
}

// What a reader of the log is told, in whatever way.
struct Account {
  std::optional<Error> error;
  std::set<std::string> findings;  // diagnostics, digests that differ, contents that do not decode
  std::set<std::string> vouched;   // for which digests match, and which bytes they cover
  std::vector<std::string> values;
};

inline Account account_of(const WholeLog& log) {
  Account account;
  account.error = log.error;
  DiagnosticSink replayed;
  Replay replay({}, replayed);
  replay.begin_log(log.info);
  HashEngine engine;
  for (const Record* record : log.records) {
    replay.add(*record);
    const std::string number = std::to_string(record->number);
    account.findings.insert(number + " " + decode(*record, log.info).problem);
    const Judgement judgement = judge(*record, log.info, engine);
    for (std::size_t i = 0; i < judgement.digests.size(); ++i) {
      if (judgement.digests[i].check == Check::differs) {
        account.findings.insert(number + " differs");
      } else if (judgement.digests[i].check == Check::matches) {
        account.vouched.insert(number + " " + to_string(record->digests[i].algorithm));
      }
    }
    if (judgement.covered) {
      account.vouched.insert(
          number + " " +
          to_hex(record->data.subspan(judgement.covered->begin, judgement.covered->end - judgement.covered->begin)));
    }
  }
  for (const RegisterResult& result : replay.finish()) {
    account.values.push_back(to_string(result.bank) + ":" + to_string(result.reg) + "=" + result.value.hex() +
                             (result.complete ? "" : " incomplete"));
  }
  for (const DiagnosticSink* sink : {&log.diagnostics, &std::as_const(replayed)}) {
    for (const Diagnostic& diagnostic : sink->all()) {
      account.findings.insert(diagnostic.code + " " + diagnostic.message);
    }
  }
  return account;
}

// The change shows: in an error, another value, a finding that was not there before, or a digest that no longer
// matches.
inline bool shows(const Account& sound, const Account& changed) {
  return changed.error.has_value() || changed.values != sound.values ||
         !std::ranges::includes(sound.findings, changed.findings) ||
         !std::ranges::includes(changed.vouched, sound.vouched);
}

// The part of a binary log that a byte is in: a digest, the record's name, a field of its content, or what is around
// these.
inline std::string part_of(const WholeLog& log, std::size_t at) {
  for (const Record* record : log.records) {
    if (at < record->offset || at - record->offset >= record->raw.size()) {
      continue;
    }
    if (record->violation || !record->extends) {
      return record->violation ? "violation" : "record that is not measured";
    }
    const std::uint8_t* const byte = record->raw.data() + (at - record->offset);
    const auto holds = [byte](ByteView part) {
      return !part.empty() && !std::less<>()(byte, part.data()) && std::less<>()(byte, part.data() + part.size());
    };
    if (std::ranges::any_of(record->digests, [&](const DigestEntry& entry) { return holds(entry.value); })) {
      return "digest";
    }
    if (holds(record->name)) {
      return "name";
    }
    if (!holds(record->data)) {
      return "frame";
    }
    const Decoded decoded = decode(*record, log.info);
    const auto place = static_cast<std::uint64_t>(byte - record->data.data());
    const auto field = std::ranges::find_if(decoded.fields, [place](const Field& candidate) {
      return candidate.range.begin <= place && place < candidate.range.end;
    });
    return decoded.kind + (field == decoded.fields.end() ? "" : "." + field->name);
  }
  return "behind the records";
}

// The members of a JSON text that a byte is in, as "content.timestamp"; "blank" between tokens. For sound JSON without
// escapes.
inline std::string member_of(std::string_view text, std::size_t at) {
  std::vector<std::string> path;
  std::string key;
  for (std::size_t i = 0; i <= at; ++i) {
    if (text[i] == '{') {
      path.push_back(key);
    } else if (text[i] == '}') {
      key = path.back();
      path.pop_back();
    } else if (text[i] == '"') {
      const std::size_t end = text.find('"', i + 1);
      if (text[text.find_first_not_of(" \n", end + 1)] == ':') {
        key = text.substr(i + 1, end - i - 1);
      }
      i = end;
      if (at < end) {
        break;
      }
    } else if (i == at && (text[i] == ' ' || text[i] == '\n')) {
      return "blank";
    }
  }
  std::string name;
  for (const std::string& part : path) {
    name += part.empty() ? "" : part + ".";
  }
  return name + key;
}

}  // namespace mrtool::testing
