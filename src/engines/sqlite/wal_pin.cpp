#include "engines/sqlite/wal_pin.hpp"

#include <algorithm>
#include <vector>

#include "engines/sqlite/sqlite_error.hpp"

namespace dbsnap::sqlite {
namespace {

/// Holds the write lock of a database in WAL mode for as long as it lives.
class WriteLock {
 public:
  WriteLock(const std::string& path, std::chrono::milliseconds timeout, const Context& context)
      : connection_(Connection::open(path)) {
    const int code = retry_while_busy(timeout, context, [&] { return connection_.execute("BEGIN IMMEDIATE"); });
    if (code != SQLITE_OK) throw connection_.error(code, "hold the writers of");
  }
  ~WriteLock() { end_reading(connection_); }
  WriteLock(const WriteLock&) = delete;
  WriteLock& operator=(const WriteLock&) = delete;

 private:
  Connection connection_;
};

WalPin pin_with_writers_held(const Connection& connection, const WalIndex& index, std::chrono::milliseconds timeout,
                             const Context& context) {
  const WriteLock lock(connection.path(), timeout, context);
  const MonotonicTime held_since = context.clock->monotonic();
  const int code = retry_while_busy(timeout, context, [&] { return begin_reading(connection); });
  if (code != SQLITE_OK) throw connection.error(code, "read");
  const std::uint32_t backfilled = index.backfilled();
  const auto header = index.header();
  if (!header) {
    end_reading(connection);
    throw Error(ErrorCode::io, "the wal-index of " + connection.path() + " does not come to rest").retryable();
  }
  return {*header, backfilled, context.clock->monotonic() - held_since};
}

}  // namespace

int begin_reading(const Connection& connection, const char* begin) noexcept {
  int code = connection.execute(begin);
  if (code == SQLITE_OK) code = connection.execute(connection.pragma_text("schema_version"));
  if (code != SQLITE_OK) end_reading(connection);
  return code;
}

void end_reading(const Connection& connection) noexcept {
  if (connection.handle() == nullptr || sqlite3_get_autocommit(connection.handle()) != 0) return;
  if (connection.execute("COMMIT") != SQLITE_OK) connection.execute("ROLLBACK");
}

WalPin pin_wal(const Connection& connection, const WalIndex& index, std::chrono::milliseconds busy_timeout,
               const Context& context, unsigned free_tries) {
  for (unsigned i = 0; i < free_tries; ++i) {
    const auto before = index.header();
    const std::uint32_t backfilled = index.backfilled();
    const int code = retry_while_busy(busy_timeout, context, [&] { return begin_reading(connection); });
    if (code != SQLITE_OK) throw connection.error(code, "read");
    const auto after = index.header();
    if (before && after && *before == *after) return {*after, backfilled, {}};
    end_reading(connection);
  }
  return pin_with_writers_held(connection, index, busy_timeout, context);
}

std::optional<LogOverlay> overlay_of(const Connection& connection, const WalIndex& index, const WalPin& pin,
                                     const Context& context) {
  const WalIndexHeader& header = pin.header;
  LogOverlay overlay;
  std::vector<std::uint32_t> pages(4096);
  for (std::uint32_t frame = pin.backfilled + 1; frame <= header.max_frame && frame > pin.backfilled;) {
    context.check();
    const std::size_t count = std::min<std::size_t>(pages.size(), header.max_frame - frame + 1);
    index.page_numbers(frame, std::span(pages).first(count));
    for (std::size_t i = 0; i < count; ++i) {
      if (pages[i] <= header.page_count) overlay.frames.add(pages[i], frame + static_cast<std::uint32_t>(i));
    }
    frame += static_cast<std::uint32_t>(count);
  }
  overlay.frames.seal();
  // A log that has started over while we looked means that every frame was in the database file before.
  if (overlay.frames.size() == 0 || !index.still_has(header.salts)) return std::nullopt;
  overlay.file = std::make_unique<SqliteFileReader>(connection.journal_file(), connection.path() + "-wal",
                                                    connection.largest_request(header.page_size + 24));
  overlay.salts = header.salts;
  overlay.index = index;
  return overlay;
}

}  // namespace dbsnap::sqlite
