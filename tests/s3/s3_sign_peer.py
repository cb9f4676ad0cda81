"""The same signatures by botocore: reads a JSON list of requests, prints the list of their Authorization headers.

Run by Debian's own interpreter, whose package python3-botocore is.
"""

import json
import sys

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def sign(request):
    class At(S3SigV4Auth if request["service"] == "s3" else SigV4Auth):
        """Signs at the time of the request instead of now."""

        def _modify_request_before_signing(self, awsrequest):
            awsrequest.context["timestamp"] = request["time"]
            super()._modify_request_before_signing(awsrequest)

        def add_auth(self, awsrequest):
            awsrequest.context["timestamp"] = request["time"]
            self._modify_request_before_signing(awsrequest)
            canonical = self.canonical_request(awsrequest)
            to_sign = self.string_to_sign(awsrequest, canonical)
            self._inject_signature_to_request(awsrequest, self.signature(to_sign, awsrequest))

        def payload(self, _awsrequest):
            return request["payload_hash"]

    url = f"https://{request['host']}{request['path']}"
    if request["query"]:
        url += "?" + request["query"]
    made = AWSRequest(method=request["method"], url=url, headers=dict(request["headers"]))
    made.headers["host"] = request["host"]
    keys = Credentials(request["access_key"], request["secret"], request["token"] or None)
    At(keys, request["service"], request["region"]).add_auth(made)
    return made.headers["Authorization"]


json.dump([sign(request) for request in json.load(sys.stdin)], sys.stdout)
