// A bucket of an S3-compatible store as a sink.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "dbsnap/clock.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/export.hpp"
#include "dbsnap/sink.hpp"

namespace dbsnap {

/// What requests are signed with.
struct S3Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;         ///< of temporary credentials; empty otherwise
  std::optional<TimePoint> expires;  ///< when temporary credentials end
};

enum class S3Addressing {
  automatic,     ///< virtual_host on AWS (unless the bucket's name holds a dot), path everywhere else
  path,          ///< https://host/bucket/key
  virtual_host,  ///< https://bucket.host/key
};

enum class S3Payload {
  sha256,         ///< the signature covers the bytes: the store refuses what was changed on the way
  unsigned_body,  ///< it does not; TLS and Content-MD5 protect the bytes. For https only
};

enum class S3Checksums {
  automatic,  ///< on for AWS, off for others, of which some refuse the header
  off,
  on,
};

enum class S3ObjectLock { none, governance, compliance };

struct S3Options {
  std::string bucket;
  std::string prefix;    ///< put before every key, with a '/' between; empty for none
  std::string endpoint;  ///< "https://host[:port]"; empty for AWS itself
  std::string region;    ///< to sign for; empty for "us-east-1" until the store names another one
  S3Addressing addressing = S3Addressing::automatic;
  bool allow_http = false;  ///< an endpoint that begins with "http://" is refused without it
  std::string ca_bundle;    ///< file of trusted certificates; empty for the system's
  std::string proxy;        ///< "http://host:port"; empty for none
  std::string no_proxy;     ///< hosts that are reached without it, joined by ','

  std::string storage_class;  ///< of packs alone: the small objects are read often; empty for the bucket's own
  std::string sse;            ///< server-side encryption: "AES256" or "aws:kms"; empty for the bucket's own
  std::string sse_key;        ///< id of the KMS key for "aws:kms"; empty for the account's own
  S3ObjectLock object_lock = S3ObjectLock::none;
  unsigned object_lock_days = 0;  ///< how long an object is locked from its put on

  S3Payload payload = S3Payload::sha256;
  /// Whether the store is asked to check and keep the SHA-256 of what is put in one piece (x-amz-checksum-sha256), for
  /// verify at level checksums.
  S3Checksums checksums = S3Checksums::automatic;
  unsigned list_version = 0;             ///< ListObjects: 1, 2, or 0 to begin with 2 and fall back to 1
  std::uint64_t part_size = 32U << 20U;  ///< bytes; what is larger goes up in parts of this size. At least 5 MiB
  unsigned parallel = 8;                 ///< calls worth having under way at once
  unsigned timeout_s = 30;               ///< seconds in which no byte moves before a call fails

  /// Keys to sign with. Without them `credentials` is asked: first for any, then again five minutes before they
  /// expire and when the store says that they have. It may be called from any thread, by one at a time.
  S3Credentials keys;
  std::function<S3Credentials(const Context&)> credentials;
};

/// Sink over a bucket. Does not touch the store. Throws Error{invalid_argument} for options that make no sense or name
/// no credentials; open_sink("s3://…") looks for those where other programs for S3 do. Calls are not repeated, apart
/// from one that the store has refused and that succeeds once the region, the clock or the credentials are put right:
/// what else fails says whether it is worth repeating, and open_sink() wraps the sink in what does that.
DBSNAP_API std::shared_ptr<Sink> make_s3_sink(const S3Options& options);

}  // namespace dbsnap
