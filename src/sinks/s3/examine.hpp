// What a bucket can say about itself: clock, rules that remove or archive objects, versions, locks, unfinished uploads.
#pragma once

#include <vector>

#include "dbsnap/finding.hpp"
#include "sinks/s3/client.hpp"

namespace dbsnap::s3 {

std::vector<Finding> examine_bucket(Client& client, const Context& context);

}  // namespace dbsnap::s3
