// Carries a log, or several that are one chain, over to another format: record by record native, encapsulated or lost;
// and lets nothing out whose replay gives other values. The result is spooled, read back and replayed before anybody
// gets it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "lib/base/host.hpp"
#include "lib/convert/collation.hpp"
#include "lib/convert/loss_report.hpp"
#include "lib/convert/read_back.hpp"
#include "lib/convert/written_log.hpp"
#include "lib/record/reader.hpp"
#include "lib/record/writer.hpp"
#include "lib/replay/replay.hpp"

namespace mrtool {

// The format that is written. Formats are above this library, so what is needed of one is handed in.
struct ConvertTarget {
  std::string format;         // its name
  WriteOptions write;         // as far as they are asked for
  bool one_register = false;  // a log of it is about one register, in one bank
  bool one_bank = false;      // a log of it states digests of one bank
  std::vector<std::string>
      kin;                    // formats whose records have the same binary layout; only from those comes a byte order
  bool holds_source = false;  // it carries each record's own bytes, whatever their format
  bool collates = false;      // several logs become one collection with notes between them (CEL)
  std::function<std::unique_ptr<Writer>(ByteSink&, const WriteOptions&)> make_writer;
  std::function<Carried(const Record&, const LogInfo&, const WriteOptions&)> carry;
  // For reading back. The options name the register and bank of a log that does not.
  std::function<std::unique_ptr<Reader>(std::unique_ptr<ByteSource>, const ReadOptions&, DiagnosticSink&)> make_reader;
};

struct ConvertOptions {
  bool allow_loss = false;
  bool allow_gap = false;     // a log may state another value than the logs before it lead to
  bool several_logs = false;  // more than one will come
  // As the logs were read with (ReadOptions). A digest that a reader computes is stated wherever the output has room
  // for it, so {HashAlgorithm::none} writes what the logs hold and no more.
  std::vector<HashAlgorithm> compute_banks{};
  unsigned threads = 1;  // from two on, a long output is read back while it is being written
  // What is asked for; empty: everything. Loss by request is none.
  std::function<bool(const Record&)> takes_record{};
  std::function<bool(const Register&, HashAlgorithm)> takes_digest{};
};

// A register whose value would not survive.
struct ValueDifference {
  RegisterKey key;
  std::optional<Digest> input;   // nothing: the input does not extend it
  std::optional<Digest> output;  // nothing: the output does not
};

struct ConvertResult {
  std::uint64_t records = 0;  // that were asked for
  std::uint64_t native = 0;
  std::uint64_t encapsulated = 0;
  std::uint64_t written = 0;                 // of those that were asked for; some perhaps in part
  bool refused = false;                      // something is lost and that is not allowed
  std::vector<ValueDifference> differences;  // not empty: never to be delivered
};

// Memory is bounded by one record and a few pieces, whatever the length of the logs.
class Conversion {
 public:
  Conversion(ConvertTarget target, ConvertOptions options, Host& host);
  ~Conversion();

  // The logs in order. After a failure nothing can be delivered; the error says why.
  Status begin_log(const LogInfo& info);
  // Makes the records what is asked for of them.
  Status add(Batch& batch);
  // After the last record. Not for damaged input.
  Result<ConvertResult> finish();

  const LossReport& losses() const { return losses_; }
  // What a reader of the output is to be told.
  ReadOptions reading() const;
  const Spool& output() const { return written_.spool(); }

 private:
  void settle_target(const Record& record);
  Status begin_output();
  bool takes(const Record& record) const;
  bool takes_all(const Record& record) const;
  void narrow(Record& record);
  Status convert(Record& record);
  Status write(Record& record);
  Status write_note(Note note);
  bool has_seam() const { return logs_ > 1 && !options_.allow_gap; }
  // The input is replayed batch by batch, which costs less than record by record.
  bool replays_batches() const { return !selects_ && !has_seam(); }
  Status replay_input(const Record& record);
  void read_behind();
  void abandon_reading();
  ReadBack replay_output(const std::vector<RegisterResult>& input);
  void compare(const std::vector<RegisterResult>& input, const std::vector<RegisterResult>& output,
               const std::set<RegisterKey>& foreign);

  ConvertTarget target_;
  ConvertOptions options_;
  WrittenLog written_;
  std::unique_ptr<Writer> writer_;
  LossReport losses_;
  Collation collation_;
  ConvertResult result_;

  DiagnosticSink input_noticed_;  // by the replay of the input; only the seams are looked at
  Replay input_;
  LogInfo info_;  // of the present log, as the writer sees it
  std::size_t logs_ = 0;
  bool keeps_raw_ = false;     // the present log's own bytes are written
  std::set<Register> stated_;  // registers of which the present log has stated a value
  std::vector<DigestEntry> digests_;
  std::optional<Error> left_out_;  // of what a format that holds logs whole would have to leave out
  bool selects_ = false;

  // The thread that reads behind the writer, once there is one: what it reads with, and what it found.
  ReadOptions behind_options_;
  ReadBack behind_;
  std::jthread behind_thread_;
};

}  // namespace mrtool
