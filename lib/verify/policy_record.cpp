#include "lib/verify/policy_record.hpp"

#include <algorithm>
#include <array>

#include "lib/content/cel_content.hpp"
#include "lib/content/cel_element.hpp"
#include "lib/content/event_text.hpp"
#include "lib/content/ima_template.hpp"
#include "lib/content/pcclient.hpp"
#include "lib/content/tsm_line.hpp"

namespace mrtool::policy {

namespace {

// Linux, security/integrity/ima/ima_template.c: builtin_templates.
constexpr std::array<std::string_view, 8> kTemplates{"ima",       "ima-ng",  "ima-sig",    "ima-ngv2",
                                                     "ima-sigv2", "ima-buf", "ima-modsig", "evm-sig"};

constexpr std::uint32_t kSeparator = 4;
constexpr std::array<std::array<std::uint8_t, 4>, 3> kConstants{{{0, 0, 0, 0}, {0xFF, 0xFF, 0xFF, 0xFF}, {1, 0, 0, 0}}};

// What separators measure, and nothing at all: these are no record of another kind, whatever the log says.
bool is_constant(ByteView preimage) {
  return preimage.empty() || std::ranges::any_of(kConstants, [&](const auto& bytes) { return equal(preimage, bytes); });
}

bool is_reading(const Criteria& criteria, const Reading& reading) {
  return std::ranges::find(criteria.readings, reading) != criteria.readings.end();
}

Reading claimed_reading(const Record& record) {
  switch (record.content) {
    case ContentType::pcclient:
    case ContentType::tsm:
      return {.content = record.content, .type = record.type, .name = {}};
    case ContentType::ima_template:
      return {.content = record.content, .type = 0, .name = std::string(as_text(record.name))};
    default:
      return {.content = record.content, .type = 0, .name = {}};
  }
}

// Is the record what the rule is about, by its own account? Fields of an IMA template that is not built in can be named
// as a log likes, so only a policy that names it believes it.
Answer claims_kind(const Criteria& criteria, const Record& record) {
  if (criteria.readings.empty()) {
    return Answer::yes;
  }
  const Reading claimed = claimed_reading(record);
  if (is_reading(criteria, claimed)) {
    return Answer::yes;
  }
  const bool built_in = std::ranges::find(kTemplates, claimed.name) != kTemplates.end();
  const bool about_ima = std::ranges::any_of(
      criteria.readings, [](const Reading& reading) { return reading.content == ContentType::ima_template; });
  return claimed.content == ContentType::ima_template && about_ima && !built_in ? Answer::unknown : Answer::no;
}

// The content inside a CEL element of this type that the bytes are; or the bytes, for content that is measured bare.
std::optional<Bytes> content_of(ContentType content, ByteView preimage) {
  struct Row {
    ContentType content;
    std::uint32_t tag;
  };
  static constexpr std::array kElements{Row{ContentType::cos, cel::kCos}, Row{ContentType::ima_tlv, cel::kImaTlv},
                                        Row{ContentType::cel_management, cel::kManagement}};
  const auto* const row = std::ranges::find(kElements, content, &Row::content);
  if (row == kElements.end()) {
    return to_bytes(preimage);
  }
  const auto elements = split_cel_elements(preimage, 1);
  if (!elements || elements->size() != 1 || elements->front().tag != row->tag) {
    return std::nullopt;
  }
  return to_bytes(elements->front().value);
}

std::string measured_text(ByteView preimage) {
  auto text = any_text(preimage);
  return text ? *std::move(text) : "hex:" + to_hex(preimage);
}

Answer breaks(Expect expect, Answer selected, Answer expected) {
  switch (expect) {
    case Expect::all:
    case Expect::only:
      return std::min(selected, negated(expected));
    case Expect::none:
      return std::min(selected, expected);
    case Expect::one:
    case Expect::ordered:
      return Answer::no;
  }
  return Answer::unknown;
}

// Does a rule look at nothing but the digest and the name of a file? All built-in templates but the oldest have them in
// one place, so that it does not matter which of them an entry is called.
bool asks_for_files_only(const Rule& rule) {
  const auto about_file = [](const FieldPattern& field) {
    return field.path.front() == "file_digest" || field.path.front() == "name";
  };
  return std::ranges::all_of(rule.select.where, about_file) && std::ranges::all_of(rule.expected.where, about_file) &&
         (rule.expected.keys.empty() || rule.expect != Expect::none);
}

}  // namespace

std::span<const std::string_view> built_in_templates() {
  return kTemplates;
}

const std::optional<Bytes>& RecordView::preimage() {
  if (!sought_) {
    sought_ = true;
    preimage_ = find_preimage();
  }
  return preimage_;
}

// What was hashed. Recipes say which bytes they cover; whether one more byte followed, the digest itself tells.
std::optional<Bytes> RecordView::find_preimage() {
  const Record& record = *record_.record;
  const auto checks = std::span(record_.judgement->digests);
  const auto check = std::ranges::find(checks, Check::matches, &DigestJudgement::check);
  if (check == checks.end() || !record_.judgement->covered) {
    return std::nullopt;
  }
  const DigestEntry& entry = record.digests[static_cast<std::size_t>(check - checks.begin())];
  const auto fits = [&](const Bytes& bytes) { return equal(engine_.hash(entry.algorithm, bytes).view(), entry.value); };
  const std::uint64_t end = std::min<std::uint64_t>(record_.judgement->covered->end, record.data.size());
  const std::uint64_t begin = std::min(record_.judgement->covered->begin, end);
  Bytes bytes = to_bytes(record.data.subspan(begin, end - begin));
  if (fits(bytes)) {
    return bytes;
  }
  bytes.push_back(0);
  if (fits(bytes)) {
    return bytes;
  }
  if (const auto text = any_text(record.data)) {
    bytes = to_bytes(as_bytes(*text));
    bytes.push_back(0);
    if (fits(bytes)) {
      return bytes;
    }
  }
  const auto element = cel::content_element({.record = record, .log = *record_.info, .data = record.data});
  if (element && fits(element->made)) {
    return element->made;
  }
  for (const auto& constant : kConstants) {
    bytes.assign(constant.begin(), constant.end());
    if (fits(bytes)) {
      return bytes;
    }
  }
  bytes.clear();
  return fits(bytes) ? std::optional(std::move(bytes)) : std::nullopt;
}

struct RecordView::LineEntry {
  LineEntry(tsm::ImaEntry parsed, const JudgedRecord& line, HashEngine& engine, bool measured)
      : entry(std::move(parsed)), record(entry.record(*line.record)), judgement(*line.judgement) {
    record.extends = line.record->extends;
    record.tentative = line.record->tentative;
    record.digests = line.record->digests;
    judgement.covered = ByteRange{0, record.data.size()};  // by way of the line
    decoded = decode(record, *line.info);
    view.emplace(
        JudgedRecord{
            .log = line.log, .info = line.info, .record = &record, .judgement = &judgement, .decoded = &decoded},
        engine, measured);
    view->sought_ = true;
    view->preimage_ = entry.data;
    view->sought_entry_ = true;
  }

  tsm::ImaEntry entry;
  Record record;
  Judgement judgement;
  Decoded decoded;
  std::optional<RecordView> view;
};

RecordView* RecordView::ima_entry() {
  if (!sought_entry_) {
    sought_entry_ = true;
    if (record().content != ContentType::ima_template && preimage()) {
      // What was measured is kept here: the entry is a view of it.
      if (auto entry = tsm::parse_ima_entry(as_text(*preimage()))) {
        entry_ = std::make_shared<LineEntry>(*std::move(entry), record_, engine_, wants_measured_);
      }
    }
  }
  return entry_ ? &*entry_->view : nullptr;
}

Evidence RecordView::as_claimed() {
  Evidence evidence{.decoded = record_.decoded, .covered_end = 0, .whole = false, .measured = {}};
  if (const auto& covered = record_.judgement->covered; covered && covered->begin == 0) {
    evidence.covered_end = covered->end;
    evidence.whole = covered->end >= record_.record->data.size();
  }
  if (wants_measured_ && preimage()) {
    evidence.measured = measured_text(*preimage());
  }
  return evidence;
}

Evidence RecordView::taken_at_its_word() const {
  return {.decoded = record_.decoded, .covered_end = ~std::uint64_t{0}, .whole = true, .measured = {}};
}

const Evidence* RecordView::read_as(const Reading& reading) {
  const auto seen = std::ranges::find(others_, reading, &Other::reading);
  if (seen != others_.end()) {
    return seen->evidence ? &*seen->evidence : nullptr;
  }
  Other& other = others_.emplace_back(Other{.reading = reading, .decoded = {}, .evidence = {}});
  const auto data = content_of(reading.content, *preimage());
  const bool separator = reading.content == ContentType::pcclient && reading.type == kSeparator;
  if (!data || (is_constant(*preimage()) && !separator)) {
    return nullptr;
  }
  Record record = *record_.record;
  record.content = reading.content;
  record.type = reading.type;
  record.name = as_bytes(other.reading.name);
  record.data = *data;
  record.extras = nullptr;
  other.decoded = decode(record, *record_.info);
  other.evidence = Evidence{.decoded = &other.decoded, .covered_end = data->size(), .whole = true, .measured = {}};
  if (wants_measured_) {
    other.evidence->measured = measured_text(*preimage());
  }
  return &*other.evidence;
}

bool RecordView::matches(std::size_t digest) const {
  return record_.judgement->digests[digest].check == Check::matches;
}

bool RecordView::is_among(const DigestSet* digests, std::size_t digest) const {
  const DigestEntry& entry = record_.record->digests[digest];
  return digests != nullptr && digests->contains(entry.algorithm, entry.value);
}

// A list of file digests without any of the file's algorithm says nothing about the file; nor does a list of records'
// digests without any of this bank.
Answer RecordView::is_listed(const Criteria& criteria, const DigestSet& digests, const Evidence& evidence,
                             std::size_t digest) {
  if (is_among(&digests, digest)) {
    return Answer::yes;
  }
  if (criteria.content != ContentType::ima_template) {
    return digests.has_bank(record_.record->digests[digest].algorithm) ? Answer::no : Answer::unknown;
  }
  const FoundField field = find_field(evidence, "file_digest");
  const auto* text = field.value == nullptr ? nullptr : field.value->as<std::string>();
  if (text == nullptr) {
    return Answer::unknown;
  }
  const auto parsed = parse_digest(text->starts_with("ima:") ? std::string_view(*text).substr(4) : *text);
  if (!parsed || !digests.has_bank(parsed->algorithm)) {
    return Answer::unknown;
  }
  return digests.contains(*parsed) ? Answer::yes : Answer::no;
}

Answer RecordView::is_expected(const Criteria& criteria, const Expected& expected, const Evidence& evidence,
                               std::size_t digest) {
  const Answer where = all_hold(expected.where, evidence);
  if (!expected.names_records()) {
    return where;
  }
  Answer named = Answer::no;
  if (expected.digests != nullptr) {
    named = is_listed(criteria, *expected.digests, evidence, digest);
  }
  if (named != Answer::yes && !expected.keys.empty()) {
    named = std::max(named, is_signed(expected.keys, evidence));
  }
  return std::min(where, named);
}

RecordView::Looked RecordView::look_at_claim(const Criteria& criteria, const Expected& expected, std::size_t digest) {
  const Answer kind = claims_kind(criteria, record());
  Evidence evidence = as_claimed();
  if (kind == Answer::unknown) {
    evidence.covered_end = 0;
    evidence.whole = false;
  }
  Looked looked;
  looked.selected = std::min(kind, all_hold(criteria.where, evidence));
  if (looked.selected != Answer::no) {
    looked.expected = is_expected(criteria, expected, evidence, digest);
  }
  return looked;
}

RecordView::Looked RecordView::look_unchecked(const Criteria& criteria, const Expected& expected, std::size_t digest) {
  const Evidence evidence = taken_at_its_word();
  Looked looked;
  looked.selected = std::min(claims_kind(criteria, record()), all_hold(criteria.where, evidence));
  looked.expected = is_expected(criteria, expected, evidence, digest);
  return looked;
}

// A log may call a record what it likes as long as the digest matches. So whatever its bytes could be besides may break
// the rule; whether they are that, nothing says.
Answer RecordView::other_readings(const Rule& rule, std::size_t digest) {
  if (rule.select.readings.empty() || is_among(rule.known.get(), digest)) {
    return Answer::no;
  }
  if (!preimage()) {
    return Answer::unknown;
  }
  // What another register holds is a matter of records that are not here.
  if (record().content != ContentType::tsm && rule.virtual_register.empty() &&
      tsm::parse_virtual_extend(as_text(*preimage()))) {
    return breaks(rule.expect, Answer::unknown, Answer::unknown);
  }
  const Reading claimed = claimed_reading(record());
  const bool as_it_is = equal(*preimage(), record().data);
  Answer answer = Answer::no;
  for (const Reading& reading : rule.select.readings) {
    if (answer != Answer::no) {
      break;
    }
    const Evidence* evidence = reading == claimed && as_it_is ? nullptr : read_as(reading);
    if (evidence == nullptr) {
      continue;
    }
    const Decoded& decoded = *evidence->decoded;
    const bool sound = !decoded.kind.empty() && decoded.problem.empty();
    // What fits the template that it names is not of one that it does not fit.
    const bool other_template = reading.content == ContentType::ima_template && claimed.content == reading.content;
    if (other_template && !sound && record_.decoded->problem.empty()) {
      continue;
    }
    const Answer selected =
        rule.select.where.empty() ? (sound ? Answer::unknown : Answer::no) : all_hold(rule.select.where, *evidence);
    if (selected != Answer::no) {
      answer = breaks(rule.expect, std::min(selected, Answer::unknown),
                      is_expected(rule.select, rule.expected, *evidence, digest));
    }
  }
  return answer;
}

Found RecordView::find_checked(const Rule& rule, std::size_t digest) {
  const Looked claim = look_at_claim(rule.select, rule.expected, digest);
  const bool ima = record().content == ContentType::ima_template;
  const bool sound = record_.decoded->problem.empty();
  Found found;
  found.meets = claim.selected == Answer::yes && claim.expected == Answer::yes;
  found.claims = !found.meets && claim.selected != Answer::no && claim.expected != Answer::no;
  found.breaks = breaks(rule.expect, claim.selected, claim.expected);
  const bool settled = ima && sound && as_text(record().name) != ima::kLegacyName && claim.selected == Answer::yes &&
                       asks_for_files_only(rule);
  if (found.breaks == Answer::no && !settled) {
    found.breaks = other_readings(rule, digest);
  }
  // An entry that its template does not explain may be one of another template.
  const bool unexplained = ima && claim.selected == Answer::no && !sound &&
                           rule.select.content != ContentType::pcclient && !rule.select.readings.empty();
  if (unexplained && !is_among(rule.known.get(), digest)) {
    found.breaks = std::max(found.breaks, breaks(rule.expect, Answer::unknown, Answer::unknown));
  }
  return found;
}

// Nothing says what such a record is, but for its digest. Where that is listed it is known all the same.
Found RecordView::find_unchecked(const Rule& rule, std::size_t digest) {
  Found found;
  if (is_among(rule.known.get(), digest)) {
    return found;
  }
  const bool any_kind = rule.select.readings.empty() && rule.select.where.empty();
  const bool by_digest = rule.expected.where.empty() && rule.expected.keys.empty();
  const Looked claim = look_unchecked(rule.select, rule.expected, digest);
  const bool listed = is_among(rule.expected.digests.get(), digest);
  Answer expected = Answer::unknown;
  if (by_digest) {
    const Evidence nothing;
    expected = is_expected(rule.select, rule.expected, nothing, digest);
  } else if (rule.expected.where.empty() && listed) {
    expected = Answer::yes;
  }
  // What a log says against itself is believed.
  const bool selected = any_kind || (claim.selected == Answer::yes && expected != Answer::unknown);
  found.breaks = breaks(rule.expect, selected ? Answer::yes : Answer::unknown, expected);
  found.meets =
      claim.selected == Answer::yes && expected == Answer::yes && (any_kind || (listed && rule.select.where.empty()));
  found.claims = !found.meets && claim.selected != Answer::no && claim.expected != Answer::no;
  return found;
}

Found RecordView::find(const Rule& rule, std::size_t digest) {
  return matches(digest) ? find_checked(rule, digest) : find_unchecked(rule, digest);
}

bool RecordView::meets(const Step& step, std::size_t digest) {
  if (!matches(digest)) {
    return step.select.where.empty() && step.expected.where.empty() && is_among(step.expected.digests.get(), digest) &&
           claims_kind(step.select, record()) == Answer::yes;
  }
  const Looked claim = look_at_claim(step.select, step.expected, digest);
  return claim.selected == Answer::yes && claim.expected == Answer::yes;
}

}  // namespace mrtool::policy
