"""The reader of frames, fed with anything: what it can't read ends the line, and nothing else happens."""

from __future__ import annotations

import builtins
import contextlib
import json
import marshal
import pickle
from typing import Any
from unittest import mock

import engineio.packet
from hypothesis import given, settings
from hypothesis import strategies as st

from marcelle_rt.client.call import Call
from marcelle_rt.client.socket.events import Events
from marcelle_rt.client.socket.transport import Line
from marcelle_rt.errors import MarcelleError

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
).map(json.dumps)
placeholders = st.sampled_from(
    ['{"_placeholder":true,"num":0}', '{"_placeholder":1,"num":-3}', '["things created",{}]']
)
heads = st.sampled_from(
    ["40", "41", "42", "43", "431", "44", "451-", "461-1", "4599-", "4/x,", "43/x,1", "2", "3", "1"]
)
texts = st.text(max_size=30) | st.tuples(heads, json_values | placeholders | st.text(max_size=10)).map("".join)
frames = st.lists(texts | st.binary(max_size=20).map(lambda data: b"\x04" + data), max_size=8)


class Wire:
    """Stands for the socket, which only has to be ended."""

    fault = None

    def __init__(self) -> None:
        self.ended = False

    def abort(self) -> None:
        self.ended = True


def forbidden(*args: Any, **options: Any) -> None:
    raise AssertionError("a server's data must never be run")


@given(received=frames, protocol=st.sampled_from([3, 4]))
@settings(max_examples=150)
def test_any_frames_are_handled_or_end_the_line(received: list[str | bytes], protocol: int) -> None:
    events = Events()
    events.on("things created", print, None)
    line = Line("http://x", wants=events.wanted_from_server, on_event=events.put, on_lost=lambda line: None)
    engine = line._client.eio
    engine.protocol, engine.state, engine.ws, engine.sid = protocol, "connected", Wire(), "s"
    engine.create_queue()
    call = Call("get", "things", b"[]", location="http://x", timeout=1.0)
    call.post(line)
    with (
        mock.patch.object(pickle, "loads", forbidden),
        mock.patch.object(marshal, "loads", forbidden),
        mock.patch.object(builtins, "eval", forbidden),
        mock.patch.object(builtins, "exec", forbidden),
    ):
        for data in received:
            try:
                packet = engineio.packet.Packet(encoded_packet=data)
            except Exception:  # python-engineio's own read loop ends the line at whatever this raises
                return
            engine._receive_packet(packet)
    assert engine.ws.ended or engine.fault is None
    if engine.ws.ended or line._client._binary_packet is not None:
        return
    if not call.done():
        engine._receive_packet(engineio.packet.Packet(encoded_packet='431[null,{"_id":"1"}]'))
        assert call.result(0) == {"_id": "1"}
        return
    with contextlib.suppress(MarcelleError):
        assert isinstance(call.result(0), dict)
