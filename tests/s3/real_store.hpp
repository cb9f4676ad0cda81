// A real S3 store that a test suite starts, with a bucket in it.
#pragma once

#include <span>
#include <string>

#include "base/http/http_client.hpp"
#include "base/random.hpp"
#include "dbsnap/sinks/s3.hpp"
#include "harness/server_process.hpp"
#include "sinks/s3/client.hpp"

namespace dbsnap::testing {

class RealStore {
 public:
  explicit RealStore(const std::string& script) : process_(script) { make_bucket("bucket-of-tests", "access_key"); }

  /// Options for a sink over a prefix that nobody has used before.
  [[nodiscard]] S3Options options() const {
    S3Options options;
    options.bucket = "bucket-of-tests";
    options.prefix = "t" + random_hex(6);
    options.endpoint = process_.at("endpoint");
    options.allow_http = true;
    options.keys = {process_.at("access_key"), process_.at("secret_key"), "", std::nullopt};
    return options;
  }
  [[nodiscard]] std::shared_ptr<Sink> sink() const { return make_s3_sink(options()); }
  [[nodiscard]] const ServerProcess& process() const { return process_; }

  /// Makes a bucket that belongs to one of the users that the server announces.
  void make_bucket(const std::string& name, const std::string& user) const {
    S3Options options = this->options();
    options.bucket = name;
    options.keys.access_key_id = process_.at(user);
    std::vector<s3::CredentialSource> keys;
    keys.push_back({"the test", [given = options.keys](const Context&) { return given; }});
    s3::Client client(options, std::make_shared<s3::CredentialChain>(std::move(keys)));
    (void)client.require({.method = "PUT"}, {"make the bucket", ""}, {});
  }

 private:
  ServerProcess process_;
};

}  // namespace dbsnap::testing
