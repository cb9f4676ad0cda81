#include "s3/s3_fixture.hpp"

#include <span>
#include <stdexcept>

#include "base/http/http_client.hpp"
#include "base/random.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap::testing {

S3Server::S3Server(const std::vector<std::string>& arguments) : process_("s3_server.py", arguments) {}

S3Options S3Server::options() const {
  S3Options options;
  options.bucket = process_.at("bucket");
  options.prefix = "t" + random_hex(6);
  options.endpoint = endpoint();
  options.allow_http = true;
  options.keys = {process_.at("access_key"), process_.at("secret_key"), "", std::nullopt};
  options.timeout_s = 60;  // a loaded machine takes its time over large objects
  return options;
}

std::shared_ptr<Sink> S3Server::sink() const { return make_s3_sink(options()); }

void S3Server::set_faults(const nlohmann::json& rules) const { control("PUT", "/-/faults", rules.dump()); }
void S3Server::set_mode(const nlohmann::json& members) const { control("PUT", "/-/mode", members.dump()); }

void S3Server::set_setting(const std::string& name, const std::string& document) const {
  control("PUT", "/-/setting/" + name, document);
}

void S3Server::reset() const {
  set_faults(nlohmann::json::array());
  control("PUT", "/-/reset", "{}");
}

nlohmann::json S3Server::state() const { return control("GET", "/-/state", ""); }

nlohmann::json S3Server::kept(const std::string& name) const { return control("GET", "/-/kept/" + name, ""); }

unsigned S3Server::count(const std::string& method) const {
  const nlohmann::json kinds = state()["kinds"];
  return kinds.contains(method) ? kinds[method].get<unsigned>() : 0;
}

nlohmann::json S3Server::control(const std::string& method, const std::string& path, const std::string& body) const {
  HttpClient client({});
  HttpRequest request{.method = method, .url = endpoint() + path};
  request.body = std::as_bytes(std::span(body));
  const HttpResponse response = client.send(request, {});
  if (response.status != 200) throw std::runtime_error("the test's S3 server refused " + path);
  return nlohmann::json::parse(to_text(response.body));
}

const S3Server& suite_server() {
  static const S3Server server;
  return server;
}

const S3Server& quiet_server() {
  suite_server().reset();
  return suite_server();
}

}  // namespace dbsnap::testing
