"""Buckets in memory, and what S3 does with them; every call gives (status, headers, body)."""

import base64
import bisect
import hashlib
import re
import threading
import time
import urllib.parse
import uuid
from xml.sax.saxutils import escape

from s3_signature import Refused

XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
SMALLEST_PART = 5 * 1024 * 1024


def document(root, inner):
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {XMLNS}>{inner}</{root}>'.encode()


def iso_time(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


class Object:
    def __init__(self, data, headers, etag=None):
        self.data, self.time = data, time.time()
        self.etag = etag or hashlib.md5(data).hexdigest()
        dropped = ("x-amz-date", "x-amz-content-sha256", "x-amz-security-token")
        self.headers = {
            name: value for name, value in headers.items() if name.startswith("x-amz-") and name not in dropped
        }


class Upload:
    def __init__(self, key, headers):
        self.key, self.headers, self.parts, self.time = key, headers, {}, time.time()


class Bucket:
    def __init__(self):
        self.lock = threading.Lock()
        self.objects, self.uploads, self.settings = {}, {}, {}


class Store:
    """`mode` is shared with the server, which lets a test change it at any time."""

    def __init__(self, mode):
        self.mode, self.buckets = mode, {}

    def call(self, method, bucket, key, query, headers, body):
        if not bucket:
            raise Refused(400, "InvalidRequest", "no bucket")
        if not key and method == "PUT" and not query:
            self.buckets.setdefault(bucket, Bucket())
            return 200, {}, b""
        if bucket not in self.buckets:
            raise Refused(404, "NoSuchBucket", "The specified bucket does not exist")
        target = self.buckets[bucket]
        if not key:
            return self.bucket_call(method, target, query, body)
        for name, call in (("uploads", self.begin), ("uploadId", self.upload_call)):
            if name in query:
                return call(method, target, key, query, headers, body)
        calls = {"PUT": self.put, "GET": self.get, "HEAD": self.get, "DELETE": self.delete}
        if method not in calls:
            raise Refused(405, "MethodNotAllowed")
        return calls[method](target, key, headers, body)

    # --- the bucket itself

    def bucket_call(self, method, bucket, query, body):
        if method == "POST" and "delete" in query:
            return self.delete_objects(bucket, body)
        if method == "HEAD":
            return 200, {}, b""
        if method == "GET" and "uploads" in query:
            return self.list_uploads(bucket, query)
        for name, code in (
            ("lifecycle", "NoSuchLifecycleConfiguration"),
            ("object-lock", "ObjectLockConfigurationNotFoundError"),
            ("versioning", ""),
        ):
            if name in query:
                if method == "PUT":
                    bucket.settings[name] = body
                    return 200, {}, b""
                if name in bucket.settings:
                    return 200, {}, bucket.settings[name]
                if code:
                    raise Refused(404, code, f"{name} is not set")
                return 200, {}, document("VersioningConfiguration", "")
        if method == "GET":
            return self.list(bucket, query)
        raise Refused(405, "MethodNotAllowed")

    def delete_objects(self, bucket, body):
        if not self.mode["delete_objects"]:
            raise Refused(501, "NotImplemented", "A header you provided implies functionality that is not implemented.")
        failures = ""
        for key in re.findall(r"<Key>([^<]*)</Key>", body.decode()):
            if any(key.endswith(name) for name in self.mode["undeletable"]):
                failures += f"<Error><Key>{escape(key)}</Key><Code>AccessDenied</Code><Message>locked</Message></Error>"
                continue
            with bucket.lock:
                bucket.objects.pop(key, None)
        return 200, {}, document("DeleteResult", failures)

    def list(self, bucket, query):
        second = query.get("list-type") == "2" and self.mode["list_version"] == 2
        if query.get("list-type") == "2" and self.mode["list_version"] == -1:
            raise Refused(501, "NotImplemented", "ListObjectsV2")
        prefix, size = query.get("prefix", ""), min(int(query.get("max-keys", 1000)), self.mode["page_size"])
        after = query.get("marker", "")
        if second and query.get("continuation-token"):
            after = base64.b64decode(query["continuation-token"]).decode()
        with bucket.lock:
            keys = sorted(key for key in bucket.objects if key.startswith(prefix))
            start = bisect.bisect_right(keys, after) if after else 0
            page = keys[start : start + size]
            objects = [(key, bucket.objects[key]) for key in page]
        truncated = start + size < len(keys)
        url = query.get("encoding-type") == "url"
        shown = (lambda text: urllib.parse.quote_plus(text, safe="/")) if url else escape
        inner = f"<Name>b</Name><Prefix>{shown(prefix)}</Prefix><MaxKeys>{size}</MaxKeys>"
        inner += "<EncodingType>url</EncodingType>" if url else ""
        inner += f"<IsTruncated>{str(truncated).lower()}</IsTruncated>"
        if second:
            inner += f"<KeyCount>{len(page)}</KeyCount>"
            if truncated:
                token = base64.b64encode(page[-1].encode()).decode()
                inner += f"<NextContinuationToken>{token}</NextContinuationToken>"
        else:
            inner += f"<Marker>{shown(after)}</Marker>"
        for key, item in objects:
            inner += (
                f"<Contents><Key>{shown(key)}</Key><LastModified>{iso_time(item.time)}</LastModified>"
                f'<ETag>"{item.etag}"</ETag><Size>{len(item.data)}</Size></Contents>'
            )
        return 200, {}, document("ListBucketResult", inner)

    def list_uploads(self, bucket, query):
        inner = "<IsTruncated>false</IsTruncated>"
        for number, upload in bucket.uploads.items():
            if upload.key.startswith(query.get("prefix", "")):
                inner += (
                    f"<Upload><Key>{escape(upload.key)}</Key><UploadId>{number}</UploadId>"
                    f"<Initiated>{iso_time(upload.time)}</Initiated></Upload>"
                )
        return 200, {}, document("ListMultipartUploadsResult", inner)

    # --- single objects

    def put(self, bucket, key, headers, body):
        condition = headers.get("if-none-match")
        if condition and self.mode["conditional"] == "refuse":
            raise Refused(501, "NotImplemented", "A header you provided implies functionality that is not implemented.")
        if self.mode["quota"] is not None:
            used = sum(len(item.data) for item in bucket.objects.values())
            if used + len(body) > self.mode["quota"]:
                raise Refused(403, "QuotaExceeded", "the bucket's quota is used up")
        if headers.get("x-amz-server-side-encryption") == "aws:kms" and not self.mode["kms"]:
            raise Refused(400, "InvalidArgument", "no KMS here")
        item = Object(body, headers)
        with bucket.lock:
            if condition and self.mode["conditional"] == "honour" and key in bucket.objects:
                raise Refused(412, "PreconditionFailed", "At least one of the preconditions did not hold.")
            bucket.objects[key] = item
        return 200, {"ETag": f'"{item.etag}"'}, b""

    def get(self, bucket, key, headers, _body):
        with bucket.lock:
            item = bucket.objects.get(key)
        if item is None:
            raise Refused(404, "NoSuchKey", "The specified key does not exist.")
        answer = {"ETag": f'"{item.etag}"', "Accept-Ranges": "bytes", **item.headers}
        if headers.get("x-amz-checksum-mode") != "ENABLED":
            answer.pop("x-amz-checksum-sha256", None)
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("range", ""))
        if not span or self.mode["ignore_range"]:
            return 200, answer, item.data
        first, last = int(span[1]), int(span[2]) if span[2] else len(item.data) - 1
        last = min(last, len(item.data) - 1)
        if first >= len(item.data):
            raise Refused(416, "InvalidRange", "The requested range is not satisfiable")
        answer["Content-Range"] = f"bytes {first}-{last}/{len(item.data)}"
        return 206, answer, item.data[first : last + 1]

    def delete(self, bucket, key, _headers, _body):
        if any(key.endswith(name) for name in self.mode["undeletable"]):
            raise Refused(403, "AccessDenied", "locked")
        with bucket.lock:
            bucket.objects.pop(key, None)
        return 204, {}, b""

    # --- uploads in parts

    def begin(self, method, bucket, key, _query, headers, _body):
        if method != "POST":
            raise Refused(405, "MethodNotAllowed")
        number = uuid.uuid4().hex + "+/="  # as opaque as real ones
        with bucket.lock:
            bucket.uploads[number] = Upload(key, headers)
        inner = f"<Bucket>b</Bucket><Key>{escape(key)}</Key><UploadId>{number}</UploadId>"
        return 200, {}, document("InitiateMultipartUploadResult", inner)

    def upload_call(self, method, bucket, key, query, _headers, body):
        with bucket.lock:
            upload = bucket.uploads.get(query["uploadId"])
            if upload is None or upload.key != key:
                raise Refused(404, "NoSuchUpload", "The specified upload does not exist.")
            if method == "DELETE":
                del bucket.uploads[query["uploadId"]]
                return 204, {}, b""
            if method == "PUT":
                upload.parts[int(query["partNumber"])] = body
                return 200, {"ETag": f'"{hashlib.md5(body).hexdigest()}"'}, b""
            return self.complete(bucket, upload, query, body.decode())

    def complete(self, bucket, upload, query, text):
        named = re.findall(r"<PartNumber>(\d+)</PartNumber><ETag>([^<]*)</ETag>", text)
        pieces = [upload.parts.get(int(number), b"") for number, _ in named]
        tags = [f'"{hashlib.md5(piece).hexdigest()}"' for piece in pieces]
        if not named or tags != [tag.replace("&quot;", '"') for _, tag in named]:
            raise Refused(400, "InvalidPart", "One or more of the specified parts could not be found.")
        if any(len(piece) < SMALLEST_PART for piece in pieces[:-1]):
            raise Refused(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
        joined = hashlib.md5(b"".join(hashlib.md5(piece).digest() for piece in pieces)).hexdigest()
        item = Object(b"".join(pieces), upload.headers, f"{joined}-{len(pieces)}")
        bucket.objects[upload.key] = item
        del bucket.uploads[query["uploadId"]]
        inner = f"<Key>{escape(upload.key)}</Key><ETag>&quot;{item.etag}&quot;</ETag>"
        return 200, {}, document("CompleteMultipartUploadResult", inner)
