#include "engines/sqlite/restore.hpp"

#include <algorithm>
#include <atomic>

#include "engines/sqlite/restore_target.hpp"
#include "engines/sqlite/session.hpp"

namespace dbsnap::sqlite {
namespace {

/// Places bytes by offset, from any number of threads, and keeps the disk busy meanwhile.
class FileWriter final : public EntryWriter {
 public:
  FileWriter(PosixFile& file, std::uint64_t size) : file_(file), size_(size) {}

  [[nodiscard]] bool parallel() const override { return true; }

  void write(std::uint64_t offset, ByteView bytes) override {
    if (offset > size_ || bytes.size() > size_ - offset) {
      throw Error(ErrorCode::internal, "entry main has bytes behind its end at " + std::to_string(size_));
    }
    file_.pwrite(bytes, offset);
    const std::uint64_t before = written_.fetch_add(bytes.size());
    if (before / kWritebackStep != (before + bytes.size()) / kWritebackStep) file_.start_writeback(0, 0);
  }

  /// Throws unless every byte has come.
  void check_complete() const {
    if (written_ == size_) return;
    throw Error(ErrorCode::damaged,
                "entry main holds " + std::to_string(written_) + " of " + std::to_string(size_) + " bytes");
  }

 private:
  // Dirty pages that pile up until fsync would make it wait for the whole file at once.
  static constexpr std::uint64_t kWritebackStep = std::uint64_t{8} << 20;

  PosixFile& file_;
  std::uint64_t size_;
  std::atomic<std::uint64_t> written_ = 0;
};

const ManifestEntry& entry_of(const Manifest& manifest) {
  if (manifest.source.engine != "sqlite") {
    throw Error(ErrorCode::invalid_argument,
                "snapshot " + manifest.id + " is of engine " + manifest.source.engine + ", not of sqlite");
  }
  const auto entry = std::ranges::find(manifest.entries, kEntryName, &ManifestEntry::name);
  if (entry != manifest.entries.end()) return *entry;
  throw Error(ErrorCode::not_found, "snapshot " + manifest.id + " has no entry main").with("snapshot", manifest.id);
}

}  // namespace

void restore_database(const std::string& path, SnapshotReader& reader, const RestoreOptions& options,
                      const Context& context) {
  context.check();
  const ManifestEntry& entry = entry_of(reader.manifest());
  BesideFile beside(inspect_target(path, options), entry.size);
  FileWriter writer(beside.file(), entry.size);
  reader.copy_entry(kEntryName, writer, context);
  writer.check_complete();
  beside.put_in_place(context);
}

}  // namespace dbsnap::sqlite
