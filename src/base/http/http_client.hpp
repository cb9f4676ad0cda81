// HTTP client: one request, one answer, over connections that are kept and used again.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dbsnap/bytes.hpp"
#include "dbsnap/context.hpp"

namespace dbsnap {

struct HttpHeader {
  std::string name;
  std::string value;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url = {};  ///< sent as it is: the caller has encoded it
  std::vector<HttpHeader> headers = {};
  ByteView body = {};                        ///< borrowed; PUT and POST always send a Content-Length
  std::size_t max_answer = 4 * 1024 * 1024;  ///< bytes of body that are taken at most
};

struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers;  ///< names in lower case
  Bytes body;

  /// First header of that lower-case name.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;
};

struct HttpOptions {
  std::string ca_bundle;    ///< file of trusted certificates; empty: the system's
  std::string http_proxy;   ///< for http:// URLs; empty: none
  std::string https_proxy;  ///< for https:// URLs; empty: none
  std::string no_proxy;     ///< hosts that are reached directly, joined by ','
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::seconds stall_timeout{30};  ///< a transfer in which no byte moves for so long has failed
};

/// Speaks HTTP/1.1, follows no redirect, checks certificates, repeats nothing that may have had an effect, prints
/// nothing, reads no variable of the process. May be used by many threads at once; keeps one connection for each that
/// was under way at the same time. Any status is an answer, not an error.
///
/// send() throws Error{storage_unreachable} when there is no whole answer (retryable, and had_no_effect where the
/// request surely was not carried out), Error{damaged} when the answer is larger than allowed, and what
/// context.check() throws, within about a second.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  HttpResponse send(const HttpRequest& request, const Context& context);

 private:
  class Pool;
  HttpOptions options_;
  std::unique_ptr<Pool> pool_;
};

}  // namespace dbsnap
