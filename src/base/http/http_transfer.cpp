#include "base/http/http_transfer.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <new>
#include <span>
#include <string_view>

namespace dbsnap {
namespace {

constexpr long kBufferSize = 128 * 1024;
constexpr long kIdleSeconds = 45;  // servers close idle connections after a minute or more
constexpr std::size_t kLargeBody = 1024 * 1024;
constexpr long kPatienceMs = 500;  // for the word to go on, which some servers never say
constexpr std::size_t kMaxHeaders = 256;
constexpr std::size_t kMaxReserve = 64 * 1024 * 1024;

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// Scheme, host and port of a URL: what an error may show.
std::string origin_of(const std::string& url) {
  const auto start = url.find("://");
  return url.substr(0, start == std::string::npos ? start : url.find_first_of("/?", start + 3));
}

bool is_certificate_fault(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_ISSUER_ERROR;
}

}  // namespace

HttpTransfer::HttpTransfer(EasyHandle& handle, const HttpOptions& options, const HttpRequest& request,
                           const Context& context)
    : connection_(handle), handle_(handle.curl.get()), options_(options), request_(request), context_(context) {}

template <typename Value>
void HttpTransfer::set(CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(handle_, option, value);
  if (code != CURLE_OK) {
    throw Error(ErrorCode::internal, "libcurl refused option " + std::to_string(option)).why(curl_easy_strerror(code));
  }
}

void HttpTransfer::set_up() {
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
  set(CURLOPT_PROTOCOLS_STR, "http,https");
#else
  set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ERRORBUFFER, words_.data());
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options_.stall_timeout.count()));
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_MAXCONNECTS, 1L);
  set(CURLOPT_MAXAGE_CONN, kIdleSeconds);
  set(CURLOPT_BUFFERSIZE, kBufferSize);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options_.ca_bundle.empty()) {
    set(CURLOPT_CAINFO, options_.ca_bundle.c_str());
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  }
  // Set in any case: otherwise libcurl reads the process's variables by itself.
  const bool tls = request_.url.starts_with("https:");
  set(CURLOPT_PROXY, (tls ? options_.https_proxy : options_.http_proxy).c_str());
  set(CURLOPT_NOPROXY, options_.no_proxy.c_str());
  set(CURLOPT_SOCKOPTFUNCTION, &HttpTransfer::on_socket);
  set(CURLOPT_SOCKOPTDATA, static_cast<void*>(&connection_));
  set(CURLOPT_CLOSESOCKETFUNCTION, &HttpTransfer::on_close);
  set(CURLOPT_CLOSESOCKETDATA, static_cast<void*>(&connection_));
  set(CURLOPT_XFERINFOFUNCTION, &HttpTransfer::on_progress);
  set(CURLOPT_XFERINFODATA, static_cast<void*>(this));
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_WRITEFUNCTION, &HttpTransfer::on_write);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(CURLOPT_HEADERFUNCTION, &HttpTransfer::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
}

void HttpTransfer::set_up_body() {
  if (request_.method == "HEAD") set(CURLOPT_NOBODY, 1L);
  if (!sends_body()) return;
  set(CURLOPT_UPLOAD, 1L);
  set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  set(CURLOPT_UPLOAD_BUFFERSIZE, kBufferSize);
  set(CURLOPT_READFUNCTION, &HttpTransfer::on_read);
  set(CURLOPT_READDATA, static_cast<void*>(this));
  set(CURLOPT_SEEKFUNCTION, &HttpTransfer::on_seek);
  set(CURLOPT_SEEKDATA, static_cast<void*>(this));
  // libcurl sends a request again when a connection that it kept turns out to be dead. With a body on_seek() decides
  // whether it may; without one only a fresh connection keeps it from doing so.
  if (request_.body.empty()) set(CURLOPT_FRESH_CONNECT, 1L);
}

void HttpTransfer::set_up_headers() {
  const auto add = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) throw Error(ErrorCode::internal, "libcurl is out of memory");
    (void)headers_.release();
    headers_.reset(longer);
  };
  // A server that refuses a large body says so before it was sent; afterwards its words would be lost with the
  // connection. For a small one asking would cost a round trip.
  const bool asks_first = sends_body() && request_.body.size() >= kLargeBody;
  add(asks_first ? "Expect: 100-continue" : "Expect:");
  set(CURLOPT_EXPECT_100_TIMEOUT_MS, kPatienceMs);
  for (const HttpHeader& header : request_.headers) {
    // A header without a value is written with ';', or libcurl leaves it out.
    add(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  }
  set(CURLOPT_HTTPHEADER, headers_.get());
}

std::size_t HttpTransfer::on_read(char* into, std::size_t size, std::size_t count, void* self) noexcept {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  const ByteView rest = transfer.request_.body.subspan(transfer.sent_);
  const std::size_t length = std::min(size * count, rest.size());
  if (length > 0) std::memcpy(into, rest.data(), length);
  transfer.sent_ += length;
  return length;
}

/// Called before the body is sent once more. After all of it went out the first one may have been carried out.
int HttpTransfer::on_seek(void* self, curl_off_t offset, int origin) noexcept {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  if (origin != SEEK_SET || offset != 0 || transfer.sent_ == transfer.request_.body.size()) return CURL_SEEKFUNC_FAIL;
  transfer.sent_ = 0;
  return CURL_SEEKFUNC_OK;
}

std::size_t HttpTransfer::on_write(const char* bytes, std::size_t size, std::size_t count, void* self) noexcept {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  Bytes& body = transfer.response_.body;
  const std::size_t length = size * count;
  if (length > transfer.request_.max_answer - body.size()) {
    transfer.too_large_ = true;
    return 0;
  }
  try {
    if (body.empty()) {
      curl_off_t announced = 0;
      curl_easy_getinfo(transfer.handle_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
      const auto wanted = static_cast<std::size_t>(std::max<curl_off_t>(announced, 0));
      body.reserve(std::min({wanted, transfer.request_.max_answer, kMaxReserve}));
    }
    const auto view = std::as_bytes(std::span(bytes, length));
    body.insert(body.end(), view.begin(), view.end());
  } catch (const std::bad_alloc&) {
    return 0;
  }
  return length;
}

std::size_t HttpTransfer::on_header(const char* bytes, std::size_t size, std::size_t count, void* self) noexcept {
  try {
    static_cast<HttpTransfer*>(self)->take_header({bytes, size * count});
  } catch (const std::bad_alloc&) {
    return 0;
  }
  return size * count;
}

void HttpTransfer::take_header(std::string_view line) {
  if (line.starts_with("HTTP/")) {
    // Of several answers ("100 Continue" first) the last one counts.
    response_.headers.clear();
    return;
  }
  if (trimmed(line).empty()) acknowledge();
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || response_.headers.size() >= kMaxHeaders) return;
  std::string name(trimmed(line.substr(0, colon)));
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  response_.headers.push_back({std::move(name), std::string(trimmed(line.substr(colon + 1)))});
}

int HttpTransfer::on_socket(void* handle, curl_socket_t socket, curlsocktype /*purpose*/) noexcept {
  static_cast<EasyHandle*>(handle)->socket = socket;
  return CURL_SOCKOPT_OK;
}

// The number may be somebody else's descriptor as soon as it is closed.
int HttpTransfer::on_close(void* handle, curl_socket_t socket) noexcept {
  curl_socket_t& known = static_cast<EasyHandle*>(handle)->socket;
  if (known == socket) known = CURL_SOCKET_BAD;
  return ::close(socket);
}

// A server with Nagle's algorithm on, as Ceph's gateway by default, keeps the body back until its header is
// acknowledged, and this side's kernel would take 40 ms for that. What fails here costs time and nothing else.
void HttpTransfer::acknowledge() noexcept {
#ifdef TCP_QUICKACK
  if (connection_.socket == CURL_SOCKET_BAD) return;
  const int at_once = 1;
  static_cast<void>(::setsockopt(connection_.socket, IPPROTO_TCP, TCP_QUICKACK, &at_once, sizeof at_once));
#endif
}

int HttpTransfer::on_progress(void* self, curl_off_t /*down_total*/, curl_off_t /*down*/, curl_off_t /*up_total*/,
                              curl_off_t /*up*/) noexcept {
  const Context& context = static_cast<HttpTransfer*>(self)->context_;
  const bool late = context.deadline && context.clock->monotonic() >= *context.deadline;
  return late || context.stop.stop_requested() ? 1 : 0;
}

bool HttpTransfer::surely_without_effect() const {
  if (request_.method == "GET" || request_.method == "HEAD") return true;
  long request_size = 0;
  curl_easy_getinfo(handle_, CURLINFO_REQUEST_SIZE, &request_size);
  // Nothing went out, or less than was announced: a server must not act on a part.
  return request_size == 0 || sent_ < request_.body.size();
}

Error HttpTransfer::failure(CURLcode code) const {
  const std::string origin = origin_of(request_.url);
  const std::string words = words_[0] != '\0' ? words_.data() : curl_easy_strerror(code);
  if (too_large_) {
    return Error(ErrorCode::damaged, "the answer of " + origin + " is longer than what was asked for")
        .why("more than " + std::to_string(request_.max_answer) + " bytes");
  }
  if (is_certificate_fault(code)) {
    return Error(ErrorCode::storage_unreachable, "the certificate of " + origin + " is not trusted")
        .why(words)
        .hint("openssl s_client -connect " + origin.substr(origin.find("//") + 2))
        .had_no_effect()
        .native_code(code);
  }
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
    return Error(ErrorCode::invalid_argument, origin + " is not an address").why(words).had_no_effect();
  }
  const bool reached = code != CURLE_COULDNT_CONNECT && code != CURLE_COULDNT_RESOLVE_HOST &&
                       code != CURLE_COULDNT_RESOLVE_PROXY && code != CURLE_SSL_CONNECT_ERROR;
  return Error(ErrorCode::storage_unreachable, (reached ? "no whole answer from " : "cannot reach ") + origin)
      .why(words)
      .retryable()
      .had_no_effect(surely_without_effect())
      .native_code(code);
}

HttpResponse HttpTransfer::run() {
  set_up();
  set_up_body();
  set_up_headers();
  const CURLcode code = curl_easy_perform(handle_);
  if (code == CURLE_ABORTED_BY_CALLBACK) context_.check();
  if (code != CURLE_OK) throw failure(code);
  long status = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  return std::move(response_);
}

}  // namespace dbsnap
