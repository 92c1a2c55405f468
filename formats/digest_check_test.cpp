// DigestCheck says of real logs, sound and with bytes changed, what judge() says of each of their records.
#include "lib/content/digest_check.hpp"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <filesystem>

#include "formats/test_mutation.hpp"
#include "lib/base/test_files.hpp"
#include "lib/base/workers.hpp"
#include "lib/content/judgement.hpp"

using namespace mrtool;
using namespace mrtool::testing;

namespace {

// Whatever the bytes are, if they are a log.
std::unique_ptr<WholeLog> read_any(const Bytes& bytes) {
  const auto found = detect_format({.prefix = ByteView(bytes).first(std::min<std::size_t>(bytes.size(), kDetectBytes)),
                                    .complete = bytes.size() <= kDetectBytes});
  return found ? read_whole(found->format->name, bytes) : nullptr;
}

struct Said {
  DigestCheck::Counts counts;
  std::vector<std::string> differing;  // record, and what is said of each digest

  bool operator==(const Said& other) const {
    return counts.computed == other.counts.computed && counts.matches == other.counts.matches &&
           counts.unverifiable == other.counts.unverifiable && counts.differs == other.counts.differs &&
           differing == other.differing;
  }
};

std::string described(const Record& record, const Judgement& judgement) {
  std::string text = std::to_string(record.number);
  for (const DigestJudgement& digest : judgement.digests) {
    text += fmt::format(" {} {}", to_string(digest.check), digest.recipe);
  }
  return text;
}

Said said_by_judge(const WholeLog& log) {
  Said said;
  HashEngine engine;
  for (const Record* record : log.records) {
    const Judgement judgement = judge(*record, log.info, engine);
    bool differs = false;
    for (std::size_t i = 0; i < judgement.digests.size(); ++i) {
      if (record->digests[i].is_hash_of_data) {
        ++said.counts.computed;
        CHECK(judgement.digests[i].check != Check::differs);
      } else {
        const Check check = judgement.digests[i].check;
        said.counts.matches += check == Check::matches ? 1 : 0;
        said.counts.unverifiable += check == Check::unverifiable ? 1 : 0;
        said.counts.differs += check == Check::differs ? 1 : 0;
        differs = differs || check == Check::differs;
      }
    }
    if (differs) {
      said.differing.push_back(described(*record, judgement));
    }
  }
  return said;
}

Said said_by_check(const WholeLog& log, Workers* workers) {
  Said said;
  DigestCheck check(workers);
  for (const Batch& batch : log.batches) {
    check.add(batch.records, log.info, [&said](const Record& record, const Judgement& judgement) {
      said.differing.push_back(described(record, judgement));
    });
  }
  said.counts = check.counts();
  return said;
}

}  // namespace

TEST_CASE("the digests of all logs of testdata are checked as judge() judges them") {
  Workers workers(3);
  std::size_t logs = 0;
  std::uint64_t matches = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kTestdataFolder)) {
    constexpr std::uintmax_t kLargest = 4 * 1024 * 1024;
    if (!entry.is_regular_file() || entry.file_size() > kLargest) {
      continue;
    }
    CAPTURE(entry.path());
    const Bytes bytes = read_test_file(entry.path());
    if (const auto log = read_any(bytes); log && !log->records.empty()) {
      ++logs;
      const Said expected = said_by_judge(*log);
      matches += expected.counts.matches;
      CHECK(said_by_check(*log, nullptr) == expected);
      CHECK(said_by_check(*log, &workers) == expected);
    }
  }
  CHECK(logs > 20);
  CHECK(matches > 500);
}

TEST_CASE("the digests of logs with a byte changed are checked as judge() judges them") {
  constexpr std::size_t kPositions = 150;
  std::size_t differing = 0;
  for (const char* const name : {"vm/shimgrub-secureboot/binary_bios_measurements", "vectors/agile-sha256.bin",
                                 "vm/custom-policy/binary_runtime_measurements"}) {
    CAPTURE(name);
    const Bytes sound = read_test_file(kTestdataFolder / name);
    for_each_mutation(sound, kPositions, [&](const Mutation& mutation) {
      CAPTURE(mutation.at);
      CAPTURE(mutation.kind);
      if (const auto log = read_any(mutation.bytes)) {
        const Said expected = said_by_judge(*log);
        differing += expected.differing.size();
        CHECK(said_by_check(*log, nullptr) == expected);
      }
    });
  }
  CHECK(differing > 100);
}

TEST_CASE("a log that carries another's records cannot say that their digests need no check") {
  // A comment in a TSM log can state that the digest behind it was computed from the content. It was not.
  const std::string data = "280000007368613235363a00" + std::string(64, '1') + "0e0000002f7573722f62696e2f676f6f6400";
  std::size_t checked = 0;
  for (const std::string content : {"ima_template index=10 flags=extends,computed name=696d612d6e67",
                                    "pcclient index=10 type=5 flags=extends,computed", "aael flags=extends,computed"}) {
    CAPTURE(content);
    const std::string text = fmt::format("# mrtool/1 log sha384\n# mrtool/1 record {} data={}\n# .EXTEND {}\n", content,
                                         data, std::string(96, 'a'));
    const auto log = read_whole("tsm", as_bytes(text), {.reg = parse_register("rtmr3")});
    if (log->error || log->records.empty() || log->records.front()->digests.empty()) {
      continue;
    }
    ++checked;
    CHECK(log->records.front()->digests.front().origin == DigestOrigin::computed);
    HashEngine engine;
    const std::vector<Judgement> judged = judge_many(log->records, log->info, engine);
    CHECK(judged.front().digests.front().check == Check::differs);
    CHECK(said_by_check(*log, nullptr).counts.differs == 1);
  }
  CHECK(checked >= 2);
}
