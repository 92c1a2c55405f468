// What CEL logs in the field do differently, by name, and how the readers report it.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>

#include "lib/base/diagnostic.hpp"
#include "lib/record/quirk.hpp"
#include "lib/record/record.hpp"

namespace mrtool::cel {

// In the order of the table.
enum class QuirkId : std::uint8_t {
  global_numbering,
  numbering_from_one,
  no_recnum,
  mixed_index_kinds,
  rtmr_index,
  violation_zeros,
  no_content,
  not_deterministic,
  recnum_gap,
  recnum_disorder,
  trailing_comma,
  no_digests,
  content_undecodable,
  duplicate_digest,
  misspelt_event_type,
};

std::span<const Quirk> quirks();
const Quirk& quirk(QuirkId id);

// Reports quirks of one log. Past the first DiagnosticSink::kKept of a quirk only a counter moves.
class QuirkReport {
 public:
  explicit QuirkReport(DiagnosticSink& sink) : sink_(sink) {}

  void add(QuirkId id, const Record& record, std::string_view message = {}) {
    add(id, record.number, record.offset, message);
  }
  // The same with a message that is only made where it is kept.
  template <std::invocable Message>
  void add(QuirkId id, const Record& record, const Message& message) {
    Counter& counter = counters_[static_cast<std::size_t>(id)];
    if (counter.reported == DiagnosticSink::kKept) {
      ++counter.pending;
      return;
    }
    add(id, record, std::string_view(message()));
  }
  // `message`: a sentence; the quirk's meaning where it is empty.
  void add(QuirkId id, std::uint64_t record, std::uint64_t offset, std::string_view message = {});
  // Hands over what was only counted.
  void flush();

 private:
  static constexpr std::size_t kQuirks = static_cast<std::size_t>(QuirkId::misspelt_event_type) + 1;
  struct Counter {
    std::uint64_t reported = 0;
    std::uint64_t pending = 0;
  };

  DiagnosticSink& sink_;
  std::array<Counter, kQuirks> counters_{};
};

}  // namespace mrtool::cel
