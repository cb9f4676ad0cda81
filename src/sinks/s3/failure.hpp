// What a store's refusal means: from status and <Error> to dbsnap::Error.
#pragma once

#include <string>
#include <string_view>

#include "base/http/http_client.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/sinks/s3.hpp"
#include "sinks/s3/answers.hpp"

namespace dbsnap::s3 {

/// What was tried, for messages: "put packs/ab/…".
struct Attempt {
  std::string what;
  std::string key;  ///< empty when it was about the bucket
};

/// The <Error> of a response; without one its code is made from the status.
ErrorAnswer error_answer(const HttpResponse& response);

/// The error for a response that is no success.
Error failure_of(const HttpResponse& response, const Attempt& attempt, const S3Options& options);
/// The same for an <Error> that came with a status that says nothing.
Error failure_of(const ErrorAnswer& answer, int status, const Attempt& attempt, const S3Options& options);

}  // namespace dbsnap::s3
