// Register values in JSON, read event by event: memory follows the values found, not the document, and a name that
// appears twice is seen twice.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "lib/base/limits.hpp"
#include "lib/sources/kinds.hpp"

namespace mrtool::sources {

namespace {

using Json = nlohmann::json;

constexpr std::string_view kSchemaKey = "schema";
constexpr std::string_view kRegistersKey = "registers";
constexpr std::string_view kRegistersSchema = "mrtool.registers/";
constexpr std::string_view kReplaySchema = "mrtool.replay/";
constexpr std::string_view kVersion = "1";

// Depths at which strings matter, counted in open objects and arrays.
constexpr std::size_t kTop = 1;       // {"schema": STRING}
constexpr std::size_t kPlain = 2;     // {BANK: {REGISTER: STRING}}
constexpr std::size_t kListItem = 3;  // {"registers": [{"register": STRING, "bank": STRING, "value": STRING}]}

struct Stated {
  std::string reg;
  std::string bank;
  std::string value;
};

class Handler final : public nlohmann::json_sax<Json> {
 public:
  std::string schema;
  std::vector<Stated> plain;
  std::vector<Stated> listed;
  Error error;

  bool null() override { return true; }
  // What a replay could not finish says nothing about a register.
  bool boolean(bool value) override {
    if (in_item_of(kRegistersKey) && path_[2].key == "complete" && !value) {
      return refuse(ErrorKind::inconclusive, "it holds a value that its replay marks as not complete: leave it out");
    }
    if (in_item_of("logs") && path_[2].key == "partial" && value) {
      return refuse(ErrorKind::inconclusive, "it is the replay of a damaged log, so its values are of a part of it");
    }
    return true;
  }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }

  bool string(string_t& text) override {
    if (path_.size() == kTop && path_[0].key == kSchemaKey) {
      schema = std::move(text);
    } else if (path_.size() == kPlain && !path_[1].array) {
      return add(plain, {path_[1].key, path_[0].key, std::move(text)});
    } else if (in_item_of(kRegistersKey)) {
      const std::string& key = path_[2].key;
      if (key == "register") {
        item_.reg = std::move(text);
      } else if (key == "bank") {
        item_.bank = std::move(text);
      } else if (key == "value") {
        item_.value = std::move(text);
      }
    }
    return true;
  }
  bool key(string_t& text) override {
    path_.back().key = std::move(text);
    return true;
  }
  bool start_object(std::size_t) override {
    if (!open(false)) {
      return false;
    }
    if (in_item_of(kRegistersKey)) {
      item_ = {};
    }
    return true;
  }
  bool end_object() override {
    const bool added = !in_item_of(kRegistersKey) || add(listed, std::move(item_));
    path_.pop_back();
    return added;
  }
  bool start_array(std::size_t) override { return open(true); }
  bool end_array() override {
    path_.pop_back();
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    error =
        Error{.kind = ErrorKind::malformed, .message = "this is no valid JSON", .file = {}, .offset = {}, .record = {}};
    if (position > 0) {
      error.offset = position - 1;
    }
    return false;
  }

 private:
  struct Level {
    bool array;
    std::string key;
  };

  bool in_item_of(std::string_view list) const {
    return path_.size() == kListItem && path_[0].key == list && path_[1].array && !path_[2].array;
  }
  bool open(bool array) {
    if (path_.size() >= limits::kNesting) {
      return refuse(fmt::format("nested deeper than {} levels", limits::kNesting));
    }
    path_.push_back({array, {}});
    return true;
  }
  bool add(std::vector<Stated>& to, Stated stated) {
    if (to.size() >= limits::kListedItems) {
      return refuse(fmt::format("more than {} register values", limits::kListedItems));
    }
    to.push_back(std::move(stated));
    return true;
  }
  bool refuse(std::string message) { return refuse(ErrorKind::malformed, std::move(message)); }
  bool refuse(ErrorKind kind, std::string message) {
    error = Error{.kind = kind, .message = std::move(message), .file = {}, .offset = {}, .record = {}};
    return false;
  }

  std::vector<Level> path_;
  Stated item_;
};

// The kind that a schema names, without its version; empty when it is not one of ours.
std::string_view kind_of(std::string_view schema) {
  for (const std::string_view known : {kRegistersSchema, kReplaySchema}) {
    if (schema.starts_with(known) && schema.substr(known.size()) == kVersion) {
      return known.substr(0, known.size() - 1);
    }
  }
  return {};
}

}  // namespace

bool is_json(std::string_view text) {
  return trim(text).starts_with('{');
}

Result<RegisterValues> parse_json(std::string_view text) {
  Handler handler;
  bool complete = false;
  try {
    complete = Json::sax_parse(text.begin(), text.end(), &handler);
  } catch (const Json::exception& exception) {
    return fail(ErrorKind::malformed, exception.what());
  }
  if (!complete) {
    return std::unexpected(std::move(handler.error));
  }
  RegisterValues values{.source = {}, .kind = "json", .authenticated = Authenticated::none, .values = {}};
  if (!handler.schema.empty()) {
    values.kind = kind_of(handler.schema);
    if (values.kind.empty()) {
      return fail(ErrorKind::malformed,
                  fmt::format("expected the schema {}1 or {}1, found another", kRegistersSchema, kReplaySchema));
    }
  }
  const std::vector<Stated>& stated = handler.schema.empty() ? handler.plain : handler.listed;
  for (std::size_t i = 0; i < stated.size(); ++i) {
    const Stated& item = stated[i];
    const std::string where =
        handler.schema.empty() ? fmt::format("value {} of the document", i) : fmt::format("registers[{}]", i);
    if (auto status = add_named_value(values, item.reg, item.bank, item.value, where); !status) {
      return std::unexpected(std::move(status).error());
    }
  }
  return values;
}

}  // namespace mrtool::sources
