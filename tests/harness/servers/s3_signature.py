"""Checks AWS Signature Version 4 of a request as a store does: from what arrived, not from what was meant.

Written apart from the signer of dbsnap, so that a fault in one does not hide in the other.
"""

import calendar
import hashlib
import hmac
import time
import urllib.parse

MAX_SKEW_S = 900


class Refused(Exception):
    """A request that is turned away, with status and code of the answer."""

    def __init__(self, status, code, message="", extra=""):
        super().__init__(code)
        self.status, self.code, self.message, self.extra = status, code, message, extra


def encode(text, safe="-_.~"):
    return urllib.parse.quote(text, safe=safe)


def canonical_uri(raw_path):
    return encode(urllib.parse.unquote(raw_path), "/-_.~")


def canonical_query(raw_query):
    pairs = []
    for piece in filter(None, raw_query.split("&")):
        name, _, value = piece.partition("=")
        pairs.append((encode(urllib.parse.unquote(name)), encode(urllib.parse.unquote(value))))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def hmac_sha256(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature(secret, scope, stamp, request):
    key = ("AWS4" + secret).encode()
    for piece in scope.split("/"):
        key = hmac_sha256(key, piece)
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


def parse_authorization(header):
    kind, _, rest = header.partition(" ")
    if kind != "AWS4-HMAC-SHA256":
        raise Refused(403, "AccessDenied", "no signature of version 4")
    fields = dict(piece.strip().partition("=")[::2] for piece in rest.split(","))
    access_key, _, scope = fields["Credential"].partition("/")
    return access_key, scope, fields["SignedHeaders"].split(";"), fields["Signature"]


def check(method, target, headers, body_hash, keys, region, now=None):
    """Raises Refused unless one of `keys` signed the request. `keys`: id -> {secret, token?, expired?}."""
    access_key, scope, signed, given = parse_authorization(headers.get("authorization", ""))
    known = keys.get(access_key)
    if known is None:
        raise Refused(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
    stamp = headers.get("x-amz-date", "")
    payload = headers.get("x-amz-content-sha256", "")
    if not payload:
        raise Refused(400, "InvalidRequest", "x-amz-content-sha256 is missing")
    must = ["host"] + [name for name in headers if name.startswith("x-amz-")]
    must += [name for name in ("content-md5", "content-type") if name in headers]
    if not set(must) <= set(signed) or signed != sorted(signed):
        raise Refused(403, "AccessDenied", "There were headers present in the request which were not signed")
    path, _, query = target.partition("?")
    lines = [f"{name}:{' '.join(headers.get(name, '').split())}" for name in signed]
    request = "\n".join([method, canonical_uri(path), canonical_query(query), *lines, "", ";".join(signed), payload])
    day, signed_region, service, end = scope.split("/")
    if (service, end, day) != ("s3", "aws4_request", stamp[:8]):
        raise Refused(400, "AuthorizationHeaderMalformed", "The scope is wrong.")
    if not hmac.compare_digest(signature(known["secret"], scope, stamp, request), given):
        raise Refused(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")
    if region and signed_region != region:
        raise Refused(400, "AuthorizationHeaderMalformed", f"expecting '{region}'", f"<Region>{region}</Region>")
    signed_at = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
    if abs(signed_at - (now if now is not None else time.time())) > MAX_SKEW_S:
        raise Refused(403, "RequestTimeTooSkewed", "The difference between the request time and the time is too large.")
    if known.get("token", "") != headers.get("x-amz-security-token", ""):
        raise Refused(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
    if known.get("expired"):
        raise Refused(400, "ExpiredToken", "The provided token has expired.")
    if payload not in ("UNSIGNED-PAYLOAD", body_hash):
        raise Refused(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match.")
