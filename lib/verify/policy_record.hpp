// One record as rules look at it: what its digest vouches for, and every way in which it could be read.
#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "lib/crypto/hash.hpp"
#include "lib/verify/policy.hpp"
#include "lib/verify/policy_model.hpp"

namespace mrtool::policy {

// What a record is to a rule, in one bank.
struct Found {
  Answer breaks = Answer::no;  // of rules about each record: does this one break it?
  bool meets = false;          // it is vouched for to be selected and as expected
  bool claims = false;         // it says so, and nothing vouches for it
};

// Works out what is asked for when it is asked for. Keeps views of the record.
class RecordView {
 public:
  // `measured`: patterns on the measured bytes are going to be asked for.
  RecordView(const JudgedRecord& record, HashEngine& engine, bool measured)
      : record_(record), engine_(engine), wants_measured_(measured) {}

  // `digest`: index among the record's.
  Found find(const Rule& rule, std::size_t digest);
  bool meets(const Step& step, std::size_t digest);

  // Is the record a line of text that holds an entry of an IMA list? What was measured says so, not what the log calls
  // it. Then: the entry in the line's place.
  RecordView* ima_entry();

  const Record& record() const { return *record_.record; }
  const JudgedRecord& judged() const { return record_; }

 private:
  // Is it selected, and as expected?
  struct Looked {
    Answer selected = Answer::no;
    Answer expected = Answer::no;
  };

  const std::optional<Bytes>& preimage();
  std::optional<Bytes> find_preimage();
  Evidence as_claimed();
  Evidence taken_at_its_word() const;
  const Evidence* read_as(const Reading& reading);  // nullptr: the bytes are not of that kind

  Looked look_at_claim(const Criteria& criteria, const Expected& expected, std::size_t digest);
  Looked look_unchecked(const Criteria& criteria, const Expected& expected, std::size_t digest);
  Answer other_readings(const Rule& rule, std::size_t digest);
  Found find_checked(const Rule& rule, std::size_t digest);
  Found find_unchecked(const Rule& rule, std::size_t digest);
  Answer is_expected(const Criteria& criteria, const Expected& expected, const Evidence& evidence, std::size_t digest);
  Answer is_listed(const Criteria& criteria, const DigestSet& digests, const Evidence& evidence, std::size_t digest);
  bool is_among(const DigestSet* digests, std::size_t digest) const;
  bool matches(std::size_t digest) const;

  JudgedRecord record_;
  HashEngine& engine_;
  bool wants_measured_;
  bool sought_ = false;
  std::optional<Bytes> preimage_;
  struct Other {
    Reading reading;
    Decoded decoded;
    std::optional<Evidence> evidence;
  };
  std::deque<Other> others_;
  struct LineEntry;
  bool sought_entry_ = false;
  std::shared_ptr<LineEntry> entry_;
};

// Is the signature of an IMA entry's file one of these keys'? Only version 2 over the file's digest can be checked:
// anything else that looks signed is unknown.
Answer is_signed(const std::vector<PublicKey>& keys, const Evidence& evidence);

// The templates of the kernel: in all of them the file's digest comes first and its name second.
std::span<const std::string_view> built_in_templates();

}  // namespace mrtool::policy
