"""A person's orders as small files: each taken once, none lost."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

from orchestrator.state.orders import Order, OrderKind, Orders

AT = "2026-01-01T00:00:00Z"


def said(text: str, kind: OrderKind = OrderKind.SEND) -> Order:
    return Order(kind=kind, by="ada", at=AT, text=text)


def test_orders_wait_in_the_order_they_were_given_and_can_be_read(tmp_path: Path) -> None:
    orders = Orders(root=tmp_path)
    assert orders.pending("app-1") == ()
    orders.put("app-1", said("first"))
    orders.put("app-1", said("", OrderKind.HOLD))
    orders.put("app-2", said("another task"))
    assert [(o.number, o.kind, o.text, o.by) for o in orders.pending("app-1")] == [
        (1, OrderKind.SEND, "first", "ada"),
        (2, OrderKind.HOLD, "", "ada"),
    ]
    file = tmp_path / "orders" / "app-1" / "0001.json"
    assert json.loads(file.read_text()) == {"order": "send", "text": "first", "by": "ada", "at": AT}


def test_what_is_done_is_done_once_and_its_number_is_not_used_again(tmp_path: Path) -> None:
    orders = Orders(root=tmp_path)
    first = orders.put("app-1", said("one"))
    orders.done("app-1", first.number)
    orders.done("app-1", first.number)
    assert orders.pending("app-1") == ()
    assert orders.put("app-1", said("two")).number == 2
    assert [o.text for o in orders.pending("app-1")] == ["two"]


def test_a_file_broken_by_hand_ends_no_run(tmp_path: Path) -> None:
    orders = Orders(root=tmp_path)
    for n, text in enumerate(('{"order": "send"', '{"order": "dance", "by": "a", "at": "", "text": ""}', "[]"), 1):
        (tmp_path / "orders" / "app-1").mkdir(parents=True, exist_ok=True)
        (tmp_path / "orders" / "app-1" / f"{n:04d}.json").write_text(text)
    orders.put("app-1", said("good"))
    assert [o.text for o in orders.pending("app-1")] == ["good"]
    assert len(list((tmp_path / "orders" / "app-1").glob("*.bad"))) == 3


def test_taking_back_leaves_the_messages(tmp_path: Path) -> None:
    orders = Orders(root=tmp_path)
    orders.put("app-1", said("keep me"))
    orders.put("app-1", said("", OrderKind.STOP))
    assert [o.kind for o in orders.withdraw("app-1", OrderKind.STOP, OrderKind.HOLD)] == [OrderKind.STOP]
    assert [o.text for o in orders.pending("app-1")] == ["keep me"]


def many(root: Path, who: int) -> None:
    for n in range(10):
        Orders(root=root).put("app-1", said(f"{who}:{n}"))


def test_orders_given_at_once_by_several_people_all_stand(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    people = [spawn.Process(target=many, args=(tmp_path, n)) for n in range(3)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    found = Orders(root=tmp_path).pending("app-1")
    assert [o.number for o in found] == list(range(1, 31))
    assert sorted(o.text for o in found) == sorted(f"{w}:{n}" for w in range(3) for n in range(10))
    assert not list((tmp_path / "orders" / "app-1").glob(".*"))
