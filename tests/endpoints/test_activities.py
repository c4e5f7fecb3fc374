"""Activities on the wire: people are participants."""

from pipedrive_tools.endpoints import activities


def sent(**arguments: object) -> object:
    """The participants that an update sends."""
    return activities.update.check({"activity_id": 4, **arguments}).values.get("participants")


def test_a_person_is_the_primary_participant() -> None:
    """`person_id` is read-only in Pipedrive, so it travels as the primary participant."""
    assert sent(person_id=2) == [{"person_id": 2, "primary": True}]
    assert "person_id" not in activities.update(activity_id=4, person_id=2).values


def test_others_beside_the_person() -> None:
    """Others take part beside the person, who is named once."""
    assert sent(person_id=2, participants=[2, 21]) == [
        {"person_id": 2, "primary": True},
        {"person_id": 21, "primary": False},
    ]


def test_only_others() -> None:
    """Without a person the first participant is the primary one."""
    assert sent(participants="[21, 22]") == [{"person_id": 21, "primary": True}, {"person_id": 22}]


def test_participants_as_read() -> None:
    """Participants that a read gave can be put back as they were."""
    before = [{"person_id": 21, "primary": False}, {"person_id": 22, "primary": True}]

    assert sent(participants=before) == before


def test_nobody() -> None:
    """Participants that are not mentioned stay; all go only when they are blanked by name."""
    assert sent(subject="x") is None
    assert sent(clear=["participants"]) == []


def test_attendees() -> None:
    """Guests are taken as e-mail addresses or as a read gave them."""
    call = activities.create.check(
        {
            "subject": "x",
            "type": "call",
            "attendees": ["a@example.com", {"email": "b@example.com", "status": None}],
        }
    )

    assert call.values["attendees"] == [{"email": "a@example.com"}, {"email": "b@example.com"}]
