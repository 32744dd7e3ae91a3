"""highwater's protocol for Python programs: this one file, the standard library, Python 3.9 or later.

    import highwater

    for i in highwater.iterations(name="service"):
        with highwater.phase("load"):
            model = load()
        with highwater.phase("execute"):
            model.run()
        del model

    PYTHONPATH=scripts highwater run --exec 'python3 service.py'

An iteration ends where the loop begins again. What lives then is what a leak is made of, so drop what the next iteration
makes anew. There, `drop` begins if phases were told, garbage is collected, and highwater takes its sample while this program
waits. Without highwater the loop runs a few times by itself. scripts/PROTOCOL.md describes the protocol.
"""

import atexit
import ctypes
import gc
import json
import os
import sys
import threading

__all__ = ["iterations", "phase", "note", "fail"]

PROTOCOL = 1
PHASES = ("load", "prepare", "execute", "drop")

_session = None


def iterations(name=None, version="", alone=3, collect=True):
    """Iterations, counted from 1, for as long as highwater wants them; `alone` of them without highwater.

    `name` and `version` tell whose memory this is; without them the script's name. With `collect`, garbage is collected at
    the end of every iteration, so that cycles do not count as growth; without it their growth is part of what is measured.
    """
    global _session
    if "HIGHWATER_FD" not in os.environ:
        yield from range(1, alone + 1)
        return
    if _session is not None:
        raise RuntimeError("highwater: a program has one loop of iterations")
    session = _session = _Session(int(os.environ["HIGHWATER_FD"]), collect)
    session.hello(name, version)
    # Where the loop is left early, this program may be about to die of an exception, which nobody can tell yet.
    atexit.register(session.end)
    while session.goes_on:
        session.iteration += 1
        yield session.iteration
        session.finish()
    session.end()


def phase(name):
    """A phase of the iteration, for `with`: load, prepare, execute or drop. It lasts until the next one or the end."""
    if name not in PHASES:
        raise ValueError(f"highwater: `{name}` is not one of {', '.join(PHASES)}")
    if _session is not None and _session.iteration:
        _session.enter(name)
    return _NOTHING


def note(text):
    """A remark for whoever reads the report, from any thread: while highwater takes a sample, it waits."""
    if _session is not None:
        _session.tell(json.dumps({"type": "note", "text": text}) + "\n")


def fail(message):
    """Says that the work cannot go on, also before the first iteration. The program should then exit."""
    global _session
    if _session is None and "HIGHWATER_FD" in os.environ:
        _session = _Session(int(os.environ["HIGHWATER_FD"]), collect=False)
        _session.hello(None, "")
    if _session is not None:
        _session.tell(json.dumps({"type": "failed", "message": message}) + "\n")
        _session.has_ended = True


class _Nothing:
    """What `with phase(...)` enters: a phase ends where the next begins."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


_NOTHING = _Nothing()


class _Session:
    """The program's side of the socket."""

    def __init__(self, descriptor, collect):
        # What this program starts has no part in the conversation.
        os.set_inheritable(descriptor, False)
        self.descriptor = descriptor
        self.collect = collect
        self.iteration = 0
        self.goes_on = False
        self.has_ended = False
        self.process = os.getpid()
        self.told_phases = False
        self.trim = False
        # Held while an answer is due. What its own thread says meanwhile, in a finalizer, need not wait.
        self.turn = threading.RLock()
        self.live_bytes, self.malloc_trim = _allocator()
        self.absence = _blindness() if self.live_bytes() is not None else None

    def hello(self, name, version):
        name = name or os.path.splitext(os.path.basename(sys.argv[0] or "python"))[0]
        trims = self.malloc_trim is not None
        hello = {"type": "hello", "protocol": PROTOCOL, "name": name, "version": version, "pid": os.getpid()}
        absence = {} if self.absence is None else {"live_absence": self.absence}
        self.ask(json.dumps({**hello, "trims": trims, **absence}) + "\n")

    def enter(self, name):
        self.told_phases = True
        answer = self.exchange(f'{{"type":"phase","iteration":{self.iteration},"phase":"{name}"}}\n')
        if not answer.startswith(b'{"type":"go"'):
            raise ConnectionError("highwater has gone")

    def finish(self):
        """The end of an iteration, its quiescent point."""
        if self.told_phases:
            self.enter("drop")
        self.told_phases = False
        if self.collect:
            gc.collect()
        if self.trim:
            self.malloc_trim(0)
        live = None if self.absence else self.live_bytes()
        told = "" if live is None else f',"live_bytes":{live}'
        self.ask(f'{{"type":"iteration","iteration":{self.iteration}{told}}}\n')

    def end(self):
        """Says that the work is done; not for a process that this one has forked, nor after an exception that nobody caught."""
        if not self.has_ended and os.getpid() == self.process and not hasattr(sys, "last_value"):
            self.has_ended = True
            self.tell('{"type":"end"}\n')

    def ask(self, line):
        """Sends a line after which highwater says whether a further iteration begins. Silence means no."""
        answer = json.loads(self.exchange(line) or b'{"type":"stop"}')
        self.goes_on = answer["type"] == "go"
        self.trim = answer.get("trim", False)

    def exchange(self, line):
        """Sends a line and gives the answer. Other threads say nothing meanwhile."""
        with self.turn:
            self.send(line)
            return self.receive()

    def tell(self, line):
        """Sends a line that is not answered, when no answer is due."""
        with self.turn:
            self.send(line)

    def send(self, line):
        rest = line.encode()
        try:
            while rest:
                rest = rest[os.write(self.descriptor, rest) :]
        except (BrokenPipeError, ConnectionResetError):
            self.goes_on = False

    def receive(self):
        line = b""
        try:
            while not line.endswith(b"\n"):
                piece = os.read(self.descriptor, 4096)
                if not piece:
                    return b""
                line += piece
        except ConnectionResetError:
            return b""
        return line


def _blindness():
    """Why the allocator's live bytes are not those of this program; None where they are."""
    python = sys.implementation.name
    if python != "cpython":
        return f"{python} has a heap of its own, which the allocator does not count"
    # Blocks of the pools: none where PYTHONMALLOC or the build gives all objects to malloc, whatever the debug hooks.
    if not sys.getallocatedblocks():
        return None
    ignored = ", and leave out -E and -I" if sys.flags.ignore_environment else ""
    pools = "Python takes small objects out of pools of its own, which the allocator does not count"
    return f"{pools}: set PYTHONMALLOC=malloc, as the arm exact-live does{ignored}"


class _MallInfo2(ctypes.Structure):
    """glibc's `struct mallinfo2`."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def _allocator():
    """A function that reads the live bytes of the allocator in force, or gives None; and `malloc_trim`, where it is glibc's."""
    process = ctypes.CDLL(None)
    if hasattr(process, "mallctl"):
        return _jemalloc(process.mallctl), None
    if hasattr(process, "mi_version"):
        return (lambda: None), None
    if hasattr(process, "MallocExtension_GetNumericProperty"):
        return _tcmalloc(process.MallocExtension_GetNumericProperty), None
    trim = getattr(process, "malloc_trim", None)
    if not hasattr(process, "mallinfo2"):
        return (lambda: None), trim
    mallinfo2 = process.mallinfo2
    mallinfo2.restype = _MallInfo2

    def live_bytes():
        info = mallinfo2()
        return info.uordblks + info.hblkhd

    return live_bytes, trim


def _jemalloc(mallctl):
    epoch, allocated = ctypes.c_uint64(1), ctypes.c_size_t()
    size = ctypes.c_size_t(ctypes.sizeof(allocated))
    nothing = ctypes.c_size_t(0)

    def live_bytes():
        mallctl(b"epoch", None, None, ctypes.byref(epoch), ctypes.c_size_t(ctypes.sizeof(epoch)))
        status = mallctl(b"stats.allocated", ctypes.byref(allocated), ctypes.byref(size), None, nothing)
        return None if status else allocated.value

    return live_bytes


def _tcmalloc(get_numeric_property):
    value = ctypes.c_size_t()

    def live_bytes():
        found = get_numeric_property(b"generic.current_allocated_bytes", ctypes.byref(value))
        return value.value if found else None

    return live_bytes
