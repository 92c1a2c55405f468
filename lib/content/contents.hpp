// The table of content types: how each is named, decoded and judged. A new content type is one new row in contents.cpp.
#pragma once

#include <string>

#include "lib/content/pcclient.hpp"

namespace mrtool {

struct ContentRow {
  ContentType content;
  // What applies to a record of that content. The same shape serves all contents: a decoder and the recipes of its
  // digests.
  const pcclient::EventType& (*rule)(const Record&);
  // What people call the record's type: an event type, a template, a kind of line.
  std::string (*type_name)(const Record&);
};

// The row of the record's content; a row that decodes nothing for content that the table does not have.
const ContentRow& content_row(ContentType content);

}  // namespace mrtool
