# SPDX-License-Identifier: BSD-2-Clause
"""Pools in GDB: `source pool9.py`, then `print some_pool` shows what it holds and does, and the
command `pools` lists all pools of the program.

Needs the library's debug information (-g); without it there is poolstat, for core files, too.
Nothing is called in the program, so it works on core files.
"""
import gdb
import gdb.printing

UNLIMITED = 2**64 - 1


def pointer_in(atomic):
    """The address in a std::atomic of a pointer."""
    return int(atomic["_M_b"]["_M_p"])


def or_none(n):
    return "none" if n == UNLIMITED else str(n)


def c_string(array):
    return "".join(c if c.isprintable() else "?" for c in array.string(errors="replace"))


def links(head):
    """Yields the members of a base::list, a hundred thousand of them at most."""
    end = head["head_"].address
    at = head["head_"]["next"]
    for _ in range(100_000):
        if at == end or int(at) == 0:
            return
        yield at
        at = at["next"]


def held_by(caches):
    """What open magazines hold, or was pushed in closed ones and not taken yet."""
    magazine = gdb.lookup_type("pool9::cache::magazine").pointer()
    n = 0
    for name, bottom in (("open_", "base"), ("closed_", "taken")):
        for link in links(caches[name]):
            m = link.cast(magazine).dereference()
            n += max(0, pointer_in(m["top"]) - int(m[bottom])) // magazine.sizeof
    return n


def items_and_free(core):
    """How many items either engine has, and how many of them are free."""
    pages = core["pages"]
    total = int(pages["n_pages_"]) * int(pages["shape_"]["layout_"]["per_page_"]) + \
        int(pages["extents_"]["n_items_"])
    # Quarantine: free to everybody but the pages.
    detained = int(core["watch"]["n_detained"]) if int(core["watch"]) != 0 else 0
    return total, int(pages["n_free_"]) + detained


def figures_of(core):
    """What core::read() says, by the words of pool_stats."""
    pages, caches, bounds = core["pages"], core["caches"], core["bounds"]
    total, free = items_and_free(core)
    issued = max(0, total - free - int(caches["n_recalled_"]))
    out = max(0, issued - held_by(caches))
    return {
        "id": int(core["id"]),
        "item_size": int(core["item_size"]),
        "out": out,
        "cached": issued - out + int(caches["n_recalled_"]),
        "free": free,
        "total": total,
        "hard_limit": or_none(int(bounds["hard"])),
        "waiters": int(core["waiters"]["size_"]),
        "pages": int(pages["n_pages_"]),
        "calm": int(core["calm_from"]) == 0,
    }


class CorePrinter:
    """pool9::detail::core"""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        return f"pool '{c_string(self.value['name'])}'"

    def children(self):
        yield from ((name, str(figure)) for name, figure in figures_of(self.value).items())


class PoolPrinter:
    """pool9::pool"""

    def __init__(self, value):
        self.value = value
        self.core = pointer_in(value["core_"])
        try:
            self.type = gdb.lookup_type("pool9::v1::detail::core").pointer()
        except gdb.error:  # the library's; this pool is the program's
            self.type = None

    def to_string(self):
        state = ", not used yet" if self.core == 0 else \
            ", of a library without debug information (-g)" if self.type is None else ""
        return f"pool '{c_string(self.value['name_'])}'{state}"

    def children(self):
        if self.core != 0 and self.type is not None:
            yield from CorePrinter(gdb.Value(self.core).cast(self.type).dereference()).children()


class HandlePrinter(PoolPrinter):
    """struct pool, of C, that was initialised"""

    def __init__(self, value):
        handle = gdb.lookup_type("pool9::c_api::handle").pointer()
        super().__init__(value["pr_private"].address.cast(handle)["items"])


def handle_printer(value):
    """For a struct pool; None for what pool_init() was not called on, or where nothing is known."""
    magic = 0x90011E55C0DE4A11
    if value.type.strip_typedefs().tag != "pool" or value.address is None or \
            "pr_private" not in value.type.strip_typedefs() or \
            int(value["pr_private"][0]) != magic:
        return None
    try:
        return HandlePrinter(value)
    except gdb.error:
        return None


class UnsynchronizedPrinter:
    """pool9::unsynchronized_pool"""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        unused = "" if int(self.value["core_"]) != 0 else ", not used yet"
        return f"pool '{c_string(self.value['name_'])}'{unused}"

    def children(self):
        if int(self.value["core_"]) == 0:
            return
        core, magazine = self.value["core_"].dereference(), self.value["magazine_"]
        bottom = int(core["rounds"]) or int(magazine["nothing"].address)
        cached = (int(magazine["top"]) - bottom) // 8 - 1 + (int(magazine["newest"]) != 0)
        total, free = items_and_free(core)
        yield from ((name, str(figure)) for name, figure in {
            "item_size": int(core["item_size"]),
            "out": max(0, total - free - cached),
            "cached": cached,
            "free": free,
            "total": total,
            "hard_limit": or_none(int(core["bounds"]["hard"])),
            "pages": int(core["pages"]["n_pages_"]),
        }.items())


class StatsPrinter:
    """pool_stats: what is not zero, and no more of the histogram."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        return f"pool '{c_string(self.value['name'])}'"

    def children(self):
        for field in self.value.type.fields():
            if field.name == "name":
                continue
            value = self.value[field]
            if field.type.strip_typedefs().code == gdb.TYPE_CODE_ARRAY:
                low, high = field.type.strip_typedefs().range()
                buckets = {i: int(value[i]) for i in range(low, high + 1) if int(value[i]) != 0}
                if buckets:
                    yield field.name, str(buckets)
            elif int(value) != 0:
                yield field.name, or_none(int(value))


class Pools(gdb.Command):
    """List all pools of the program that have been used."""

    def __init__(self):
        super().__init__("pools", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        del argument, from_tty
        try:
            # The name that the linker knows; its type, which debug information does, and which
            # cannot be said in an expression while the language is C.
            type_of_root = gdb.lookup_type("pool9::v1::detail::registry::root_t").pointer()
            root = gdb.parse_and_eval("(char *)&pool9_registry").cast(type_of_root).dereference()
            entry = gdb.lookup_type("pool9::v1::detail::registry::entry").pointer()
        except gdb.error as error:
            raise gdb.GdbError(f"pools: {error}  The program has no pool9, or one without debug "
                               "information (-g); poolstat needs none.") from error
        for link in links(root["pools"]):
            core = link.cast(entry).dereference()["pool"]
            if int(core) != 0:
                print(core.dereference().format_string())


def printers():
    collection = gdb.printing.RegexpCollectionPrettyPrinter("pool9")
    collection.add_printer("pool", "^pool9::v1::pool$", PoolPrinter)
    collection.add_printer("unsynchronized_pool", "^pool9::v1::unsynchronized_pool$",
                           UnsynchronizedPrinter)
    collection.add_printer("core", "^pool9::v1::detail::core$", CorePrinter)
    collection.add_printer("pool_stats", "^pool_stats$", StatsPrinter)
    return collection


gdb.printing.register_pretty_printer(None, printers(), replace=True)
gdb.printing.register_pretty_printer(None, handle_printer, replace=True)
Pools()
