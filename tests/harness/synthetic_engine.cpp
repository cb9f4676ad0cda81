#include "harness/synthetic_engine.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <set>
#include <utility>

#include "base/hash.hpp"
#include "base/hex.hpp"

namespace dbsnap::testing {
namespace {

/// What the readers of one session share; outlives the session while a reader is alive.
struct Reading {
  SyntheticData data;
  SyntheticFaults faults;
  std::shared_ptr<SyntheticPlace> place;
  std::atomic<std::uint64_t> open_readers{0};
  std::atomic<std::uint64_t> undrained{0};
  std::atomic<std::uint64_t> reads{0};
};

class SyntheticReader final : public EntryReader {
 public:
  SyntheticReader(std::shared_ptr<Reading> reading, std::string name, const Bytes& content)
      : reading_(std::move(reading)), name_(std::move(name)), content_(content) {
    ++reading_->undrained;
    const std::uint64_t open = ++reading_->open_readers;
    reading_->place->count([&](SyntheticCounters& c) { c.most_readers = std::max(c.most_readers, open); });
  }
  ~SyntheticReader() override { --reading_->open_readers; }

  std::size_t read(MutableByteView out, const Context& context) override {
    context.check();
    const std::uint64_t call = reading_->reads++;
    reading_->place->count([](SyntheticCounters& c) { ++c.read_calls; });
    if (reading_->faults.stall_read) reading_->faults.stall_read->pass(context);
    if (reading_->faults.fail_read_at == call) {
      throw Error(ErrorCode::source_unreachable, "the source closed the connection in " + name_)
          .why("injected failure")
          .retryable();
    }
    std::size_t size = std::min(out.size(), content_.size() - at_);
    if (reading_->faults.short_reads && size > 1)
      size = call % 3 == 0 ? 1 : std::max<std::size_t>(1, size / (1 + call % 5));
    if (size > 0) std::memcpy(out.data(), content_.data() + at_, size);
    at_ += size;
    if (size == 0 && !std::exchange(drained_, true)) --reading_->undrained;
    return size;
  }

 private:
  std::shared_ptr<Reading> reading_;
  std::string name_;
  const Bytes& content_;
  std::size_t at_ = 0;
  bool drained_ = false;
};

std::optional<std::uint64_t> hint_for(std::uint64_t size, SyntheticFaults::SizeHint hint) {
  switch (hint) {
    case SyntheticFaults::SizeHint::exact:
      return size;
    case SyntheticFaults::SizeHint::none:
      return std::nullopt;
    case SyntheticFaults::SizeHint::too_small:
      return size / 3;
    case SyntheticFaults::SizeHint::too_large:
      return size * 3 + 1'000'000;
    case SyntheticFaults::SizeHint::absurd:
      return ~std::uint64_t{0};
  }
  return std::nullopt;
}

class SyntheticSession final : public Session {
 public:
  explicit SyntheticSession(std::shared_ptr<Reading> reading)
      : reading_(std::move(reading)), upcoming_(reading_->data.begin()) {}

  ~SyntheticSession() override {
    reading_->place->count([&](SyntheticCounters& c) {
      if (finished_) return;
      --c.sessions_open;
      ++c.sessions_aborted;
    });
  }

  std::optional<Entry> next(const Context& context) override {
    context.check();
    const std::uint64_t call = reading_->place->count([](SyntheticCounters& c) { return c.next_calls++; });
    if (reading_->faults.fail_next_at == call) {
      throw Error(ErrorCode::source_unreachable, "the source does not name its next entry").why("injected failure");
    }
    const std::scoped_lock lock(mutex_);
    if (upcoming_ == reading_->data.end()) return std::nullopt;
    const auto& [name, item] = *upcoming_++;
    Entry entry;
    entry.name = name;
    entry.kind = item.kind;
    entry.size_hint = hint_for(item.content.size(), reading_->faults.size_hint);
    entry.facts["sha256"] = to_hex(sha256(item.content));
    entry.reader = std::make_unique<SyntheticReader>(reading_, name, item.content);
    return entry;
  }

  SessionResult finish(const Context& context) override {
    context.check();
    if (reading_->faults.fail_finish) {
      throw Error(ErrorCode::source_unreachable, "the source does not confirm the snapshot").why("injected failure");
    }
    finished_ = true;
    reading_->place->count([&](SyntheticCounters& c) {
      --c.sessions_open;
      if (reading_->undrained > 0) ++c.finished_undrained;
    });
    SessionResult result;
    result.consistency_point["entries"] = static_cast<std::int64_t>(reading_->data.size());
    result.facts["bytes"] = static_cast<std::int64_t>(size_of(reading_->data));
    return result;
  }

 private:
  std::shared_ptr<Reading> reading_;
  std::mutex mutex_;
  SyntheticData::const_iterator upcoming_;
  bool finished_ = false;
};

/// Collects one entry at any offsets and insists that every byte is written exactly once.
class MemoryWriter final : public EntryWriter {
 public:
  MemoryWriter(std::string name, std::uint64_t size, std::atomic<std::uint64_t>& writes,
               std::optional<std::uint64_t> fail_at)
      : name_(std::move(name)), content_(size), writes_(writes), fail_at_(fail_at) {}

  [[nodiscard]] bool parallel() const override { return true; }

  void write(std::uint64_t offset, ByteView bytes) override {
    if (fail_at_ == writes_++) throw Error(ErrorCode::no_space, "no room for " + name_).why("injected failure");
    const std::scoped_lock lock(mutex_);
    if (offset > content_.size() || bytes.size() > content_.size() - offset) {
      throw Error(ErrorCode::internal, "bytes past the end of " + name_);
    }
    const auto after = ranges_.lower_bound({offset, 0});
    const bool overlaps_next = after != ranges_.end() && after->first < offset + bytes.size();
    const bool overlaps_last = after != ranges_.begin() && std::prev(after)->second > offset;
    if (!bytes.empty() && (overlaps_next || overlaps_last)) {
      throw Error(ErrorCode::internal, "bytes written twice to " + name_);
    }
    if (!bytes.empty()) ranges_.insert({offset, offset + bytes.size()});
    std::ranges::copy(bytes, content_.begin() + static_cast<std::ptrdiff_t>(offset));
    written_ += bytes.size();
  }

  Bytes take() {
    if (written_ != content_.size()) throw Error(ErrorCode::internal, "bytes are missing from " + name_);
    return std::move(content_);
  }

 private:
  std::string name_;
  Bytes content_;
  std::atomic<std::uint64_t>& writes_;
  std::optional<std::uint64_t> fail_at_;
  std::mutex mutex_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> ranges_;
  std::uint64_t written_ = 0;
};

}  // namespace

std::optional<SyntheticData> SyntheticPlace::data() const {
  const std::scoped_lock lock(mutex_);
  return data_;
}

void SyntheticPlace::set(SyntheticData data) {
  const std::scoped_lock lock(mutex_);
  data_ = std::move(data);
}

void SyntheticPlace::change(std::uint64_t seed) {
  const std::scoped_lock lock(mutex_);
  if (data_) change_data(*data_, seed);
}

SyntheticFaults SyntheticPlace::faults() const {
  const std::scoped_lock lock(mutex_);
  return faults_;
}

void SyntheticPlace::set_faults(SyntheticFaults faults) {
  const std::scoped_lock lock(mutex_);
  faults_ = std::move(faults);
}

SyntheticCounters SyntheticPlace::counters() const {
  const std::scoped_lock lock(mutex_);
  return counters_;
}

SyntheticEngine::SyntheticEngine(std::shared_ptr<SyntheticPlace> place, std::string name)
    : place_(std::move(place)), name_(std::move(name)) {}

SyntheticEngine::SyntheticEngine(SyntheticData data, std::string name)
    : SyntheticEngine(std::make_shared<SyntheticPlace>(std::move(data)), std::move(name)) {}

SourceInfo SyntheticEngine::describe() const { return {"synthetic", "synthetic:///" + name_, name_, ""}; }

std::unique_ptr<Session> SyntheticEngine::begin(const SnapshotRequest& request, const Context& context) {
  context.check();
  auto reading = std::make_shared<Reading>();
  reading->faults = place_->faults();
  reading->place = place_;
  auto data = place_->data();
  if (!data || reading->faults.fail_begin) {
    throw Error(ErrorCode::source_unreachable, "there is no synthetic database " + name_).retryable();
  }
  reading->data = std::move(*data);
  place_->count([&](SyntheticCounters& c) {
    ++c.sessions_begun;
    ++c.sessions_open;
    c.next_calls = c.read_calls = c.most_readers = 0;
    c.parent_given = request.parent != nullptr;
  });
  return std::make_unique<SyntheticSession>(std::move(reading));
}

void SyntheticEngine::restore(SnapshotReader& reader, const RestoreOptions& options, const Context& context) {
  context.check();
  const SyntheticFaults faults = place_->faults();
  if (faults.busy) throw Error(ErrorCode::target_busy, "the synthetic database " + name_ + " is in use");
  if (place_->data() && !options.overwrite) {
    throw Error(ErrorCode::target_not_empty, "there is a synthetic database " + name_ + " already");
  }
  SyntheticData beside;
  Facts digests;
  std::atomic<std::uint64_t> writes{0};
  for (const ManifestEntry& entry : reader.manifest().entries) {
    MemoryWriter writer(entry.name, entry.size, writes, faults.fail_write_at);
    reader.copy_entry(entry.name, writer, context);
    beside[entry.name] = {entry.kind, writer.take()};
    if (const auto fact = entry.facts.find("sha256"); fact != entry.facts.end()) digests[entry.name] = fact->second;
  }
  context.check();
  place_->set(std::move(beside));
  restored_digests_ = std::move(digests);
}

void SyntheticEngine::check_restored(const Context& context) {
  const auto data = place_->data();
  if (!data) throw Error(ErrorCode::damaged, "there is no synthetic database " + name_);
  for (const auto& [name, entry] : *data) {
    context.check();
    const auto digest = restored_digests_.find(name);
    if (digest == restored_digests_.end() || digest->second != FactValue(to_hex(sha256(entry.content)))) {
      throw Error(ErrorCode::damaged, "entry " + name + " of " + name_ + " is not what was backed up");
    }
  }
}

std::unique_ptr<Snapshotter> SyntheticEngine::scratch_target(const std::string& folder) const {
  return std::make_unique<SyntheticEngine>(std::make_shared<SyntheticPlace>(), folder + "/" + name_);
}

}  // namespace dbsnap::testing
