#include "lib/content/contents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/content/aael_line.hpp"
#include "lib/content/cel_content.hpp"
#include "lib/content/decoders.hpp"
#include "lib/content/ima.hpp"
#include "lib/content/recipes.hpp"
#include "lib/content/tsm_line.hpp"

namespace mrtool {

namespace {

using pcclient::EventType;

// For types that the table of event types does not have: the usual rule may hold, and nothing is wrong when it does
// not.
const EventType kUnknownEvent{.value = 0,
                              .name = {},
                              .decode = pcclient::decode_raw,
                              .recipes = pcclient::exact_recipe,
                              .otherwise = pcclient::always_unverifiable,
                              .outside = "unknown-event-type"};
const EventType kUnknownContent{.value = 0,
                                .name = {},
                                .decode = pcclient::decode_raw,
                                .recipes = cel::private_recipes,
                                .otherwise = pcclient::always_unverifiable,
                                .outside = "unknown-content"};

const EventType& event_rule(const Record& record) {
  const EventType* type = pcclient::find_event_type(record.type);
  return type == nullptr ? kUnknownEvent : *type;
}

std::string event_name(const Record& record) {
  const EventType* type = pcclient::find_event_type(record.type);
  return type == nullptr ? fmt::format("0x{:08x}", record.type) : std::string(type->name);
}

const EventType& unknown_rule(const Record& /*record*/) {
  return kUnknownContent;
}

std::string unknown_name(const Record& record) {
  return record.name.empty() ? fmt::format("0x{:08x}", record.type) : std::string(as_text(record.name));
}

constexpr std::array kRows = std::to_array<ContentRow>({
    {.content = ContentType::pcclient, .rule = event_rule, .type_name = event_name},
    {.content = ContentType::ima_template, .rule = ima::rule_of, .type_name = ima::type_name},
    {.content = ContentType::tsm, .rule = tsm::content_rule, .type_name = tsm::type_name},
    {.content = ContentType::aael, .rule = aael::content_rule, .type_name = aael::type_name},
    {.content = ContentType::cel_management, .rule = cel::management_rule, .type_name = cel::management_name},
    {.content = ContentType::ima_tlv, .rule = cel::ima_tlv_rule, .type_name = cel::ima_tlv_name},
    {.content = ContentType::systemd, .rule = cel::systemd_rule, .type_name = cel::systemd_name},
    {.content = ContentType::cos, .rule = cel::cos_rule, .type_name = cel::cos_name},
});

constexpr ContentRow kUnknownRow{.content = ContentType::unknown, .rule = unknown_rule, .type_name = unknown_name};

}  // namespace

const ContentRow& content_row(ContentType content) {
  const auto row = std::ranges::find(kRows, content, &ContentRow::content);
  return row == kRows.end() ? kUnknownRow : *row;
}

}  // namespace mrtool
