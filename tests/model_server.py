"""A model's server for tests, on a real socket: it follows a script, and speaks as OpenAI, Anthropic and Ollama do."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

TOKENS: Final = (700, 100)
"""What it claims that every question and every answer took."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request for an answer."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def system(self) -> str:
        """The instructions."""
        parts = [_text(each["content"]) for each in self._messages if each["role"] in {"system", "developer"}]
        return "\n".join([*parts, *([_text(self.body["system"])] if "system" in self.body else [])])

    @property
    def user(self) -> str:
        """The last text of the user."""
        return next(_text(each["content"]) for each in reversed(self._messages) if each["role"] == "user")

    @property
    def turns(self) -> int:
        """How often the model has spoken already."""
        return sum(each["role"] == "assistant" for each in self._messages)

    @property
    def results(self) -> list[str]:
        """What the tools said."""
        return [_text(each["content"]) for each in self._messages if each["role"] == "tool"]

    @property
    def _messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.body["messages"]
        return found


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the model says: text, or calls of tools, or a failure."""

    text: str = ""
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    status: int = 200
    after_seconds: float = 0.0


Script = Callable[[Asked], Said | str]


@dataclass
class ModelServer:
    """A running server."""

    url: str
    """Its address, without a path."""
    asked: list[Asked] = field(default_factory=list)

    def name(self, provider: str = "openai") -> str:
        """A model there, as the command line has it."""
        return f"{provider}:scripted@{self.url}{'/v1' if provider == 'openai' else ''}"


@contextmanager
def serving(script: Script) -> Iterator[ModelServer]:
    """Answer every request by the script."""
    server: ModelServer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked = Asked(path=self.path, headers=dict(self.headers.items()), body=body)
            server.asked.append(asked)
            said = script(asked)
            said = Said(text=said) if isinstance(said, str) else said
            time.sleep(said.after_seconds)
            if said.status != 200:
                self._send(said.status, {"error": {"message": "scripted", "type": "scripted"}})
            elif self.path.endswith("/v1/messages"):
                self._send(200, _anthropic(said))
            elif self.path.endswith("/api/chat"):
                self._send(200, _ollama(said))
            elif body.get("stream"):
                self._stream(said)
            else:
                self._send(200, _openai(said, asked.turns))

        def _send(self, status: int, answer: Any, kind: str = "application/json") -> None:
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data)))
            self.send_header("connection", "close")  # so that no client keeps a socket that nobody closes
            self.end_headers()
            self.wfile.write(data)

        def _stream(self, said: Said) -> None:
            lines = [f"data: {json.dumps(each)}\n\n" for each in _chunks(said, server.asked[-1].turns)]
            self._send(200, "".join([*lines, "data: [DONE]\n\n"]).encode(), "text/event-stream")

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that went away is no news."""

    listener = Server(("127.0.0.1", 0), Handler)
    server = ModelServer(f"http://127.0.0.1:{listener.server_address[1]}")
    thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join(5)


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return str(content or "")


def _calls(said: Said, turn: int) -> list[dict[str, Any]]:
    return [
        {
            "index": number,
            "id": f"call_{turn}_{number}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(arguments)},
        }
        for number, (name, arguments) in enumerate(said.calls)
    ]


def _openai(said: Said, turn: int) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": said.text or None}
    if said.calls:
        message["tool_calls"] = _calls(said, turn)
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 0,
        "model": "scripted",
        "choices": [
            {"index": 0, "message": message, "finish_reason": "tool_calls" if said.calls else "stop"}
        ],
        "usage": _usage(),
    }


def _usage() -> dict[str, int]:
    asked, answered = TOKENS
    return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}


def _chunks(said: Said, turn: int) -> Iterator[dict[str, Any]]:
    base = {"id": "chatcmpl-scripted", "object": "chat.completion.chunk", "created": 0, "model": "scripted"}
    words = said.text.split(" ") if said.text else []
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": word if not number else f" {word}"} for number, word in enumerate(words)]
    deltas += [{"tool_calls": _calls(said, turn)}] if said.calls else []
    for delta in deltas:
        yield base | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    reason = "tool_calls" if said.calls else "stop"
    yield base | {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}
    yield base | {"choices": [], "usage": _usage()}


def _anthropic(said: Said) -> dict[str, Any]:
    return {
        "id": "msg_scripted",
        "type": "message",
        "role": "assistant",
        "model": "scripted",
        "content": [{"type": "text", "text": said.text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": TOKENS[0], "output_tokens": TOKENS[1]},
    }


def _ollama(said: Said) -> dict[str, Any]:
    return {
        "model": "scripted",
        "created_at": "2026-03-02T00:00:00Z",
        "message": {"role": "assistant", "content": said.text},
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": TOKENS[0],
        "eval_count": TOKENS[1],
    }
