#include "lib/convert/convert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "lib/crypto/hash.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {
namespace {

bool is_held(const RegisterResult& result) {
  return result.records > 0;
}

const RegisterResult* find_result(const std::vector<RegisterResult>& results, const RegisterKey& wanted) {
  const auto found = std::ranges::find_if(results, [&](const RegisterResult& result) {
    return result.bank == wanted.bank && result.reg == wanted.reg && is_held(result);
  });
  return found == results.end() ? nullptr : &*found;
}

void prefer(HashAlgorithm& best, HashAlgorithm candidate) {
  const HashAlgorithmRow* row = find_algorithm(candidate);
  const HashAlgorithmRow* known = find_algorithm(best);
  if (row != nullptr && HashEngine::can_compute(candidate) && (known == nullptr || row->size > known->size)) {
    best = candidate;
  }
}

template <class Range>
HashAlgorithm strongest(const Range& banks) {
  HashAlgorithm best = HashAlgorithm::none;
  for (const auto& bank : banks) {
    prefer(best, bank.algorithm);
  }
  return best;
}

// The first that the log states; the strongest of those that its reader computed where it states none.
HashAlgorithm own_bank(std::span<const DigestEntry> digests) {
  const auto stated = std::ranges::find_if(digests, [](const DigestEntry& digest) {
    return digest.origin == DigestOrigin::logged && find_algorithm(digest.algorithm) != nullptr;
  });
  return stated == digests.end() ? strongest(digests) : stated->algorithm;
}

}  // namespace

Conversion::Conversion(ConvertTarget target, ConvertOptions options, Host& host)
    : target_(std::move(target)),
      options_(std::move(options)),
      written_(host.spool()),
      losses_(host.spool()),
      input_({}, input_noticed_),
      selects_(options_.takes_record || options_.takes_digest) {}

Conversion::~Conversion() {
  abandon_reading();
}

Status Conversion::begin_log(const LogInfo& info) {
  const bool first = logs_++ == 0;
  info_ = info;
  const bool same_format = info.format == target_.format;
  const bool same_dialect = target_.write.dialect.empty() || target_.write.dialect == info.dialect;
  keeps_raw_ = target_.holds_source || (!selects_ && same_format && same_dialect && !options_.several_logs);
  if (!keeps_raw_) {
    info_.preamble.clear();
  }
  if (!same_format && !target_.holds_source && std::ranges::find(target_.kin, info.format) == target_.kin.end()) {
    info_.byte_order = ByteOrder::little;
  }
  if (!first && target_.holds_source) {
    return fail(ErrorKind::unsupported, fmt::format("{} holds one log, and several are given", target_.format));
  }
  stated_.clear();
  input_.begin_log(info, logs_ - 1);
  if (!target_.collates || !options_.several_logs) {
    return {};
  }
  MRTOOL_TRY(note, collation_.begin_log(info, first));
  return note ? write_note(*note) : Status{};
}

// The register and bank of a log that holds one are the first record's where nobody asked for others.
void Conversion::settle_target(const Record& record) {
  WriteOptions& write = target_.write;
  if (target_.one_register && !write.reg) {
    write.reg = record.reg;
  }
  if (!target_.one_bank || write.bank != HashAlgorithm::none) {
    return;
  }
  if (target_.one_register || info_.algorithms.size() == 1) {
    write.bank = strongest(info_.algorithms);
  }
  if (write.bank == HashAlgorithm::none) {
    write.bank = target_.one_register ? strongest(record.digests) : own_bank(record.digests);
  }
}

Status Conversion::begin_output() {
  writer_ = target_.make_writer(written_, target_.write);
  return writer_->begin(info_);
}

bool Conversion::takes(const Record& record) const {
  if (options_.takes_record && !options_.takes_record(record)) {
    return false;
  }
  // A record whose every digest is left out is not asked for.
  return !options_.takes_digest || record.digests.empty() ||
         std::ranges::any_of(record.digests, [&](const DigestEntry& digest) {
           return options_.takes_digest(record.reg, digest.algorithm);
         });
}

bool Conversion::takes_all(const Record& record) const {
  return takes(record) &&
         (!options_.takes_digest || std::ranges::all_of(record.digests, [&](const DigestEntry& digest) {
           return options_.takes_digest(record.reg, digest.algorithm);
         }));
}

// Leaves of the record what is asked for and what the writer may see.
void Conversion::narrow(Record& record) {
  if (options_.takes_digest) {
    digests_.clear();
    std::ranges::copy_if(record.digests, std::back_inserter(digests_), [&](const DigestEntry& digest) {
      return options_.takes_digest(record.reg, digest.algorithm);
    });
    record.digests = digests_;
  }
  if (!keeps_raw_) {
    record.raw = {};
    record.prefix = {};
    record.suffix = {};
  }
  if (info_.format != target_.format && !target_.holds_source) {
    record.framing = 0;
  }
}

Status Conversion::add(Batch& batch) {
  if (replays_batches()) {
    input_.add(batch);
  }
  for (Record& record : batch.records) {
    if (target_.holds_source && !left_out_ && !takes_all(record)) {
      left_out_ = Error{
          .kind = ErrorKind::unsupported,
          .message = fmt::format("{} holds a log whole, byte for byte, and not the selected registers and banks of it",
                                 target_.format),
          .file = {},
          .offset = record.offset,
          .record = record.number};
    }
    if (takes(record)) {
      narrow(record);
      if (auto status = convert(record); !status) {
        return status;
      }
    }
  }
  if (!result_.refused) {
    read_behind();
  }
  return keeps_raw_ && writer_ && !batch.trailing.empty() ? writer_->trailing(batch.trailing) : Status{};
}

Status Conversion::convert(Record& record) {
  ++result_.records;
  settle_target(record);
  if (!writer_) {
    if (auto begun = begin_output(); !begun) {
      return begun;
    }
  }
  if (!replays_batches()) {
    if (auto replayed = replay_input(record); !replayed) {
      return replayed;
    }
  }
  const Carried carried = target_.carry(record, info_, target_.write);
  switch (carried.carriage) {
    case Carriage::native:
      ++result_.native;
      break;
    case Carriage::encapsulated:
      ++result_.encapsulated;
      break;
    case Carriage::lost:
      if (auto added = losses_.add(
              {.log = logs_ - 1, .record = record.number, .field = carried.field, .reason = carried.reason});
          !added) {
        return added;
      }
      break;
  }
  result_.refused = losses_.size() != 0 && !options_.allow_loss;
  // What will be refused is counted to the end and no longer written.
  if (result_.refused || carried.nothing_left()) {
    return {};
  }
  ++result_.written;
  return write(record);
}

// A log that goes on where another one ended says where it begins; is that where the other one has led?
Status Conversion::replay_input(const Record& record) {
  const bool at_seam = has_seam() && record.asserts && stated_.insert(record.reg).second;
  const auto gaps = [this] {
    return input_noticed_.count("present-differs") + input_noticed_.count("initial-late") + input_noticed_.count("gap");
  };
  const std::uint64_t before = at_seam ? gaps() : 0;
  input_.add(record);
  if (!at_seam || gaps() == before) {
    return {};
  }
  return std::unexpected(Error{
      .kind = ErrorKind::check_failed,
      .message = fmt::format("{} is stated to have another value than the logs before it lead to, so they are not "
                             "one chain (--allow-gap joins them all the same)",
                             to_string(record.reg)),
      .file = {},
      .offset = record.offset,
      .record = record.number});
}

Status Conversion::write(Record& record) {
  if (!writer_) {
    if (auto begun = begin_output(); !begun) {
      return begun;
    }
  }
  if (target_.collates && options_.several_logs) {
    if (auto admitted = collation_.admit(record); !admitted) {
      return admitted;
    }
  }
  return writer_->write(record);
}

Status Conversion::write_note(Note note) {
  Record record = collation_.note(note);
  return write(record);
}

Result<ConvertResult> Conversion::finish() {
  if (left_out_ && result_.records != 0) {
    return std::unexpected(*std::move(left_out_));
  }
  if (result_.refused) {
    return std::move(result_);
  }
  if (!writer_) {
    if (auto begun = begin_output(); !begun) {
      return std::unexpected(std::move(begun).error());
    }
  }
  if (auto finished = writer_->finish(); !finished) {
    return std::unexpected(std::move(finished).error());
  }
  if (auto closed = written_.close(); !closed) {
    return std::unexpected(std::move(closed).error());
  }
  const std::vector<RegisterResult> input = input_.finish();
  ReadBack output = replay_output(input);
  if (!output.values) {
    return std::unexpected(std::move(output.values).error());
  }
  // A bank that the output states and the input does not extend; of one that is refused some are enough.
  constexpr std::size_t kKept = 64;
  std::set<RegisterKey> foreign;
  for (const RegisterKey& key : output.stated) {
    if (foreign.size() < kKept && find_result(input, key) == nullptr) {
      foreign.insert(key);
    }
  }
  compare(input, *output.values, foreign);
  return std::move(result_);
}

ReadOptions Conversion::reading() const {
  ReadOptions options;
  options.reg = target_.one_register ? target_.write.reg : std::nullopt;
  options.bank = target_.write.bank;
  options.compute_banks = options_.compute_banks;
  options.keeps_layout = false;
  return options;
}

// Once the output is long, another thread reads what is there of it while the rest is written.
void Conversion::read_behind() {
  constexpr std::uint64_t kLong = 1024 * 1024;
  constexpr std::size_t kKeys = 1024;
  if (options_.threads < 2 || behind_thread_.joinable() || written_.readable() < kLong || written_.has_new_front()) {
    return;
  }
  behind_options_ = reading();
  try {
    behind_thread_ = std::jthread([this, written = written_.follow()]() mutable {
      DiagnosticSink unused;
      const auto reader = target_.make_reader(std::move(written), behind_options_, unused);
      behind_ = read_back(*reader, target_.format, {.most = kKeys});
    });
  } catch (const std::system_error&) {
    options_.threads = 1;  // no more threads are to be had; it is read afterwards
  }
}

void Conversion::abandon_reading() {
  if (behind_thread_.joinable()) {
    written_.abandon();
    behind_thread_.join();
  }
}

ReadBack Conversion::replay_output(const std::vector<RegisterResult>& input) {
  if (behind_thread_.joinable()) {
    behind_thread_.join();
    const ReadOptions options = reading();
    if (!written_.has_new_front() && behind_.all_stated && options.reg == behind_options_.reg &&
        options.bank == behind_options_.bank) {
      return std::move(behind_);
    }
  }
  constexpr std::size_t kKept = 64;  // one is enough to refuse
  DiagnosticSink unused;
  const auto reader = target_.make_reader(output().open(), reading(), unused);
  return read_back(*reader, target_.format, {.most = kKept, .wanted = [&](const RegisterKey& key) {
                                               return find_result(input, key) == nullptr;
                                             }});
}

void Conversion::compare(const std::vector<RegisterResult>& input, const std::vector<RegisterResult>& output,
                         const std::set<RegisterKey>& foreign) {
  for (const RegisterResult& written : output) {
    const RegisterKey key{.reg = written.reg, .bank = written.bank};
    const RegisterResult* read = find_result(input, key);
    const bool held = is_held(written) && (read != nullptr || foreign.contains(key));
    if (held && (read == nullptr || read->value != written.value)) {
      result_.differences.push_back(
          {.key = key, .input = read == nullptr ? std::nullopt : std::optional(read->value), .output = written.value});
    }
  }
  if (losses_.size() != 0) {
    return;
  }
  for (const RegisterResult& read : input) {
    const RegisterKey key{.reg = read.reg, .bank = read.bank};
    if (is_held(read) && find_result(output, key) == nullptr) {
      result_.differences.push_back({.key = key, .input = read.value, .output = std::nullopt});
    }
  }
}

}  // namespace mrtool
