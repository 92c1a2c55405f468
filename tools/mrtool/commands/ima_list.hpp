// The IMA measurement list that ima-bridge carries: its pieces one after the other, the last of which may go on
// growing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/chain.hpp"
#include "formats/formats.hpp"
#include "lib/base/followed_file.hpp"

namespace mrtool {

// Those that are named, or this machine's: what was taken out of the kernel's list to be saved, then the list itself,
// in its strongest bank. Fails (io) where it has none.
Result<std::vector<LogName>> find_ima_list(const std::vector<std::string>& arguments, Host& host);

class ImaList {
 public:
  struct Options {
    HashAlgorithm bank = HashAlgorithm::none;  // of digests that do not tell it
    std::vector<HashAlgorithm> compute_banks;
    bool follow = false;  // the last piece
  };
  // `host` and `diagnostics` outlive it.
  ImaList(std::vector<LogName> pieces, Host& host, DiagnosticSink& diagnostics, Options options);

  enum class State : std::uint8_t {
    more,   // call again
    rests,  // all that there is has been read, for now
    ended,
  };
  // The next entries. On an error the batch holds those before the damage. Fails, beside what readers fail with:
  // usage for standard input that is to be followed, malformed for a log of another kind.
  Result<State> read(Batch& batch);
  // Is the piece that is followed still the one that was read? Always so where none is.
  Status check();

  const LogInfo& info() const { return reader_->info(); }  // of the piece that was read last
  const std::string& path() const { return path_; }

 private:
  Status open_next();
  Result<const FormatRow*> format_of(const LogName& piece, PeekSource& source) const;
  Error in_piece(Error error) const;

  std::vector<LogName> pieces_;
  Host& host_;
  DiagnosticSink& diagnostics_;
  Options options_;
  std::size_t next_ = 0;
  bool piece_ended_ = true;
  std::unique_ptr<Reader> reader_;
  std::string path_;
  FollowedFile* followed_ = nullptr;  // of reader_
};

}  // namespace mrtool
