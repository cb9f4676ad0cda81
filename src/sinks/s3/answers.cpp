#include "sinks/s3/answers.hpp"

#include <algorithm>
#include <charconv>
#include <pugixml.hpp>
#include <string_view>

#include "base/percent.hpp"
#include "base/time_text.hpp"
#include "dbsnap/error.hpp"

namespace dbsnap::s3 {
namespace {

bool is_space(std::byte b) {
  return b == std::byte{' '} || b == std::byte{'\t'} || b == std::byte{'\r'} || b == std::byte{'\n'};
}

ByteView without_leading_space(ByteView body) {
  const auto start = std::ranges::find_if_not(body, is_space);
  return body.subspan(static_cast<std::size_t>(start - body.begin()));
}

/// Name without a namespace's prefix.
std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const auto colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

Error damaged(std::string_view what) {
  return Error(ErrorCode::damaged, "the store's answer is no " + std::string(what)).retryable();
}

/// A parsed answer whose root has the expected name.
class Document {
 public:
  Document(ByteView body, std::string_view root_name) : root_name_(root_name) {
    const ByteView text = without_leading_space(body);
    const auto result = document_.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8);
    root_ = document_.document_element();
    if (!result || local_name(root_) != root_name) throw damaged(root_name);
  }
  [[nodiscard]] pugi::xml_node root() const { return root_; }

  /// Text of a member that must be there.
  [[nodiscard]] std::string required(const char* name) const {
    const pugi::xml_node node = root_.child(name);
    if (!node) throw damaged("whole " + root_name_);
    return node.child_value();
  }

 private:
  std::string root_name_;
  pugi::xml_document document_;
  pugi::xml_node root_;
};

std::uint64_t number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || status != std::errc() || end != text.data() + text.size()) throw damaged("list of sizes");
  return value;
}

/// What `encoding-type=url` did: %XX, and '+' for a space.
std::string url_decoded(std::string text) {
  std::ranges::replace(text, '+', ' ');
  auto decoded = percent_decode(text);
  if (!decoded) throw damaged("list of encoded keys");
  return std::move(*decoded);
}

ErrorAnswer error_of(const pugi::xml_node& node) {
  ErrorAnswer answer{node.child_value("Code"), node.child_value("Message"), node.child_value("Region"),
                     node.child_value("RequestId")};
  return answer;
}

}  // namespace

std::optional<ErrorAnswer> parse_error(ByteView body) {
  const ByteView text = without_leading_space(body);
  pugi::xml_document document;
  if (!document.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8)) return std::nullopt;
  const pugi::xml_node root = document.document_element();
  if (local_name(root) == "Error") return error_of(root);
  // Query services (STS) wrap it.
  if (local_name(root) == "ErrorResponse") return error_of(root.child("Error"));
  return std::nullopt;
}

ListPage parse_list_page(ByteView body) {
  const Document document(body, "ListBucketResult");
  const pugi::xml_node root = document.root();
  const bool encoded = std::string_view(root.child_value("EncodingType")) == "url";
  const auto key_of = [&](const char* text) { return encoded ? url_decoded(text) : std::string(text); };
  ListPage page;
  const std::string truncated = document.required("IsTruncated");
  if (truncated != "true" && truncated != "false") throw damaged("whole ListBucketResult");
  page.truncated = truncated == "true";
  for (const pugi::xml_node& node : root.children("Contents")) {
    ListedObject object{key_of(node.child_value("Key")), number_of(node.child_value("Size"))};
    if (object.key.empty()) throw damaged("list of keys");
    page.objects.push_back(std::move(object));
  }
  page.next = root.child_value("NextContinuationToken");
  page.is_version_1 = page.next.empty() && !root.child("KeyCount") && root.child("Marker");
  if (page.is_version_1 && page.truncated) {
    page.next = key_of(root.child_value("NextMarker"));
    if (page.next.empty() && !page.objects.empty()) page.next = page.objects.back().key;
  }
  if (page.truncated && page.next.empty()) throw damaged("list that says how it goes on");
  if (!page.truncated) page.next.clear();
  return page;
}

std::string parse_upload_id(ByteView body) {
  std::string id = Document(body, "InitiateMultipartUploadResult").required("UploadId");
  if (id.empty()) throw damaged("upload id");
  return id;
}

void require_completed(ByteView body) {
  // Its text may be empty (Ceph); a failure has no such member.
  (void)Document(body, "CompleteMultipartUploadResult").required("ETag");
}

std::vector<RemovalFailure> parse_removal(ByteView body) {
  const Document document(body, "DeleteResult");
  std::vector<RemovalFailure> failures;
  for (const pugi::xml_node& node : document.root().children("Error")) {
    failures.push_back({node.child_value("Key"), error_of(node)});
  }
  return failures;
}

std::vector<UnfinishedUpload> parse_uploads(ByteView body) {
  const Document document(body, "ListMultipartUploadsResult");
  std::vector<UnfinishedUpload> uploads;
  for (const pugi::xml_node& node : document.root().children("Upload")) {
    uploads.push_back({node.child_value("Key"), node.child_value("UploadId"), node.child_value("Initiated")});
  }
  return uploads;
}

std::vector<LifecycleRule> parse_lifecycle(ByteView body) {
  const Document document(body, "LifecycleConfiguration");
  std::vector<LifecycleRule> rules;
  for (const pugi::xml_node& node : document.root().children("Rule")) {
    if (std::string_view(node.child_value("Status")) != "Enabled") continue;
    const pugi::xml_node filter = node.child("Filter");
    const pugi::xml_node joined = filter.child("And");
    LifecycleRule rule{.id = node.child_value("ID"), .prefix = node.child_value("Prefix")};
    if (rule.prefix.empty()) rule.prefix = filter.child_value("Prefix");
    if (rule.prefix.empty()) rule.prefix = joined.child_value("Prefix");
    for (const pugi::xml_node& part : {filter, joined}) {
      rule.narrowed =
          rule.narrowed || part.child("Tag") || part.child("ObjectSizeGreaterThan") || part.child("ObjectSizeLessThan");
    }
    const pugi::xml_node expiration = node.child("Expiration");
    rule.expires = expiration.child("Days") || expiration.child("Date");
    for (const pugi::xml_node& transition : node.children("Transition")) {
      const std::string_view storage_class = transition.child_value("StorageClass");
      rule.archives = rule.archives || storage_class == "GLACIER" || storage_class == "DEEP_ARCHIVE";
    }
    rule.aborts_uploads = !node.child("AbortIncompleteMultipartUpload").empty();
    rules.push_back(std::move(rule));
  }
  return rules;
}

std::string parse_versioning(ByteView body) {
  return Document(body, "VersioningConfiguration").root().child_value("Status");
}

ObjectLockAnswer parse_object_lock(ByteView body) {
  const Document document(body, "ObjectLockConfiguration");
  const pugi::xml_node root = document.root();
  const pugi::xml_node retention = root.child("Rule").child("DefaultRetention");
  ObjectLockAnswer answer;
  answer.enabled = std::string_view(root.child_value("ObjectLockEnabled")) == "Enabled";
  answer.default_mode = retention.child_value("Mode");
  for (const char* unit : {"Days", "Years"}) {
    if (!retention.child(unit)) continue;
    answer.default_time = std::string(retention.child_value(unit)) + (unit[0] == 'D' ? " days" : " years");
  }
  return answer;
}

S3Credentials parse_role_credentials(ByteView body) {
  const ByteView text = without_leading_space(body);
  pugi::xml_document document;
  const auto result = document.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8);
  const pugi::xml_node found =
      document.find_node([](const pugi::xml_node& node) { return std::string_view(node.name()) == "Credentials"; });
  S3Credentials credentials{found.child_value("AccessKeyId"), found.child_value("SecretAccessKey"),
                            found.child_value("SessionToken"), time_from_text(found.child_value("Expiration"))};
  if (!result || credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    throw damaged("set of credentials");
  }
  return credentials;
}

}  // namespace dbsnap::s3
