"""The services that hand out temporary credentials: token service, container, machine. Below `/-/` of the S3 server."""

import json
import time
import urllib.parse


def expiry(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


class CredentialServices:
    """Each answer brings keys that were never given before; `issued` is added to the keys the store knows."""

    def __init__(self, mode):
        self.mode, self.count, self.seen = mode, 0, []

    def issue(self, kind):
        self.count += 1
        key = {"secret": f"issued-secret-{self.count}", "token": f"issued-token/{self.count}+=="}
        self.mode["keys"][f"ISSUED{self.count}"] = key
        return f"ISSUED{self.count}", key, expiry(self.mode["lifetime_s"])

    def call(self, method, path, headers, body):
        """(status, body) for a path below `/-/`, or None when it is none of these services'."""
        if path == "/-/sts/" and method == "POST":
            return self.token_service(headers, dict(urllib.parse.parse_qsl(body.decode())))
        if path == "/-/container" and method == "GET":
            self.seen.append({"service": "container", "authorization": headers.get("authorization", "")})
            if headers.get("authorization") != self.mode["container_token"]:
                return 401, b'{"Message": "not allowed"}'
            return 200, self.json_credentials("container")
        if path == "/-/imds/latest/api/token" and method == "PUT":
            lifetime = headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
            return (200, b"session-of-version-2") if lifetime.isdigit() else (400, b"")
        if path.startswith("/-/imds/"):
            if headers.get("x-aws-ec2-metadata-token") != "session-of-version-2":
                return 401, b""
            name = path.removeprefix("/-/imds/latest/meta-data/iam/security-credentials/")
            return (200, b"backup-role") if not name else (200, self.json_credentials("machine"))
        return None

    def json_credentials(self, kind):
        name, key, expires = self.issue(kind)
        answer = {"AccessKeyId": name, "SecretAccessKey": key["secret"], "Token": key["token"], "Expiration": expires}
        return json.dumps({"Code": "Success", **answer}).encode()

    def token_service(self, headers, form):
        self.seen.append({"service": "sts", **form, "signed": "authorization" in headers})
        if form.get("Action") == "AssumeRoleWithWebIdentity" and form.get("WebIdentityToken") != self.mode["web_token"]:
            error = "<Error><Code>InvalidIdentityToken</Code><Message>no such token</Message></Error>"
            return 400, f"<ErrorResponse>{error}</ErrorResponse>".encode()
        name, key, expires = self.issue("sts")
        action = form["Action"]
        inner = (
            f"<Credentials><AccessKeyId>{name}</AccessKeyId><SecretAccessKey>{key['secret']}</SecretAccessKey>"
            f"<SessionToken>{key['token']}</SessionToken><Expiration>{expires}</Expiration></Credentials>"
        )
        return 200, f"<{action}Response><{action}Result>{inner}</{action}Result></{action}Response>".encode()
