#!/usr/bin/env python3
"""An SFTP server that is not OpenSSH's and takes a password: `user` with the password `open sesame`.

sshd checks passwords against the machine's own accounts, which a test must not touch. With --ask it takes the password
only as the answer to a question, as servers behind PAM do. It prints one line of JSON and stops when its standard input
is closed.
"""

import argparse
import asyncio
import json
import pathlib
import shutil
import sys
import tempfile

import asyncssh

USER, PASSWORD = "user", "open sesame"


def server_class(asks):
    class Server(asyncssh.SSHServer):
        def begin_auth(self, username):
            return True

        def public_key_auth_supported(self):
            return False

        def password_auth_supported(self):
            return not asks

        def validate_password(self, username, password):
            return (username, password) == (USER, PASSWORD)

        def kbdint_auth_supported(self):
            return asks

        def get_kbdint_challenge(self, username, lang, submethods):
            return "", "", "", [("Password: ", False)]

        def validate_kbdint_response(self, username, responses):
            return username == USER and list(responses) == [PASSWORD]

    return Server


async def serve(folder, asks):
    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen(
        "127.0.0.1", 0, server_factory=server_class(asks), server_host_keys=[key], sftp_factory=True
    )
    port = server.sockets[0].getsockname()[1]
    known_hosts = folder / "known_hosts"
    known_hosts.write_text(f"[127.0.0.1]:{port} {key.export_public_key().decode()}", encoding="ascii")
    facts = {"host": "127.0.0.1", "port": port, "user": USER, "password": PASSWORD, "known_hosts": str(known_hosts)}
    print(json.dumps(facts), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ask", action="store_true", help="take the password as the answer to a question only")
    args = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dbsnap-sftp-"))
    try:
        asyncio.run(serve(folder, args.ask))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
