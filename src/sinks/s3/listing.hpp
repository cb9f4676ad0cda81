// Listing: every object of the bucket below a prefix, page by page, or an error.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "dbsnap/sink.hpp"
#include "sinks/s3/answers.hpp"
#include "sinks/s3/client.hpp"

namespace dbsnap::s3 {

/// Safe from many threads.
class Listing {
 public:
  explicit Listing(Client& client) : client_(client), version_(client.options().list_version) {}

  /// Calls `visitor` for each object whose name begins with `prefix`, until it returns false.
  void run(const std::string& prefix, const std::function<bool(const ListedObject&)>& visitor, const Context& context);

 private:
  ListPage page(const std::string& prefix, const std::string& next, unsigned version, const Context& context);
  ListPage first_page(const std::string& prefix, unsigned& version, const Context& context);

  Client& client_;
  std::atomic<unsigned> version_;  ///< 0 until the store has shown what it speaks
};

}  // namespace dbsnap::s3
