// One transfer by libcurl: the request's way out, the answer's way in, and what its failure means.
#pragma once

#include <curl/curl.h>

#include <array>
#include <memory>
#include <string>

#include "base/http/http_client.hpp"
#include "dbsnap/error.hpp"

namespace dbsnap {

struct FreeEasyHandle {
  void operator()(CURL* handle) const noexcept {
    // Buffers and callbacks that the last transfer lent may be gone by now.
    curl_easy_reset(handle);
    curl_easy_cleanup(handle);
  }
};
/// A libcurl handle with the connection it keeps.
struct EasyHandle {
  curl_socket_t socket = CURL_SOCKET_BAD;      ///< that libcurl opened last, until it closes it
  std::unique_ptr<CURL, FreeEasyHandle> curl;  ///< after `socket`, which it writes to until it is gone
};

struct FreeHeaderList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

class HttpTransfer {
 public:
  /// All are borrowed.
  HttpTransfer(EasyHandle& handle, const HttpOptions& options, const HttpRequest& request, const Context& context);

  HttpResponse run();

 private:
  static std::size_t on_read(char* into, std::size_t size, std::size_t count, void* self) noexcept;
  static int on_seek(void* self, curl_off_t offset, int origin) noexcept;
  static std::size_t on_write(const char* bytes, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t on_header(const char* bytes, std::size_t size, std::size_t count, void* self) noexcept;
  static int on_socket(void* handle, curl_socket_t socket, curlsocktype purpose) noexcept;
  static int on_close(void* handle, curl_socket_t socket) noexcept;
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept;

  template <typename Value>
  void set(CURLoption option, Value value);
  void set_up();
  void set_up_body();
  void set_up_headers();
  void take_header(std::string_view line);
  void acknowledge() noexcept;
  [[nodiscard]] bool sends_body() const { return request_.method == "PUT" || request_.method == "POST"; }
  [[nodiscard]] bool surely_without_effect() const;
  [[nodiscard]] Error failure(CURLcode code) const;

  EasyHandle& connection_;
  CURL* const handle_;
  const HttpOptions& options_;
  const HttpRequest& request_;
  const Context& context_;
  std::unique_ptr<curl_slist, FreeHeaderList> headers_;
  std::array<char, CURL_ERROR_SIZE> words_{};
  std::size_t sent_ = 0;  ///< bytes of the body that libcurl has taken
  bool too_large_ = false;
  HttpResponse response_;
};

}  // namespace dbsnap
