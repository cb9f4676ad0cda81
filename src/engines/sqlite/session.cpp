#include "engines/sqlite/session.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "engines/sqlite/source.hpp"

namespace dbsnap::sqlite {
namespace {

/// Source shared by the session and its reader, which may live longer than each other.
struct SharedSource {
  SharedSource(const SqliteOptions& options, const Context& context) : source(options, context) {}
  std::mutex mutex;
  Source source;
  std::uint64_t position = 0;  ///< bytes read so far
};

class PageReader final : public EntryReader {
 public:
  explicit PageReader(std::shared_ptr<SharedSource> shared) : shared_(std::move(shared)) {}

  std::size_t read(MutableByteView out, const Context& context) override {
    const std::lock_guard lock(shared_->mutex);
    Source& source = shared_->source;
    std::uint64_t& position = shared_->position;
    const std::uint64_t left = source.size_bytes() - position;
    if (left == 0 || out.empty()) return 0;
    const std::size_t page_size = source.page_size();
    const auto page = static_cast<std::uint32_t>(position / page_size + 1);
    const auto inside = static_cast<std::size_t>(position % page_size);
    std::size_t count = 0;
    if (inside == 0 && out.size() >= page_size) {
      count = std::min<std::size_t>(out.size() - out.size() % page_size, std::min<std::uint64_t>(left, kLongestRun));
      for (std::size_t done = 0; done < count; done += kPerCheck) {
        context.check();
        const std::size_t part = std::min(kPerCheck, count - done);
        source.read(page + static_cast<std::uint32_t>(done / page_size), out.subspan(done, part));
      }
    } else {
      context.check();
      load(source, page);
      count = std::min(out.size(), page_size - inside);
      std::copy_n(page_.begin() + static_cast<std::ptrdiff_t>(inside), count, out.begin());
    }
    position += count;
    return count;
  }

 private:
  static constexpr std::size_t kPerCheck = std::size_t{1} << 20;
  static constexpr std::size_t kLongestRun = std::size_t{1} << 26;

  /// Keeps one page for callers whose buffers are smaller than it.
  void load(Source& source, std::uint32_t page) {
    if (loaded_ == page) return;
    page_.resize(source.page_size());
    source.read(page, page_);
    loaded_ = page;
  }

  std::shared_ptr<SharedSource> shared_;
  Bytes page_;
  std::uint32_t loaded_ = 0;
};

class SqliteSession final : public Session {
 public:
  SqliteSession(const SqliteOptions& options, const Context& context)
      : shared_(std::make_shared<SharedSource>(options, context)) {}

  std::optional<Entry> next(const Context& context) override {
    context.check();
    const std::lock_guard lock(shared_->mutex);
    if (std::exchange(given_, true)) return std::nullopt;
    Entry entry;
    entry.name = kEntryName;
    entry.kind = EntryKind::page_file;
    entry.size_hint = shared_->source.size_bytes();
    if (shared_->source.page_size() != 0) entry.facts["page_size"] = std::int64_t{shared_->source.page_size()};
    entry.reader = std::make_unique<PageReader>(shared_);
    return entry;
  }

  SessionResult finish(const Context& context) override {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->position != shared_->source.size_bytes()) {
      throw Error(ErrorCode::internal, "entry main was read to byte " + std::to_string(shared_->position) + " of " +
                                           std::to_string(shared_->source.size_bytes()));
    }
    return shared_->source.finish(context);
  }

  ~SqliteSession() override {
    const std::lock_guard lock(shared_->mutex);
    shared_->source.release();
  }

 private:
  std::shared_ptr<SharedSource> shared_;
  bool given_ = false;
};

}  // namespace

std::unique_ptr<Session> begin_session(const SqliteOptions& options, const Context& context) {
  return std::make_unique<SqliteSession>(options, context);
}

}  // namespace dbsnap::sqlite
