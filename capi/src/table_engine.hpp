// An engine that is a user's table of functions.
#pragma once

#include <memory>

#include "dbsnap.h"
#include "dbsnap/snapshotter.hpp"

namespace dbsnap::capi {

/// Throws Error{invalid_argument} for a table that lacks a required member.
void check_table(const dbsnap_engine_table& table);

/// Owns `user_data` once `adopt` was called.
class TableEngine : public Snapshotter {
 public:
  virtual void adopt(void* user_data) = 0;
};

std::shared_ptr<TableEngine> make_table_engine(const dbsnap_engine_table& table);

}  // namespace dbsnap::capi
