// A policy in memory, for those who load, evaluate and write it. man/mrtool-policy.5 says what it means.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/crypto/public_key.hpp"
#include "lib/record/record.hpp"
#include "lib/registers/names.hpp"
#include "lib/verify/policy.hpp"
#include "lib/verify/policy_digests.hpp"
#include "lib/verify/policy_pattern.hpp"

namespace mrtool {

namespace policy {

// One way to read a record's bytes. What kind of record it is, no digest says, so a record is read in every way that a
// rule is about.
struct Reading {
  ContentType content = ContentType::none;
  std::uint32_t type = 0;  // of pcclient and tsm
  std::string name;        // of an IMA template

  bool operator==(const Reading&) const = default;
};

// Which records, by what they say that they are.
struct Criteria {
  std::string type;                         // glob on the type's name; empty: any
  ContentType content = ContentType::none;  // none: any
  std::vector<Reading> readings;            // all that these two can mean; empty: neither was given
  std::vector<FieldPattern> where;
};

struct Expected {
  std::vector<FieldPattern> where;
  // Of the two that follow, one is enough.
  std::shared_ptr<const DigestSet> digests;  // of the record, or of an IMA entry's file; null: not given
  std::vector<PublicKey> keys;               // that have signed an IMA entry's file

  bool names_records() const { return digests != nullptr || !keys.empty(); }
};

enum class Phase : std::uint8_t { any, before_separator, after_separator };
enum class Expect : std::uint8_t {
  all,      // there is such a record, and each of them is as expected
  one,      // one at least is as expected
  none,     // none is
  only,     // each of them is as expected, if there is any
  ordered,  // records that satisfy the steps, one after the other, others between them or not
};

struct Step {
  Criteria select;
  Expected expected;
};

struct Rule {
  std::string name;
  std::optional<Selection> registers;  // nothing: any
  std::string virtual_register;        // name, whatever carries it; empty: not given
  HashAlgorithm bank = HashAlgorithm::none;
  Criteria select;
  std::shared_ptr<const DigestSet> known;  // records that cannot be checked and are known not to matter; may be null
  Phase phase = Phase::any;
  Expect expect = Expect::all;
  Expected expected;
  std::vector<Step> steps;  // of `ordered`
  bool warn = false;
};

struct Reference {
  std::string name;
  Selection select;
  std::vector<Bytes> allow;
  bool warn = false;
};

// Reference values from a list of another shape than a policy's.
Result<std::vector<Reference>> references_of_list(const Node& document);

}  // namespace policy

struct Policy {
  std::vector<policy::Reference> references;
  std::vector<policy::Rule> rules;
};

}  // namespace mrtool
