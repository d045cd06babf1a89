"""A user without a screen: speaks to a running server as the page in a browser does.

Thirty browsers would take this machine's cores from the server that is to be measured; in a
classroom they run on thirty other machines. A visitor opens pages, sets widgets, triggers
components and uploads files through Streamlit's own messages, and keeps what the page shows.
"""

from __future__ import annotations

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

    Whatever it does returns the seconds until everything was there.

    Attributes:
        elements: what the page shows now, by its place, and the fragment that each belongs to.
        first_sign: seconds until the newest run sent its first picture or text.
        alert_at: when the newest message in a box came, by the clock.
    """

    address: str
    elements: dict[tuple[int, ...], tuple[Element, str]] = field(default_factory=dict)
    first_sign: float = 0.0
    alert_at: float = 0.0
    _http: requests.Session = field(default_factory=requests.Session)
    _kept: dict[str, ForwardMsg] = field(default_factory=dict)
    _pages: dict[str, str] = field(default_factory=dict)
    _session: str = ""
    _page: str = ""
    _query: str = ""

    def __enter__(self) -> Visitor:
        """Connect."""
        self._http.get(f"{self.address}/_stcore/health", timeout=60)
        cookie = "; ".join(f"{name}={value}" for name, value in self._http.cookies.items())
        self._socket: ClientConnection = connect(
            f"{self.address.replace('http', 'ws', 1)}/_stcore/stream",
            subprotocols=[Subprotocol("streamlit"), Subprotocol(self._token or "PLACEHOLDER")],
            additional_headers={"Cookie": cookie},
            max_size=None,
            open_timeout=60,
            ping_interval=None,
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Close the tab."""
        self._socket.close()
        self._http.close()

    @property
    def _token(self) -> str:
        return self._http.cookies.get("_streamlit_xsrf") or ""

    def open(self, query: str = "") -> float:
        """Type the app's address, as it may be with a query: "class=K7QM4P"."""
        self._query = query
        return self._run()

    def go(self, page: str) -> float:
        """Click a page in the navigation ("" is the first)."""
        self._page = self._pages[page]
        return self._run()

    def choose(self, key: str, value: str) -> float:
        """Choose ``value`` of a selectbox, radio group or segmented control."""
        if value not in self.options(key):
            raise VisitError(f"{key!r} offers {self.options(key)}, not {value!r}.")
        if self.widget(key).WhichOneof("type") == "button_group":
            state = WidgetState()
            state.string_array_value.data.append(value)
            return self._act(key, state)
        return self._act(key, WidgetState(string_value=value))

    def press(self, key: str) -> float:
        """Press a button."""
        return self._act(key, WidgetState(trigger_value=True))

    def trigger(self, key: str, event: str, value: object) -> float:
        """Let a component of ours say ``value``, as its own script does."""
        name = f"$$STREAMLIT_INTERNAL_KEY_{_id(self.widget(key))}__events"
        said = json.dumps([{"event": event, "value": value}])
        return self._act(key, WidgetState(id=name, json_trigger_value=said))

    def upload(self, key: str, name: str, content: bytes) -> float:
        """Put a file into an uploader."""
        start = time.perf_counter()
        urls = self._place_for(name)
        self._http.put(
            f"{self.address}{urls.upload_url}",
            files={"file": (name, content)},
            headers={"X-Xsrftoken": self._token},
            timeout=60,
        ).raise_for_status()
        state = WidgetState(id=_id(self.widget(key)))
        info = state.file_uploader_state_value.uploaded_file_info.add()
        info.name, info.size, info.file_id = name, len(content), urls.file_id
        info.file_urls.CopyFrom(urls)
        self._run(state)
        return time.perf_counter() - start

    def widget(self, key: str) -> Element:
        """The widget with this key."""
        return self._find(key)[0]

    def keys(self, start: str) -> list[str]:
        """The keys of widgets that begin so, in the order of the page."""
        found = (_id(self.elements[place][0]).rpartition("-")[2] for place in sorted(self.elements))
        return [key for key in found if key.startswith(start)]

    def options(self, key: str) -> list[str]:
        """What a selectbox, radio group or segmented control offers."""
        element = self.widget(key)
        if element.WhichOneof("type") == "button_group":
            return [option.content for option in element.button_group.options]
        return list(_inner(element).options)

    def errors(self) -> list[str]:
        """The messages of things that went wrong."""
        alerts = [e.alert for e, _ in self.elements.values() if e.WhichOneof("type") == "alert"]
        return [alert.body for alert in alerts if alert.format == Alert.ERROR]

    def data(self, key: str) -> Any:
        """What a component of ours shows."""
        component = self.widget(key).bidi_component
        return json.loads(component.json or component.mixed.json)

    def _find(self, key: str) -> tuple[Element, str]:
        for element, fragment in self.elements.values():
            if _id(element).endswith(f"-{key}"):
                return element, fragment
        raise VisitError(f"There is no {key!r} on the page.")

    def _act(self, key: str, state: WidgetState) -> float:
        """Send a widget's new state; only its fragment runs again where it belongs to one."""
        element, fragment = self._find(key)
        state.id = state.id or _id(element)
        return self._run(state, fragment=fragment)

    def _run(self, *states: WidgetState, fragment: str = "") -> float:
        """Ask for a run, and take what it sends until it is finished."""
        message = BackMsg()
        message.rerun_script.query_string = self._query
        message.rerun_script.page_script_hash = self._page
        message.rerun_script.fragment_id = fragment
        message.rerun_script.widget_states.CopyFrom(WidgetStates(widgets=states))
        message.rerun_script.cached_message_hashes.extend(self._kept)
        start, self.first_sign = time.perf_counter(), 0.0
        self._socket.send(message.SerializeToString())
        while True:
            answer = self._next()
            kind = answer.WhichOneof("type")
            if kind == "delta":
                self.first_sign = self.first_sign or time.perf_counter() - start
                self._draw(answer)
            elif kind == "new_session":
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
            elif (
                kind == "script_finished"
                and answer.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
            ):
                return time.perf_counter() - start

    def _draw(self, answer: ForwardMsg) -> None:
        place = tuple(answer.metadata.delta_path)
        if answer.delta.WhichOneof("type") == "new_element":
            element = answer.delta.new_element
            if element.WhichOneof("type") == "exception":
                raise VisitError(f"{element.exception.type}: {element.exception.message}")
            if element.WhichOneof("type") == "alert":
                self.alert_at = time.time()
            self.elements[place] = element, answer.delta.fragment_id
        else:
            self.elements.pop(place, None)

    def _next(self) -> ForwardMsg:
        """The next message; one that the server only refers to comes from those that are kept."""
        data = self._socket.recv(timeout=_SECONDS)
        assert isinstance(data, bytes)
        answer = ForwardMsg.FromString(data)
        if answer.WhichOneof("type") == "ref_hash":
            place = list(answer.metadata.delta_path)
            answer = self._kept[answer.ref_hash]
            answer.metadata.delta_path[:] = place
        elif answer.metadata.cacheable:
            self._kept[answer.hash] = answer
        return answer

    def _place_for(self, name: str) -> FileURLs:
        """Ask where a file may be put."""
        message = BackMsg()
        message.file_urls_request.request_id = uuid.uuid4().hex
        message.file_urls_request.file_names.append(name)
        message.file_urls_request.session_id = self._session
        self._socket.send(message.SerializeToString())
        while True:
            answer = self._next()
            if answer.WhichOneof("type") == "file_urls_response":
                return answer.file_urls_response.file_urls[0]


def _inner(element: Element) -> Any:
    return getattr(element, element.WhichOneof("type") or "", None)


def _id(element: Element) -> str:
    return str(getattr(_inner(element), "id", ""))
