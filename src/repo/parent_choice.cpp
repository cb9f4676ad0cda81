#include "repo/parent_choice.hpp"

#include <algorithm>
#include <utility>

#include "dbsnap/error.hpp"
#include "repo/catalog.hpp"

namespace dbsnap {
namespace {

std::set<PackId> unusable_packs(const KnownPacks& packs, const WriterView& view,
                                const std::function<bool(const PackId&)>& may_use) {
  const std::set<PackId> marked = marked_packs(view.marks);
  std::set<PackId> bad;
  for (const auto& [id, pack] : packs) {
    const auto found = view.packs.find(id);
    const bool there = found != view.packs.end() && found->second == pack.size;
    if (!there || !may_use(id) || marked.contains(id)) bad.insert(id);
  }
  return spoiled_packs(packs, std::move(bad));
}

// Throws Error{damaged} for a manifest that names no packs; `choice` is unchanged then.
void take(ParentChoice& choice, Manifest manifest, const WriterView& view,
          const std::function<bool(const PackId&)>& may_use) {
  choice.packs = packs_of(manifest);
  choice.unusable = unusable_packs(choice.packs, view, may_use);
  if (!choice.unusable.empty()) {
    choice.warnings.push_back(std::to_string(choice.unusable.size()) + " packs of snapshot " + manifest.id +
                              " are missing or damaged; what they hold was stored anew");
  }
  choice.manifest = std::move(manifest);
}

}  // namespace

ParentChoice choose_parent(const RepositoryState& state, const WriterView& view, const std::string& source_key,
                           const std::function<bool(const PackId&)>& may_use, const Context& context) {
  ParentChoice choice;
  for (auto name = view.snapshots.rbegin(); name != view.snapshots.rend(); ++name) {
    if (name->source_key != source_key) continue;
    const std::string id = to_text(name->session);
    const auto mark = view.marks.find(id);
    if (mark != view.marks.end() && !only_packs(mark->second)) {
      choice.warnings.push_back("snapshot " + id + " is damaged and was not compared with");
      continue;
    }
    try {
      take(choice, recall_manifest(state, *name, context), view, may_use);
      return choice;
    } catch (const Error& failure) {
      if (failure.code() == ErrorCode::not_found) continue;  // forgotten a moment ago
      if (failure.code() != ErrorCode::damaged) throw;
      choice.warnings.push_back(failure.message());
    }
  }
  return choice;
}

ParentChoice take_as_parent(const WriterView& view, Manifest manifest,
                            const std::function<bool(const PackId&)>& may_use) {
  ParentChoice choice;
  take(choice, std::move(manifest), view, may_use);
  return choice;
}

}  // namespace dbsnap
