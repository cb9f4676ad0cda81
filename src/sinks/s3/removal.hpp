// Removal: single objects, and many with one request where the store can do that.
#pragma once

#include <atomic>
#include <span>
#include <string>

#include "sinks/s3/client.hpp"

namespace dbsnap::s3 {

/// Safe from many threads.
class Removal {
 public:
  explicit Removal(Client& client) : client_(client) {}

  /// `name` is the whole one in the bucket.
  void one(const std::string& name, const Context& context);
  void all(std::span<const std::string> names, const Context& context);

 private:
  bool several(std::span<const std::string> names, const Context& context);

  Client& client_;
  std::atomic<bool> one_by_one_{false};  ///< the store does not know DeleteObjects
};

}  // namespace dbsnap::s3
