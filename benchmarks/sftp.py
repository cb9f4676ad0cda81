"""How fast objects go to an SFTP server and back: dbsnap's sink, libssh's own client, OpenSSH's sftp, and rclone.

    python3 benchmarks/sftp.py --build build/release [--objects 8] [--output FILE]

One sshd on loopback serves all of them, straight and through a relay that delays every byte, as a wide network does.
Each line of the table is the best of three runs that they took in turns.
"""

import argparse
import asyncio
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

SERVER = pathlib.Path(__file__).parents[1] / "tests" / "harness" / "servers" / "sshd.py"
MIB = 1024 * 1024
ROUNDS = 3


class Relay:
    """Passes connections on to a port, every byte `delay_ms` later, in both directions."""

    def __init__(self, port, delay_ms):
        self.target, self.delay = port, delay_ms / 1000
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(ready,), daemon=True)
        self.thread.start()
        ready.wait()

    def run(self, ready):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()

    async def serve(self, reader, writer):
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        await asyncio.gather(self.pass_on(reader, far_writer), self.pass_on(far_reader, writer))

    async def pass_on(self, reader, writer):
        queue = asyncio.Queue()

        async def send():
            while True:
                due, data = await queue.get()
                await asyncio.sleep(max(0.0, due - self.loop.time()))
                if not data:
                    break
                writer.write(data)
                await writer.drain()
            writer.close()

        sender = asyncio.ensure_future(send())
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(256 * 1024):
                queue.put_nowait((self.loop.time() + self.delay, data))
        queue.put_nowait((self.loop.time() + self.delay, b""))
        with contextlib.suppress(ConnectionError):
            await sender


class Server:
    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.facts = json.loads(self.process.stdout.readline())

    def known_hosts(self, folder, port):
        """The server's keys under the port that it is reached by."""
        text = pathlib.Path(self.facts["known_hosts"]).read_text(encoding="ascii")
        path = folder / f"known_hosts-{port}"
        path.write_text(text.replace(f":{self.facts['port']} ", f":{port} "), encoding="ascii")
        return str(path)

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Bench:
    def __init__(self, args, server, folder):
        self.args, self.server, self.folder = args, server, folder
        self.size = args.size_mib * MIB

    def environment(self, port):
        facts = self.server.facts
        return {
            "PATH": os.environ["PATH"],
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "USER": facts["user"],
            "IDENTITY": facts["key_ed25519"],
            "KNOWN_HOSTS": self.server.known_hosts(self.folder, port),
        }

    def timed(self, command, port, **options):
        begin = time.monotonic()
        subprocess.run(command, env=self.environment(port), check=True, stdout=subprocess.DEVNULL, **options)
        return time.monotonic() - begin

    def dbsnap(self, direction, place, port, threads):
        env = self.environment(port)
        url = (f"sftp://{env['USER']}@127.0.0.1:{port}{place}?identity={env['IDENTITY']}"
               f"&known_hosts={env['KNOWN_HOSTS']}&parallel={threads}")  # fmt: skip
        local = self.folder / ("local" if direction == "put" else "got")
        return self.timed([f"{self.args.build}/bin/store-transfer", direction, url, local, str(threads)], port)

    def libssh(self, direction, place, port):
        work = [direction, place, str(self.args.objects), str(self.size)]
        return self.timed([f"{self.args.build}/bin/libssh-transfer", *work], port)

    def openssh(self, direction, place, port):
        """OpenSSH's own client, with -f, which fsyncs each file that it puts."""
        local = self.folder / "local"
        if direction == "put":
            lines = [f"put -f {local}/{n} {place}/{n}" for n in range(self.args.objects)]
        else:
            lines = [f"get {place}/{n} {self.folder}/got/{n}" for n in range(self.args.objects)]
        env = self.environment(port)
        command = ["sftp", "-q", "-b", "-", "-P", str(port), "-i", env["IDENTITY"], "-o", "IdentitiesOnly=yes",
                   "-o", f"UserKnownHostsFile={env['KNOWN_HOSTS']}", "-o", "Ciphers=aes128-gcm@openssh.com",
                   f"{env['USER']}@127.0.0.1"]  # fmt: skip
        return self.timed(command, port, input="\n".join(lines), text=True)

    def rclone(self, direction, place, port):
        """As many connections at once as dbsnap's; it has no fsync."""
        local = self.folder / ("local" if direction == "put" else "got")
        ends = (local, f"store:{place}") if direction == "put" else (f"store:{place}", local)
        env = self.environment(port)
        store = {"TYPE": "sftp", "HOST": env["HOST"], "PORT": env["PORT"], "USER": env["USER"], "KEY_FILE": env["IDENTITY"],
                 "KNOWN_HOSTS_FILE": env["KNOWN_HOSTS"], "SHELL_TYPE": "none", "DISABLE_HASHCHECK": "true"}  # fmt: skip
        settings = [f"RCLONE_CONFIG_STORE_{name}={value}" for name, value in store.items()]
        words = ["rclone", "copy", *map(str, ends), "--config", os.devnull, "--transfers", "4", "--ignore-times"]
        return self.timed(["env", *settings, *words], port, stderr=subprocess.DEVNULL)

    def prepare(self):
        (self.folder / "local").mkdir()
        (self.folder / "got").mkdir()
        for n in range(self.args.objects):
            (self.folder / "local" / str(n)).write_bytes(os.urandom(self.size))

    def round(self, port, times):
        """Every tool once, there and back."""
        tools = {
            "dbsnap, 1 connection": lambda direction, place: self.dbsnap(direction, place, port, 1),
            "dbsnap, 4 connections": lambda direction, place: self.dbsnap(direction, place, port, 4),
            "libssh's client": lambda direction, place: self.libssh(direction, place, port),
            "OpenSSH's sftp": lambda direction, place: self.openssh(direction, place, port),
            "rclone, 4 connections": lambda direction, place: self.rclone(direction, place, port),
        }
        for name, run in tools.items():
            place = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
            for direction in ("put", "get"):
                seconds = run(direction, place)
                times.setdefault((name, direction), []).append(seconds)
                print(f"{name}, {direction}: {seconds:.2f} s", file=sys.stderr, flush=True)
            shutil.rmtree(place)


def table(title, times, volume_mib):
    lines = [f"### {title}", "", "| | put MiB/s | get MiB/s |", "|---|---|---|"]
    for name in dict.fromkeys(name for name, _ in times):
        put, get = (volume_mib / min(times[name, direction]) for direction in ("put", "get"))
        lines.append(f"| {name} | {put:.1f} | {get:.1f} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release", help="folder of a build with DBSNAP_BUILD_BENCHMARKS=ON")
    parser.add_argument("--objects", type=int, default=8)
    parser.add_argument("--size-mib", type=int, default=16)
    parser.add_argument("--delay-ms", type=float, default=10, help="of the relay, one way")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--output", help="file for the tables; else standard output")
    args = parser.parse_args()
    args.build = pathlib.Path(args.build).resolve()
    text = f"{args.objects} objects of {args.size_mib} MiB, every put fsynced; best of {args.rounds}\n\n"
    server = Server()
    try:
        with tempfile.TemporaryDirectory(prefix="dbsnap-sftp-bench-") as folder:
            bench = Bench(args, server, pathlib.Path(folder))
            bench.prepare()
            relay = Relay(server.facts["port"], args.delay_ms)
            for title, port in (
                ("Loopback", server.facts["port"]),
                (f"Round trip of {2 * args.delay_ms:.0f} ms", relay.port),
            ):
                times = {}
                for _ in range(args.rounds):
                    bench.round(port, times)
                text += table(title, times, args.objects * args.size_mib) + "\n"
    finally:
        server.stop()
    if args.output:
        pathlib.Path(args.output).write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
