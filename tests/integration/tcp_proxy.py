"""A proxy on loopback that stops passing bytes, or cuts every connection, when a number of bytes has gone by."""

import contextlib
import socket
import threading

PIECE_BYTES = 16384
WAIT_S = 60


class Proxy:
    """Passes connections on to a server. `limit` counts the bytes in one direction of all connections together.

    At the limit it stalls: nothing more is passed that way until release() or cut(). Direction "down" is from the server
    to the client, "up" the other.
    """

    def __init__(self, port, direction="down", limit=None):
        self.target = ("127.0.0.1", port)
        self.direction, self.limit = direction, limit
        self.passed = 0
        self.stalled, self.may_pass = threading.Event(), threading.Event()
        self.lock = threading.Lock()
        self.pairs, self.threads = [], []
        self.closed = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start(self.accept)

    def start(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def accept(self):
        while not self.closed:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.target)
            except OSError:
                client.close()
                continue
            with self.lock:
                self.pairs.append((client, server))
            self.start(self.pass_on, client, server, "up")
            self.start(self.pass_on, server, client, "down")

    def pass_on(self, source, sink, direction):
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE_BYTES):
                if direction == self.direction:
                    self.await_permission(len(piece))
                sink.sendall(piece)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def await_permission(self, size):
        with self.lock:
            self.passed += size
            over = self.limit is not None and self.passed > self.limit
        if over:
            self.stalled.set()
            self.may_pass.wait(WAIT_S)

    def await_stall(self):
        assert self.stalled.wait(WAIT_S), f"only {self.passed} bytes went by"

    def release(self):
        self.limit = None
        self.may_pass.set()

    def cut(self):
        """Ends every connection at once; new ones work."""
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self.release()

    def close(self):
        self.closed = True
        self.cut()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join(WAIT_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
