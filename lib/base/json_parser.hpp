// JSON texts of an untrusted log, one after another, as nodes: the fast way to do what parse_json_text does.
#pragma once

#include <memory>

#include "lib/base/error.hpp"
#include "lib/base/json_node.hpp"

namespace mrtool {

class JsonParser {
 public:
  JsonParser();
  ~JsonParser();
  JsonParser(const JsonParser&) = delete;
  JsonParser& operator=(const JsonParser&) = delete;

  // Takes and refuses the texts that parse_json_text does, with the same messages. The nodes stay until the next call
  // or the end of the parser; they need `text` no longer.
  Result<const JsonNode*> parse(ByteView text);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mrtool
