// For tests: a log kept as the keeper keeps it, in memory, beside registers that are folded apart from every log.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "lib/crypto/hash.hpp"
#include "lib/extend/kept_log.hpp"
#include "lib/registers/initial.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::testing {

class KeptFile {
 public:
  KeptFile(extend::KeptLog& log, std::vector<HashAlgorithm> banks) : log_(log), banks_(std::move(banks)) {}

  // Goes on from bytes that are there.
  void load(std::string_view text, const Register& reg) {
    bytes = to_bytes(as_bytes(text));
    const auto scanned = scan(reg);
    REQUIRE_MESSAGE(scanned, scanned.error().message);
    end = *scanned;
  }
  Result<extend::LogEnd> scan(const Register& reg) { return log_.scan(make_memory_source(bytes), reg, banks_.front()); }

  // What the keeper does for one event: marks where the register is not where the log left it, then the event. The log
  // read whole says the same as what was kept of it.
  void measure(const extend::Event& event, const Register& reg) {
    for (const extend::Event& mark : log_.resume(reg, present(reg), end)) {
      append(mark, reg);
    }
    append(event, reg);
    CHECK(log_.resume(reg, present(reg), end).empty());
  }
  // Somebody else extends the register.
  void extend(std::string_view text, const Register& reg) { fold(extend::digests_of(as_bytes(text), banks_), reg); }

  std::vector<extend::BankDigest> present(const Register& reg) {
    std::vector<extend::BankDigest> values;
    for (const HashAlgorithm bank : banks_) {
      values.push_back({.bank = bank, .digest = value(reg, bank)});
    }
    return values;
  }
  extend::Event event(ContentType content, std::string_view data, std::uint32_t type = 0) const {
    extend::Event made;
    made.content = content;
    made.type = type;
    made.data = to_bytes(as_bytes(data));
    made.digests = extend::digests_of(made.data, banks_);
    return made;
  }
  std::string_view text() const { return as_text(bytes); }

  Bytes bytes;
  extend::LogEnd end;

 private:
  Digest& value(const Register& reg, HashAlgorithm bank) {
    const auto found = registers_.find({.reg = reg, .bank = bank});
    return found != registers_.end() ? found->second
                                     : registers_[{.reg = reg, .bank = bank}] =
                                           platform_initial_value(reg, find_algorithm(bank)->size, true).value;
  }
  void fold(const std::vector<extend::BankDigest>& digests, const Register& reg) {
    for (const extend::BankDigest& digest : digests) {
      engine_.extend(digest.bank, value(reg, digest.bank), digest.digest.view());
    }
  }
  void append(const extend::Event& event, const Register& reg) {
    auto made = log_.encode(event, reg, end, true);
    REQUIRE_MESSAGE(made, made.error().message);
    REQUIRE(made->at <= bytes.size());
    bytes.resize(static_cast<std::size_t>(made->at));
    bytes.insert(bytes.end(), made->bytes.begin(), made->bytes.end());
    end = made->end;
    CHECK(end.size == bytes.size());
    if (event.extends) {
      fold(event.digests, reg);
    }
    set_values(event, reg);
    const auto scanned = scan(reg);
    REQUIRE_MESSAGE(scanned, scanned.error().message);
    CHECK(scanned->size == end.size);
    CHECK(scanned->records == end.records);
    CHECK(scanned->next_numbers == end.next_numbers);
    CHECK(scanned->values == end.values);
    CHECK(*scanned == end);
  }
  // An event leaves the register where it is then, in its banks; a mark, in the bank that it names.
  void set_values(const extend::Event& event, const Register& reg) {
    for (const HashAlgorithm bank : banks_) {
      const bool marks = !event.extends && as_text(event.data).contains(to_string(bank));
      if (event.extends || marks) {
        end.values[{.reg = reg, .bank = bank}] = value(reg, bank);
      }
    }
  }

  extend::KeptLog& log_;
  std::vector<HashAlgorithm> banks_;
  std::map<RegisterKey, Digest> registers_;
  HashEngine engine_;
};

}  // namespace mrtool::testing
