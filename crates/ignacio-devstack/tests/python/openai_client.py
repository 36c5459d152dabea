"""Drives the official OpenAI package against the stand-in.

Called with the stand-in's base URL and the URL of its remote control. Every answer is checked
against the package's own types.
"""

import json
import sys
import urllib.request

import openai
from openai import OpenAI

BASE_URL, CONTROL_URL = sys.argv[1:3]
MODEL = "gpt-5-mini"
RENT = "El alquiler del local cuesta 900 euros al mes."

client = OpenAI(
    api_key="sk-test", base_url=BASE_URL, max_retries=0, timeout=20, _strict_response_validation=True
)


def control(method, path, body=None):
    """Uses the remote control."""
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(CONTROL_URL + path, data=data, method=method)
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=20) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def refused(kind, call):
    """The error that a call ends with."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def check_files():
    """Upload, list, look up, download, delete."""
    ids = [
        client.files.create(file=(f"año {n}.txt", b"x" * (n + 1)), purpose="user_data").id
        for n in range(3)
    ]
    listed = client.files.list(limit=2, order="asc", purpose="user_data")
    assert [file.id for file in listed] == ids, "the pages follow each other"
    assert client.files.retrieve(ids[1]).filename == "año 1.txt"
    batch = client.files.create(
        file=("b.jsonl", b"{}\n"),
        purpose="batch",
        expires_after={"anchor": "created_at", "seconds": 3600},
    )
    assert batch.expires_at == batch.created_at + 3600
    assert client.files.content(batch.id).read() == b"{}\n"
    for file_id in [*ids, batch.id]:
        assert client.files.delete(file_id).deleted
    refused(openai.NotFoundError, lambda: client.files.retrieve(ids[0]))
    refused(openai.BadRequestError, lambda: client.files.create(file=("a.txt", b""), purpose="user_data"))


def check_stores():
    """A store with a file in it; its id comes back."""
    store = client.vector_stores.create(
        name="ana", metadata={"env": "test"}, expires_after={"anchor": "last_active_at", "days": 7}
    )
    file = client.vector_stores.files.upload_and_poll(
        vector_store_id=store.id,
        file=("plan.md", RENT.encode()),
        poll_interval_ms=5,
        attributes={"user_id": "ana"},
    )
    assert file.status == "completed", file
    assert [it.id for it in client.vector_stores.files.list(store.id, filter="completed")] == [file.id]
    assert client.vector_stores.retrieve(store.id).file_counts.completed == 1
    assert client.vector_stores.update(store.id, name="ben").name == "ben"
    assert store.id in [it.id for it in client.vector_stores.list()]
    found = client.vector_stores.search(
        store.id, query="alquiler", filters={"type": "eq", "key": "user_id", "value": "ana"}
    )
    assert [it.content[0].text for it in found] == [RENT]
    parts = list(client.vector_stores.files.content(file.id, vector_store_id=store.id))
    assert parts[0].text == RENT
    return store.id


def check_responses(store_id):
    """Responses at once, as a stream, and continued."""
    tools = [{"type": "file_search", "vector_store_ids": [store_id], "max_num_results": 3}]
    request = {"model": MODEL, "input": "¿Cuánto cuesta el alquiler?", "tools": tools}
    response = client.responses.create(**request, include=["file_search_call.results"])
    assert f"«{RENT}»" in response.output_text, response.output_text
    call, message = response.output
    assert call.results[0].text == RENT
    citation = message.content[0].annotations[0]
    assert (citation.type, citation.filename) == ("file_citation", "plan.md")
    assert response.usage.total_tokens > 0 and response._request_id.startswith("req_")
    assert client.responses.retrieve(response.id).output_text == response.output_text

    streamed = list(client.responses.create(**request, stream=True))
    assert [it.sequence_number for it in streamed] == list(range(len(streamed)))
    text = "".join(it.delta for it in streamed if it.type == "response.output_text.delta")
    assert text == streamed[-1].response.output_text == response.output_text
    with client.responses.stream(**request) as stream:
        stream.until_done()
        assert stream.get_final_response().output_text == text

    after = client.responses.create(model=MODEL, input="¿Y?", previous_response_id=response.id)
    assert after.previous_response_id == response.id
    items = list(client.responses.input_items.list(after.id))
    assert items[0].content[0].text == "¿Y?"
    count = client.responses.input_tokens.count(model=MODEL, input="¿Y?", previous_response_id=response.id)
    assert count.input_tokens == after.usage.input_tokens
    client.responses.delete(after.id)
    refused(openai.NotFoundError, lambda: client.responses.retrieve(after.id))


def check_background():
    """A background stream that is left, joined again, and cancelled."""
    control("POST", "/scripts", {"deltas": ["Uno ", "dos ", "tres ", "cuatro"]})
    fault = control("POST", "/faults", {"effect": "pause", "after_deltas": 2})
    last, seen, response_id = None, "", None
    for event in client.responses.create(model=MODEL, input="Hola", background=True, stream=True):
        last = event.sequence_number
        if event.type == "response.created":
            response_id = event.response.id
        if event.type == "response.output_text.delta":
            seen += event.delta
            if seen == "Uno dos ":
                break
    assert client.responses.retrieve(response_id).status == "in_progress"
    control("DELETE", f"/faults/{fault['id']}")
    rest = list(client.responses.retrieve(response_id, stream=True, starting_after=last))
    assert rest[0].sequence_number == last + 1
    seen += "".join(it.delta for it in rest if it.type == "response.output_text.delta")
    assert seen == "Uno dos tres cuatro" == rest[-1].response.output_text

    control("POST", "/faults", {"effect": "pause", "after_deltas": 1})
    running = client.responses.create(model=MODEL, input="Hola", background=True)
    assert running.status in ("queued", "in_progress")
    assert client.responses.cancel(running.id).status == "cancelled"
    done = client.responses.create(model=MODEL, input="Hola")
    refused(openai.BadRequestError, lambda: client.responses.cancel(done.id))


def check_errors():
    """Errors arrive as the package's exceptions."""
    def create(**more):
        return lambda: client.responses.create(model=MODEL, input="Hola", **more)

    error = refused(openai.BadRequestError, create(previous_response_id="resp_0"))
    assert (error.code, error.param) == ("previous_response_not_found", "previous_response_id")
    limited = {"error": {"message": "Slow down.", "type": "requests", "code": "rate_limit_exceeded"}}
    fault = {"path": "/v1/responses", "effect": "status", "status": 429, "body": limited, "retry_after": 3}
    control("POST", "/faults", fault)
    error = refused(openai.RateLimitError, create())
    assert (error.code, error.response.headers["retry-after"]) == ("rate_limit_exceeded", "3")
    control("POST", "/faults", {**fault, "status": 502, "body": "<html>Bad gateway</html>"})
    refused(openai.InternalServerError, create())
    control("POST", "/faults", {"path": "/v1/responses", "effect": "close"})
    refused(openai.APIConnectionError, create())
    control("POST", "/faults", {"effect": "error_event", "code": "server_error", "message": "Broken."})
    error = refused(openai.APIError, lambda: list(create(stream=True)()))
    assert error.message == "Broken.", error


check_files()
store = check_stores()
check_responses(store)
check_background()
check_errors()
assert client.vector_stores.delete(store).deleted
print(f"OK with openai {openai.__version__}")
