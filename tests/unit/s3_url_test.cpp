// S3 URLs, profiles and addresses: what they mean and what is refused.
#include "sinks/s3/s3_url.hpp"

#include <doctest/doctest.h>

#include <map>

#include "harness/error_code.hpp"
#include "sinks/s3/address.hpp"
#include "sinks/s3/profile_file.hpp"

namespace dbsnap::testing {
namespace {

using Variables = std::map<std::string, std::string>;

s3::NamedStore read(const std::string& url, const Variables& variables = {}) {
  const Environment environment([&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
  auto store = s3::read_s3_url(parse_url(url), environment);
  s3::check_s3_options(store.options);
  return store;
}

std::string refusal(const std::string& url) {
  const auto error = error_of([&] { (void)read(url); });
  if (!error) return "";
  CHECK(error->code() == ErrorCode::invalid_argument);
  return error->message();
}

std::string address(const std::string& url, const std::string& key = "k") {
  const S3Options options = read(url).options;
  const auto at = s3::address_of(options, options.region.empty() ? "us-east-1" : options.region, key);
  return at.scheme + "://" + at.host + at.path;
}

}  // namespace

TEST_CASE("s3 url: bucket, prefix and parameters") {
  const auto store = read(
      "s3://b/some/where/?endpoint=https://host:9000/&region=eu-west-3&addressing=virtual&storage_class=STANDARD_IA"
      "&sse=aws:kms&sse_key=k1&ca_bundle=/etc/ca.pem&profile=p&list_version=1&payload=unsigned&object_lock=compliance"
      "&object_lock_days=30&parallel=4&part_size=16MiB&timeout=5&checksums=on");
  const S3Options& options = store.options;
  CHECK(options.bucket == "b");
  CHECK(options.prefix == "some/where");
  CHECK(options.endpoint == "https://host:9000");
  CHECK(options.region == "eu-west-3");
  CHECK(options.addressing == S3Addressing::virtual_host);
  CHECK(options.storage_class == "STANDARD_IA");
  CHECK(options.sse == "aws:kms");
  CHECK(options.sse_key == "k1");
  CHECK(options.ca_bundle == "/etc/ca.pem");
  CHECK(store.profile == "p");
  CHECK(options.list_version == 1);
  CHECK(options.payload == S3Payload::unsigned_body);
  CHECK(options.object_lock == S3ObjectLock::compliance);
  CHECK(options.object_lock_days == 30);
  CHECK(options.parallel == 4);
  CHECK(options.part_size == 16 * 1024 * 1024);
  CHECK(options.timeout_s == 5);
  CHECK(options.checksums == S3Checksums::on);
}

TEST_CASE("s3 url: what it leaves open comes from the environment, in the order of the names") {
  const Variables all{{"AWS_ENDPOINT_URL_S3", "https://one"},
                      {"AWS_ENDPOINT_URL", "https://two"},
                      {"S3_ENDPOINT_URL", "https://three"},
                      {"AWS_ENDPOINT", "https://four"},
                      {"AWS_REGION", "r1"},
                      {"AWS_DEFAULT_REGION", "r2"},
                      {"AWS_CA_BUNDLE", "/ca"},
                      {"HTTPS_PROXY", "http://proxy:1"}};
  Variables some = all;
  for (const char* expected : {"https://one", "https://two", "https://three", "https://four"}) {
    CHECK(read("s3://b", some).options.endpoint == expected);
    std::erase_if(some, [&](const auto& each) { return each.second == expected; });
  }
  CHECK(read("s3://b", all).options.region == "r1");
  CHECK(read("s3://b", all).options.ca_bundle == "/ca");
  CHECK(read("s3://b", all).options.proxy == "http://proxy:1");
  CHECK(read("s3://b?endpoint=host&region=r0", all).options.endpoint == "https://host");
  CHECK(read("s3://b?endpoint=host&region=r0", all).options.region == "r0");
}

TEST_CASE("s3 url: what makes no sense is refused by name") {
  CHECK(refusal("s3://b?regoin=x").find("did you mean region?") != std::string::npos);
  CHECK(refusal("s3://b?part_size=1MiB").find("5 MiB") != std::string::npos);
  CHECK(refusal("s3://b?parallel=many").find("parallel") != std::string::npos);
  CHECK(refusal("s3://b?addressing=dns").find("path or virtual") != std::string::npos);
  CHECK(refusal("s3://b?object_lock=governance").find("object_lock_days") != std::string::npos);
  CHECK(refusal("s3://b?sse=DES").find("sse") != std::string::npos);
  CHECK(refusal("s3://b?sse_key=k").find("sse_key") != std::string::npos);
  CHECK(refusal("s3://b:9000").find("port") != std::string::npos);
  CHECK(refusal("s3:///prefix").find("no bucket") != std::string::npos);
  CHECK(refusal("s3://b%2Fc/x").find("bucket") != std::string::npos);
  CHECK(refusal("s3://b?endpoint=ftp://host").find("https://") != std::string::npos);
  CHECK(refusal("s3://key@b").find("secret") != std::string::npos);
}

TEST_CASE("s3 url: an endpoint without encryption must be asked for, on loopback too") {
  CHECK(refusal("s3://b?endpoint=http://127.0.0.1:9000").find("allow_http=1") != std::string::npos);
  CHECK(refusal("s3://b?endpoint=http://127.0.0.1:9000&allow_http=1").empty());
  CHECK(refusal("s3://b?endpoint=http://h&allow_http=1&payload=unsigned").find("unsigned") != std::string::npos);
}

TEST_CASE("s3 url: keys in it are read and never shown") {
  const auto options = read("s3://AKID:sec%2Fret@b/p?session_token=tok").options;
  CHECK(options.keys.access_key_id == "AKID");
  CHECK(options.keys.secret_access_key == "sec/ret");
  CHECK(options.keys.session_token == "tok");
  CHECK(s3::shown_url(options) == "s3://b/p");
}

TEST_CASE("s3 address: virtual host on AWS, path elsewhere, as asked otherwise") {
  CHECK(address("s3://b?region=eu-west-3") == "https://b.s3.eu-west-3.amazonaws.com/k");
  CHECK(address("s3://b?region=cn-north-1") == "https://b.s3.cn-north-1.amazonaws.com.cn/k");
  CHECK(address("s3://b.c?region=eu-west-3") == "https://s3.eu-west-3.amazonaws.com/b.c/k");
  CHECK(address("s3://b?endpoint=https://host:443/") == "https://host/b/k");
  CHECK(address("s3://b?endpoint=https://host:9000&addressing=virtual") == "https://b.host:9000/k");
  CHECK(address("s3://b?endpoint=https://host/base") == "https://host/base/b/k");
  CHECK(address("s3://b?endpoint=https://host&addressing=virtual", "") == "https://b.host/");
  CHECK(address("s3://b?endpoint=https://host", "") == "https://host/b");
  CHECK(address("s3://b?endpoint=https://host", "a b/c+~") == "https://host/b/a%20b/c%2B~");
}

TEST_CASE("s3 profile file: sections, comments, nested settings and quotes") {
  const auto file = s3::parse_profile_file(
      "# a comment\r\nstray = 1\n[default]\nAWS_Access_Key_Id = A ; a comment\nregion=eu # another\n"
      "[profile other one]\n  nested = no\ns3 =\n  addressing_style = path\nkey = a=b#c\n[profile \"q\"]\nx = 1\n"
      "[sso-session s]\ny = 2\n[profiles]\nz = 3\n[open\nw=4");
  CHECK(file.at("default").at("aws_access_key_id") == "A");
  CHECK(file.at("default").at("region") == "eu");
  CHECK_FALSE(file.at("other one").contains("nested"));
  CHECK_FALSE(file.at("other one").contains("addressing_style"));
  CHECK(file.at("other one").at("key") == "a=b#c");
  CHECK(file.at("q").at("x") == "1");
  CHECK(file.at("sso-session s").at("y") == "2");
  CHECK(file.at("profiles").at("z") == "3");
}

}  // namespace dbsnap::testing
