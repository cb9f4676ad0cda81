#include "repo/writer_view.hpp"

#include <array>
#include <functional>

#include "repo/at_once.hpp"
#include "repo/catalog.hpp"

namespace dbsnap {

WriterView view_for_writer(const RepositoryState& state, const Context& context) {
  WriterView view;
  std::set<std::string, std::less<>> forgotten;
  const std::array<std::function<void(const Context&)>, 5> listings = {
      [&](const Context& inner) { view.packs = list_packs(state, inner); },
      [&](const Context& inner) { view.snapshots = list_manifest_names(state, {}, inner); },
      [&](const Context& inner) { forgotten = list_ids(state, kForgottenPrefix, inner); },
      [&](const Context& inner) { view.sessions = list_ids(state, kSessionPrefix, inner); },
      [&](const Context& inner) { view.marks = load_marks(state, inner); },
  };
  const auto list = [&](std::size_t i, const Context& inner) { listings.at(i)(inner); };
  at_once(listings.size(), state.sink->capabilities().parallel, list, context);
  leave_out_forgotten(view.snapshots, forgotten);
  return view;
}

}  // namespace dbsnap
