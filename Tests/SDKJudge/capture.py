"""A server on loopback that keeps the requests it gets and refuses each of them."""
import http.server
import json
import threading

# Not copied from one request to the next: what the program and its connection are, not what is asked.
IGNORED_HEADERS = {
    "accept-encoding": "we ask for no compression, so that the recorded body is what was sent",
    "connection": "a matter of the connection",
    "content-length": "follows from the body",
    "host": "follows from the URL",
    "user-agent": "names the program",
    "x-goog-api-client": "names the program",
}
IGNORED_PREFIXES = {"x-stainless-": "statistics of the SDK"}


def is_ignored(header: str) -> bool:
    return header in IGNORED_HEADERS or any(header.startswith(prefix) for prefix in IGNORED_PREFIXES)


def matters(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items() if not is_ignored(name.lower())}


class CapturingServer:
    """The requests that come while it is open, in order; 127.0.0.1 only."""

    def __enter__(self) -> "CapturingServer":
        captured = self.captured = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                captured.append({
                    "method": "POST", "path": self.path, "headers": matters(dict(self.headers)),
                    "body": json.loads(body),
                })
                self.send_response(418)
                self.send_header("content-type", "application/json")
                self.send_header("x-should-retry", "false")
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *arguments) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
