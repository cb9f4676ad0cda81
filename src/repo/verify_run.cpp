#include "repo/verify_run.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "repo/catalog.hpp"
#include "repo/damage_marks.hpp"
#include "repo/expected_rows.hpp"
#include "repo/keys.hpp"
#include "repo/ledger.hpp"
#include "repo/needed_packs.hpp"
#include "repo/pack_choice.hpp"
#include "repo/progress_meter.hpp"
#include "repo/scratch_restore.hpp"
#include "repo/small_objects.hpp"
#include "repo/verify_checksums.hpp"
#include "repo/verify_findings.hpp"
#include "repo/verify_listing.hpp"
#include "repo/verify_packs.hpp"
#include "repo/verify_tables.hpp"

namespace dbsnap {
namespace {

// 48 MiB: the chunks of 128 GiB. Larger repositories take another pass over the tables for each.
constexpr std::size_t kMostRows = 2U << 20;
// Rows between two looks at the clock.
constexpr std::uint64_t kRowsPerReport = 1024;
// For writing down what was done when the caller's own time is over.
constexpr std::chrono::seconds kTimeToWriteDown(30);

std::vector<ManifestName> names_of(const RepositoryState& state, const std::vector<std::string>& ids,
                                   const Context& context) {
  if (ids.empty()) return list_manifests(state, {}, context);
  std::vector<ManifestName> names;
  for (const std::string& id : ids) names.push_back(find_manifest(state, id, context));
  return names;
}

class VerifyRun {
 public:
  VerifyRun(const std::shared_ptr<RepositoryState>& state, const VerifyOptions& options, const Context& context)
      : shared_(state),
        state_(*state),
        options_(options),
        context_(context),
        now_(ledger_time(context.clock->now())),
        meter_(context, Phase::verify),
        inspector_(*state, options.threads, context) {}

  VerifyReport run() {
    try {
      check_all();
    } catch (...) {
      write_down_on_failure();
      throw;
    }
    write_down();
    report_.frames = inspector_.frames_checked();
    report_.bytes = inspector_.bytes_checked();
    report_.oldest_check = oldest_check();
    report_.damage = std::move(findings_).take();
    meter_.finish_phase();
    return std::move(report_);
  }

 private:
  [[nodiscard]] bool reaches(VerifyLevel level) const noexcept { return options_.level >= level; }

  void check_all() {
    const std::vector<ManifestName> names = names_of(state_, options_.ids, context_);
    listed_ = list_packs(state_, context_);
    report_.objects = check_small_objects(
        state_, [this](const std::string& key, const std::string& what) { findings_.add({}, key, what); }, context_);
    for (const Damage& key : check_keys(state_, context_)) findings_.add(key.snapshot, key.object, key.what);
    snapshots_ = list_snapshots(state_, names, needed_, findings_, meter_, context_);
    report_.snapshots = snapshots_.size();
    report_.objects += snapshots_.size() + needed_.all().size();
    for (const NeededPack& pack : needed_.all()) add(report_.needed, pack);
    stored_ = load_ledger(state_, context_);
    if (reaches(VerifyLevel::packs)) choose();
    announce();
    if (reaches(VerifyLevel::frames)) {
      decode_packs();
    } else {
      if (reaches(VerifyLevel::tables)) walk_tables();
      if (options_.level == VerifyLevel::checksums) ask_the_store();
      if (reaches(VerifyLevel::packs)) inspector_.read(reading_, noting());
    }
    if (findings_.has_pack_faults()) name_pack_faults();
    if (reaches(VerifyLevel::data)) restore_snapshots();
    if (reaches(VerifyLevel::packs)) mark_snapshots();
  }

  static void add(PackCount& count, const NeededPack& pack) {
    ++count.packs;
    count.bytes += pack.size;
  }

  void choose() {
    const PackChoice choice = choose_packs(needed_.all(), stored_.checks, options_, now_);
    report_.fresh = choice.fresh;
    report_.left = choice.left;
    for (const std::uint32_t place : choice.chosen) {
      const NeededPack& pack = needed_.all()[place];
      places_.emplace(pack.id, static_cast<std::uint32_t>(reading_.size()));
      reading_.push_back(pack);
    }
  }

  void announce() {
    std::uint64_t bytes = 0;
    for (const ListedSnapshot& snapshot : snapshots_) {
      if (reaches(VerifyLevel::tables)) bytes += snapshot.rows * kRowSize;
      if (reaches(VerifyLevel::data)) bytes += snapshot.bytes;
    }
    for (const NeededPack& pack : reading_) bytes += pack.size;
    meter_.set_total(bytes);
  }

  // The tables are walked once to be checked and, in the same pass, for what they say of the first packs.
  void decode_packs() {
    ExpectedRows rows(kMostRows);
    std::uint32_t first = 0;
    do {
      rows.begin(places_, first);
      rows_ = &rows;
      walk_tables();
      rows_ = nullptr;
      const std::uint32_t end = rows.finish();
      inspector_.decode(std::span(reading_).subspan(first, end - first), rows, first, noting());
      first = end;
    } while (first < reading_.size());
  }

  void walk_tables() {
    for (const ListedSnapshot& snapshot : snapshots_) walk_tables(snapshot);
    tables_walked_ = true;
  }

  void walk_tables(const ListedSnapshot& snapshot) {
    const auto manifest = read_again(state_, snapshot, findings_, context_);
    if (!manifest) return;
    meter_.item(manifest->id);
    std::uint64_t rows = 0;
    std::uint64_t counted = 0;
    // Rows of the tables' own chunks were not announced.
    const auto count = [&] {
      const std::uint64_t known = std::min(rows, snapshot.rows);
      count_rows(known - std::exchange(counted, known));
    };
    try {
      check_tables(inspector_.frames(), *manifest, context_, [&](const ChunkRef& row) {
        if (rows_ != nullptr) rows_->add(row);
        if (++rows % kRowsPerReport != 0) return;
        context_.check();
        count();
      });
      count();
    } catch (const Error& failure) {
      if (failure.code() != ErrorCode::damaged) throw;
      findings_.add(manifest->id, failure, manifest_key(snapshot.name));
      needed_.lose_table(*manifest);
    }
  }

  void count_rows(std::uint64_t rows) {
    if (tables_walked_) return;  // a later pass
    meter_.add_done(rows * kRowSize);
    meter_.report();
  }

  void ask_the_store() {
    const auto note_answer = [this](const NeededPack& pack, StoredChecksum answer) {
      if (answer == StoredChecksum::other) {
        findings_.add_pack_fault(pack.id, "the store's own checksum is not that of the bytes that were written");
      } else if (answer == StoredChecksum::missing) {
        findings_.add_pack_fault(pack.id, "the store lists the pack and does not have it");
      }
      add(answer == StoredChecksum::unknown ? report_.left : report_.checked, pack);
      meter_.item(pack_key(pack.id));
      meter_.report();
    };
    compare_checksums(state_, needed_.all(), note_answer, context_);
  }

  PackInspector::Done noting() {
    return [this](const NeededPack& pack, const std::optional<std::string>& fault) { note(pack, fault); };
  }

  // What was found of one pack, once it is known.
  void note(const NeededPack& pack, const std::optional<std::string>& fault) {
    PackCheck& found = found_[pack.id];
    if (fault) {
      findings_.add_pack_fault(pack.id, *fault);
      found.faulty = now_;
    } else {
      found.read = now_;
      // Chosen snapshots do not show all the chunks that others have in the pack.
      const bool complete = options_.ids.empty() && !needed_.has_lost_table(pack.id);
      if (reaches(VerifyLevel::frames) && complete) found.decoded = now_;
    }
    add(report_.checked, pack);
    meter_.item(pack_key(pack.id));
    meter_.add_done(pack.size);
    meter_.report();
  }

  void name_pack_faults() {
    for (const ListedSnapshot& snapshot : snapshots_) {
      if (const auto manifest = read_again(state_, snapshot, findings_, context_))
        findings_.name_pack_faults(*manifest);
    }
  }

  void restore_snapshots() {
    for (const ListedSnapshot& snapshot : snapshots_) {
      if (!findings_.objects_of(to_text(snapshot.name.session)).empty()) continue;
      const auto manifest = read_again(state_, snapshot, findings_, context_);
      if (!manifest) continue;
      try {
        restore_to_scratch(shared_, *manifest, options_, meter_, context_);
      } catch (const Error& failure) {
        if (failure.code() != ErrorCode::damaged) throw;
        findings_.add(manifest->id, failure, manifest_key(snapshot.name));
      }
    }
  }

  // Marks keep the next snapshot from building on damage, and retention from trusting in it.
  void mark_snapshots() {
    const bool all_read = report_.fresh.packs == 0 && report_.left.packs == 0;
    const bool may_clear = reaches(VerifyLevel::frames) && all_read;
    for (const ListedSnapshot& snapshot : snapshots_) {
      const auto objects = findings_.objects_of(to_text(snapshot.name.session));
      if (objects.empty() && !may_clear) continue;
      mark_damage(state_, snapshot.name.session, {objects.begin(), objects.end()}, may_clear, context_);
    }
  }

  // Nothing rests on the ledger, so that a report is not lost with it.
  void write_down() {
    try {
      save();
    } catch (const Error& failure) {
      if (context_.log)
        context_.log(LogLevel::warning, "what was checked could not be written down: " + text_of(failure));
    }
  }

  void write_down_on_failure() noexcept {
    try {
      save();
    } catch (...) {
      // The failure that ends the verify is the one to report; the next run reads these packs again.
    }
  }

  // Without the caller's stop and deadline: they may be why the run ends.
  void save() {
    Context context;
    context.clock = context_.clock;
    context.deadline = context.clock->monotonic() + kTimeToWriteDown;
    save_ledger(
        state_, stored_, found_, [this](const PackId& id) { return listed_.contains(id); }, context);
  }

  [[nodiscard]] std::optional<TimePoint> oldest_check() {
    add_to(stored_.checks, found_);
    const VerifyLevel level = std::max(options_.level, VerifyLevel::packs);
    std::uint64_t oldest = now_;
    for (const NeededPack& pack : needed_.all()) {
      const auto known = stored_.checks.find(pack.id);
      const std::uint64_t whole = known == stored_.checks.end() ? 0 : last_whole(known->second, level, now_);
      if (!pack.there || whole == 0) return std::nullopt;
      oldest = std::min(oldest, whole);
    }
    if (needed_.all().empty()) return std::nullopt;
    return TimePoint(std::chrono::milliseconds(oldest));
  }

  const std::shared_ptr<RepositoryState> shared_;
  const RepositoryState& state_;
  const VerifyOptions& options_;
  const Context& context_;
  const std::uint64_t now_;  // one time for all packs of a run, so that later runs read them in order
  ProgressMeter meter_;
  PackInspector inspector_;
  VerifyFindings findings_;
  VerifyReport report_;
  NeededPacks::Sizes listed_;
  NeededPacks needed_{listed_};
  std::vector<ListedSnapshot> snapshots_;
  StoredLedger stored_;
  Ledger found_;
  std::vector<NeededPack> reading_;                               // packs to read, in order
  std::unordered_map<PackId, std::uint32_t, PackIdHash> places_;  // in reading_
  ExpectedRows* rows_ = nullptr;                                  // where rows go while tables are walked for them
  bool tables_walked_ = false;
};

}  // namespace

VerifyReport run_verify(const std::shared_ptr<RepositoryState>& state, const VerifyOptions& options,
                        const Context& context) {
  check_choice(options);
  if (options.level == VerifyLevel::data && (options.scratch_folder.empty() || !options.engine)) {
    throw Error(ErrorCode::invalid_argument,
                "verify at level data needs a scratch folder and an engine to restore with");
  }
  return VerifyRun(state, options, context).run();
}

}  // namespace dbsnap
