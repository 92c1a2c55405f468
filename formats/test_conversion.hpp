// For tests of conversion: logs that are at hand, converted as mrtool convert does.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "formats/convert_target.hpp"
#include "formats/formats.hpp"
#include "formats/tcg/carry.hpp"
#include "lib/base/limits.hpp"
#include "lib/base/test_files.hpp"
#include "lib/content/systemd_event.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::testing {

inline constexpr std::uintmax_t kLargestSample = 200 * 1024;  // bytes

// What a record says, whoever wrote it.
struct Told {
  std::string text;
  std::set<std::string> digests;
  std::set<std::string> computed;  // of these, those that the format computes from the content
};

inline Told told(const Record& record, bool lines_are_events) {
  const bool event = lines_are_events && record.content == ContentType::tsm;
  Told told;
  told.text = to_string(record.reg) + (record.extends ? " extends " : " ");
  if (event) {
    told.text += "pcclient 5";
  } else {
    told.text += std::string(to_string(record.content)) + " " + std::to_string(record.type);
  }
  told.text +=
      " '" + std::string(as_text(record.name)) + "' " + to_hex(record.data) + (record.violation ? " violation" : "");
  if (const SystemdEvent* details = systemd_event(record)) {
    for (const JsonMember& member : details->members) {
      told.text += " " + member.key + "=" + member.text;
    }
  }
  for (const DigestEntry& digest : record.digests) {
    // The SHA-1 layout has room for a digest in every record: zeros where nothing is measured.
    if (!record.extends && all_equal_to(digest.value, 0)) {
      continue;
    }
    const std::string text = to_string(digest.algorithm) + ":" + to_hex(digest.value);
    told.digests.insert(text);
    if (digest.origin == DigestOrigin::computed) {
      told.computed.insert(text);
    }
  }
  return told;
}

// The copy says the same; it may hold digests more that its format computes from the same content.
inline bool same(const std::vector<Told>& copies, const std::vector<Told>& originals) {
  return std::ranges::equal(copies, originals, [](const Told& copy, const Told& original) {
    const auto known = [&](const std::string& digest) {
      return original.digests.contains(digest) || copy.computed.contains(digest);
    };
    const auto kept = [&](const std::string& digest) {
      return copy.digests.contains(digest) || original.computed.contains(digest);
    };
    return copy.text == original.text && std::ranges::all_of(copy.digests, known) &&
           std::ranges::all_of(original.digests, kept);
  });
}

struct Log {
  std::vector<Told> records;
  Bytes bytes;
  bool damaged = false;
};

inline Log read_log(const FormatRow& format, Bytes bytes, const ReadOptions& options, bool lines_are_events) {
  Log log;
  log.bytes = std::move(bytes);
  DiagnosticSink unused;
  const auto reader = format.make_reader(make_memory_source(log.bytes), options, unused);
  Batch batch;
  for (bool more = true; more;) {
    const auto read = reader->read(batch);
    log.damaged = log.damaged || !read;
    more = read && *read;
    for (const Record& record : batch.records) {
      if (!tcg::announces_banks(record)) {
        log.records.push_back(told(record, lines_are_events));
      }
    }
  }
  return log;
}

struct Converted {
  std::optional<Error> error;
  ConvertResult result;
  std::uint64_t lost = 0;
  Bytes bytes;
  ReadOptions reading;  // what the output does not say of itself
};

inline Converted convert(const FormatRow& from, const Bytes& bytes, const ReadOptions& reading,
                         const ConvertTarget& target, ConvertOptions options = {}) {
  Converted out;
  const auto host = make_host({});
  options.compute_banks = reading.compute_banks;
  Conversion conversion(target, std::move(options), *host);
  DiagnosticSink unused;
  const auto reader = from.make_reader(make_memory_source(bytes), reading, unused);
  Batch batch;
  bool begun = false;
  for (bool more = true; more && !out.error;) {
    const auto read = reader->read(batch);
    if (!read) {
      out.error = read.error();
      break;
    }
    more = *read;
    Status status;
    if (!begun) {
      begun = true;
      status = conversion.begin_log(reader->info());
    }
    if (status) {
      status = conversion.add(batch);
    }
    if (!status) {
      out.error = status.error();
    }
  }
  if (!out.error) {
    auto result = conversion.finish();
    if (result) {
      out.result = *std::move(result);
      const auto source = conversion.output().open();
      out.bytes = *read_all(*source, limits::kSmallFile);
    } else {
      out.error = result.error();
    }
  }
  out.lost = conversion.losses().size();
  out.reading = conversion.reading();
  return out;
}

struct Sample {
  std::string path;
  const FormatRow* format = nullptr;
  ReadOptions reading;
  Bytes bytes;
};

inline std::vector<Sample> samples() {
  std::vector<Sample> found;
  std::vector<std::filesystem::path> folders{kTestdataFolder / "vectors", kTestdataFolder / "vm"};
  for (const char* folder : {"cel", "ima", "aael", "systemd", "tsm", "tcg1"}) {
    if (has_corpus(folder)) {
      folders.push_back(kCorpus / folder);
    }
  }
  for (const std::filesystem::path& folder : folders) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file() || entry.file_size() > kLargestSample) {
        continue;
      }
      Sample sample{.path = entry.path().string(),
                    .format = nullptr,
                    .reading = {.compute_banks = {HashAlgorithm::none}},
                    .bytes = read_test_file(entry.path())};
      if (entry.path().filename() == "event_log") {
        sample.format = find_format("tsm");
      } else if (const auto detected = detect_format({.prefix = sample.bytes, .complete = true})) {
        sample.format = detected->format;
      }
      if (sample.format != nullptr && !sample.format->names_registers) {
        sample.reading.reg = *parse_register("rtmr2");
      }
      if (sample.format != nullptr && !read_log(*sample.format, sample.bytes, sample.reading, false).damaged) {
        found.push_back(std::move(sample));
      }
    }
  }
  return found;
}

}  // namespace mrtool::testing
