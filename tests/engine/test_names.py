"""What values are called in messages."""

from chainrule.engine import Constant, Value, topological_order
from chainrule.engine.names import Names, own_name


def names_in(root: Value) -> dict[Value, str]:
    order = topological_order(root)
    names = Names(order)
    return {value: names[value] for value in order}


def test_labels_come_first_and_the_rest_are_numbered_in_topological_order() -> None:
    a, b = Value(2.0, "a"), Value(-3.0)
    c = a * b
    names = names_in(c + 1.5)
    assert list(names.values()) == ["v0", "a", "v2", "1.5", "L"]
    assert (names[a], names[b], names[c]) == ("a", "v0", "v2")


def test_a_repeated_label_is_numbered_from_the_second_on() -> None:
    first, second, third = (Value(float(n), "w") for n in range(3))
    names = names_in(first + (second + third))
    assert sorted(names[value] for value in (first, second, third)) == ["w", "w#2", "w#3"]


def test_generated_names_give_way_to_labels_that_look_like_them() -> None:
    values = [
        Value(1.0, "L"),
        Value(2.0, "v1"),
        Value(3.0),
        Value(4.0, "v2"),
        Value(5.0, "v2#2"),
        Value(6.0, "v2"),
    ]
    root = values[0]
    for value in values[1:]:
        root = root + value
    names = names_in(root)
    assert len(set(names.values())) == len(names)
    assert names[values[0]] == "L"
    assert names[root] == "L#2"


def test_a_constant_is_called_by_its_number_unless_it_has_a_label() -> None:
    rate = Constant(0.5, label="rate")
    names = names_in(Value(2.0, "x") * rate * 1e-7)
    assert names[rate] == "rate"
    assert "1e-07" in names.values()


def test_a_hostile_label_is_one_short_harmless_line() -> None:
    name = own_name(Value(1.0, "a\x1b[31m\n" + "b" * 100 + "\u202e"))
    assert len(name) <= 40
    assert "\x1b" not in name
    assert "\n" not in name


def test_a_single_leaf_is_a_graph_too() -> None:
    leaf = Value(1.0)
    assert names_in(leaf) == {leaf: "L"}
