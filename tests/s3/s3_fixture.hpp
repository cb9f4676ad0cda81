// An S3 store of a test's own, sinks over it, and the faults it is told to have.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "conformance/sink_checks.hpp"
#include "dbsnap/sinks/s3.hpp"
#include "harness/server_process.hpp"

namespace dbsnap::testing {

/// The store of tests/harness/servers/s3_server.py. One serves a whole suite; reset() gives each test a quiet one.
class S3Server {
 public:
  explicit S3Server(const std::vector<std::string>& arguments = {});

  /// Options for a sink over a prefix that nobody has used before.
  [[nodiscard]] S3Options options() const;
  /// A sink over such a prefix.
  [[nodiscard]] std::shared_ptr<Sink> sink() const;

  /// Rules of s3_faults.py, as JSON.
  void set_faults(const nlohmann::json& rules) const;
  /// Members of MODE in s3_server.py.
  void set_mode(const nlohmann::json& members) const;
  /// The document of a setting of the bucket ("lifecycle"); empty for none.
  void set_setting(const std::string& name, const std::string& document) const;
  /// As it was when it started, but for what is stored.
  void reset() const;
  /// What arrived since the last reset(): "requests" as [method, key, names in the query], "connections", "uploads".
  [[nodiscard]] nlohmann::json state() const;
  /// The `x-amz-` headers that an object was stored with, by its whole name.
  [[nodiscard]] nlohmann::json kept(const std::string& name) const;
  /// Requests of a method since the last reset().
  [[nodiscard]] unsigned count(const std::string& method) const;
  [[nodiscard]] const std::string& endpoint() const { return process_.at("endpoint"); }

 private:
  nlohmann::json control(const std::string& method, const std::string& path, const std::string& body) const;

  ServerProcess process_;
};

/// The suite's server.
const S3Server& suite_server();
/// The suite's server, reset.
const S3Server& quiet_server();

}  // namespace dbsnap::testing
