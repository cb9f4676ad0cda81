#include "sinks/s3/examine.hpp"

#include <cstdlib>
#include <functional>
#include <string>

#include "dbsnap/error.hpp"
#include "sinks/s3/answers.hpp"

namespace dbsnap::s3 {
namespace {

constexpr std::int64_t kWarnSkew = 60;   // seconds
constexpr std::int64_t kFailSkew = 900;  // stores refuse from here on
constexpr long kFirstStatus = 100;       // of HTTP; libcurl's own codes are below
constexpr std::size_t kMaxAnswer = 16 * 1024 * 1024;

class Examination {
 public:
  Examination(Client& client, const Context& context) : client_(client), context_(context) {}

  std::vector<Finding> run() {
    // The clock comes last: every answer before it tells the time.
    check("lifecycle-rules", [&] { lifecycle(); });
    check("versioning", [&] { versioning(); });
    check("object-lock", [&] { object_lock(); });
    check("unfinished-uploads", [&] { uploads(); });
    check("clock", [&] { clock(); });
    return std::move(findings_);
  }

 private:
  void add(Severity severity, std::string what, std::string hint = {}) {
    findings_.push_back({severity, check_, std::move(what), std::move(hint)});
  }

  void check(const char* name, const std::function<void()>& look) {
    check_ = name;
    if (silent_) return add(Severity::warning, "could not be examined: the store does not answer");
    try {
      look();
    } catch (const Error& failure) {
      // Each further question would wait as long.
      silent_ = failure.code() == ErrorCode::storage_unreachable && failure.native_code() < kFirstStatus;
      const std::string why = failure.why().empty() ? "" : " (" + failure.why() + ")";
      add(Severity::warning, "could not be examined: " + failure.message() + why, failure.hint());
    }
  }

  /// The answer to GET ?what; nothing when the bucket has no such setting, or the store no such request.
  std::optional<Bytes> setting(const std::string& what, std::initializer_list<std::string_view> absent_codes) {
    const Request request{.query = {{what, ""}}, .max_answer = kMaxAnswer};
    HttpResponse response = client_.send(request, context_);
    if (response.status == 200) return std::move(response.body);
    const ErrorAnswer answer = error_answer(response);
    for (const std::string_view code : absent_codes) {
      if (answer.code == code) return std::nullopt;
    }
    if (response.status == 501 || response.status == 405) {
      add(Severity::note, "the store does not tell (" + what + ")");
      told_ = false;
      return std::nullopt;
    }
    throw client_.failure(response, {"read the setting " + what, ""});
  }

  std::string command(const std::string& words) const {
    const S3Options& options = client_.options();
    std::string text = "aws s3api " + words + " --bucket " + options.bucket;
    if (!options.endpoint.empty()) text += " --endpoint-url " + options.endpoint;
    return text;
  }

  /// True when a rule for names that begin with `rule` touches some of ours.
  [[nodiscard]] bool touches(const std::string& rule) const {
    const std::string& prefix = client_.options().prefix;
    const std::string ours = prefix.empty() ? "" : prefix + "/";
    return ours.starts_with(rule) || rule.starts_with(ours);
  }

  void lifecycle() {
    told_ = true;
    const auto body = setting("lifecycle", {"NoSuchLifecycleConfiguration"});
    bool aborts = false;
    bool harmless = true;
    for (const LifecycleRule& rule : body ? parse_lifecycle(*body) : std::vector<LifecycleRule>{}) {
      if (!touches(rule.prefix)) continue;
      aborts = aborts || rule.aborts_uploads;
      if (rule.expires) {
        harmless = false;
        add(rule.narrowed ? Severity::warning : Severity::failure,
            "rule " + named(rule) + " removes objects by their age: snapshots would lose their data",
            command("get-bucket-lifecycle-configuration"));
      }
      if (rule.archives) {
        harmless = false;
        add(Severity::warning,
            "rule " + named(rule) + " moves objects to an archive, from where they cannot be read at once",
            command("get-bucket-lifecycle-configuration"));
      }
    }
    if (harmless && told_) add(Severity::ok, "no rule removes or archives the repository's objects");
    if (!aborts && told_) {
      add(Severity::note, "no rule removes uploads that were never completed (AbortIncompleteMultipartUpload)",
          command("list-multipart-uploads"));
    }
  }

  static std::string named(const LifecycleRule& rule) {
    return rule.id.empty() ? "without a name" : "'" + rule.id + "'";
  }

  void versioning() {
    told_ = true;
    const auto body = setting("versioning", {});
    if (!told_) return;
    const std::string status = body ? parse_versioning(*body) : "";
    if (status == "Enabled") {
      add(Severity::note, "versions are kept: what prune removes takes space until a rule removes old versions",
          command("get-bucket-lifecycle-configuration"));
    } else {
      add(Severity::ok, "removed objects are gone and give their space back");
    }
  }

  void object_lock() {
    told_ = true;
    const auto body = setting("object-lock", {"ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration",
                                              "InvalidRequest", "InvalidBucketState"});
    if (!told_) return;
    const ObjectLockAnswer lock = body ? parse_object_lock(*body) : ObjectLockAnswer{};
    const bool wanted = client_.options().object_lock != S3ObjectLock::none;
    if (lock.enabled && !lock.default_mode.empty()) {
      add(Severity::note, "every new object is locked (" + lock.default_mode + ", " + lock.default_time +
                              "): also the short-lived ones, which prune cannot take until then");
    } else if (lock.enabled) {
      add(Severity::ok, wanted ? "objects are locked as the repository's URL asks" : "locks are possible and not used");
    } else if (wanted) {
      add(Severity::failure,
          "the URL asks for object_lock and the bucket has none; it is given to a bucket when it is made",
          command("get-object-lock-configuration"));
    } else {
      add(Severity::ok, "the bucket locks no objects");
    }
  }

  void uploads() {
    told_ = true;
    const std::string& prefix = client_.options().prefix;
    const Request request{.query = {{"uploads", ""}, {"prefix", prefix.empty() ? "" : prefix + "/"}},
                          .max_answer = kMaxAnswer};
    const HttpResponse response = client_.send(request, context_);
    if (response.status == 501 || response.status == 405)
      return add(Severity::note, "the store does not tell (uploads)");
    if (response.status != 200) throw client_.failure(response, {"list unfinished uploads", ""});
    const auto left = parse_uploads(response.body);
    if (left.empty()) return add(Severity::ok, "no upload was left unfinished");
    add(Severity::warning,
        std::to_string(left.size()) + " unfinished uploads take space, the first begun " + left.front().begun,
        command("abort-multipart-upload") + " --key '" + left.front().key + "' --upload-id '" + left.front().id + "'");
  }

  void clock() {
    const std::int64_t ahead = client_.clock_difference().count();
    const std::int64_t skew = std::abs(ahead);
    const std::string words = "this machine's clock is " + std::to_string(skew) + " s " +
                              (ahead > 0 ? "behind" : "ahead of") + " the store's";
    if (skew >= kFailSkew) {
      add(Severity::failure, words + ": requests are refused", "timedatectl status");
    } else if (skew >= kWarnSkew) {
      add(Severity::warning, words, "timedatectl status");
    } else {
      add(Severity::ok, "this machine's clock agrees with the store's");
    }
  }

  Client& client_;
  const Context& context_;
  std::string check_;
  bool told_ = true;     ///< the store knew the question
  bool silent_ = false;  ///< it did not answer at all
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> examine_bucket(Client& client, const Context& context) {
  return Examination(client, context).run();
}

}  // namespace dbsnap::s3
