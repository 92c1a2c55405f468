#include "lib/extend/kernel_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/content/tsm_line.hpp"
#include "lib/extend/log_walk.hpp"
#include "lib/extend/stored_lines.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::extend {

namespace {

// One event as the kernel logs it.
struct Line {
  std::string text;
  bool direct = false;  // a digest that is extended as it is
  Digest digest;        // that it is extended by; empty: it is not
};

class KernelLog {
 public:
  explicit KernelLog(ExtendTarget& target) : target_(target), bank_(target.banks().front()) {}

  Result<Line> line_of(const Event& event);
  // Where the log is now.
  Status begin();
  Result<Extended> measure(const Line& line);

 private:
  // What the lines that have been seen come to.
  struct Present {
    std::uint64_t records = 0;
    Digest value;
  };

  Result<Digest> read() {
    MRTOOL_TRY(values, target_.read());
    return values.front().digest;
  }
  Digest extended(Digest value, ByteView digest) {
    engine_.extend(bank_, value, digest);
    return value;
  }
  Digest after_line(const Digest& before, const Line& line) {
    return line.digest.size() == 0 ? before : extended(before, line.digest.view());
  }
  Digest after_sync(const Digest& before) {
    const std::string sync = tsm::format_sync(bank_, before.view());
    return extended(before, engine_.hash(bank_, as_bytes(sync)).view());
  }
  Extended result(const Line& line, const Digest& before, const Digest& after, std::uint64_t record) const {
    return {.banks = {{.bank = bank_, .digest = line.digest, .before = before, .after = after}}, .record = record};
  }

  Status write(const Line& line);
  std::optional<Extended> as_expected(const Line& line, const Digest& before, const Digest& after);
  Result<Bytes> read_on() { return target_.read_kernel_log(seen_.offset); }
  Result<std::optional<Extended>> find(const Line& line, const Digest& before, const Digest& after);
  Error failure(Error error, const Line& line, const Digest& before, const Result<Digest>& after);

  ExtendTarget& target_;
  HashAlgorithm bank_;
  HashEngine engine_;
  LogPlace seen_;    // as far as the log has been read
  Present present_;  // with what has been measured since
};

Result<Line> KernelLog::line_of(const Event& event) {
  const bool direct = event.content == ContentType::none ||
                      (event.content == ContentType::tsm && static_cast<TsmLine>(event.type) == TsmLine::extend);
  if (direct) {
    if (event.digests.size() != 1 || event.digests.front().bank != bank_) {
      return fail(ErrorKind::unsupported, fmt::format("{} is extended by one {} digest and by nothing else",
                                                      to_string(target_.reg()), to_string(bank_)));
    }
    if (!target_.takes_digests()) {
      return fail(ErrorKind::unsupported,
                  fmt::format("the kernel takes only lines for {}, and no digest as it is", to_string(target_.reg())));
    }
    const Digest& digest = event.digests.front().digest;
    return Line{.text = tsm::format_extend(digest.view()), .direct = true, .digest = digest};
  }
  std::string text(as_text(event.data));
  if (!tsm::is_stored_unchanged(text) || text.size() > kLinesLimit) {
    const auto reason = why_changed(event.data);
    return fail(ErrorKind::unsupported,
                fmt::format("the kernel would not log this line as it is: {}", reason.value_or("it would cut it")));
  }
  Line line{.text = std::move(text), .direct = false, .digest = {}};
  if (!line.text.starts_with('#')) {
    line.digest = engine_.hash(bank_, event.data);
  }
  return line;
}

Status KernelLog::begin() {
  MRTOOL_TRY(value, read());
  MRTOOL_TRY(log, read_on());
  walk(seen_, log, bank_, engine_);
  // A log that states no value is empty or holds direct extensions only: it ends where the register was just before.
  if (!seen_.value) {
    seen_.value = value;
  }
  present_ = {.records = seen_.records, .value = value};
  return {};
}

Status KernelLog::write(const Line& line) {
  return line.direct ? target_.extend(std::array{BankDigest{.bank = bank_, .digest = line.digest}})
                     : target_.append(as_bytes(line.text));
}

// The result where nobody else wrote, as the register tells without a look at the log: the line alone, or with the SYNC
// that the kernel puts before the first one and the first after a direct extension. A direct extension can leave the
// line of an earlier, failed one before it, so that it is always looked for.
std::optional<Extended> KernelLog::as_expected(const Line& line, const Digest& before, const Digest& after) {
  if (line.direct || before != present_.value) {
    return std::nullopt;
  }
  std::uint64_t number = present_.records;
  Digest start = before;
  if (after != after_line(start, line)) {
    start = after_sync(before);
    ++number;
    if (after != after_line(start, line)) {
      return std::nullopt;
    }
  }
  present_ = {.records = number + 1, .value = after};
  return result(line, start, after, number);
}

// The line among those that came since the log was read last.
Result<std::optional<Extended>> KernelLog::find(const Line& line, const Digest& before, const Digest& after) {
  MRTOOL_TRY(bytes, read_on());
  const std::uint64_t first = seen_.records;
  const std::uint64_t known = present_.records - first;
  const std::vector<WalkedLine> lines = walk(seen_, bytes, bank_, engine_);
  const auto candidates = std::span(lines).subspan(std::min<std::size_t>(known, lines.size()));
  // The walk is right where it passes through what the register held before and after.
  const auto passes = [](std::span<const WalkedLine> part, const Digest& value) {
    return std::ranges::any_of(
        part, [&](const WalkedLine& walked) { return walked.before == value || walked.after == value; });
  };
  const auto found = std::ranges::find(candidates, line.text, &WalkedLine::text);
  if (found == candidates.end()) {
    seen_.value = after;
    present_ = {.records = seen_.records, .value = after};
    return std::nullopt;
  }
  const auto place = static_cast<std::size_t>(found - candidates.begin());
  const bool right = passes(candidates.first(place + 1), before) && passes(candidates.subspan(place), after);
  if (!right) {
    seen_.value = after;
  }
  present_ = {.records = seen_.records, .value = seen_.value.value_or(after)};
  return right ? result(line, *found->before, *found->after, first + known + place)
               : result(line, before, after, first + known + place);
}

Error KernelLog::failure(Error error, const Line& line, const Digest& before, const Result<Digest>& after) {
  std::string_view outcome;
  if (!after) {
    outcome = "the register cannot be read any more, so whether this event is measured is not known";
  } else if (*after == before) {
    outcome = "this event is not measured";
  } else if (*after == after_sync(before)) {
    outcome = "the kernel logged the register's value and not this event, which is not measured";
  } else if (const auto found = find(line, before, *after); found && !*found) {
    outcome = "this event is not measured; somebody else extends the register";
  } else {
    outcome =
        "somebody else extends the register, so whether this event is measured is not known: look for it at the "
        "end of the kernel's log";
  }
  error.message.append("; ").append(outcome);
  return error;
}

Result<Extended> KernelLog::measure(const Line& line) {
  MRTOOL_TRY(before, read());
  Status written = write(line);
  const Result<Digest> after = read();
  if (after) {
    // A write that was interrupted may have been done all the same. A comment's leaves no trace in the register.
    if (written || line.digest.size() != 0) {
      if (auto expected = as_expected(line, before, *after)) {
        return *std::move(expected);
      }
    }
    if (written) {
      MRTOOL_TRY(found, find(line, before, *after));
      if (found) {
        return *std::move(found);
      }
      Error lacking = fail(ErrorKind::io, "the kernel took the event, but its log lacks it").error();
      lacking.file = target_.kernel_log_path();
      return std::unexpected(std::move(lacking));
    }
  }
  return std::unexpected(failure(written ? after.error() : std::move(written).error(), line, before, after));
}

}  // namespace

Status measure_in_kernel_log(ExtendTarget& target, std::span<const Event> events,
                             const std::function<void(std::size_t, const Extended&)>& done) {
  KernelLog log(target);
  std::vector<Line> lines;
  for (const Event& event : events) {
    MRTOOL_TRY(line, log.line_of(event));
    lines.push_back(std::move(line));
  }
  if (lines.empty()) {
    return {};
  }
  if (Status begun = log.begin(); !begun) {
    return begun;
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto extended = log.measure(lines[i]);
    if (!extended) {
      Error error = std::move(extended).error();
      if (lines.size() > 1) {
        error.message += fmt::format("; of {} events the first {} are measured and logged", lines.size(), i);
      }
      return std::unexpected(std::move(error));
    }
    done(i, *extended);
  }
  return {};
}

}  // namespace mrtool::extend
