"""An engine that speaks OpenAI's API without a model: what it says and how fast is up to the case."""

import http.server
import json
import threading
import time


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        engine = self.server.engine
        with engine.lock:
            engine.requests.append({"path": self.path, "headers": dict(self.headers), "body": asked})
        usage = {"prompt_tokens": 5, "completion_tokens": engine.words, "total_tokens": 5 + engine.words}
        if asked.get("stream"):
            return self._stream(engine, asked, usage)
        message = {"role": "assistant", "content": "Ahoy! " * engine.words}
        self._send(200, {"id": "x", "object": "chat.completion", "created": 1, "model": asked["model"],
                         "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                         "usage": usage})

    def _send(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, engine, asked, usage):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        base = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": asked["model"]}
        for word in range(engine.words):
            if word == engine.dies_after:
                self.close_connection = True
                return
            self._event({**base, "choices": [{"index": 0, "delta": {"content": f"{word} "},
                                              "finish_reason": None}]})
            time.sleep(engine.pause)
        if (asked.get("stream_options") or {}).get("include_usage"):
            self._event({**base, "choices": [], "usage": usage})
        self._chunk(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, body):
        self._chunk(b"data: " + json.dumps(body).encode() + b"\n\n")

    def _chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        """A client that goes away is what cases are about."""


class FakeEngine:
    """Answers with `words` words, `pause` seconds apart; a stream dies before word `dies_after`."""

    def __init__(self, words=3, pause=0.0, dies_after=None):
        self.words, self.pause, self.dies_after = words, pause, dies_after
        self.requests, self.lock = [], threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.engine = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def address(self):
        return "127.0.0.1:%d" % self._server.server_address[1]

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
