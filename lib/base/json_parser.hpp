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
  // of either function or the end of the parser, and may need `text` as long.
  Result<const JsonNode*> parse(ByteView text);
  // The length of the text at the front of `bytes` where it differs from one that was parsed lately in its strings and
  // numbers only, and ends here; 0 where that is not known. Parsing just these bytes next costs nothing.
  std::size_t recognise(ByteView bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mrtool
