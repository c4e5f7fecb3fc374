"""Fields by name: namesakes told apart, the nearest suggested, built-in ones sent to their own argument."""

import pytest

from pipedrive_tools.errors import ArgumentsError, UnknownNameError
from pipedrive_tools.fields import Field, Fields
from tests.fields.company import FIELDS, key


@pytest.mark.parametrize("name", ["My enum", "my  ENUM", " My enum ", key(10)])
def test_by_name(name: str) -> None:
    """A field is found by its name, whatever its case and blanks, and by its key."""
    assert FIELDS.custom(name).key == key(10)


def test_exactly_written() -> None:
    """Names that differ in case alone are told apart by being written exactly."""
    assert FIELDS.custom("Region").key == key(100)
    assert FIELDS.custom("region").key == key(101)
    with pytest.raises(ArgumentsError, match="2 custom fields named 'REGION'"):
        FIELDS.custom("REGION")


def test_namesakes() -> None:
    """Two fields of one name are refused, with the names that tell them apart, which are taken."""
    with pytest.raises(ArgumentsError, match=r"use one of 'Tier \[666666\]', 'Tier \[676767\]'"):
        FIELDS.custom("Tier")
    assert FIELDS.custom("Tier [676767]").kind == "double"
    assert [FIELDS.label(each) for each in FIELDS.customs[-2:]] == ["Tier [666666]", "Tier [676767]"]


def test_unknown() -> None:
    """An unknown name tells the nearest ones."""
    with pytest.raises(UnknownNameError, match=r"no custom field 'My enumm'; nearest: 'My enum'"):
        FIELDS.custom("My enumm")
    with pytest.raises(UnknownNameError, match=r"there are: .My varchar.*and 10 more"):
        FIELDS.custom("###")
    with pytest.raises(UnknownNameError, match="there are none"):
        Fields("deals", ()).custom("x")


@pytest.mark.parametrize("name", ["Value", "value"])
def test_built_in(name: str) -> None:
    """A built-in field is refused among the custom ones, by its name and by its key."""
    with pytest.raises(ArgumentsError, match="pass it as 'value'"):
        FIELDS.custom(name)
    assert FIELDS.any(name).key == "value"


def test_any() -> None:
    """Custom fields are found among all, too; a custom one wins over a built-in one of its name."""
    doubled = Fields("deals", (*FIELDS.fields, Field(key(110), "Value", "monetary")))

    assert FIELDS.any("My set").key == key(9)
    assert doubled.custom("Value").key == key(110)


def test_parts_of_a_lead() -> None:
    """A v1 lead's key with a part belongs to its field; other keys to none."""
    assert FIELDS.of(f"{key(4)}_currency") is FIELDS.custom("My monetary")
    assert FIELDS.of("0" * 39) is None


def test_v1_definitions() -> None:
    """Definitions in the words of v1 are read as well."""
    found = Field.read(
        {"key": key(1), "name": "Old", "field_type": "enum", "edit_flag": True, "options": [{"id": 1}]}
    )

    assert (found.key, found.name, found.is_custom, found.labels) == (key(1), "Old", True, {"1": "1"})
    assert Field.read({"field_code": "x"}).name == "x"
