// What the S3 sink finds out about a bucket.
#include <doctest/doctest.h>

#include <algorithm>

#include "harness/random_data.hpp"
#include "harness/temp_folder.hpp"
#include "s3/s3_fixture.hpp"

namespace dbsnap::testing {
namespace {

/// What an examination says about one thing; the worst when it says several.
Finding about(const std::vector<Finding>& findings, const std::string& check) {
  Finding worst;
  bool found = false;
  for (const Finding& finding : findings) {
    if (finding.check != check || (found && finding.severity <= worst.severity)) continue;
    worst = finding;
    found = true;
  }
  REQUIRE(found);
  return worst;
}

std::string rule_for(const std::string& prefix, const std::string& action) {
  return "<LifecycleConfiguration><Rule><ID>tidy</ID><Status>Enabled</Status><Filter><Prefix>" + prefix +
         "</Prefix></Filter>" + action + "</Rule></LifecycleConfiguration>";
}

const std::string kExpire = "<Expiration><Days>30</Days></Expiration>";

}  // namespace

TEST_CASE("s3 examine: a plain bucket has nothing to complain about") {
  const S3Server& server = quiet_server();
  server.set_setting("lifecycle", "");
  const auto findings = server.sink()->examine({});
  for (const char* check : {"lifecycle-rules", "versioning", "object-lock", "unfinished-uploads", "clock"}) {
    CAPTURE(check);
    CHECK(about(findings, check).severity <= Severity::note);
  }
}

TEST_CASE("s3 examine: a lifecycle rule that removes the repository's objects is a failure, with the command") {
  const S3Server& server = quiet_server();
  const auto sink = server.sink();
  const std::string prefix = sink->url().substr(sink->url().find("test/") + 5, 13);
  struct Case {
    std::string rule;
    Severity expected;
  };
  const Case cases[] = {
      {rule_for("", kExpire), Severity::failure},
      {rule_for(prefix + "/packs/", kExpire), Severity::failure},
      {rule_for("elsewhere/", kExpire), Severity::note},
      {rule_for("", "<Transition><Days>9</Days><StorageClass>DEEP_ARCHIVE</StorageClass></Transition>"),
       Severity::warning},
      {rule_for("", "<NoncurrentVersionExpiration><NoncurrentDays>9</NoncurrentDays></NoncurrentVersionExpiration>"),
       Severity::note},
      {rule_for("",
                "<AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation>"
                "</AbortIncompleteMultipartUpload>"),
       Severity::ok},
  };
  for (const Case& each : cases) {
    CAPTURE(each.rule);
    server.set_setting("lifecycle", each.rule);
    const Finding finding = about(sink->examine({}), "lifecycle-rules");
    CHECK(finding.severity == each.expected);
    if (finding.severity == Severity::failure) CHECK(finding.hint.starts_with("aws s3api get-bucket-lifecycle"));
  }
  server.set_setting("lifecycle", "");
}

TEST_CASE("s3 examine: uploads that nobody completed are found, with the command that removes one") {
  const S3Server& server = quiet_server();
  S3Options options = server.options();
  options.part_size = 5 * 1024 * 1024;
  const auto sink = make_s3_sink(options);
  // The failed part's upload stays because its abort fails, too.
  server.set_faults({{{"method", "PUT"}, {"do", "answer"}, {"status", 500}},
                     {{"method", "DELETE"}, {"do", "answer"}, {"status", 500}}});
  CHECK(error_of([&] { Store{*sink}.put("packs/aa/1", Random(1).bytes(options.part_size + 1)); }).has_value());
  const Finding finding = about(sink->examine({}), "unfinished-uploads");
  CHECK(finding.severity == Severity::warning);
  CHECK(finding.hint.find("abort-multipart-upload") != std::string::npos);
}

TEST_CASE("s3 examine: a clock that is off is said before it keeps requests from being accepted") {
  const S3Server& server = quiet_server();
  const auto sink = server.sink();
  server.set_mode({{"clock_ahead_s", 300}});
  CHECK(about(sink->examine({}), "clock").severity == Severity::warning);
  server.set_mode({{"clock_ahead_s", -3600}});
  CHECK(about(sink->examine({}), "clock").severity == Severity::failure);
}

TEST_CASE("s3 examine: versions and locks") {
  const S3Server& server = quiet_server();
  server.set_setting("versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>");
  CHECK(about(server.sink()->examine({}), "versioning").severity == Severity::note);
  server.set_setting("versioning", "");
  S3Options options = server.options();
  options.object_lock = S3ObjectLock::compliance;
  options.object_lock_days = 7;
  CHECK(about(make_s3_sink(options)->examine({}), "object-lock").severity == Severity::failure);
  server.set_setting("object-lock",
                     "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>"
                     "<Mode>COMPLIANCE</Mode><Days>9</Days></DefaultRetention></Rule></ObjectLockConfiguration>");
  const Finding finding = about(make_s3_sink(options)->examine({}), "object-lock");
  CHECK(finding.severity == Severity::note);
  CHECK(finding.what.find("COMPLIANCE, 9 days") != std::string::npos);
  server.set_setting("object-lock", "");
}

TEST_CASE("s3 examine: a store that refuses to tell, or does not answer, is a finding, not an exception") {
  const S3Server& server = quiet_server();
  const auto sink = server.sink();
  server.set_faults({{{"method", "GET"}, {"times", 9}, {"do", "answer"}, {"status", 403}, {"code", "AccessDenied"}}});
  CHECK(about(sink->examine({}), "lifecycle-rules").severity == Severity::warning);
  S3Options options = server.options();
  options.endpoint = "http://127.0.0.1:9";
  const auto findings = make_s3_sink(options)->examine({});
  CHECK(std::ranges::any_of(findings, [](const Finding& each) { return each.severity == Severity::warning; }));
}

}  // namespace dbsnap::testing
