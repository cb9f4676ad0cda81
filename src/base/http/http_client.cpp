#include "base/http/http_client.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/http/http_transfer.hpp"

namespace dbsnap {
namespace {

constexpr std::size_t kIdleHandles = 32;

/// libcurl wants to be told once per process; it is never told to stop, for others in the process may use it too.
void start_library() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) throw Error(ErrorCode::internal, "libcurl did not start").why(curl_easy_strerror(started));
}

}  // namespace

std::optional<std::string_view> HttpResponse::header(std::string_view name) const noexcept {
  const auto found = std::ranges::find(headers, name, &HttpHeader::name);
  if (found == headers.end()) return std::nullopt;
  return found->value;
}

/// Handles that are not in use. Each belongs to one thread at a time.
class HttpClient::Pool {
 public:
  std::unique_ptr<EasyHandle> take() {
    {
      const std::scoped_lock lock(mutex_);
      if (!idle_.empty()) {
        auto handle = std::move(idle_.back());
        idle_.pop_back();
        return handle;
      }
    }
    auto handle = std::make_unique<EasyHandle>();
    handle->curl.reset(curl_easy_init());
    if (!handle->curl) throw Error(ErrorCode::internal, "libcurl gave no handle");
    return handle;
  }

  void give_back(std::unique_ptr<EasyHandle> handle) {
    const std::scoped_lock lock(mutex_);
    if (idle_.size() < kIdleHandles) idle_.push_back(std::move(handle));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<EasyHandle>> idle_;
};

HttpClient::HttpClient(HttpOptions options) : options_(std::move(options)), pool_(std::make_unique<Pool>()) {
  start_library();
}

HttpClient::~HttpClient() = default;

HttpResponse HttpClient::send(const HttpRequest& request, const Context& context) {
  context.check();
  auto handle = pool_->take();
  HttpResponse response = HttpTransfer(*handle, options_, request, context).run();
  // A handle whose transfer failed is not given back: its connection is in an unknown state.
  curl_easy_reset(handle->curl.get());
  pool_->give_back(std::move(handle));
  return response;
}

}  // namespace dbsnap
