#include "tools/mrtool/commands/ima_list.hpp"

#include <fmt/format.h>

#include <utility>

#include "formats/ima/reader.hpp"
#include "formats/opened_log.hpp"

namespace mrtool {
namespace {

constexpr std::string_view kBinaryFormat = "ima";
constexpr std::string_view kAsciiFormat = "ima-ascii";

bool is_ima(const FormatRow& format) {
  return format.name == kBinaryFormat || format.name == kAsciiFormat;
}

}  // namespace

Result<std::vector<LogName>> find_ima_list(const std::vector<std::string>& arguments, Host& host) {
  std::vector<LogName> pieces;
  for (const std::string& argument : arguments) {
    MRTOOL_TRY(piece, parse_log_name(argument));
    pieces.push_back(std::move(piece));
  }
  if (pieces.empty()) {
    pieces.push_back({.format = nullptr, .reg = {}, .path = "live"});
  }
  pieces = expand_live(pieces, host);
  std::erase_if(pieces,
                [](const LogName& piece) { return piece.live && (piece.format == nullptr || !is_ima(*piece.format)); });
  if (pieces.empty()) {
    return fail(ErrorKind::io,
                fmt::format("expected an IMA list in {} or {}, found none: mount securityfs, become root, start IMA "
                            "(ima_policy= on the kernel's command line), or name a file",
                            host.system_path("/sys/kernel/security/integrity/ima"),
                            host.system_path("/sys/kernel/security/ima")));
  }
  return pieces;
}

ImaList::ImaList(std::vector<LogName> pieces, Host& host, DiagnosticSink& diagnostics, Options options)
    : pieces_(std::move(pieces)), host_(host), diagnostics_(diagnostics), options_(std::move(options)) {}

Error ImaList::in_piece(Error error) const {
  if (error.file.empty()) {
    error.file = path_;
  }
  return error;
}

Result<const FormatRow*> ImaList::format_of(const LogName& piece, PeekSource& source) const {
  const FormatRow* format = piece.format;
  if (format == nullptr) {
    MRTOOL_TRY(prefix, source.peek(kDetectBytes));
    MRTOOL_TRY(detected, detect_format({.prefix = prefix, .complete = source.at_end_after_peek()}));
    format = detected.format;
  }
  if (!is_ima(*format)) {
    return fail(ErrorKind::malformed, fmt::format("expected an IMA list, found a log of format {}", format->name));
  }
  return format;
}

Status ImaList::open_next() {
  const LogName& piece = pieces_[next_++];
  const bool follow = options_.follow && next_ == pieces_.size();
  path_ = piece.path;
  followed_ = nullptr;
  if (follow && path_ == kStandardInput) {
    return fail(ErrorKind::usage, "standard input cannot be followed: name the list's file, or say --once");
  }
  OpenedLog opened = open_log(piece, host_);
  if (opened.error) {
    return std::unexpected(*std::move(opened.error));
  }
  MRTOOL_TRY(format, format_of(piece, *opened.source));
  std::unique_ptr<ByteSource> source = std::move(opened.source);
  if (follow) {
    MRTOOL_TRY(file, FollowedFile::open(path_));
    followed_ = file.get();
    source = std::move(file);
  }
  const ReadOptions options{.reg = {}, .bank = options_.bank, .compute_banks = options_.compute_banks};
  const auto make_reader = !follow                        ? format->make_reader
                           : format->name == kAsciiFormat ? ima::make_growing_ascii_reader
                                                          : ima::make_growing_reader;
  reader_ = make_reader(std::move(source), options, diagnostics_);
  return {};
}

Result<ImaList::State> ImaList::read(Batch& batch) {
  batch.records.clear();
  if (piece_ended_) {
    piece_ended_ = false;
    if (const Status opened = open_next(); !opened) {
      return std::unexpected(in_piece(opened.error()));
    }
  }
  const auto more = reader_->read(batch);
  if (!more) {
    return std::unexpected(in_piece(more.error()));
  }
  if (followed_ != nullptr) {
    return batch.records.empty() ? State::rests : State::more;
  }
  piece_ended_ = !*more;
  return piece_ended_ && next_ == pieces_.size() ? State::ended : State::more;
}

Status ImaList::check() {
  return followed_ == nullptr ? Status() : followed_->check();
}

}  // namespace mrtool
