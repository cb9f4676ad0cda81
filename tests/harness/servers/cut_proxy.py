"""A network that fails: forwards TCP connections and cuts each one after the number of bytes it is given."""

import socket
import threading


class CutProxy:
    """Forwards to a port of loopback. `budget()` gives the bytes that may pass, both ways together, on the next
    connection before both ends are reset; None for no limit."""

    def __init__(self, port, budget=lambda: None):
        self.target, self.budget, self.cuts = port, budget, 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            pair = Pair(client, server, self.budget(), self)
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=pair.forward, args=(source, sink), daemon=True).start()

    def close(self):
        self.listener.close()


class Pair:
    def __init__(self, client, server, budget, proxy):
        self.ends, self.left, self.proxy, self.lock = (client, server), budget, proxy, threading.Lock()

    def take(self, data):
        """The part of `data` that may still pass."""
        with self.lock:
            if self.left is None:
                return data
            part = data[: self.left]
            self.left -= len(part)
            return part

    def forward(self, source, sink):
        try:
            while data := source.recv(65536):
                part = self.take(data)
                sink.sendall(part)
                if len(part) < len(data):
                    self.cut()
                    return
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            self.close()

    def cut(self):
        with self.proxy.lock:
            self.proxy.cuts += 1
        self.close()

    def close(self):
        for end in self.ends:
            try:
                # Reset, not a polite end.
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()
