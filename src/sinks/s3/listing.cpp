#include "sinks/s3/listing.hpp"

#include <utility>

#include "dbsnap/error.hpp"

namespace dbsnap::s3 {
namespace {

constexpr unsigned kFirstVersion = 1;
constexpr unsigned kSecondVersion = 2;
constexpr std::string_view kPageSize = "1000";
constexpr std::size_t kMaxPage = 16 * 1024 * 1024;

/// Stores from before version 2 refuse its parameter in one of these ways, or ignore it.
bool refuses_version_2(const Error& failure) {
  return failure.code() == ErrorCode::unsupported || failure.native_code() == 400 || failure.native_code() == 405;
}

Error repeats_itself(const std::string& prefix) {
  return Error(ErrorCode::damaged, "the store's listing of " + prefix + " does not get on")
      .why("a page leads back to where it came from")
      .retryable();
}

}  // namespace

ListPage Listing::page(const std::string& prefix, const std::string& next, unsigned version, const Context& context) {
  Request request{.max_answer = kMaxPage};
  request.query = {{"prefix", prefix}, {"max-keys", std::string(kPageSize)}, {"encoding-type", "url"}};
  if (version == kSecondVersion) request.query.emplace_back("list-type", "2");
  if (!next.empty()) request.query.emplace_back(version == kSecondVersion ? "continuation-token" : "marker", next);
  const Attempt attempt{"list " + (prefix.empty() ? std::string("the objects") : prefix), ""};
  return parse_list_page(client_.require(request, attempt, context).body);
}

ListPage Listing::first_page(const std::string& prefix, unsigned& version, const Context& context) {
  version = version_;
  if (version != 0) return page(prefix, "", version, context);
  version = kSecondVersion;
  try {
    ListPage first = page(prefix, "", kSecondVersion, context);
    if (first.is_version_1) version = kFirstVersion;
    version_ = version;
    return first;
  } catch (const Error& failure) {
    if (!refuses_version_2(failure)) throw;
  }
  version = kFirstVersion;
  ListPage first = page(prefix, "", kFirstVersion, context);
  version_ = version;
  return first;
}

void Listing::run(const std::string& prefix, const std::function<bool(const ListedObject&)>& visitor,
                  const Context& context) {
  unsigned version = 0;
  ListPage current = first_page(prefix, version, context);
  while (true) {
    for (const ListedObject& object : current.objects) {
      context.check();
      // Some stores show more than they were asked for.
      if (object.key.starts_with(prefix) && !visitor(object)) return;
    }
    if (!current.truncated) return;
    ListPage following = page(prefix, current.next, version, context);
    if (following.truncated && following.next == current.next) throw repeats_itself(prefix);
    current = std::move(following);
  }
}

}  // namespace dbsnap::s3
