// Findings of a verify: what is damaged, in which snapshot.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dbsnap/error.hpp"
#include "dbsnap/repository.hpp"
#include "format/names.hpp"

namespace dbsnap {

/// What an error says, on one line.
std::string text_of(const Error& failure);

/// Used by one thread.
class VerifyFindings {
 public:
  /// Adds a fault, once for each snapshot and object. `snapshot` is an id, or empty.
  void add(const std::string& snapshot, const std::string& object, const std::string& what);
  /// Adds what an Error{damaged} says; `otherwise` is the object when the error names none.
  void add(const std::string& snapshot, const Error& failure, const std::string& otherwise);
  /// A pack was read and is not what it should be; name_pack_faults() then says whose damage that is.
  void add_pack_fault(const PackId& pack, std::string what) { pack_faults_.emplace(pack, std::move(what)); }

  [[nodiscard]] bool has_pack_faults() const noexcept { return !pack_faults_.empty(); }
  void name_pack_faults(const Manifest& manifest);

  /// Keys of the damaged objects of a snapshot.
  [[nodiscard]] std::vector<std::string> objects_of(const std::string& snapshot) const;
  [[nodiscard]] std::vector<Damage> take() && { return std::move(damage_); }

 private:
  std::vector<Damage> damage_;
  std::set<std::pair<std::string, std::string>> named_;  // snapshot and object of each damage
  std::map<PackId, std::string> pack_faults_;
};

}  // namespace dbsnap
