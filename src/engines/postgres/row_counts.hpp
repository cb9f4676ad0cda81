// Numbers of rows: gathered while tables are read, kept as an entry, compared when they are restored.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "dbsnap/snapshotter.hpp"

namespace dbsnap::postgres {

/// Rows by the name of the entry that holds them.
using RowCounts = std::map<std::string, std::uint64_t, std::less<>>;

/// Where the readers of a session leave what they have counted. Safe from many threads.
class RowTally {
 public:
  void expect(std::size_t entries) { expected_ = entries; }
  void add(const std::string& entry, std::uint64_t rows);
  /// A reader was given up: there will be no whole count.
  void give_up();
  /// Waits until every entry has been counted. Throws Error{internal} when one was given up.
  RowCounts await(const Context& context);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t expected_ = 0;
  bool given_up_ = false;
  RowCounts counts_;
};

/// The tally as text: rows, a tab, entry and a NUL byte each. It is the session's last entry: whoever asks for it reads
/// the others before or beside it.
std::unique_ptr<EntryReader> make_row_count_reader(std::shared_ptr<RowTally> tally);

/// What a snapshot says of its rows; empty for one that was imported.
RowCounts read_row_counts(SnapshotReader& reader, const Context& context);

}  // namespace dbsnap::postgres
