// Backs up one file as a byte stream, cut by content, through the public interfaces: what an engine that dumps rows
// does.
//
//     stream-backup REPOSITORY FILE     the password is in DBSNAP_PASSWORD; prints the snapshot's id
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "dbsnap/dbsnap.hpp"

namespace {

using FileHandle = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

class FileReader final : public dbsnap::EntryReader {
 public:
  explicit FileReader(const std::string& path) : file_(std::fopen(path.c_str(), "rb"), &std::fclose) {
    if (!file_) throw dbsnap::Error(dbsnap::ErrorCode::source_unreachable, "cannot open " + path);
  }

  std::size_t read(dbsnap::MutableByteView out, const dbsnap::Context& context) override {
    context.check();
    const std::size_t count = std::fread(out.data(), 1, out.size(), file_.get());
    if (count == 0 && std::ferror(file_.get()) != 0) throw dbsnap::Error(dbsnap::ErrorCode::io, "cannot read the file");
    return count;
  }

 private:
  FileHandle file_;
};

class FileSession final : public dbsnap::Session {
 public:
  explicit FileSession(std::string path) : path_(std::move(path)) {}

  std::optional<dbsnap::Entry> next(const dbsnap::Context& context) override {
    context.check();
    if (std::exchange(given_, true)) return std::nullopt;
    dbsnap::Entry entry;
    entry.name = "rows";
    entry.reader = std::make_unique<FileReader>(path_);
    return entry;
  }

  dbsnap::SessionResult finish(const dbsnap::Context&) override { return {}; }

 private:
  std::string path_;
  bool given_ = false;
};

class FileSource final : public dbsnap::Snapshotter {
 public:
  explicit FileSource(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] dbsnap::SourceInfo describe() const override {
    dbsnap::SourceInfo info;
    info.engine = "stream";
    info.url = "stream://" + path_;
    info.name = "rows";
    return info;
  }

  std::unique_ptr<dbsnap::Session> begin(const dbsnap::SnapshotRequest&, const dbsnap::Context&) override {
    return std::make_unique<FileSession>(path_);
  }

  void restore(dbsnap::SnapshotReader&, const dbsnap::RestoreOptions&, const dbsnap::Context&) override {
    throw dbsnap::Error(dbsnap::ErrorCode::unsupported, "the benchmark restores nothing");
  }

  void check_restored(const dbsnap::Context&) override {}

  [[nodiscard]] std::unique_ptr<dbsnap::Snapshotter> scratch_target(const std::string&) const override {
    return std::make_unique<FileSource>(path_);
  }

 private:
  std::string path_;
};

}  // namespace

int main(int count, char** words) try {
  const char* password = std::getenv("DBSNAP_PASSWORD");
  if (count != 3 || password == nullptr) {
    std::fputs("usage: DBSNAP_PASSWORD=… stream-backup REPOSITORY FILE\n", stderr);
    return 2;
  }
  const dbsnap::Context context;
  auto repository = dbsnap::Repository::open(dbsnap::open_sink(words[1]), {password}, context);
  FileSource source(words[2]);
  const dbsnap::Manifest manifest = repository.snapshot(source, {}, context);
  std::printf("%s\n", manifest.id.c_str());
  return 0;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "%s\n", failure.what());
  return 1;
}
