// mrtool.log/1: any log in JSON, without loss. The bytes of the carried log are the `raw` of its parts, one behind the
// other; everything else in a part is for people. See FORMAT.md.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "formats/formats.hpp"
#include "lib/base/json_items.hpp"
#include "lib/base/json_parser.hpp"
#include "lib/base/piece_source.hpp"

namespace mrtool::carried {

inline constexpr std::string_view kSchema = "mrtool.log/1";
inline constexpr std::string_view kArray = "records";

// What stands before the parts.
struct Header {
  std::string format;
  std::string dialect;
  ByteOrder byte_order = ByteOrder::little;
  // What the carried bytes themselves may not say; each is used only where the reader is not told otherwise.
  Platform platform = Platform::unknown;
  std::optional<Register> reg;
  HashAlgorithm bank = HashAlgorithm::none;
  std::vector<AlgorithmSize> algorithms;
};
// `text` is the document up to and including the bracket that opens the array.
Result<Header> read_header(ByteView text);
std::string write_header(const Header& header);

// The log's register may be known from outside its bytes only.
inline bool needs_register(const FormatRow& row) {
  return !row.names_registers || row.takes_register;
}

// The bytes of the carried log, read part by part from its JSON: one part in memory at a time.
class PartSource final : public ByteSource {
 public:
  explicit PartSource(std::unique_ptr<ByteSource> document)
      : document_(std::move(document)), items_(std::string(kArray)) {}

  // Once, before the first read. Errors are positions in the document.
  Result<Header> header();
  // 0 only where the document is whole.
  Result<std::size_t> read(std::span<std::uint8_t> buffer) override;

 private:
  Result<JsonItems::Step> next();
  Result<Bytes> decode(ByteView part);
  ByteView rest() const { return buffer_.view().subspan(begin_); }
  void consume(std::size_t bytes);
  std::unexpected<Error> damaged(std::uint64_t at, std::string message) const;

  PieceSource document_;
  JsonItems items_;
  JsonParser parser_;
  PieceBuffer buffer_;      // of the document
  std::size_t begin_ = 0;   // in buffer_: what is not consumed yet
  std::uint64_t base_ = 0;  // where buffer_ starts in the document
  Bytes bytes_;             // of the part at hand
  std::size_t given_ = 0;   // of bytes_
  bool ended_ = false;
};

std::optional<Detection> detect(const Probe& probe);
// Hands over what the carried format's own reader makes of the carried bytes: its records, with their offsets in the
// carried log, and its LogInfo.
std::unique_ptr<Reader> make_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                    DiagnosticSink& diagnostics);
std::unique_ptr<Writer> make_writer(ByteSink& sink, const WriteOptions& options);
Carried carry(const Record& record, const LogInfo& info, const WriteOptions& options);

}  // namespace mrtool::carried
