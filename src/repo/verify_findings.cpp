#include "repo/verify_findings.hpp"

namespace dbsnap {

std::string text_of(const Error& failure) {
  return failure.why().empty() ? failure.message() : failure.message() + ": " + failure.why();
}

void VerifyFindings::add(const std::string& snapshot, const std::string& object, const std::string& what) {
  if (named_.emplace(snapshot, object).second) damage_.push_back({snapshot, object, what});
}

void VerifyFindings::add(const std::string& snapshot, const Error& failure, const std::string& otherwise) {
  std::string object = otherwise;
  for (const auto& [key, value] : failure.context()) {
    if (key == "object") object = value;
  }
  add(snapshot, object, text_of(failure));
}

void VerifyFindings::name_pack_faults(const Manifest& manifest) {
  for (const PackInfo& pack : manifest.packs) {
    const auto id = parse_pack_key(pack.key);
    if (!id) continue;
    if (const auto fault = pack_faults_.find(*id); fault != pack_faults_.end()) {
      add(manifest.id, pack.key, fault->second);
    }
  }
}

std::vector<std::string> VerifyFindings::objects_of(const std::string& snapshot) const {
  std::vector<std::string> objects;
  for (auto named = named_.lower_bound({snapshot, {}}); named != named_.end() && named->first == snapshot; ++named) {
    objects.push_back(named->second);
  }
  return objects;
}

}  // namespace dbsnap
