#!/usr/bin/env python3
"""An S3 store for tests: in memory, checks every signature by itself, and fails in the way it is told to.

    s3_server.py [--certificate FILE --key FILE]      stops when standard input is closed

Tests talk to it beside S3, unsigned, below /-/:
    PUT /-/faults   a list of rules (s3_faults.py)        PUT /-/mode   members of MODE to change
    PUT /-/setting/NAME  a document, such as lifecycle's; empty: none
    GET /-/kept/…   the headers an object was stored with
    PUT /-/reset    the mode as it was at first           GET /-/state  what arrived since, and what is open
"""

import argparse
import base64
import collections
import hashlib
import http.server
import json
import pathlib
import socket
import ssl
import sys
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import s3_signature  # noqa: E402
from credential_services import CredentialServices  # noqa: E402
from s3_faults import Faults  # noqa: E402
from s3_signature import Refused  # noqa: E402
from s3_store import Bucket, Store  # noqa: E402
from serving import announce_and_wait  # noqa: E402

ACCESS_KEY, SECRET_KEY, BUCKET = "TESTKEY", "test/secret+key", "test"
MODE = {
    "conditional": "honour",  # refuse: 501; ignore: as if it were not there
    "list_version": 2,  # 1: answers in version 1 whatever is asked; -1: refuses version 2
    "page_size": 1000,
    "delete_objects": True,
    "undeletable": [],  # ends of keys
    "ignore_range": False,
    "quota": None,  # bytes
    "kms": False,
    "region": "",  # refuses others, in this way: 400 (with a body), 301 (with a header)
    "region_status": 400,
    "clock_ahead_s": 0,
    "keys": {ACCESS_KEY: {"secret": SECRET_KEY}},
    "lifetime_s": 3600,  # of issued credentials
    "web_token": "a web identity",
    "container_token": "a container's token",
}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address):
        super().__init__(address, Handler)
        self.mode = json.loads(json.dumps(MODE))
        self.store, self.faults = Store(self.mode), Faults()
        self.services = CredentialServices(self.mode)
        self.store.buckets[BUCKET] = Bucket()
        self.requests, self.connections, self.lock = [], 0, threading.Lock()

    def handle_error(self, request, client_address):
        """A client that goes away is nothing to write about."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self):
        super().setup()
        with self.server.lock:
            self.server.connections += 1

    def finish(self):
        with self.server.lock:
            self.server.connections -= 1
        try:
            super().finish()
        except OSError:
            pass

    def log_message(self, *_):
        pass

    def answer(self, status, headers, body, cut=None):
        now = time.time() + self.server.mode["clock_ahead_s"]
        lines = [f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}", f"Date: {self.date_time_string(now)}"]
        headers = {"x-amz-request-id": "0123456789ABCDEF", "Content-Length": str(len(body)), **headers}
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.wfile.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        if self.command != "HEAD":
            self.wfile.write(body if cut is None else body[:cut])
        self.wfile.flush()
        if cut is not None:
            self.drop()

    def drop(self):
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def refuse(self, refused):
        headers = {"Content-Type": "application/xml"}
        status = refused.status
        if refused.code == "AuthorizationHeaderMalformed" and refused.extra:
            headers["x-amz-bucket-region"] = self.server.mode["region"]
            status = self.server.mode["region_status"]
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{refused.code}</Code>'
            f"<Message>{escape(refused.message)}</Message>{refused.extra}"
            "<RequestId>0123456789ABCDEF</RequestId></Error>"
        )
        self.answer(status, headers, body.encode())

    def serve(self):
        path, _, raw_query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        if path.startswith("/-/"):
            self.control(path, self.rfile.read(length))
            return
        query = dict(urllib.parse.parse_qsl(raw_query, keep_blank_values=True))
        bucket, _, key = urllib.parse.unquote(path[1:]).partition("/")
        rule = self.server.faults.find(self.command, key, query)
        if rule and rule["do"] == "cut_request":
            self.rfile.read(rule["bytes"])
            self.drop()
            return
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        with self.server.lock:
            self.server.requests.append([self.command, key, sorted(query)])
        self.respond(bucket, key, query, body, rule)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = serve

    def respond(self, bucket, key, query, body, rule):
        do = rule["do"] if rule else ""
        if do == "hang":
            self.wait_for_the_end()
            return
        try:
            if do not in ("answer", "close") or rule.get("effect"):
                status, headers, answer = self.carry_out(bucket, key, query, body)
            if do == "close":
                self.drop()
            elif do == "answer":
                self.answer_as_told(rule)
            else:
                self.answer(status, headers, answer, rule["bytes"] if do == "cut_answer" else None)
        except Refused as refused:
            self.refuse(refused)

    def answer_as_told(self, rule):
        if "body" in rule:
            self.answer(rule.get("status", 200), rule.get("headers", {}), rule["body"].encode())
            return
        headers = {"Content-Type": "application/xml", **rule.get("headers", {})}
        message = f"<Message>{rule.get('message', '')}</Message>"
        body = f"<Error><Code>{rule['code']}</Code>{message}</Error>" if "code" in rule else ""
        self.answer(rule.get("status", 200), headers, body.encode())

    def handle_expect_100(self):
        """A client that asks before it sends a large body: the answer may be no."""
        path, _, raw_query = self.path.partition("?")
        query = dict(urllib.parse.parse_qsl(raw_query, keep_blank_values=True))
        rule = self.server.faults.find_early(self.command, path, query)
        if rule is None:
            return super().handle_expect_100()
        self.answer_as_told(rule)
        self.drop()
        return False

    def wait_for_the_end(self):
        """Until the other side closes its connection."""
        self.close_connection = True
        self.connection.settimeout(120)
        try:
            while self.connection.recv(4096):
                pass
        except OSError:
            pass

    def carry_out(self, bucket, key, query, body):
        headers = {name.lower(): value for name, value in self.headers.items()}
        now = time.time() + self.server.mode["clock_ahead_s"]
        s3_signature.check(
            self.command, self.path, headers, hashlib.sha256(body).hexdigest(), self.server.mode["keys"],
            self.server.mode["region"], now,
        )  # fmt: skip
        if "content-md5" in headers:
            digest = hashlib.md5(body).digest()
            if headers["content-md5"] != base64.b64encode(digest).decode():
                raise Refused(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
        elif self.command == "POST" and "delete" in query:
            raise Refused(400, "InvalidRequest", "Missing required header for this request: Content-Md5")
        if "x-amz-checksum-sha256" in headers:
            digest = hashlib.sha256(body).digest()
            if headers["x-amz-checksum-sha256"] != base64.b64encode(digest).decode():
                raise Refused(400, "BadDigest", "The SHA256 you specified did not match the calculated checksum.")
        return self.server.store.call(self.command, bucket, key, query, headers, body)

    # --- what tests say

    def control(self, path, body):
        server = self.server
        headers = {name.lower(): value for name, value in self.headers.items()}
        issued = server.services.call(self.command, path, headers, body)
        if issued:
            self.answer(issued[0], {}, issued[1])
            return
        if path == "/-/faults":
            server.faults.set(json.loads(body))
        elif path == "/-/mode":
            server.mode.update(json.loads(body))
        elif path.startswith("/-/setting/"):
            name, settings = path.removeprefix("/-/setting/"), server.store.buckets[BUCKET].settings
            settings[name] = body
            if not body:
                del settings[name]
        elif path == "/-/reset":
            with server.lock:
                server.requests.clear()
                server.services.seen.clear()
                server.store.buckets[BUCKET].uploads.clear()
                server.mode.update(json.loads(json.dumps(MODE)))
        answer = b"{}"
        if path == "/-/state":
            with server.lock:
                kinds = collections.Counter(request[0] for request in server.requests)
                uploads = sum(len(bucket.uploads) for bucket in server.store.buckets.values())
                state = {"requests": server.requests, "kinds": kinds, "connections": server.connections - 1}
                answer = json.dumps({**state, "uploads": uploads, "services": server.services.seen}).encode()
        elif path.startswith("/-/kept/"):
            answer = json.dumps(server.store.buckets[BUCKET].objects[path.removeprefix("/-/kept/")].headers).encode()
        self.answer(200, {"Content-Type": "application/json"}, answer)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    arguments = parser.parse_args()
    server = Server(("127.0.0.1", 0))
    scheme = "http"
    if arguments.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.certificate, arguments.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    announce_and_wait(
        endpoint=f"{scheme}://localhost:{port}" if scheme == "https" else f"http://127.0.0.1:{port}",
        port=port,
        access_key=ACCESS_KEY,
        secret_key=SECRET_KEY,
        bucket=BUCKET,
    )


if __name__ == "__main__":
    main()
