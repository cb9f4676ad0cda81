#include "repo/leftovers.hpp"

#include <algorithm>
#include <utility>

#include "base/hex.hpp"
#include "format/pack.hpp"
#include "repo/at_once.hpp"
#include "repo/catalog.hpp"
#include "repo/sessions.hpp"

namespace dbsnap {
namespace {

// At 80 bytes a row; the chunks of 64 GiB at 64 KiB each.
constexpr std::size_t kMostRows = 1U << 20;
// What is read of a pack's end at first: nearly every directory fits.
constexpr std::uint64_t kFirstRead = 64U << 10;

bool all_in(const std::set<PackId>& packs, const std::set<PackId>& among) {
  return std::ranges::includes(among, packs);
}

struct ListedPack {
  PackId id;
  std::uint64_t size = 0;
};

// In the order in which they were written, so that what a later one stands on comes before it.
std::vector<ListedPack> packs_of_session(const WriterView& view, const SessionId& session) {
  std::vector<ListedPack> packs;
  for (const auto& [id, size] : view.packs) {
    if (id.session == session) packs.push_back({id, size});
  }
  std::ranges::sort(packs, {}, &ListedPack::id);
  return packs;
}

/// What is known of a session that is listed and no snapshot.
struct Ended {
  std::optional<SessionRecord> record;  // nothing when it is of another source or a snapshot, or when nobody knows
  std::string fault;                    // why nobody knows
};

Ended ended_in_nothing(const RepositoryState& state, const SessionId& id, std::string_view source_key,
                       const Context& context) {
  try {
    auto record = find_session(state, id, context);
    if (!record || record->manifest.source_key != source_key) return {};
    if (outcome_of(state, record->manifest, context) == Outcome::snapshot) return {};
    return {.record = std::move(record), .fault = {}};
  } catch (const Error& failure) {
    if (failure.code() != ErrorCode::damaged) throw;
    return {.record = {}, .fault = failure.message()};
  }
}

// Sessions of the source that are no snapshot: killed, failed, fenced, or running now. Newest first.
std::vector<SessionRecord> sessions_of(const RepositoryState& state, const WriterView& view,
                                       std::string_view source_key, const SessionId& own, const Context& context) {
  auto ids = view.sessions;
  ids.erase(to_text(own));
  for (const ManifestName& name : view.snapshots) ids.erase(to_text(name.session));
  const std::vector<std::string> listed(ids.begin(), ids.end());
  std::vector<Ended> found(listed.size());
  const auto look = [&](std::size_t i, const Context& inner) {
    found[i] = ended_in_nothing(state, parse_session_id(listed[i]).value(), source_key, inner);
  };
  at_once(found.size(), state.sink->capabilities().parallel, look, context);
  std::vector<SessionRecord> sessions;
  for (Ended& each : found) {
    if (each.record) sessions.push_back(*std::move(each.record));
    if (each.fault.empty() || !context.log) continue;
    context.log(LogLevel::warning, "an interrupted session was passed over: " + each.fault);
  }
  std::ranges::sort(sessions, std::ranges::greater(),
                    [](const SessionRecord& session) { return session.manifest.started; });
  return sessions;
}

class Gathering {
 public:
  Gathering(const RepositoryState& state, const WriterView& view, const KnownPacks& known,
            const std::set<PackId>& unusable, const MayUsePack& may_use, const Context& context)
      : state_(state), view_(view), known_(known), unusable_(unusable), may_use_(may_use), context_(context) {
    for (const auto& [id, pack] : known) {
      if (!unusable.contains(id) && may_use(id)) usable_.insert(id);
    }
  }

  void add_session(const SessionId& session) {
    for (const auto& [id, size] : packs_of_session(view_, session)) {
      if (known_.contains(id) || unusable_.contains(id) || !may_use_(id)) continue;
      if (full_) return;
      const auto end = read(id, size);
      if (!end || !add(*end, usable_)) continue;
      // Deltas that cannot be used are no base for those of later sessions either.
      if (all_in(end->directory.bases, usable_)) usable_.insert(id);
      ++packs_;
    }
  }

  // The parent's own packs: what its manifest says they stand on is what may be touched.
  void add_parent() {
    for (const PackId& id : std::set<PackId>(usable_)) {
      const auto known = known_.find(id);
      if (known == known_.end()) continue;
      if (full_) return;
      if (const auto end = read(id, known->second.size)) add(*end, known->second.bases);
    }
  }

  Leftovers take() {
    if (packs_ > 0 && context_.log) {
      context_.log(LogLevel::info, std::to_string(packs_) + " packs of an interrupted snapshot are used again");
    }
    found_.settle();
    return std::move(found_);
  }

 private:
  bool add(const PackEnd& end, const std::set<PackId>& bases) {
    const bool taken = found_.add(end, bases);
    full_ = !taken;
    return taken;
  }

  // Nothing when the pack cannot serve: what it holds is then stored anew.
  std::optional<PackEnd> read(const PackId& id, std::uint64_t size) {
    try {
      return read_pack_end(state_, id, size, context_);
    } catch (const Error& failure) {
      if (failure.code() != ErrorCode::damaged && failure.code() != ErrorCode::not_found) throw;
      if (context_.log) context_.log(LogLevel::warning, "a pack could not be used again: " + failure.message());
      return std::nullopt;
    }
  }

  const RepositoryState& state_;
  const WriterView& view_;
  const KnownPacks& known_;
  const std::set<PackId>& unusable_;
  const MayUsePack& may_use_;
  const Context& context_;
  std::set<PackId> usable_;
  std::uint64_t packs_ = 0;  // of interrupted sessions
  bool full_ = false;
  Leftovers found_;
};

}  // namespace

PackEnd read_pack_end(const RepositoryState& state, const PackId& id, std::uint64_t size, const Context& context) {
  const std::string key = pack_key(id);
  const std::uint64_t first = std::min(size, kFirstRead);
  Bytes end = state.sink->get(key, {size - first, first}, context);
  const PackTrailer trailer = read_trailer(end, size, id);
  const std::uint64_t wanted = size - trailer.directory_offset;
  if (wanted > first) end = state.sink->get(key, {trailer.directory_offset, wanted}, context);
  if (end.size() < wanted) {
    throw Error(ErrorCode::damaged, "pack " + key + " is damaged: it ends too early").with("object", key);
  }
  const ByteView sealed = ByteView(end).last(wanted).first(trailer.directory_size);
  PackEnd result{
      .id = id,
      .pack = {.key = key, .size = size, .sha256 = to_hex(trailer.checksum), .object_sha256 = {}, .bases = {}},
      .directory = open_directory(sealed, trailer, id, state.keys)};
  result.pack.bases = result.directory.bases;
  return result;
}

bool Leftovers::add(const PackEnd& end, const std::set<PackId>& bases) {
  std::size_t rows = 0;
  for (const DirectoryFrame& frame : end.directory.frames) rows += frame.slots.size();
  if (rows_.size() + rows > kMostRows) return false;
  const bool with_deltas = all_in(end.directory.bases, bases);
  for (const DirectoryFrame& frame : end.directory.frames) {
    if (frame.depth > 0 && !with_deltas) continue;
    for (std::size_t slot = 0; slot < frame.slots.size(); ++slot) {
      rows_.push_back(frame.row(static_cast<std::uint16_t>(slot)));
    }
  }
  WrittenPack pack = end.pack;
  if (!with_deltas) pack.bases.clear();
  packs_.emplace(end.id, std::move(pack));
  return true;
}

void Leftovers::settle() { std::ranges::stable_sort(rows_, {}, &ChunkRef::id); }

std::optional<ChunkRef> Leftovers::find(const ChunkId& id, std::uint32_t length) const {
  for (auto row = std::ranges::lower_bound(rows_, id, {}, &ChunkRef::id); row != rows_.end() && row->id == id; ++row) {
    if (row->length == length) return *row;
  }
  return std::nullopt;
}

std::vector<ChunkRef> Leftovers::find_all(const ChunkId& id, std::uint32_t length) const {
  std::vector<ChunkRef> found;
  for (auto row = std::ranges::lower_bound(rows_, id, {}, &ChunkRef::id); row != rows_.end() && row->id == id; ++row) {
    if (row->length == length) found.push_back(*row);
  }
  return found;
}

Leftovers gather_leftovers(const RepositoryState& state, const WriterView& view, std::string_view source_key,
                           const SessionId& own, const KnownPacks& known, const std::set<PackId>& unusable,
                           const MayUsePack& may_use, const Context& context) {
  Gathering gathering(state, view, known, unusable, may_use, context);
  for (const SessionRecord& session : sessions_of(state, view, source_key, own, context)) {
    gathering.add_session(session.id);
  }
  if (!unusable.empty()) gathering.add_parent();
  return gathering.take();
}

}  // namespace dbsnap
