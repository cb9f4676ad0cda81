// Plain files and standard streams as the library's readers and writers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dbsnap/context.hpp"
#include "dbsnap/snapshotter.hpp"

namespace dbsnap::cli {

/// Owns a file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) noexcept : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();
  [[nodiscard]] int get() const noexcept { return fd_; }
  /// Closes it now; false when the operating system reports a failure.
  bool close() noexcept;

 private:
  int fd_ = -1;
};

/// A file, or standard input for "-", from its start to its end.
class FileReader : public EntryReader {
 public:
  explicit FileReader(const std::string& path);
  std::size_t read(MutableByteView out, const Context& context) override;
  /// When the file was changed last; now for standard input.
  [[nodiscard]] TimePoint changed(const Clock& clock) const;

 private:
  std::string path_;
  FileDescriptor file_;
};

/// Standard output as the place of an export.
class OutputWriter : public EntryWriter {
 public:
  void write(std::uint64_t offset, ByteView bytes) override;
  [[nodiscard]] std::uint64_t size() const noexcept { return written_; }

 private:
  std::uint64_t written_ = 0;
};

/// A new file that appears under its name only when commit() has made it durable; until then it is
/// "<name>.part-<pid>" beside it, which the destructor removes.
class NewFileWriter : public EntryWriter {
 public:
  /// Throws Error{target_not_empty} when `path` exists and `overwrite` is false; `why` then says what would replace it.
  NewFileWriter(std::string path, bool overwrite,
                const std::string& why = "an export replaces a file only with --overwrite");
  ~NewFileWriter() override;
  NewFileWriter(const NewFileWriter&) = delete;
  NewFileWriter& operator=(const NewFileWriter&) = delete;

  void write(std::uint64_t offset, ByteView bytes) override;
  void commit();
  [[nodiscard]] std::uint64_t size() const noexcept { return written_; }

 private:
  std::string path_;
  std::string part_;
  bool overwrite_;
  bool committed_ = false;
  std::uint64_t written_ = 0;
  FileDescriptor file_;
};

/// A folder of this process in `parent`, removed with all its contents by the destructor.
class ScratchFolder {
 public:
  /// `parent` empty means TMPDIR, else /tmp.
  explicit ScratchFolder(const std::string& parent);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace dbsnap::cli
