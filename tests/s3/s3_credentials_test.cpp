// Where the S3 sink finds its keys, and what happens when they end.
#include <doctest/doctest.h>

#include <map>

#include "base/environment.hpp"
#include "base/registry.hpp"
#include "harness/temp_folder.hpp"
#include "s3/s3_fixture.hpp"
#include "sinks/s3/credentials.hpp"
#include "sinks/s3/s3_sink.hpp"
#include "sinks/s3/s3_url.hpp"

namespace dbsnap {
void register_sink_s3(Registry& registry);
}

namespace dbsnap::testing {
namespace {

using Variables = std::map<std::string, std::string>;

Environment environment_of(const Variables& variables) {
  return Environment([variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

/// A sink as a URL opens it, with these variables and no others. The machine's own service is never asked.
std::shared_ptr<Sink> open(const S3Server& server, Variables variables, const std::string& parameters = "") {
  variables.try_emplace("AWS_EC2_METADATA_DISABLED", "true");
  Registry registry;
  register_sink_s3(registry);
  const S3Options options = server.options();
  const std::string url =
      "s3://" + options.bucket + "/" + options.prefix + "?endpoint=" + server.endpoint() + "&allow_http=1" + parameters;
  return registry.sink_named("s3")->open(parse_url(url), environment_of(variables));
}

void works(const std::shared_ptr<Sink>& sink) {
  Store{*sink}.put("a", to_bytes("1"));
  CHECK(to_text(Store{*sink}.get("a")) == "1");
}

/// A clock that a test moves; monotonic time goes on by itself.
class MovedClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return system_clock().now() + ahead; }
  [[nodiscard]] MonotonicTime monotonic() const override { return system_clock().monotonic(); }
  std::chrono::nanoseconds ahead{0};
};

constexpr const char* kId = "TESTKEY";
constexpr const char* kSecret = "test/secret+key";

}  // namespace

TEST_CASE("s3 credentials: from the environment") {
  works(open(quiet_server(), {{"AWS_ACCESS_KEY_ID", kId}, {"AWS_SECRET_ACCESS_KEY", kSecret}}));
}

TEST_CASE("s3 credentials: a session token goes with them and is signed") {
  const S3Server& server = quiet_server();
  server.set_mode({{"keys", {{"TEMP", {{"secret", "s"}, {"token", "to/ken+=="}}}}}});
  works(open(server,
             {{"AWS_ACCESS_KEY_ID", "TEMP"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_SESSION_TOKEN", "to/ken+=="}}));
}

TEST_CASE("s3 credentials: from the URL, before everything else, and never shown") {
  const Variables wrong{{"AWS_ACCESS_KEY_ID", "X"}, {"AWS_SECRET_ACCESS_KEY", "Y"}};
  const auto sink =
      open(quiet_server(), wrong, "&access_key_id=" + std::string(kId) + "&secret_access_key=test%2Fsecret%2Bkey");
  works(sink);
  CHECK(sink->url().find("secret") == std::string::npos);
}

TEST_CASE("s3 credentials: from a profile") {
  const S3Server& server = quiet_server();
  const TempFolder folder;
  write_file(folder / "credentials",
             "[default]\naws_access_key_id = X\naws_secret_access_key = Y\n"
             "[backup]\naws_access_key_id = TESTKEY\naws_secret_access_key = test/secret+key\n");
  write_file(folder / "config", "[profile backup]\nregion = eu-west-9\n");
  server.set_mode({{"region", "eu-west-9"}});
  Variables files{{"AWS_SHARED_CREDENTIALS_FILE", folder / "credentials"}, {"AWS_CONFIG_FILE", folder / "config"}};
  SUBCASE("that the environment names") {
    files["AWS_PROFILE"] = "backup";
    works(open(server, files));
  }
  SUBCASE("that the URL names, before keys in the environment") {
    files["AWS_ACCESS_KEY_ID"] = "X";
    files["AWS_SECRET_ACCESS_KEY"] = "Y";
    works(open(server, files, "&profile=backup"));
  }
  SUBCASE("and its region is the one that is signed for") {
    works(open(server, files, "&profile=backup"));
    CHECK(server.count("PUT") == 1);
  }
  SUBCASE("that does not exist") {
    const auto sink = open(server, files, "&profile=other");
    const auto error = error_of([&] { Store{*sink}.put("a", {}); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::access_refused);
    CHECK(error->message().find("other") != std::string::npos);
  }
  SUBCASE("that leads to a role, by the keys of another one") {
    write_file(folder / "config", "[profile deputy]\nrole_arn = arn:aws:iam::1:role/deputy\nsource_profile = backup\n");
    files["AWS_ENDPOINT_URL_STS"] = server.endpoint() + "/-/sts";
    works(open(server, files, "&profile=deputy&region=eu-west-9"));
    const auto seen = server.state()["services"][0];
    CHECK(seen["Action"] == "AssumeRole");
    CHECK(seen["RoleArn"] == "arn:aws:iam::1:role/deputy");
    CHECK(seen["signed"] == true);
  }
  SUBCASE("that needs what dbsnap cannot do") {
    write_file(folder / "config", "[profile odd]\ncredential_process = /bin/true\n");
    const auto sink = open(server, files, "&profile=odd");
    const auto error = error_of([&] { Store{*sink}.put("a", {}); });
    REQUIRE(error.has_value());
    CHECK(error->message().find("credential_process") != std::string::npos);
  }
}

TEST_CASE("s3 credentials: a web identity is exchanged for those of a role, and its file read each time") {
  const S3Server& server = quiet_server();
  server.set_mode({{"lifetime_s", 60}});  // less than five minutes: asked for anew at every request
  const TempFolder folder;
  write_file(folder / "token", "a web identity\n");
  const auto sink = open(server, {{"AWS_ROLE_ARN", "arn:aws:iam::1:role/backup"},
                                  {"AWS_WEB_IDENTITY_TOKEN_FILE", folder / "token"},
                                  {"AWS_ENDPOINT_URL_STS", server.endpoint() + "/-/sts"}});
  works(sink);
  const auto seen = server.state()["services"];
  CHECK(seen.size() == 2);
  CHECK(seen[0]["Action"] == "AssumeRoleWithWebIdentity");
  CHECK(seen[0]["RoleSessionName"] == "dbsnap");
  CHECK(seen[0]["signed"] == false);
  SUBCASE("a new token in the file is used") {
    server.set_mode({{"web_token", "the next one"}});
    write_file(folder / "token", "the next one");
    works(sink);
    CHECK(server.state()["services"].back()["WebIdentityToken"] == "the next one");
  }
  SUBCASE("when the service refuses, credentials that are still valid go on being used") {
    server.set_mode({{"web_token", "another one"}});
    works(sink);
  }
}

TEST_CASE("s3 credentials: the token service's refusal is in its own words") {
  const S3Server& server = quiet_server();
  const TempFolder folder;
  write_file(folder / "token", "not what it expects");
  const auto sink = open(server, {{"AWS_ROLE_ARN", "arn:aws:iam::1:role/backup"},
                                  {"AWS_WEB_IDENTITY_TOKEN_FILE", folder / "token"},
                                  {"AWS_ENDPOINT_URL_STS", server.endpoint() + "/-/sts"}});
  const auto error = error_of([&] { Store{*sink}.put("a", {}); });
  REQUIRE(error.has_value());
  CHECK(error->code() == ErrorCode::access_refused);
  CHECK(error->why().find("InvalidIdentityToken") != std::string::npos);
  CHECK(error->message().find("not what it expects") == std::string::npos);
}

TEST_CASE("s3 credentials: of a container, with its token from a file or a variable") {
  const S3Server& server = quiet_server();
  const TempFolder folder;
  Variables variables{{"AWS_CONTAINER_CREDENTIALS_FULL_URI", server.endpoint() + "/-/container"}};
  SUBCASE("variable") { variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "a container's token"; }
  SUBCASE("file") {
    write_file(folder / "token", "a container's token\n");
    variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = folder / "token";
  }
  works(open(server, variables));
}

TEST_CASE("s3 credentials: a container's address elsewhere is not asked without encryption") {
  const auto sink = open(quiet_server(), {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.invalid/keys"}});
  CHECK(code_of([&] { Store{*sink}.put("a", {}); }) == ErrorCode::access_refused);
}

TEST_CASE("s3 credentials: of a machine, by version 2 of its service") {
  const S3Server& server = quiet_server();
  works(open(server, {{"AWS_EC2_METADATA_DISABLED", "false"},
                      {"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.endpoint() + "/-/imds"}}));
}

TEST_CASE("s3 credentials: with none anywhere the error says where was looked") {
  const auto sink = open(quiet_server(), {});
  const auto error = error_of([&] { Store{*sink}.put("a", {}); });
  REQUIRE(error.has_value());
  CHECK(error->code() == ErrorCode::access_refused);
  CHECK(error->exit_code() == 7);
  for (const char* place : {"AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "profile default", "container"}) {
    CHECK(error->why().find(place) != std::string::npos);
  }
}

TEST_CASE("s3 credentials: are asked for again five minutes before they end") {
  const S3Server& server = quiet_server();
  S3Options options = server.options();
  MovedClock clock;
  unsigned asked = 0;
  options.credentials = [&, keys = options.keys](const Context& context) {
    ++asked;
    S3Credentials given = keys;
    given.expires = context.clock->now() + std::chrono::minutes(60);
    return given;
  };
  options.keys = {};
  const auto sink = make_s3_sink(options);
  Context context;
  context.clock = &clock;
  const auto put = [&] { sink->put("a", to_bytes("1"), {}, context); };
  put();
  put();
  CHECK(asked == 1);
  clock.ahead = std::chrono::minutes(54);
  server.set_mode({{"clock_ahead_s", 54 * 60}});
  put();
  CHECK(asked == 1);
  clock.ahead = std::chrono::minutes(56);
  put();
  CHECK(asked == 2);
}

TEST_CASE("s3 credentials: that the store calls expired are renewed, once") {
  const S3Server& server = quiet_server();
  server.set_mode(
      {{"keys",
        {{"OLD", {{"secret", "s"}, {"token", "t"}, {"expired", true}}}, {"NEW", {{"secret", "s"}, {"token", "t"}}}}}});
  S3Options options = server.options();
  options.keys = {};
  unsigned asked = 0;
  SUBCASE("by new ones") {
    options.credentials = [&](const Context&) {
      return S3Credentials{++asked == 1 ? "OLD" : "NEW", "s", "t", std::nullopt};
    };
    const auto sink = make_s3_sink(options);
    CHECK_FALSE(Store{*sink}.stat("a").has_value());
    works(sink);
    CHECK(asked == 2);
  }
  SUBCASE("in vain, which the error says") {
    options.credentials = [&](const Context&) {
      ++asked;
      return S3Credentials{"OLD", "s", "t", std::nullopt};
    };
    const auto sink = make_s3_sink(options);
    const auto error = error_of([&] { Store{*sink}.put("a", {}); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::access_refused);
    CHECK(error->message().find("expired") != std::string::npos);
    CHECK(asked == 2);
  }
}

}  // namespace dbsnap::testing
