"""Firefox as it is installed, driven over Marionette: its own line for automation, JSON after a length on a socket.

Playwright drives only a Firefox that it has built itself. Keys are pressed in the browser's window, not in the page:
Firefox then takes those that are its own, as it does with those of a keyboard. Standard library only.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

START_SECONDS: Final = 60
PATIENCE: Final = 20.0
WHERE_A_MAC_HAS_IT: Final = "/Applications/Firefox.app/Contents/MacOS/firefox"
PREFERENCES: Final = """
user_pref("marionette.port", 0);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.normandy.enabled", false);
user_pref("signon.rememberSignons", false);
user_pref("dom.disable_beforeunload", false);
"""
PRESS: Final = """
const tip = Cc["@mozilla.org/text-input-processor;1"].createInstance(Ci.nsITextInputProcessor);
if (!tip.beginInputTransactionForTests(window, () => true)) throw new Error("the keyboard is taken");
for (const { key, code, held } of arguments[0]) {
    const modifiers = held.map((name) => new KeyboardEvent("", { key: name, code: `${name}Left` }));
    for (const each of modifiers) tip.keydown(each);
    const event = new KeyboardEvent("", { key, code });
    tip.keydown(event);
    tip.keyup(event);
    for (const each of modifiers.reverse()) tip.keyup(each);
}"""
# Counted on the page: keys come there later than a script that is run after them.
COUNT: Final = """
    window.had = 0;
    window.counts ??= !addEventListener("keydown", ({ key }) => {
        if (!["Control", "Alt", "Shift"].includes(key)) window.had += 1;
    }, true);"""
# What Firefox shows of its own when it takes a key: a tab, a window, a panel, its find bar, its address bar.
OWN_DOINGS: Final = """return {
    tabs: gBrowser.tabs.length,
    windows: [...Services.wm.getEnumerator(null)].length,
    panels: [...document.querySelectorAll("panel")].filter((each) => each.state === "open").map((each) => each.id),
    find: gBrowser.isFindBarInitialized() && !gBrowser.getCachedFindBar().hidden,
    sidebar: Boolean(window.SidebarController?.isOpen),
    focus: document.activeElement.localName,
}"""
AS_IT_STANDS: Final = """[location.href, document.title, document.activeElement.outerHTML.slice(0, 300),
    document.getElementById("said")?.textContent]"""
TIDY: Final = """
    for (const panel of document.querySelectorAll("panel")) panel.hidePopup?.();
    gBrowser.removeAllTabsBut(gBrowser.tabs[0], { animate: false, skipWarnAboutClosingTabs: true });
    Services.console.reset();"""
COMPLAINTS: Final = """return Services.console.getMessageArray().filter((each) => each instanceof Ci.nsIScriptError)
    .filter(({ sourceName, category }) => sourceName.startsWith(arguments[0]) || category.startsWith("CSP"))
    .map((each) => each.errorMessage)
    // Whatever still runs on a page that is left is stopped.
    .filter((words) => !words.startsWith("Script terminated by timeout"))"""


class Refused(Exception):
    """Firefox did not do what it was told; the text is its own."""


def find() -> str | None:
    """Return the path of a Firefox: that of $FIREFOX, else one that is installed, if there is any."""
    names = [os.environ.get("FIREFOX") or "firefox-esr", "firefox", WHERE_A_MAC_HAS_IT]
    return next((path for name in names if (path := shutil.which(name))), None)


class Firefox:
    """One running Firefox with one window, on a profile that stays when it ends."""

    def __init__(self, path: str, profile: Path) -> None:
        self._path, self._profile = path, profile
        self._buffer = b""
        self._number = 0
        self._start()

    def _start(self) -> None:
        port = self._profile / "MarionetteActivePort"
        self._profile.mkdir(parents=True, exist_ok=True)
        port.unlink(missing_ok=True)
        (self._profile / "user.js").write_text(PREFERENCES)
        own = ["--remote-allow-system-access", "--no-remote", "--profile", str(self._profile)]
        with (self._profile / "firefox.log").open("wb") as log:
            self._process = subprocess.Popen(
                [self._path, "--headless", "--marionette", *own],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        _wait(lambda: port.exists() and port.read_text(), START_SECONDS, "Firefox did not start")
        self._line = socket.create_connection(("127.0.0.1", int(port.read_text())), timeout=START_SECONDS)
        self._read()
        self._call("WebDriver:NewSession", capabilities={})

    def kill(self) -> None:
        """End it on the spot, with everything that it has not written yet."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._line.close()

    def _read(self) -> Any:
        while b":" not in self._buffer:
            self._receive()
        length, _, self._buffer = self._buffer.partition(b":")
        while len(self._buffer) < int(length):
            self._receive()
        message, self._buffer = self._buffer[: int(length)], self._buffer[int(length) :]
        return json.loads(message)

    def _receive(self) -> None:
        fresh = self._line.recv(65536)
        if not fresh:
            raise Refused("Firefox has ended")
        self._buffer += fresh

    def _call(self, command: str, **parameters: object) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, command, parameters]).encode()
        self._line.sendall(f"{len(message)}:".encode() + message)
        _, _, error, result = self._read()
        if error:
            raise Refused(f"{command}: {error['error']}: {error['message']}")
        return result

    @contextmanager
    def _in_the_browser(self) -> Iterator[None]:
        self._call("Marionette:SetContext", value="chrome")
        try:
            yield
        finally:
            self._call("Marionette:SetContext", value="content")

    def goto(self, address: str) -> None:
        self._call("WebDriver:Navigate", url=address)
        self.ask_the_browser("gBrowser.selectedBrowser.focus()")

    def back(self) -> None:
        self._call("WebDriver:Back")

    def reload(self) -> None:
        self._call("WebDriver:Refresh")

    @property
    def window(self) -> str:
        """The name of the window or tab that is shown."""
        name: str = self._call("WebDriver:GetWindowHandle")["value"]
        return name

    def open_window(self) -> None:
        """Open another tab and go there."""
        self.go_to_window(self._call("WebDriver:NewWindow", type="tab", focus=True)["handle"])

    def go_to_window(self, name: str) -> None:
        self._call("WebDriver:SwitchToWindow", handle=name, focus=True)
        self.ask_the_browser("gBrowser.selectedBrowser.focus()")

    def close_others(self) -> None:
        """Leave one tab, and no panel."""
        self.ask_the_browser(TIDY)
        self.go_to_window(self._call("WebDriver:GetWindowHandles")[0])

    def forget(self) -> None:
        """Be nobody: without cookies."""
        self.ask_the_browser("Services.cookies.removeAll()")

    def until_it_shows(self, panel: str) -> None:
        """Wait until a panel of Firefox's own is open."""
        _wait(lambda: panel in self.own_doings()["panels"], PATIENCE, f"{panel} did not open")

    def ask(self, script: str, *arguments: object) -> Any:
        """Return what an expression in the page is worth; its `arguments` are these."""
        return self._call("WebDriver:ExecuteScript", script=f"return {script}", args=list(arguments))["value"]

    def ask_the_browser(self, script: str, *arguments: object) -> Any:
        """Run a script in the browser's own window."""
        with self._in_the_browser():
            return self._call("WebDriver:ExecuteScript", script=script, args=list(arguments))["value"]

    def until(self, script: str, *arguments: object) -> Any:
        """Wait until an expression in the page is true, over loads of pages; return it."""

        def look() -> Any:
            try:
                return self.ask(script, *arguments)
            except Refused as reason:
                return _unless_it_loads(reason)

        try:
            return _wait(look, PATIENCE, f"Not within {PATIENCE} s: {script} {list(arguments)}")
        except AssertionError as reason:
            reason.add_note(f"The page: {self.ask(AS_IT_STANDS)}")
            raise

    def press(self, *chords: str) -> None:
        """Press keys one after the other: `Control+Enter`, `Tab`, `a`; return when the page has had them."""
        self._press([_key(*chord.split("+")) for chord in chords])

    def type(self, text: str) -> None:
        self._press([_key(letter) for letter in text])

    def _press(self, keys: list[dict[str, object]]) -> None:
        self._call("WebDriver:ExecuteScript", script=COUNT, args=[])
        self.ask_the_browser(PRESS, keys)
        # A page that has gone away has had them.
        self.until("Object.hasOwn(window, 'had') === false || window.had >= arguments[0]", len(keys))

    def own_doings(self) -> Any:
        """What Firefox shows beside the page."""
        return self.ask_the_browser(OWN_DOINGS)

    def complaints(self, origin: str) -> list[str]:
        """What its console says about scripts from there, and about what a policy refused."""
        found: list[str] = self.ask_the_browser(COMPLAINTS, origin)
        return found


def _unless_it_loads(reason: Refused) -> bool:
    """A page that goes away while it is looked at is looked at again."""
    gone = ("no such window", "unknown error", "javascript error", "Document was unloaded", "discarded")
    if not any(word in str(reason) for word in gone):
        raise reason
    return False


def _key(*chord: str) -> dict[str, object]:
    *held, key = chord
    letter = key.upper() if "Shift" in held else key
    code = f"Key{key.upper()}" if len(key) == 1 and key.isascii() and key.isalpha() else "Space" if key == " " else ""
    return {"key": letter if len(key) == 1 else key, "code": code, "held": held}


def _wait(look: Any, seconds: float, otherwise: str) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(otherwise)
        time.sleep(0.05)
    return found
