"""SSH servers that tests start, and ways to reach them."""

import json
import pathlib
import subprocess
import sys

SERVERS = pathlib.Path(__file__).parents[1] / "harness" / "servers"


class Server:
    """A server on loopback; stops when its standard input is closed."""

    def __init__(self, script, *args):
        command = [sys.executable, str(SERVERS / script), *args]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.facts = json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)


class SshServer(Server):
    """OpenSSH's, which lets in whoever has one of its keys."""

    def __init__(self):
        super().__init__("sshd.py")

    def url(self, folder, **changed):
        parts = {"identity": self.facts["key_ed25519"], "known_hosts": self.facts["known_hosts"], **changed}
        query = "&".join(f"{name}={value}" for name, value in parts.items())
        return f"sftp://{self.facts['user']}@{self.facts['host']}:{self.facts['port']}{folder}?{query}"

    def connections(self):
        """Process ids of what serves connections now."""

        def below(pid):
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            return [found for child in children for found in (*below(child), int(child))]

        return below(self.facts["pid"])
