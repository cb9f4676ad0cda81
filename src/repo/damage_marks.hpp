// Damage marks: what a verify found damaged of a snapshot, kept beside it until a verify finds it whole.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "dbsnap/context.hpp"
#include "format/names.hpp"
#include "repo/state.hpp"

namespace dbsnap {

/// Content of one mark.
struct DamageMark {
  bool all = false;               ///< nothing of the snapshot may be trusted; `objects` is empty then
  std::set<std::string> objects;  ///< keys of the damaged or missing objects
};

/// Marks by snapshot id (32 hex digits).
using DamageMarks = std::map<std::string, DamageMark, std::less<>>;

std::string encode_mark(const DamageMark& mark);
/// A mark without a list, as the first versions wrote it, reads as "all of it". Throws Error{damaged}.
DamageMark decode_mark(std::string_view payload);

/// Every mark of the repository. One that cannot be read reads as "all of it".
DamageMarks load_marks(const RepositoryState& state, const Context& context);
/// True when nothing but packs is marked: what the others hold is good.
bool only_packs(const DamageMark& mark);
/// Packs that any of the marks names.
std::set<PackId> marked_packs(const DamageMarks& marks);

/// Makes the snapshot's mark say that `objects` are damaged; no objects, no mark. `looked_at_all`:
/// the whole snapshot was checked, at level frames or deeper; otherwise what the mark says already
/// stays. Storage that may only be read keeps no mark, and the log says so.
void mark_damage(const RepositoryState& state, const SessionId& session, const std::set<std::string>& objects,
                 bool looked_at_all, const Context& context);

}  // namespace dbsnap
