// The contract of dbsnap::Snapshotter as checks that every engine runs; docs/adding-an-engine.md shows how.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "dbsnap/snapshotter.hpp"

namespace dbsnap::testing {

/// One database to back up and one place to restore to. Made afresh for every check.
class EngineWorld {
 public:
  virtual ~EngineWorld() = default;

  /// An engine bound to the database, which holds something: over 1 MiB where cancellation is only
  /// looked at that often. A new object on every call.
  virtual std::unique_ptr<Snapshotter> source() = 0;
  /// An engine bound to the restore target, where nothing is at first. A new object on every call.
  virtual std::unique_ptr<Snapshotter> target() = 0;
  /// Changes the database, as an application would, through another connection where there is one.
  virtual void change_source() = 0;
  /// Breaks what was restored to the target in a way that check_restored() must find.
  virtual void spoil_target() = 0;

  /// What the database or the restored one says, as text that is equal for equal content; nothing
  /// when there is no database.
  virtual std::optional<std::string> source_content() = 0;
  virtual std::optional<std::string> target_content() = 0;
  /// Everything around the source, and around the target, that an aborted snapshot or a failed
  /// restore must leave as it was: files in its folder, locks, replication slots.
  virtual std::string source_surroundings() = 0;
  virtual std::string target_surroundings() = 0;
  /// An existing private folder for scratch_target().
  virtual std::string scratch_folder() = 0;
};

/// What the checks need to know of an engine.
struct EngineSubject {
  std::function<std::unique_ptr<EngineWorld>()> make_world;
  std::string engine;      ///< name that describe() gives
  bool plain_file = true;  ///< export_plain() and begin_import() work; otherwise they must say unsupported
  /// The database takes writes while a session is open.
  bool writes_while_read = true;
};

/// Runs the checks as doctest subcases; call each from a test case of its own.
void check_engine_reading(const EngineSubject& subject);   ///< describe, begin, next, finish
void check_engine_abort(const EngineSubject& subject);     ///< abandoned sessions, cancellation
void check_engine_restore(const EngineSubject& subject);   ///< restore, check_restored, scratch_target
void check_engine_failures(const EngineSubject& subject);  ///< restores that fail leave what was there
void check_engine_plain(const EngineSubject& subject);     ///< export_plain and begin_import

}  // namespace dbsnap::testing
