// What the readers of both forms do with an entry once its data is known.
#pragma once

#include <optional>
#include <string>

#include "formats/ima/digests.hpp"
#include "formats/ima/survey.hpp"
#include "lib/content/ima_template.hpp"
#include "lib/record/piece_reader.hpp"

namespace mrtool::ima {

class BaseReader : public PieceReader {
 public:
  // Not of a list that a kernel handed to the next one, and not before a digest has told what the list's are.
  Result<ReadPosition> position() const final;

 protected:
  BaseReader(std::string_view format, std::unique_ptr<ByteSource> source, ReadOptions options,
             DiagnosticSink& diagnostics);
  BaseReader(std::string_view format, std::unique_ptr<ByteSource> source, ReadOptions options,
             DiagnosticSink& diagnostics, Growing growing);

  // Parses as parse() does, but that computed digests have no values yet.
  virtual Result<Progress> parse_entries(Batch& batch) = 0;

  // The list's layout is known.
  void adopt(const Survey& found);
  // The same of a list that is read from its middle on. False: that is no list's position.
  bool adopt(const ReadPosition& position);
  // Where the entry in front is ends depends on what is there up to this place: one whose digest confirms nothing could
  // go on over the line feed behind it.
  void depends_on_bytes_until(std::uint64_t place) {
    settled_at_ = place;
    unsettled_ = {.record = next_number(), .offset = offset()};
  }
  // Adds the record at offset() with all but `raw` and `framing`. `data` is in the form that is hashed; nothing when it
  // is not known. The views outlive the batch's buffer or are of it.
  struct Parts {
    std::uint32_t pcr = 0;
    ByteView digest;
    ByteView name;
    std::optional<ByteView> data;
  };
  Record& add_entry(Batch& batch, const Parts& parts);

  const std::optional<Template>& template_of(ByteView name);
  // "expected ..., found ...": the bank cannot be told.
  std::unexpected<Error> undecided() const;

  ReadOptions options_;
  DiagnosticSink& diagnostics_;
  HashEngine engine_;

 private:
  Result<Progress> parse(Batch& batch) final;
  void describe(std::string_view format);

  std::optional<Digests> digests_;
  bool confirmed_ = false;        // by a digest: a longer list is not taken for one of another layout
  std::uint64_t settled_at_ = 0;  // see depends_on_bytes_until
  struct Place {
    std::uint64_t record = 0;
    std::uint64_t offset = 0;
  } unsettled_;                // the entry that depends on them
  std::string template_name_;  // of template_
  std::optional<Template> template_;
};

}  // namespace mrtool::ima
