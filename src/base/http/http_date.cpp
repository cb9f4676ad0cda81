#include "base/http/http_date.hpp"

#include <curl/curl.h>

#include <chrono>

namespace dbsnap {

std::optional<TimePoint> parse_http_date(const std::string& text) {
  const std::time_t seconds = curl_getdate(text.c_str(), nullptr);
  if (seconds < 0) return std::nullopt;
  return TimePoint(std::chrono::seconds(seconds));
}

}  // namespace dbsnap
