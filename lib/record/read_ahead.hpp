// A reader whose log is read by a thread that is free, ahead of who asks for its batches.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "lib/base/diagnostic.hpp"
#include "lib/base/workers.hpp"
#include "lib/record/reader.hpp"

namespace mrtool {

// Hands over what the reader that it is made of would: the same batches, and with each what was said of it. Only for
// sources that do not keep a reader waiting.
class ReadAhead final : public Reader {
 public:
  // Makes the reader, which says in `diagnostics` what it notices, and counts in `bytes` what it takes of its source.
  using Make = std::function<std::unique_ptr<Reader>(DiagnosticSink& diagnostics, std::uint64_t& bytes)>;
  // `diagnostics` and `bytes`: as the one who reads has them. All given stay longer.
  ReadAhead(const Make& make, Workers& workers, DiagnosticSink& diagnostics, std::uint64_t& bytes);

  Result<bool> read(Batch& batch) override;
  const LogInfo& info() const override { return info_; }
  Result<ReadPosition> position() const override;

 private:
  // Read, and not yet asked for.
  struct Piece {
    Batch batch;
    Result<bool> more = true;
    std::optional<LogInfo> info;  // of the first and of the last piece
    std::vector<Diagnostic> diagnostics;
    std::uint64_t bytes = 0;  // that were taken of the source until then
  };
  static constexpr std::size_t kAhead = 3;

  void read_into(Piece& piece);

  DiagnosticSink& diagnostics_;
  std::uint64_t& bytes_;
  LogInfo info_;
  std::uint64_t taken_ = 0;   // pieces that were handed over
  std::uint64_t posted_ = 0;  // pieces that the strand was told to read: all but the first

  // The strand's alone, while one of its tasks is not done.
  DiagnosticSink said_;
  std::uint64_t read_bytes_;
  std::unique_ptr<Reader> reader_;
  bool begun_ = false;
  bool read_all_ = false;
  std::array<Piece, kAhead> pieces_;  // in turn: number n is pieces_[n % kAhead]

  Strand strand_;  // the last member: waits before what its tasks use goes
};

}  // namespace mrtool
