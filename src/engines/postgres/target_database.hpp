// The database that a restore writes to: one beside the target that takes its name in the end, or the empty target
// itself.
#pragma once

#include <memory>
#include <string>

#include "dbsnap/snapshotter.hpp"
#include "engines/postgres/connection.hpp"

namespace dbsnap::postgres {

/// Connected to another database of the same server, where databases are created and renamed.
class TargetDatabase {
 public:
  /// Looks at the target. Throws target_not_empty, target_busy or access_refused; nothing has been changed then.
  TargetDatabase(const Settings& settings, const Manifest& manifest, const RestoreOptions& options,
                 const Context& context);
  /// Drops the database beside, unless it was put in place.
  ~TargetDatabase();
  TargetDatabase(const TargetDatabase&) = delete;
  TargetDatabase& operator=(const TargetDatabase&) = delete;

  [[nodiscard]] Connection& server() noexcept { return *server_; }
  /// True when the target exists, is empty and is filled as it is.
  [[nodiscard]] bool in_place() const noexcept { return in_place_; }
  /// Name of the database to write to.
  [[nodiscard]] const std::string& name() const noexcept { return in_place_ ? target_ : beside_; }

  /// Creates the database beside with the snapshot's encoding and locale; nothing to do in place.
  void create(const Context& context);
  /// Gives the database beside the name of the target, in one transaction with the renaming of the one that is
  /// replaced, which is then dropped. Nobody may be connected to either.
  void put_in_place(const Context& context);

 private:
  void refuse_when_busy(const Context& context);
  void refuse_subscribed(const Context& context);
  void connect(const Context& context);
  void drop_beside();

  Settings settings_;
  std::string target_;
  std::string beside_;
  Facts facts_;
  std::unique_ptr<Connection> server_;
  Context context_;  ///< for tidying up
  bool exists_ = false;
  bool in_place_ = false;
  bool created_ = false;
};

}  // namespace dbsnap::postgres
