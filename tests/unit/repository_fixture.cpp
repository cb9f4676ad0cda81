#include "repository_fixture.hpp"

#include <algorithm>
#include <cstring>

namespace dbsnap::testing {
namespace {

class ValueSession final : public Session {
 public:
  ValueSession(EntryKind kind, std::unique_ptr<EntryReader> reader) : kind_(kind), reader_(std::move(reader)) {}

  std::optional<Entry> next(const Context& context) override {
    context.check();
    const std::scoped_lock lock(mutex_);
    if (!reader_) return std::nullopt;
    return Entry{"value", kind_, std::nullopt, {}, std::move(reader_)};
  }
  SessionResult finish(const Context& context) override {
    context.check();
    return {};
  }

 private:
  std::mutex mutex_;
  EntryKind kind_;
  std::unique_ptr<EntryReader> reader_;
};

}  // namespace

Store::Store(const CreateOptions& options) : repository(Repository::create(sink, options, context())) {}

Context Store::context() const {
  Context context;
  context.clock = &clock;
  return context;
}

Repository Store::open(const std::string& password) {
  return Repository::open(sink, {.password = password}, context());
}

Manifest Store::snapshot(Snapshotter& engine, const SnapshotOptions& options) {
  clock.advance(std::chrono::hours(1));
  return repository.snapshot(engine, options, context());
}

SyntheticData Store::restored(const std::string& id) {
  const auto place = std::make_shared<SyntheticPlace>();
  SyntheticEngine target(place);
  repository.restore(id, target, {}, 2, context());
  target.check_restored(context());
  return place->data().value();
}

std::vector<std::string> Store::ids(const SnapshotFilter& filter) {
  std::vector<std::string> found;
  for (const SnapshotSummary& summary : repository.snapshots(filter, context())) found.push_back(summary.id);
  return found;
}

PrunePlan Store::plan(const KeepRules& rules, const SnapshotFilter& filter) {
  return repository.plan_prune(*make_keep_policy(rules), filter, context());
}

PruneReport Store::prune(const KeepRules& rules) { return repository.apply(plan(rules), {}, context()); }

std::vector<std::string> Store::keys(const std::string& prefix) {
  std::vector<std::string> found;
  memory->list(prefix,
               [&](const ObjectInfo& object) {
                 found.push_back(object.key);
                 return true;
               },
               {});
  std::ranges::sort(found);
  return found;
}

std::uint64_t Store::stored_bytes(const std::string& prefix) {
  std::uint64_t bytes = 0;
  memory->list(prefix,
               [&](const ObjectInfo& object) {
                 bytes += object.size;
                 return true;
               },
               {});
  return bytes;
}

SyntheticFaults stalled_reads(std::shared_ptr<Gate> gate) {
  SyntheticFaults faults;
  faults.stall_read = std::move(gate);
  return faults;
}

std::unique_ptr<EntryReader> reader_over(Bytes content) {
  return std::make_unique<FunctionReader>(
      [content = std::move(content), at = std::size_t{0}](MutableByteView out, const Context&) mutable {
        const std::size_t size = std::min(out.size(), content.size() - at);
        if (size > 0) std::memcpy(out.data(), content.data() + at, size);
        at += size;
        return size;
      });
}

void GatheringWriter::write(std::uint64_t offset, ByteView bytes) {
  REQUIRE(offset == content.size());
  content.insert(content.end(), bytes.begin(), bytes.end());
}

ValueEngine::ValueEngine(Bytes content_in, EntryKind kind, std::string name)
    : content(std::move(content_in)), kind_(kind), name_(std::move(name)) {}

SourceInfo ValueEngine::describe() const { return {"value", "value:///" + name_, name_, ""}; }

std::unique_ptr<Session> ValueEngine::begin(const SnapshotRequest&, const Context& context) {
  context.check();
  return std::make_unique<ValueSession>(kind_, make_reader_ ? make_reader_() : reader_over(content));
}

void ValueEngine::restore(SnapshotReader& reader, const RestoreOptions&, const Context& context) {
  GatheringWriter writer;
  reader.copy_entry("value", writer, context);
  content = std::move(writer.content);
}

void ValueEngine::check_restored(const Context& context) { context.check(); }

std::unique_ptr<Snapshotter> ValueEngine::scratch_target(const std::string& folder) const {
  return std::make_unique<ValueEngine>(Bytes{}, kind_, folder + "/" + name_);
}

std::unique_ptr<Session> ValueEngine::begin_import(std::unique_ptr<EntryReader> file, const Context& context) {
  context.check();
  return std::make_unique<ValueSession>(kind_, std::move(file));
}

}  // namespace dbsnap::testing
