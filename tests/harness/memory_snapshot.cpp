#include "harness/memory_snapshot.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "dbsnap/error.hpp"

namespace dbsnap::testing {
namespace {

constexpr std::size_t kPiece = 64 * 1024;
constexpr unsigned kDeliverers = 3;

/// Runs `work` on `threads` threads and throws the first exception of any of them.
template <typename Work>
void on_threads(unsigned threads, Work work) {
  std::exception_ptr first;
  std::mutex mutex;
  {
    std::vector<std::jthread> crew;
    for (unsigned n = 0; n < threads; ++n) {
      crew.emplace_back([&] {
        try {
          work();
        } catch (...) {
          const std::scoped_lock lock(mutex);
          if (!first) first = std::current_exception();
        }
      });
    }
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace

MemorySnapshot::MemorySnapshot() { manifest_.id = "00000000000000000000000000000001"; }

void MemorySnapshot::add_entry(const std::string& name, EntryKind kind, Bytes content, Facts facts) {
  ManifestEntry entry;
  entry.name = name;
  entry.kind = kind;
  entry.size = content.size();
  entry.facts = std::move(facts);
  manifest_.entries.push_back(std::move(entry));
  starts_[name] = size_;
  size_ += content.size();
  contents_[name] = std::move(content);
}

const Bytes& MemorySnapshot::content(const std::string& name) const {
  const auto found = contents_.find(name);
  if (found == contents_.end()) throw Error(ErrorCode::not_found, "the snapshot has no entry " + name);
  return found->second;
}

void MemorySnapshot::deliver(const std::string& name, std::uint64_t start, EntryWriter& out, std::size_t piece,
                             const Context& context) {
  const Bytes& bytes = content(name);
  const std::size_t offset = piece * kPiece;
  const std::size_t size = std::min(kPiece, bytes.size() - offset);
  context.check();
  if (gate_) gate_->pass(context);
  if (fail_at_ && *fail_at_ >= start + offset && *fail_at_ < start + offset + size) {
    throw Error(ErrorCode::damaged, "a chunk of entry " + name + " in snapshot " + manifest_.id + " is damaged");
  }
  out.write(offset, ByteView(bytes).subspan(offset, size));
}

void MemorySnapshot::copy_entry(std::string_view name, EntryWriter& out, const Context& context) {
  context.check();
  const std::string key(name);
  const std::size_t pieces = (content(key).size() + kPiece - 1) / kPiece;
  const std::uint64_t start = starts_.at(key);
  if (!out.parallel()) {
    for (std::size_t piece = 0; piece < pieces; ++piece) deliver(key, start, out, piece, context);
    return;
  }
  std::atomic<std::size_t> taken{0};
  std::atomic<bool> failed{false};
  on_threads(kDeliverers, [&] {
    try {
      for (std::size_t n = taken++; n < pieces && !failed; n = taken++) {
        deliver(key, start, out, pieces - 1 - n, context);
      }
    } catch (...) {
      failed = true;
      throw;
    }
  });
}

std::unique_ptr<MemorySnapshot> drain(Session& session, unsigned threads, const Context& context, SourceInfo source) {
  struct Piece {
    std::string name;
    EntryKind kind;
    Bytes content;
    Facts facts;
  };
  std::mutex mutex;
  std::vector<Piece> pieces;
  on_threads(threads, [&] {
    Bytes slab(96 * 1024);
    while (auto entry = session.next(context)) {
      Piece piece{entry->name, entry->kind, {}, entry->facts};
      while (const std::size_t size = entry->reader->read(slab, context)) {
        piece.content.insert(piece.content.end(), slab.begin(), slab.begin() + static_cast<std::ptrdiff_t>(size));
      }
      const std::scoped_lock lock(mutex);
      pieces.push_back(std::move(piece));
    }
  });
  const SessionResult result = session.finish(context);
  std::ranges::sort(pieces, {}, &Piece::name);
  auto snapshot = std::make_unique<MemorySnapshot>();
  for (Piece& piece : pieces) {
    snapshot->add_entry(piece.name, piece.kind, std::move(piece.content), std::move(piece.facts));
  }
  snapshot->edit().source = std::move(source);
  snapshot->edit().consistency_point = result.consistency_point;
  snapshot->edit().engine_facts = result.facts;
  snapshot->edit().warnings = result.warnings;
  return snapshot;
}

std::unique_ptr<MemorySnapshot> capture(Snapshotter& engine, unsigned threads, const Context& context,
                                        const Manifest* parent) {
  const auto session = engine.begin({.parent = parent, .threads = threads}, context);
  return drain(*session, threads, context, engine.describe());
}

}  // namespace dbsnap::testing
