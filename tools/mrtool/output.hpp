// Where a command's text goes: one buffer before each stream, so that renderers append and nothing is written field by
// field.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/error.hpp"

namespace mrtool {

class Output {
 public:
  virtual ~Output() = default;

  // Append here, then call settle() at the end of a record or line.
  std::string& buffer() { return buffer_; }
  void append(std::string_view text) { buffer_ += text; }
  // Writes the buffer and then the text, which needs no copy.
  void put(std::string_view text);
  // Writes the buffer and then the first bytes of a file, `size` at most, without reading them; returns how many. Where
  // that does not work, or no longer, put() can write the rest, or will say why not.
  std::uint64_t send(int file, std::uint64_t size);
  // Writes the buffer out when it has grown large.
  void settle();
  // Writes the buffer out.
  void flush();

  // After the first failure everything is discarded. A reader that went away (`head`) is no error but the end.
  bool failed() const { return error_ || reader_gone_; }
  bool reader_gone() const { return reader_gone_; }
  const std::optional<Error>& error() const { return error_; }

 protected:
  enum class Wrote : std::uint8_t { all, reader_gone, failed };
  // Writes all of the text. On `failed`, `reason` says why.
  virtual Wrote write_all(std::string_view text, std::string& reason) = 0;
  // See send(): of a stream that the system can copy to.
  virtual std::uint64_t send_all(int /*file*/, std::uint64_t /*size*/) { return 0; }
  // The stream's name in messages.
  virtual std::string_view name() const = 0;

 private:
  void write(std::string_view text);

  std::string buffer_;
  std::optional<Error> error_;
  bool reader_gone_ = false;
};

// Over a file descriptor that somebody else opened and closes.
class DescriptorOutput final : public Output {
 public:
  DescriptorOutput(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}

 private:
  Wrote write_all(std::string_view text, std::string& reason) override;
  std::uint64_t send_all(int file, std::uint64_t size) override;
  std::string_view name() const override { return name_; }

  int descriptor_;
  std::string name_;
};

// Keeps what is written.
class MemoryOutput final : public Output {
 public:
  const std::string& text() const { return text_; }

 private:
  Wrote write_all(std::string_view text, std::string& /*reason*/) override {
    text_ += text;
    return Wrote::all;
  }
  std::string_view name() const override { return "memory"; }

  std::string text_;
};

// -o FILE: a new file beside it that takes its place at commit(), so that nobody ever sees half of it. What is no
// regular file (a device, a pipe) is written to as it is. A symbolic link is followed.
class FileOutput final : public Output {
 public:
  static Result<std::unique_ptr<FileOutput>> create(const std::string& path);
  ~FileOutput() override;
  FileOutput(const FileOutput&) = delete;
  FileOutput& operator=(const FileOutput&) = delete;

  // Flushes, synchronises and puts the file in its place. Without it nothing is left behind.
  Status commit();

 private:
  FileOutput() = default;
  Wrote write_all(std::string_view text, std::string& reason) override;
  std::uint64_t send_all(int file, std::uint64_t size) override;
  std::string_view name() const override { return path_; }
  Status fail_with(std::string_view what, int number) const;

  std::string path_;    // as the user named it
  std::string target_;  // with links followed
  std::string temporary_;
  int descriptor_ = -1;
};

}  // namespace mrtool
