// Opening a read transaction in WAL mode so that we know exactly which frame it ends at.
#pragma once

#include <chrono>

#include "engines/sqlite/connection.hpp"
#include "engines/sqlite/page_view.hpp"
#include "engines/sqlite/wal_index.hpp"

namespace dbsnap::sqlite {

/// How often a pin is tried without blocking anybody before writers are held for a moment.
inline constexpr unsigned kFreePinTries = 1000;

struct WalPin {
  WalIndexHeader header;  ///< the state that the open transaction reads
  /// Frames up to this one need not be looked at, as seen when the transaction began and not later: a
  /// checkpoint that runs afterwards leaves out pages that have newer frames behind our end, and counts them.
  std::uint32_t backfilled = 0;
  std::chrono::duration<double, std::milli> exclusive{};  ///< how long writers were held
};

/// Begins a read transaction on `connection`, which has the log open and no transaction. SQLite does not
/// tell where a transaction ends, so the wal-index header is read before and after: equal headers are its
/// end. When commits come too fast for that, a second connection takes the write lock for the moment.
WalPin pin_wal(const Connection& connection, const WalIndex& index, std::chrono::milliseconds busy_timeout,
               const Context& context, unsigned free_tries = kFreePinTries);

/// The frames of a pinned state that are not in the database file yet; nothing when there are none.
std::optional<LogOverlay> overlay_of(const Connection& connection, const WalIndex& index, const WalPin& pin,
                                     const Context& context);

/// `begin` and a first read, which is what fixes the state; leaves no transaction when it fails.
int begin_reading(const Connection& connection, const char* begin = "BEGIN") noexcept;
void end_reading(const Connection& connection) noexcept;

}  // namespace dbsnap::sqlite
