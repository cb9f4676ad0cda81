#include "repo/verify_run.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/hex.hpp"
#include "base/random.hpp"
#include "format/pack.hpp"
#include "repo/catalog.hpp"
#include "repo/frame_check.hpp"
#include "repo/progress_meter.hpp"
#include "repo/snapshot_reader.hpp"
#include "repo/table_reader.hpp"

namespace dbsnap {
namespace {

/// A private folder below another, removed with all it holds.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::string& parent)
      : path_(std::filesystem::path(parent) / ("dbsnap-verify-" + random_hex(8))) {
    std::error_code failure;
    std::filesystem::create_directories(path_, failure);
    if (!failure) std::filesystem::permissions(path_, std::filesystem::perms::owner_all, failure);
    if (failure) {
      throw Error(ErrorCode::io, "cannot create the scratch folder " + path_.string()).why(failure.message());
    }
  }
  ~ScratchFolder() {
    std::error_code ignored;  // what is left behind in a scratch folder harms nobody
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::string text_of(const Error& failure) {
  return failure.why().empty() ? failure.message() : failure.message() + ": " + failure.why();
}

std::string object_of(const Error& failure, std::string otherwise) {
  for (const auto& [key, value] : failure.context()) {
    if (key == "object") return value;
  }
  return otherwise;
}

class VerifyRun {
 public:
  VerifyRun(const std::shared_ptr<RepositoryState>& state, const VerifyOptions& options, const Context& context)
      : shared_(state),
        state_(*state),
        options_(options),
        context_(context),
        meter_(context, Phase::verify),
        frames_(*state, options.threads, context, [this](std::uint64_t bytes) {
          meter_.add_done(bytes);
          meter_.report();
        }) {}

  VerifyReport run() {
    if (options_.level == VerifyLevel::data && (options_.scratch_folder.empty() || !options_.engine)) {
      throw Error(ErrorCode::invalid_argument,
                  "verify at level data needs a scratch folder and an engine to restore with");
    }
    packs_ = list_packs(state_, context_);
    check_small_objects();
    for (const ManifestName& name : chosen()) check_snapshot(name);
    meter_.finish_phase();
    report_.frames = frames_.frames_checked();
    report_.bytes = frames_.bytes_checked();
    return std::move(report_);
  }

 private:
  std::vector<ManifestName> chosen() {
    auto names = list_manifests(state_, {}, context_);
    if (options_.ids.empty()) return names;
    std::vector<ManifestName> some;
    for (const std::string& id : options_.ids) some.push_back(find_manifest(state_, id, context_));
    return some;
  }

  void check_small_objects() {
    check_class(kSessionPrefix, ObjectType::session);
    check_class(kForgottenPrefix, ObjectType::forgotten);
    check_class(kPinPrefix, ObjectType::pin);
    check_class(kDamagedPrefix, ObjectType::damage_mark);
  }

  void check_class(std::string_view prefix, ObjectType type) {
    std::vector<std::string> keys;
    state_.sink->list(
        prefix,
        [&](const ObjectInfo& object) {
          keys.push_back(object.key);
          return true;
        },
        context_);
    for (const std::string& key : keys) {
      ++report_.objects;
      try {
        open_object(state_.keys, type, key, state_.sink->get(key, {}, context_));
      } catch (const Error& failure) {
        if (failure.code() == ErrorCode::not_found) continue;  // removed since it was listed
        if (failure.code() != ErrorCode::damaged) throw;
        add_damage({}, key, text_of(failure));
      }
    }
  }

  void check_snapshot(const ManifestName& name) {
    const std::string id = to_text(name.session);
    meter_.item(id);
    const std::size_t damage_before = report_.damage.size();
    try {
      const Manifest manifest = load_manifest(state_, name, context_);
      const bool present = check_packs(manifest);
      for (const ManifestEntry& entry : manifest.entries) check_entry(manifest, entry);
      if (options_.level == VerifyLevel::data && present) restore_to_scratch(manifest);
    } catch (const Error& failure) {
      if (failure.code() == ErrorCode::not_found) return;  // forgotten since it was listed
      if (failure.code() != ErrorCode::damaged) throw;
      add_damage(id, object_of(failure, manifest_key(name)), text_of(failure));
    }
    ++report_.snapshots;
    ++report_.objects;
    meter_.add_items(1);
    if (options_.level != VerifyLevel::packs) mark(name.session, report_.damage.size() != damage_before);
  }

  bool check_packs(const Manifest& manifest) {
    bool whole = true;
    for (const PackInfo& pack : manifest.packs) {
      const auto fault = fault_of_pack(pack);
      if (fault) add_damage(manifest.id, pack.key, *fault);
      whole = whole && !fault;
    }
    return whole;
  }

  std::optional<std::string> fault_of_pack(const PackInfo& pack) {
    const auto id = parse_pack_key(pack.key);
    if (!id) return "the manifest names no pack with this key";
    if (const auto known = pack_faults_.find(*id); known != pack_faults_.end()) return known->second;
    ++report_.objects;
    auto fault = look_at_pack(*id, pack);
    pack_faults_.emplace(*id, fault);
    return fault;
  }

  std::optional<std::string> look_at_pack(const PackId& id, const PackInfo& pack) {
    const auto found = packs_.find(id);
    if (found == packs_.end()) return "the pack is missing";
    if (found->second != pack.size) {
      return "the pack has " + std::to_string(found->second) + " bytes, " + std::to_string(pack.size) + " were written";
    }
    if (options_.level == VerifyLevel::packs) return std::nullopt;
    context_.check();
    const Bytes bytes = state_.sink->get(pack.key, {}, context_);
    if (to_hex(sha256(bytes)) != pack.sha256) return "the pack's bytes are not those that were written";
    return std::nullopt;
  }

  void check_entry(const Manifest& manifest, const ManifestEntry& entry) {
    std::set<PackId> listed;
    for (const PackInfo& pack : manifest.packs) listed.insert(parse_pack_key(pack.key).value_or(PackId{}));
    std::set<FrameRef> seen;
    const auto look = [&](const ChunkRef& row) {
      if (!listed.contains(row.at.frame.pack)) {
        throw Error(ErrorCode::damaged, "entry " + entry.name + " needs a pack that the manifest does not list")
            .with("object", pack_key(row.at.frame.pack));
      }
      if (options_.level == VerifyLevel::packs) return;
      frames_.add(row);
      seen.insert(row.at.frame);
    };
    TableReader table(frames_.frames(), entry);
    table.on_table_row([&](const ChunkRef& row, unsigned) { look(row); });
    for_each_chunk(table, entry, context_, [&](const ChunkRef& row, std::uint64_t) { look(row); });
    frames_.settle();
    for (const FrameRef& frame : seen) {
      if (const auto fault = frames_.fault_of(frame)) add_damage(manifest.id, pack_key(frame.pack), *fault);
    }
  }

  void restore_to_scratch(const Manifest& manifest) {
    const ScratchFolder folder(options_.scratch_folder);
    const auto target = options_.engine(manifest)->scratch_target(folder.path());
    const auto reader = make_snapshot_reader(shared_, manifest, options_.threads, nullptr);
    target->restore(*reader, {}, context_);
    target->check_restored(context_);
  }

  // The mark keeps the next snapshot from building on damage, and retention from trusting in it.
  void mark(const SessionId& session, bool damaged) {
    const std::string key = damaged_key(session);
    try {
      const bool marked = state_.sink->stat(key, context_).has_value();
      if (damaged && !marked) put_object(state_, ObjectType::damage_mark, key, "{}", context_);
      if (!damaged && marked) state_.sink->remove(key, context_);
    } catch (const Error& failure) {
      // Storage that may only be read can be verified all the same.
      if (failure.code() != ErrorCode::access_refused) throw;
      if (context_.log) context_.log(LogLevel::warning, "damage could not be marked: " + text_of(failure));
    }
  }

  void add_damage(const std::string& snapshot, const std::string& object, const std::string& what) {
    if (named_.emplace(snapshot, object).second) report_.damage.push_back({snapshot, object, what});
  }

  const std::shared_ptr<RepositoryState> shared_;
  const RepositoryState& state_;
  const VerifyOptions& options_;
  const Context& context_;
  ProgressMeter meter_;
  FrameCheck frames_;
  VerifyReport report_;
  std::unordered_map<PackId, std::uint64_t, PackIdHash> packs_;
  std::map<PackId, std::optional<std::string>> pack_faults_;
  std::set<std::pair<std::string, std::string>> named_;  // snapshot and object of each damage reported
};

}  // namespace

VerifyReport run_verify(const std::shared_ptr<RepositoryState>& state, const VerifyOptions& options,
                        const Context& context) {
  return VerifyRun(state, options, context).run();
}

}  // namespace dbsnap
