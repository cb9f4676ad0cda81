#include "sinks/s3/removal.hpp"

#include <algorithm>

#include "dbsnap/error.hpp"
#include "sinks/s3/answers.hpp"
#include "sinks/s3/checksum.hpp"

namespace dbsnap::s3 {
namespace {

constexpr std::size_t kKeysPerRequest = 1000;

bool means_absent(const ErrorAnswer& answer) { return answer.code == "NoSuchKey" || answer.code == "NoSuchVersion"; }

/// True for the ways in which a store says that it does not know the request, rather than that it failed.
bool is_unknown_request(const HttpResponse& response) {
  const std::string code = error_answer(response).code;
  return response.status == 501 || response.status == 405 || response.status == 404 || code == "MalformedXML" ||
         code == "InvalidArgument" || code == "InvalidRequest";
}

}  // namespace

void Removal::one(const std::string& name, const Context& context) {
  const Request request{.method = "DELETE", .key = name};
  const HttpResponse response = client_.send(request, context);
  if (response.status >= 200 && response.status < 300) return;
  const ErrorAnswer answer = error_answer(response);
  if (response.status == 404 && (means_absent(answer) || (answer.code.empty() && client_.knows_bucket()))) return;
  throw client_.failure(response, {"remove " + name, name});
}

void Removal::all(std::span<const std::string> names, const Context& context) {
  while (!names.empty()) {
    context.check();
    const auto batch = names.first(std::min(names.size(), kKeysPerRequest));
    if (one_by_one_ || !several(batch, context)) {
      for (const std::string& name : batch) one(name, context);
    }
    names = names.subspan(batch.size());
  }
}

/// False when the store does not know how to remove several at once.
bool Removal::several(std::span<const std::string> names, const Context& context) {
  std::string document = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>";
  // Names hold nothing that XML would have to escape; a prefix that does goes one by one.
  for (const std::string& name : names) {
    if (name.find_first_of("<>&\"'") != std::string::npos) return false;
    document += "<Object><Key>" + name + "</Key></Object>";
  }
  document += "</Delete>";
  Request request{.method = "POST", .query = {{"delete", ""}}};
  request.body = std::as_bytes(std::span(document));
  request.headers = {{"content-type", "application/xml"}};
  if (std::string md5 = content_md5(request.body); !md5.empty()) request.headers.push_back({"content-md5", md5});
  const Attempt attempt{"remove " + std::to_string(names.size()) + " objects", ""};
  const HttpResponse response = client_.send(request, context);
  if (response.status >= 400 && is_unknown_request(response) && error_answer(response).code != "NoSuchBucket") {
    one_by_one_ = true;
    return false;
  }
  if (response.status != 200) throw client_.failure(response, attempt);
  if (const auto error = parse_error(response.body)) throw client_.failure(*error, response.status, attempt);
  for (const RemovalFailure& failed : parse_removal(response.body)) {
    if (means_absent(failed.error)) continue;
    throw client_.failure(failed.error, response.status, {"remove " + failed.key, failed.key});
  }
  return true;
}

}  // namespace dbsnap::s3
