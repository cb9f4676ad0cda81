// The XML that an S3 store answers with, decoded. Pure: text in, values out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dbsnap/bytes.hpp"
#include "dbsnap/sinks/s3.hpp"

namespace dbsnap::s3 {

/// What <Error> says; members that it lacks are empty.
struct ErrorAnswer {
  std::string code;
  std::string message;
  std::string region;
  std::string request_id;
};
/// Nothing when `body` is no <Error>. Space in front of the document is allowed: stores send it to keep a call alive.
std::optional<ErrorAnswer> parse_error(ByteView body);

struct ListedObject {
  std::string key;
  std::uint64_t size = 0;
  bool operator==(const ListedObject&) const = default;
};

/// A page of ListObjects, of either version.
struct ListPage {
  std::vector<ListedObject> objects;
  bool truncated = false;
  bool is_version_1 = false;  ///< the answer to a request for version 2 may still be one of version 1
  std::string next;           ///< token (version 2) or marker (version 1) to go on with; set when truncated
  bool operator==(const ListPage&) const = default;
};
// Each of these throws Error{damaged} when the body is not the document that it should be.

/// A page that says nothing about whether it is the last one is damaged, as is a truncated one that does not say how to
/// go on: the end of a listing is never guessed.
ListPage parse_list_page(ByteView body);

/// Id of a multipart upload that was begun.
std::string parse_upload_id(ByteView body);
/// Requires the answer to CompleteMultipartUpload to be one: an <ETag> in its result.
void require_completed(ByteView body);

/// Keys that DeleteObjects could not remove, with the reasons; the body may be an empty result.
struct RemovalFailure {
  std::string key;
  ErrorAnswer error;
};
std::vector<RemovalFailure> parse_removal(ByteView body);

/// What is left of uploads that nobody completed.
struct UnfinishedUpload {
  std::string key;
  std::string id;
  std::string begun;  ///< RFC 3339
};
std::vector<UnfinishedUpload> parse_uploads(ByteView body);

/// A lifecycle rule that is switched on, as far as it touches what is stored.
struct LifecycleRule {
  std::string id;
  std::string prefix;
  bool narrowed = false;        ///< it applies only to objects with certain tags or sizes
  bool expires = false;         ///< it removes current objects
  bool archives = false;        ///< it moves objects to a class that must be thawed before it is read
  bool aborts_uploads = false;  ///< it removes unfinished uploads
};
std::vector<LifecycleRule> parse_lifecycle(ByteView body);

/// "Enabled", "Suspended" or empty: never switched on.
std::string parse_versioning(ByteView body);

struct ObjectLockAnswer {
  bool enabled = false;
  std::string default_mode;  ///< "GOVERNANCE", "COMPLIANCE" or empty
  std::string default_time;  ///< "30 days" or "1 years"
};
ObjectLockAnswer parse_object_lock(ByteView body);

/// Temporary credentials in an answer of the token service.
S3Credentials parse_role_credentials(ByteView body);

}  // namespace dbsnap::s3
