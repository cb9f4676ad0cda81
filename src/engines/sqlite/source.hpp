// A database that is held in one committed state while it is read.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dbsnap/context.hpp"
#include "dbsnap/engines/sqlite.hpp"
#include "dbsnap/snapshotter.hpp"
#include "engines/sqlite/connection.hpp"
#include "engines/sqlite/frozen_files.hpp"
#include "engines/sqlite/page_view.hpp"

namespace dbsnap::sqlite {

/// Used by one thread at a time. Destruction lets the database go and leaves it as it was found.
class Source {
 public:
  /// Fixes the state. Throws Error as Snapshotter::begin() says; locked when a lock cannot be had in time.
  Source(const SqliteOptions& options, const Context& context);
  ~Source() { release(); }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return view_ ? view_->size_bytes() : 0; }
  [[nodiscard]] std::uint32_t page_size() const noexcept { return view_ ? view_->page_size() : 0; }
  /// Fills `out`, whole pages, from page `first` on.
  void read(std::uint32_t first, MutableByteView out);

  /// Proves that the state stayed fixed until now, lets the database go, and says what was captured.
  SessionResult finish(const Context& context);

  /// Ends the transaction and closes what was opened; harmless when done already.
  void release() noexcept;

 private:
  enum class Mode { rollback, wal, frozen };

  Connection connect(const SqliteOptions& options);
  void pin(std::chrono::milliseconds busy_timeout, const Context& context);
  void pin_wal_shared(std::chrono::milliseconds busy_timeout, const Context& context);
  void pin_wal_alone(const Context& context);
  void pin_rollback();
  void pin_frozen(const Context& context);
  [[nodiscard]] bool uses_wal() const;
  [[nodiscard]] bool may_be_frozen(int code) const;
  void show_file_alone(std::unique_ptr<RandomReader> database);
  void record_header();
  void check_pinned() const;

  std::vector<std::string> warnings_;
  bool made_log_files_;  ///< there was no log when we came, so an empty one may go when we leave
  Connection connection_;
  Mode mode_ = Mode::rollback;
  std::optional<FrozenFiles> frozen_;
  std::optional<PageView> view_;  ///< none for an empty database
  std::optional<WalIndex> index_;
  Facts facts_;
  Facts consistency_point_;
  MonotonicTime pinned_since_{};
};

}  // namespace dbsnap::sqlite
