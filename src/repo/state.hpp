// What every operation on an open repository needs: the sink, the settings, the keys.
#pragma once

#include <memory>
#include <utility>

#include "dbsnap/sink.hpp"
#include "format/config.hpp"
#include "format/keys.hpp"

namespace dbsnap {

/// Shared by all handles of one open repository; immutable after opening.
class RepositoryState {
 public:
  RepositoryState(std::shared_ptr<Sink> sink_in, RepositoryConfig config_in, KeyRing keys_in)
      : sink(std::move(sink_in)), config(std::move(config_in)), keys(std::move(keys_in)) {}

  const std::shared_ptr<Sink> sink;
  const RepositoryConfig config;
  const KeyRing keys;
};

}  // namespace dbsnap
