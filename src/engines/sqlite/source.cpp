#include "engines/sqlite/source.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/posix_file.hpp"
#include "engines/sqlite/database_header.hpp"
#include "engines/sqlite/open_files.hpp"
#include "engines/sqlite/sqlite_error.hpp"
#include "engines/sqlite/wal_file.hpp"
#include "engines/sqlite/wal_pin.hpp"

namespace dbsnap::sqlite {
namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

void check_lent(sqlite3* handle, const std::string& schema) {
  const bool busy = sqlite3_get_autocommit(handle) == 0 || sqlite3_txn_state(handle, schema.c_str()) > SQLITE_TXN_NONE;
  if (!busy) return;
  throw Error(ErrorCode::invalid_argument, "the connection given for schema " + schema + " is inside a transaction")
      .why("a snapshot shows the state when it begins, so it must open the transaction itself");
}

/// True when a writer died in the middle of a transaction: its journal is there, and nobody is writing.
bool has_hot_journal(const Connection& connection) {
  const std::string journal = connection.path() + "-journal";
  if (file_size_or_zero(journal) == 0) return false;
  sqlite3_file* file = connection.database_file();
  int reserved = 1;
  if (file->pMethods->xCheckReservedLock(file, &reserved) != SQLITE_OK || reserved != 0) return false;
  return file_size_or_zero(journal) != 0;
}

std::uint32_t pages_in_file(const DatabaseHeader& header, std::uint64_t size, const std::string& path) {
  const std::uint64_t in_file = (size + header.page_size - 1) / header.page_size;
  const std::uint64_t pages = header.has_page_count() ? header.page_count : in_file;
  if (pages * header.page_size <= size) return static_cast<std::uint32_t>(pages);
  throw Error(ErrorCode::damaged, path + " is truncated: it should hold " + std::to_string(pages * header.page_size) +
                                      " bytes and holds " + std::to_string(size))
      .hint("sqlite3 '" + path + "' 'PRAGMA integrity_check'")
      .with("path", path);
}

DatabaseHeader header_in_file(RandomReader& file, const std::string& path) {
  Bytes bytes(kHeaderSize);
  bytes.resize(file.read_at(bytes, 0));
  return parse_header(bytes, path);
}

std::unique_ptr<SqliteFileReader> reader_of_database(const Connection& connection, std::size_t page_size) {
  return std::make_unique<SqliteFileReader>(connection.database_file(), connection.path(),
                                            connection.largest_request(page_size));
}

}  // namespace

Source::Source(const SqliteOptions& options, const Context& context)
    : made_log_files_(file_size_or_zero(options.path + "-wal") == 0), connection_(connect(options)) {
  try {
    pin(options.busy_timeout, context);
    record_header();
  } catch (...) {
    release();
    throw;
  }
}

Connection Source::connect(const SqliteOptions& options) {
  if (options.connection != nullptr) {
    Connection lent = Connection::borrow(options.connection, options.schema);
    check_lent(options.connection, options.schema);
    return lent;
  }
  if (several_sqlite_libraries() && this_process_holds(options.path)) {
    warnings_.push_back(options.path +
                        " is open in this process, which has two SQLite libraries loaded: closing the file in one "
                        "drops the locks of the other; hand dbsnap the open connection instead");
  }
  return Connection::open(options.path);
}

void Source::pin(std::chrono::milliseconds busy_timeout, const Context& context) {
  const bool hot = has_hot_journal(connection_);
  const MonotonicTime start = context.clock->monotonic();
  facts_["exclusive_ms"] = 0.0;
  const int code = retry_while_busy(busy_timeout, context, [&] { return begin_reading(connection_); });
  if (may_be_frozen(code)) return pin_frozen(context);
  if (code != SQLITE_OK) {
    // SQLite only says that the image is malformed; a file that is too short can be told apart.
    Error error = connection_.error(code, "read");
    if ((code & 0xff) == SQLITE_CORRUPT) {
      const auto file = reader_of_database(connection_, kHeaderSize);
      pages_in_file(header_in_file(*file, connection_.path()), file->size(), connection_.path());
    }
    throw error;
  }
  pinned_since_ = context.clock->monotonic();
  if (hot) {
    facts_["hot_journal"] = true;
    facts_["exclusive_ms"] = Milliseconds(pinned_since_ - start).count();
  }
  if (!uses_wal()) return pin_rollback();
  if (!connection_.is_owned() && connection_.pragma("locking_mode") == "exclusive") return pin_wal_alone(context);
  pin_wal_shared(busy_timeout, context);
}

bool Source::uses_wal() const {
  // A connection that has only read has no journal file open, so an open one is the log. A host's may have
  // kept its journal, and is asked; that needs the schema, which need not be readable by this SQLite.
  if (connection_.is_owned() && connection_.journal_file() == nullptr) return false;
  try {
    return connection_.pragma("journal_mode") == "wal";
  } catch (const Error&) {
    if (!connection_.is_owned()) throw;
    return true;
  }
}

bool Source::may_be_frozen(int code) const {
  const int primary = code & 0xff;
  if (!connection_.is_owned() || (primary != SQLITE_CANTOPEN && primary != SQLITE_READONLY)) return false;
  // A database that needs recovery must not be read as if nothing were the matter.
  if (code == SQLITE_READONLY_ROLLBACK || file_size_or_zero(connection_.path() + "-journal") > 0) return false;
  return ::faccessat(AT_FDCWD, folder_of(connection_.path()).c_str(), W_OK, AT_EACCESS) != 0;
}

void Source::pin_wal_shared(std::chrono::milliseconds busy_timeout, const Context& context) {
  end_reading(connection_);
  index_ = WalIndex::map(connection_.database_file(), connection_.path());
  if (!index_ && may_be_frozen(SQLITE_READONLY_CANTINIT)) return pin_frozen(context);
  if (!index_) {
    throw Error(ErrorCode::unsupported, "the wal-index of " + connection_.path() + " cannot be mapped")
        .with("path", connection_.path());
  }
  mode_ = Mode::wal;
  const WalPin pinned = pin_wal(connection_, *index_, busy_timeout, context);
  pinned_since_ = context.clock->monotonic();
  const auto salts = WalIndex::numbers(pinned.header.salts);
  consistency_point_ = {{"journal_mode", std::string("wal")},
                        {"wal_salt_1", std::int64_t{salts[0]}},
                        {"wal_salt_2", std::int64_t{salts[1]}},
                        {"wal_frame", std::int64_t{pinned.header.max_frame}}};
  facts_["exclusive_ms"] = pinned.exclusive.count();
  if (pinned.header.page_count == 0) return show_file_alone(reader_of_database(connection_, kHeaderSize));
  auto overlay = overlay_of(connection_, *index_, pinned, context);
  view_.emplace(connection_.path(), pinned.header.page_size, pinned.header.page_count,
                reader_of_database(connection_, pinned.header.page_size), std::move(overlay));
}

void Source::pin_wal_alone(const Context& context) {
  // In exclusive locking mode the wal-index may live in the connection's own memory. The write lock, which
  // that mode is about anyway, keeps the end of the log where it is.
  end_reading(connection_);
  mode_ = Mode::wal;
  const int code = begin_reading(connection_, "BEGIN IMMEDIATE");
  if (code != SQLITE_OK) throw connection_.error(code, "hold the writers of");
  pinned_since_ = context.clock->monotonic();
  sqlite3_file* log_file = connection_.journal_file();
  if (log_file == nullptr) throw connection_.error(SQLITE_CANTOPEN, "read the write-ahead log of");
  auto log =
      std::make_unique<SqliteFileReader>(log_file, connection_.path() + "-wal", connection_.largest_request(512));
  auto scan = scan_wal(*log, context);
  consistency_point_ = {{"journal_mode", std::string("wal")}};
  if (!scan || scan->max_frame == 0) return show_file_alone(reader_of_database(connection_, kHeaderSize));
  const auto salts = WalIndex::numbers(scan->salts);
  consistency_point_["wal_salt_1"] = std::int64_t{salts[0]};
  consistency_point_["wal_salt_2"] = std::int64_t{salts[1]};
  consistency_point_["wal_frame"] = std::int64_t{scan->max_frame};
  view_.emplace(connection_.path(), scan->page_size, scan->page_count, reader_of_database(connection_, scan->page_size),
                LogOverlay{std::move(log), std::move(scan->frames), scan->salts, std::nullopt});
}

void Source::pin_rollback() {
  mode_ = Mode::rollback;
  consistency_point_ = {{"journal_mode", std::string("rollback")}};
  show_file_alone(reader_of_database(connection_, kHeaderSize));
}

void Source::pin_frozen(const Context& context) {
  end_reading(connection_);
  const std::string path = connection_.path();
  mode_ = Mode::frozen;
  frozen_.emplace(path, context);
  connection_ = Connection::open_immutable(path);
  pinned_since_ = context.clock->monotonic();
  consistency_point_ = {{"journal_mode", std::string("wal")}};
  warnings_.push_back(path +
                      " was read without locks, because its folder is read-only for this user; it did not change");
  const std::string log_path = path + "-wal";
  if (file_size_or_zero(log_path) > 0) {
    auto log = std::make_unique<PlainFileReader>(PosixFile::open(log_path, O_RDONLY));
    auto scan = scan_wal(*log, context);
    if (scan && scan->max_frame > 0) {
      const auto salts = WalIndex::numbers(scan->salts);
      consistency_point_["wal_salt_1"] = std::int64_t{salts[0]};
      consistency_point_["wal_salt_2"] = std::int64_t{salts[1]};
      consistency_point_["wal_frame"] = std::int64_t{scan->max_frame};
      view_.emplace(path, scan->page_size, scan->page_count, reader_of_database(connection_, scan->page_size),
                    LogOverlay{std::move(log), std::move(scan->frames), scan->salts, std::nullopt});
      return;
    }
  }
  show_file_alone(reader_of_database(connection_, kHeaderSize));
}

void Source::show_file_alone(std::unique_ptr<RandomReader> database) {
  const std::uint64_t size = database->size();
  if (size == 0) return;
  const DatabaseHeader header = header_in_file(*database, connection_.path());
  const std::uint32_t pages = pages_in_file(header, size, connection_.path());
  view_.emplace(connection_.path(), header.page_size, pages, reader_of_database(connection_, header.page_size),
                std::nullopt);
}

void Source::record_header() {
  facts_["journal_mode"] = std::get<std::string>(consistency_point_.at("journal_mode"));
  facts_["sqlite_version"] = std::string(sqlite3_libversion());
  facts_["page_count"] = std::int64_t{view_ ? view_->page_count() : 0};
  facts_["read_without_locks"] = mode_ == Mode::frozen;
  for (const auto& [name, value] : consistency_point_) facts_[name] = value;
  if (!view_) return;
  Bytes page(view_->page_size());
  view_->read(1, page);
  const DatabaseHeader header = parse_header(page, connection_.path());
  consistency_point_["change_counter"] = std::int64_t{header.change_counter};
  facts_["pages_from_log"] = static_cast<std::int64_t>(view_->pages_in_log());
  facts_.merge(facts_of(header));
}

void Source::check_pinned() const {
  if (connection_.handle() == nullptr)
    throw Error(ErrorCode::internal, "the snapshot of " + connection_.path() + " has ended");
  if (mode_ == Mode::frozen || sqlite3_get_autocommit(connection_.handle()) == 0) return;
  throw Error(ErrorCode::invalid_argument,
              "the connection to " + connection_.path() + " ended its transaction during the snapshot")
      .why("the host program used the connection while it was lent to dbsnap");
}

void Source::read(std::uint32_t first, MutableByteView out) {
  check_pinned();
  view_->read(first, out);
}

SessionResult Source::finish(const Context& context) {
  context.check();
  check_pinned();
  if (frozen_) frozen_->check_unchanged();
  const double held = Milliseconds(context.clock->monotonic() - pinned_since_).count();
  facts_["shared_ms"] = held;
  release();
  return {consistency_point_, facts_, warnings_};
}

void Source::release() noexcept {
  if (connection_.handle() == nullptr) return;
  view_.reset();
  if (mode_ != Mode::frozen) end_reading(connection_);
  if (connection_.is_owned() && index_ && made_log_files_) {
    // Nobody has written, so removing the two files that opening the database made loses nothing.
    try {
      const auto now = index_->header();
      if (now && now->max_frame == 0) connection_.close_tidily();
    } catch (const Error&) {
      // An unreadable index stays as it is.
    }
  }
  index_.reset();
  connection_.close();
}

}  // namespace dbsnap::sqlite
