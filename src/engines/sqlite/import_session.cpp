#include <algorithm>
#include <mutex>
#include <utility>

#include "dbsnap/error.hpp"
#include "engines/sqlite/database_header.hpp"
#include "engines/sqlite/session.hpp"

namespace dbsnap::sqlite {
namespace {

/// A database file on its way through. It may be empty: that is a database too.
struct ImportedFile {
  std::unique_ptr<EntryReader> stream;
  std::string name;
  Bytes start;                           ///< what was read ahead for the header
  std::optional<DatabaseHeader> header;  ///< none for an empty file
  std::uint64_t position = 0;            ///< bytes handed out
  bool ended = false;

  void check_length() const {
    if (!header) return;
    const std::uint64_t least = header->has_page_count() ? header->page_count : 1;
    if (position % header->page_size == 0 && position / header->page_size >= least) return;
    throw Error(ErrorCode::damaged, name + " is truncated: it holds " + std::to_string(position) +
                                        " bytes, and pages of " + std::to_string(header->page_size) +
                                        " bytes, at least " + std::to_string(least) + " of them, were expected")
        .with("object", name);
  }
};

class ImportReader final : public EntryReader {
 public:
  explicit ImportReader(std::shared_ptr<ImportedFile> file) : file_(std::move(file)) {}

  std::size_t read(MutableByteView out, const Context& context) override {
    if (out.empty() || file_->ended) return 0;
    std::size_t count = 0;
    if (file_->position < file_->start.size()) {
      const auto from = file_->start.begin() + static_cast<std::ptrdiff_t>(file_->position);
      count = std::min<std::size_t>(out.size(), file_->start.size() - file_->position);
      std::copy_n(from, count, out.begin());
    } else {
      count = file_->stream->read(out, context);
    }
    file_->position += count;
    if (count == 0) {
      file_->check_length();
      file_->ended = true;
    }
    return count;
  }

 private:
  std::shared_ptr<ImportedFile> file_;
};

class ImportSession final : public Session {
 public:
  explicit ImportSession(std::shared_ptr<ImportedFile> file) : file_(std::move(file)) {}

  std::optional<Entry> next(const Context& context) override {
    context.check();
    const std::lock_guard lock(mutex_);
    if (std::exchange(given_, true)) return std::nullopt;
    Entry entry;
    entry.name = kEntryName;
    entry.kind = EntryKind::page_file;
    if (file_->header) {
      entry.facts["page_size"] = std::int64_t{file_->header->page_size};
      if (file_->header->has_page_count()) {
        entry.size_hint = std::uint64_t{file_->header->page_size} * file_->header->page_count;
      }
    }
    entry.reader = std::make_unique<ImportReader>(file_);
    return entry;
  }

  SessionResult finish(const Context& context) override {
    context.check();
    if (!file_->ended) throw Error(ErrorCode::internal, file_->name + " was not read to its end");
    SessionResult result;
    result.facts["imported"] = true;
    result.facts["page_count"] = std::int64_t{0};
    if (!file_->header) return result;
    result.facts["page_count"] = static_cast<std::int64_t>(file_->position / file_->header->page_size);
    result.facts.merge(facts_of(*file_->header));
    result.consistency_point["change_counter"] = std::int64_t{file_->header->change_counter};
    return result;
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<ImportedFile> file_;
  bool given_ = false;
};

}  // namespace

std::unique_ptr<Session> begin_import_session(std::unique_ptr<EntryReader> file, const std::string& name,
                                              const Context& context) {
  auto imported = std::make_shared<ImportedFile>();
  imported->stream = std::move(file);
  imported->name = name;
  Bytes start(kHeaderSize);
  std::size_t have = 0;
  while (have < start.size()) {
    const std::size_t count = imported->stream->read(MutableByteView(start).subspan(have), context);
    if (count == 0) break;
    have += count;
  }
  start.resize(have);
  if (have != 0) imported->header = parse_header(start, name);
  imported->start = std::move(start);
  return std::make_unique<ImportSession>(std::move(imported));
}

}  // namespace dbsnap::sqlite
