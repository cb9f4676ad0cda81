#include "engines/postgres/session.hpp"

#include <atomic>
#include <deque>
#include <mutex>
#include <utility>

#include "engines/postgres/entry_names.hpp"
#include "engines/postgres/readers.hpp"

namespace dbsnap::postgres {
namespace {

/// Counts an entry as read when its reader has met the end.
class CountedReader final : public EntryReader {
 public:
  CountedReader(std::unique_ptr<EntryReader> inner, std::shared_ptr<std::atomic<std::size_t>> ended)
      : inner_(std::move(inner)), ended_(std::move(ended)) {}

  std::size_t read(MutableByteView out, const Context& context) override {
    if (out.empty()) return 0;
    const std::size_t count = inner_->read(out, context);
    if (count == 0 && !std::exchange(counted_, true)) ++*ended_;
    return count;
  }

 private:
  std::unique_ptr<EntryReader> inner_;
  std::shared_ptr<std::atomic<std::size_t>> ended_;
  bool counted_ = false;
};

class PostgresSession final : public Session {
 public:
  PostgresSession(const Settings& settings, const Context& context)
      : begun_(context.clock->monotonic()), source_(std::make_shared<Source>(settings, context)) {
    add_definitions(context);
    const std::string encoding = std::get<std::string>(source_->facts().at("encoding"));
    const bool by_ranges = source_->major() >= 14;
    const auto tally = std::make_shared<RowTally>();
    std::vector<TablePiece> pieces = plan_tables(source_->tables(), encoding, by_ranges);
    tally->expect(pieces.size());
    for (TablePiece& piece : pieces) {
      Entry entry = entry_of(piece.entry);
      entry.size_hint = piece.size_hint;
      entry.facts = piece.facts;
      entry.reader = make_copy_reader(source_, std::move(piece), tally);
      entries_.push_back(std::move(entry));
    }
    add(kRowCounts, make_row_count_reader(tally));
    given_ = entries_.size();
  }

  std::optional<Entry> next(const Context& context) override {
    context.check();
    const std::scoped_lock lock(mutex_);
    if (entries_.empty()) return std::nullopt;
    Entry entry = std::move(entries_.front());
    entries_.pop_front();
    entry.reader = std::make_unique<CountedReader>(std::move(entry.reader), ended_);
    return entry;
  }

  SessionResult finish(const Context& context) override {
    if (*ended_ != given_) {
      throw Error(ErrorCode::internal,
                  std::to_string(*ended_) + " of " + std::to_string(given_) + " entries were read to their end");
    }
    source_->finish(context);
    SessionResult result;
    result.consistency_point = source_->consistency_point();
    result.facts = source_->facts();
    using std::chrono::milliseconds;
    const auto held = std::chrono::duration_cast<milliseconds>(context.clock->monotonic() - begun_);
    result.facts["snapshot_held_ms"] = std::int64_t{held.count()};
    if (source_->restricted()) result.facts["psql_restrict"] = true;
    result.facts["tables"] = static_cast<std::int64_t>(source_->tables().size());
    result.warnings = source_->warnings();
    return result;
  }

 private:
  static Entry entry_of(std::string_view name) {
    Entry entry;
    entry.name = name;
    entry.kind = EntryKind::stream;
    return entry;
  }

  void add(std::string_view name, std::unique_ptr<EntryReader> reader) {
    Entry entry = entry_of(name);
    entry.reader = std::move(reader);
    entries_.push_back(std::move(entry));
  }
  void add_text(std::string_view name, std::string text) {
    Entry entry = entry_of(name);
    entry.size_hint = text.size();
    entry.reader = make_text_reader(std::move(text));
    entries_.push_back(std::move(entry));
  }

  void add_definitions(const Context& context) {
    add(kPreData, make_schema_reader(source_, "pre-data"));
    add(kPostData, make_schema_reader(source_, "post-data"));
    add_text(kDatabase, read_database_properties(source_->leader(), context));
    add_text(kSequences, read_sequences(source_->leader(), source_->standby(), context));
    if (source_->settings().options.globals) {
      try {
        add_text(kGlobals, read_globals(*source_, context));
      } catch (const Error& error) {
        if (error.code() != ErrorCode::io && error.code() != ErrorCode::unsupported) throw;
        source_->warn("roles and tablespaces are not included: " + error.message() +
                      (error.why().empty() ? "" : ": " + error.why()));
      }
    }
    if (std::get<std::int64_t>(source_->facts().at("large_objects")) != 0) {
      add_text(kLargeObjectDefinitions, read_large_object_definitions(source_->leader(), context));
      add(kLargeObjects, make_large_object_reader(source_));
    }
  }

  const MonotonicTime begun_;
  std::shared_ptr<Source> source_;
  std::mutex mutex_;
  std::deque<Entry> entries_;
  std::size_t given_ = 0;
  std::shared_ptr<std::atomic<std::size_t>> ended_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace

std::unique_ptr<Session> begin_session(const Settings& settings, const Context& context) {
  return std::make_unique<PostgresSession>(settings, context);
}

}  // namespace dbsnap::postgres
