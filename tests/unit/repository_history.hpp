// A repository with a history of one changing database, for tests of what removes snapshots.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "repository_fixture.hpp"

namespace dbsnap::testing {

/// One database with a snapshot after each of several changes.
class History : public Store {
 public:
  explicit History(int count, const CreateOptions& options = {.encrypt = false}) : Store(options) {
    for (int n = 0; n < count; ++n) grow();
  }

  std::string grow() {
    if (!ids_in_order.empty()) place->change(ids_in_order.size());
    return take();
  }
  /// Another database altogether, so that the new snapshot needs nothing of the earlier ones.
  std::string grow_anew() {
    place->set(make_data(1000 + ids_in_order.size()));
    return take();
  }
  std::string take() {
    const std::string id = snapshot(engine).id;
    ids_in_order.push_back(id);
    states[id] = place->data().value();
    return id;
  }
  void check_all_restorable() {
    for (const std::string& id : ids()) {
      CAPTURE(id);
      CHECK(restored(id) == states.at(id));
    }
    CHECK(repository.verify({.level = VerifyLevel::frames}, context()).ok());
  }
  std::set<std::string> needed_packs() {
    std::set<std::string> keys;
    for (const std::string& id : ids()) {
      for (const PackInfo& pack : repository.manifest(id, context()).packs) keys.insert(pack.key);
    }
    return keys;
  }

  std::shared_ptr<SyntheticPlace> place = std::make_shared<SyntheticPlace>(make_data(1));
  SyntheticEngine engine{place};
  std::vector<std::string> ids_in_order;
  std::map<std::string, SyntheticData> states;
};

}  // namespace dbsnap::testing
