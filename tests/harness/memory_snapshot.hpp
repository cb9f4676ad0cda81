// A stored snapshot without a repository: entries in memory behind the SnapshotReader interface.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "dbsnap/snapshotter.hpp"
#include "harness/gate.hpp"

namespace dbsnap::testing {

/// Delivers like the repository does: to a parallel writer from several threads and out of order,
/// to any other in ascending pieces. Digests, tables and packs of its manifest are empty.
class MemorySnapshot final : public SnapshotReader {
 public:
  MemorySnapshot();

  void add_entry(const std::string& name, EntryKind kind, Bytes content, Facts facts = {});
  /// Entry `name`'s bytes. Throws Error{not_found}.
  [[nodiscard]] const Bytes& content(const std::string& name) const;
  /// The manifest, to be changed at will.
  Manifest& edit() noexcept { return manifest_; }

  /// copy_entry() throws Error{damaged} in place of delivering byte `n` of the whole snapshot.
  void fail_at_byte(std::optional<std::uint64_t> n) { fail_at_ = n; }
  /// copy_entry() waits at `gate` before every piece.
  void stall(std::shared_ptr<Gate> gate) { gate_ = std::move(gate); }

  [[nodiscard]] const Manifest& manifest() const override { return manifest_; }
  void copy_entry(std::string_view name, EntryWriter& out, const Context& context) override;

 private:
  void deliver(const std::string& name, std::uint64_t start, EntryWriter& out, std::size_t piece,
               const Context& context);
  Manifest manifest_;
  std::map<std::string, Bytes, std::less<>> contents_;
  std::map<std::string, std::uint64_t, std::less<>> starts_;
  std::uint64_t size_ = 0;
  std::optional<std::uint64_t> fail_at_;
  std::shared_ptr<Gate> gate_;
};

/// Takes a snapshot into memory the way the repository does: next() from `threads` threads at once,
/// every reader drained, then finish(). Consistency point, facts and warnings are in the manifest.
std::unique_ptr<MemorySnapshot> capture(Snapshotter& engine, unsigned threads = 2, const Context& context = {},
                                        const Manifest* parent = nullptr);

/// Drains a session that has been begun already, and finishes it. `source` goes into the manifest.
std::unique_ptr<MemorySnapshot> drain(Session& session, unsigned threads = 1, const Context& context = {},
                                      SourceInfo source = {});

}  // namespace dbsnap::testing
