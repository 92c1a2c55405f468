#include "lib/content/aael_line.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/content/recipes.hpp"

namespace mrtool::aael {
namespace {

using pcclient::Context;
using pcclient::EventType;

constexpr std::string_view kInit = "INIT";

// Cut to the algorithm's size, or with zeros behind it, as the agent does.
std::optional<InitLine> make_init(std::string_view name, std::string_view hex, bool specification_form) {
  constexpr std::size_t kLongestHex = 4 * kMaxDigestSize;
  const auto algorithm = parse_algorithm(name);
  const HashAlgorithmRow* row = algorithm ? find_algorithm(*algorithm) : nullptr;
  const auto bytes = hex.empty() || hex.size() > kLongestHex ? std::nullopt : from_hex(hex);
  if (row == nullptr || !bytes) {
    return std::nullopt;
  }
  InitLine init{.bank = row->id,
                .value = Digest::filled(row->size, 0),
                .exact_size = bytes->size() == row->size,
                .specification_form = specification_form};
  std::copy_n(bytes->begin(), std::min(bytes->size(), row->size), init.value.mutable_view().begin());
  return init;
}

Decoded decode_line(const Context& context) {
  const std::string_view line = as_text(context.data);
  const std::uint64_t end = line.size();
  Decoded decoded{.kind = "aael", .summary = std::string(line), .fields = {}, .problem = {}};
  if (const auto init = parse_init(line)) {
    decoded.kind = "aael-init";
    decoded.fields.push_back({"algorithm", Value(to_string(init->bank)), {0, end}});
    decoded.fields.push_back({"value", Value(to_bytes(init->value.view())), {0, end}});
  } else if (line.starts_with('#')) {
    decoded.kind = "comment";
    decoded.fields.push_back({"text", Value(line.substr(1)), {1, end}});
  } else {
    add_event_fields(decoded, line, 0);
  }
  return decoded;
}

const EventType kLine{.value = 0,
                      .name = {},
                      .decode = decode_line,
                      .recipes = pcclient::exact_recipe,
                      .otherwise = pcclient::always_differs,
                      .outside = {}};

}  // namespace

std::optional<InitLine> parse_init(std::string_view line) {
  if (!line.starts_with(kInit) || line.size() <= kInit.size()) {
    return std::nullopt;
  }
  const char first = line[kInit.size()];
  const bool specification_form = first == '/';
  if (!specification_form && first != ' ') {
    return std::nullopt;
  }
  const std::string_view rest = line.substr(kInit.size() + 1);
  const std::size_t divider = rest.find(specification_form ? ' ' : '/');
  if (divider == std::string_view::npos) {
    return std::nullopt;
  }
  return make_init(rest.substr(0, divider), rest.substr(divider + 1), specification_form);
}

std::string format_init(HashAlgorithm bank, ByteView value) {
  return fmt::format("{} {}/{}", kInit, to_string(bank), to_hex(value));
}

void add_event_fields(Decoded& decoded, std::string_view text, std::uint64_t begin) {
  const std::size_t first = text.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : text.find(' ', first + 1);
  const auto part = [&](std::string_view name, std::size_t from, std::size_t to) {
    decoded.fields.push_back({std::string(name), Value(text.substr(from, to - from)), {begin + from, begin + to}});
  };
  if (second == std::string_view::npos) {
    part("text", 0, text.size());
    if (decoded.problem.empty()) {
      decoded.problem = "not of the form 'domain operation content'";
    }
    return;
  }
  part("domain", 0, first);
  part("operation", first + 1, second);
  part("content", second + 1, text.size());
}

const EventType& content_rule(const Record& /*record*/) {
  return kLine;
}

std::string type_name(const Record& record) {
  const std::string_view line = as_text(record.data);
  if (parse_init(line)) {
    return std::string(kInit);
  }
  return line.starts_with('#') ? "comment" : "event";
}

}  // namespace mrtool::aael
