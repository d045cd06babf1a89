"""A user without a screen: speaks to a running server as the page in a browser does.

Thirty browsers would take this machine's cores from the server that is to be measured; in a
classroom they run on thirty other machines. A visitor opens pages, sets widgets, triggers
components and uploads files through Streamlit's own messages, and keeps what the page shows.
"""

from __future__ import annotations

import io
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import requests
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

_SECONDS = 120.0  # without any message, after which a server counts as dead


class VisitError(Exception):
    """The page showed an exception, or something that should be there is missing."""


@dataclass
class Visitor:
    """One session on the server at ``address``; a context manager.

    Attributes:
        elements: what the page shows now, by its place.
        first_sign: seconds until the newest run sent its first picture or text.
    """

    address: str
    elements: dict[tuple[int, ...], Element] = field(default_factory=dict)
    first_sign: float = 0.0
    _cookies: dict[str, str] = field(default_factory=dict)
    _kept: dict[str, ForwardMsg] = field(default_factory=dict)
    _pages: dict[str, str] = field(default_factory=dict)
    _session: str = ""
    _page: str = ""
    _query: str = ""
    _fragments: dict[tuple[int, ...], str] = field(default_factory=dict)

    def __enter__(self) -> Visitor:
        """Connect."""
        answer = requests.get(f"{self.address}/_stcore/health", timeout=60)
        self._cookies = dict(answer.cookies)
        token = self._cookies.get("_streamlit_xsrf", "")
        cookie = "; ".join(f"{k}={v}" for k, v in self._cookies.items())
        self._socket: ClientConnection = connect(
            f"{self.address.replace('http', 'ws', 1)}/_stcore/stream",
            subprotocols=[Subprotocol("streamlit"), Subprotocol(token or "PLACEHOLDER")],
            additional_headers={"Cookie": cookie},
            max_size=None,
            open_timeout=60,
            ping_interval=None,
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Close the tab."""
        self._socket.close()

    def open(self, page: str = "", query: str = "") -> float:
        """Type an address; returns the seconds until everything is there."""
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.page_name = page
        self._query = query
        return self._run(message)

    def go(self, page: str) -> float:
        """Click a page in the navigation ("" is the first)."""
        return self._run(self._rerun(page=self._pages[page]))

    def choose(self, key: str, value: str) -> float:
        """Choose ``value`` of a selectbox, radio group or segmented control."""
        element = self.widget(key)
        if value not in self.options(key):
            raise VisitError(f"{key!r} offers {self.options(key)}, not {value!r}.")
        state = WidgetState(id=_id(element))
        if element.WhichOneof("type") == "button_group":
            state.string_array_value.data.append(value)
        else:
            state.string_value = value
        return self._act(key, state)

    def press(self, key: str) -> float:
        """Press a button."""
        return self._act(key, WidgetState(id=_id(self.widget(key)), trigger_value=True))

    def trigger(self, key: str, event: str, value: object) -> float:
        """Let a component of ours say ``value``, as its own script does."""
        name = f"$$STREAMLIT_INTERNAL_KEY_{_id(self.widget(key))}__events"
        said = json.dumps([{"event": event, "value": value}])
        return self._act(key, WidgetState(id=name, json_trigger_value=said))

    def upload(self, key: str, name: str, content: bytes) -> float:
        """Put a file into an uploader."""
        start = time.perf_counter()
        urls = self._place_for(name)
        answer = requests.put(
            f"{self.address}{urls.upload_url}",
            files={"file": (name, io.BytesIO(content))},
            cookies=self._cookies,
            headers={"X-Xsrftoken": self._cookies.get("_streamlit_xsrf", "")},
            timeout=60,
        )
        answer.raise_for_status()
        state = WidgetState(id=_id(self.widget(key)))
        info = state.file_uploader_state_value.uploaded_file_info.add()
        info.name, info.size, info.file_id = name, len(content), urls.file_id
        info.file_urls.CopyFrom(urls)
        self._run(self._rerun(state))
        return time.perf_counter() - start

    def widget(self, key: str) -> Element:
        """The widget with this key.

        Raises:
            VisitError: if the page has none.
        """
        return self.elements[self._place(key)]

    def options(self, key: str) -> list[str]:
        """What a selectbox, radio group or segmented control offers."""
        element = self.widget(key)
        if element.WhichOneof("type") == "button_group":
            return [option.content for option in element.button_group.options]
        return list(getattr(element, str(element.WhichOneof("type"))).options)

    def errors(self) -> list[str]:
        """The messages of things that went wrong."""
        alerts = [e.alert for e in self.elements.values() if e.WhichOneof("type") == "alert"]
        return [alert.body for alert in alerts if alert.format == Alert.ERROR]

    def data(self, key: str) -> Any:
        """What a component of ours shows."""
        component = self.widget(key).bidi_component
        return json.loads(component.json or component.mixed.json)

    def _place(self, key: str) -> tuple[int, ...]:
        for place, element in self.elements.items():
            if _id(element).endswith(f"-{key}"):
                return place
        raise VisitError(f"There is no {key!r} on the page.")

    def _act(self, key: str, state: WidgetState) -> float:
        """Send a widget's new state; only its fragment runs again where it belongs to one."""
        message = self._rerun(state)
        message.rerun_script.fragment_id = self._fragments.get(self._place(key), "")
        return self._run(message)

    def _rerun(self, *states: WidgetState, page: str | None = None) -> BackMsg:
        message = BackMsg()
        message.rerun_script.query_string = self._query
        message.rerun_script.page_script_hash = self._page if page is None else page
        message.rerun_script.widget_states.CopyFrom(WidgetStates(widgets=states))
        message.rerun_script.cached_message_hashes.extend(self._kept)
        return message

    def _run(self, message: BackMsg) -> float:
        start = time.perf_counter()
        self.first_sign = 0.0
        self._socket.send(message.SerializeToString())
        while True:
            answer = self._next()
            kind = answer.WhichOneof("type")
            if kind == "ref_hash":
                place = list(answer.metadata.delta_path)
                answer = self._kept[answer.ref_hash]
                answer.metadata.delta_path[:] = place
                kind = answer.WhichOneof("type")
            elif answer.metadata.cacheable:
                self._kept[answer.hash] = answer
            if kind == "new_session":
                if not answer.metadata.run.fragment_ids:
                    self.elements.clear()
                self._session = answer.new_session.initialize.session_id or self._session
            elif kind == "navigation":
                pages = answer.navigation.app_pages
                self._pages = {
                    "" if p.is_default else p.url_pathname: p.page_script_hash for p in pages
                }
                self._page = answer.navigation.page_script_hash
            elif kind == "page_info_changed":
                self._query = answer.page_info_changed.query_string
            elif kind == "delta":
                self.first_sign = self.first_sign or time.perf_counter() - start
                self._take(answer)
            elif (
                kind == "script_finished"
                and answer.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
            ):
                break
        return time.perf_counter() - start

    def _take(self, answer: ForwardMsg) -> None:
        place = tuple(answer.metadata.delta_path)
        if answer.delta.WhichOneof("type") == "new_element":
            element = answer.delta.new_element
            if element.WhichOneof("type") == "exception":
                raise VisitError(f"{element.exception.type}: {element.exception.message}")
            self.elements[place] = element
            self._fragments[place] = answer.delta.fragment_id
        else:
            self.elements.pop(place, None)

    def _next(self) -> ForwardMsg:
        data = self._socket.recv(timeout=_SECONDS)
        assert isinstance(data, bytes)
        return ForwardMsg.FromString(data)

    def _place_for(self, name: str) -> FileURLs:
        message = BackMsg()
        message.file_urls_request.request_id = uuid.uuid4().hex
        message.file_urls_request.file_names.append(name)
        message.file_urls_request.session_id = self._session
        self._socket.send(message.SerializeToString())
        while True:
            answer = self._next()
            if answer.WhichOneof("type") == "file_urls_response":
                return answer.file_urls_response.file_urls[0]


def _id(element: Element) -> str:
    inner = getattr(element, element.WhichOneof("type") or "", None)
    return str(getattr(inner, "id", ""))
