// URLs: parsing, and showing them without secrets.
#include "base/url.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "dbsnap/error.hpp"

namespace dbsnap {
namespace {

std::string refusal_of(const std::string& text) {
  try {
    parse_url(text);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid_argument);
    return error.message();
  }
  FAIL("was accepted: " << text);
  return "";
}

bool shows(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("a full URL is taken apart and decoded") {
  const Url url = parse_url("Postgres://me%40home:p%2Fw@db.example:5433/my%20app?mode=logical&quick");
  CHECK(url.scheme == "postgres");
  CHECK(url.user == "me@home");
  CHECK(url.password == "p/w");
  CHECK(url.host == "db.example");
  CHECK(url.port == 5433);
  CHECK(url.path == "/my app");
  CHECK(url.query.at("mode") == "logical");
  CHECK(url.query.at("quick").empty());
}

TEST_CASE("short forms keep what they name in the path") {
  CHECK(parse_url("memory:").path.empty());
  CHECK(parse_url("env:DATABASE_URL").path == "DATABASE_URL");
  CHECK(parse_url("sqlite:///srv/app.db").path == "/srv/app.db");
  CHECK(parse_url("sqlite:/srv/app.db").path == "/srv/app.db");
  CHECK(parse_url("sqlite:///srv/50%25").path == "/srv/50%");
}

TEST_CASE("a text without a scheme is a path and kept as it is") {
  const std::vector<std::string> paths = {"/var/backups", "backups",     "./a:b", "../x", "/srv/100%25",
                                          "C:/backups",   "a b?c=d&e#f", ":x",    "1a:b", "/a:b"};
  for (const std::string& path : paths) {
    CAPTURE(path);
    CHECK(is_plain_path(path));
    const Url url = parse_url(path);
    CHECK(url.scheme == "file");
    CHECK(url.path == path);
  }
  CHECK_FALSE(is_plain_path("file:x"));
}

TEST_CASE("several hosts stay together and an address loses its brackets") {
  const Url several = parse_url("redis+sentinel://h1:26379,h2/mymaster");
  CHECK(several.host == "h1:26379,h2");
  CHECK_FALSE(several.port.has_value());
  const Url address = parse_url("redis://[::1]:6380/0");
  CHECK(address.host == "::1");
  CHECK(address.port == 6380);
  CHECK(address.redacted() == "redis://[::1]:6380/0");
}

TEST_CASE("the text of a URL holds no secret and can be read again") {
  CHECK(parse_url("postgres://u:geheim@h/d").redacted() == "postgres://u:***@h/d");
  CHECK(parse_url("s3://b/p?secret_access_key=geheim&region=x").redacted() ==
        "s3://b/p?region=x&secret_access_key=***");
  CHECK(parse_url("redis://h?ssl_key_file=/k").redacted() == "redis://h?ssl_key_file=/k");
  const std::vector<std::string> same = {"sqlite:///srv/my%20app.db", "memory:", "sftp://u@h:22/x/y?a=b",
                                         "redis+sentinel://h1:26379,h2/m"};
  for (const std::string& text : same) CHECK(parse_url(text).redacted() == text);
}

TEST_CASE("a password with an unencoded @ is not taken for a host") {
  const Url url = parse_url("postgres://u:p@ss@host/db");
  CHECK(url.password == "p@ss");
  CHECK(url.host == "host");
}

TEST_CASE("what is wrong with a URL is said without showing it") {
  const std::vector<std::string> wrong = {
      "postgres://u:geheim@h:99999/d",     "postgres://u:geheim@h:x/d",  "postgres://u:geheim%zz@h/d",
      "postgres://u:12/geheim@h/d",        "postgres://u:geheim@[::1/d", "postgres://h/d?=geheim",
      "postgres://h/d?a=geheim&a=geheim2", "postgres://h/%00geheim",     "postgres://u:1/2?geheim@h"};
  for (const std::string& text : wrong) {
    CAPTURE(text);
    const std::string message = refusal_of(text);
    CHECK(shows(message, "postgres"));
    CHECK_FALSE(shows(message, "geheim"));
  }
  CHECK(shows(refusal_of(""), "empty"));
}

TEST_CASE("a local path must be absolute and on this machine") {
  CHECK(local_path_of(parse_url("file:///var/backups")) == "/var/backups");
  CHECK(local_path_of(parse_url("file://localhost/var/backups")) == "/var/backups");
  for (const std::string text : {"file://var/backups", "file:backups", "file://u@localhost/x", "file:///x?y=z"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(local_path_of(parse_url(text)), Error);
  }
}

TEST_CASE("a path becomes a URL that leads back to it") {
  CHECK(local_url("sqlite", "/srv/my app.db") == "sqlite:///srv/my%20app.db");
  const std::string odd = "/srv/100%?#&=+ü.db";
  CHECK(local_path_of(parse_url(local_url("sqlite", odd))) == odd);
}

TEST_CASE("names of secrets are recognised and names of files are not") {
  for (const char* name :
       {"password", "PGPASSWORD", "secret_access_key", "session-token", "apikey", "key", "ssl_key"}) {
    CAPTURE(name);
    CHECK(names_a_secret(name));
  }
  for (const char* name : {"password_file", "DBSNAP_PASSWORD_COMMAND", "region", "monkey", "keypath", "mode"}) {
    CAPTURE(name);
    CHECK_FALSE(names_a_secret(name));
  }
}

}  // namespace
}  // namespace dbsnap
