"""Example arguments for every tool: the fewest that are taken, and all that go together.

Other suites (parity, cassettes, doors, contracts) walk over `EXAMPLES`; a tool without examples fails a test here.
"""

from typing import Any, Final

DEAL_ID: Final = 1
PERSON_ID: Final = 2
ORGANIZATION_ID: Final = 3
ACTIVITY_ID: Final = 4
NOTE_ID: Final = 5
USER_ID: Final = 6
PIPELINE_ID: Final = 1
STAGE_ID: Final = 2
FILTER_ID: Final = 9
WEBHOOK_ID: Final = 1
LEAD_ID: Final = "adf21080-0e10-11eb-879b-05d71fb426ec"
LABEL_ID: Final = "f08b42a0-4e75-11ea-9643-03698ef1cfd6"
CONVERSION_ID: Final = "4b40248b-945a-4802-b996-60fdff8c5c69"
FIELD_KEY: Final = "d4de1c1518b4531717c676029a45911c340390a6"
MOMENT: Final = "2026-08-18T09:30:00Z"
LATER: Final = "2026-08-19T09:30:00Z"
DAY: Final = "2026-09-30"

_CUSTOM: Final = [{"name": FIELD_KEY, "value": "Gold"}]
_V2_PAGE: Final = {"limit": 50, "cursor": "eyJpZCI6N30"}
_V1_PAGE: Final = {"limit": 50, "start": 100}
_GUARD: Final = {"overwrite": ["title"], "expect_version": MOMENT}
_CHANGED: Final = {"updated_since": MOMENT, "updated_until": LATER}
_SORTED: Final = {"sort_by": "update_time", "sort_direction": "desc"}
_PLACE: Final = {"value": "Mustamäe tee 3a, Tallinn", "country": "Estonia", "locality": "Tallinn"}
_LIST_DEALS: Final = {
    "status": ["open", "won"],
    "owner_id": USER_ID,
    "person_id": PERSON_ID,
    "org_id": ORGANIZATION_ID,
    "pipeline_id": PIPELINE_ID,
    "stage_id": STAGE_ID,
    "ids": [DEAL_ID, 12],
    "filter_id": FILTER_ID,
    "include_fields": ["next_activity_id", "activities_count"],
    **_CHANGED,
    **_SORTED,
    **_V2_PAGE,
}
_LIST_ARCHIVED_LEADS: Final = {
    "owner_id": USER_ID,
    "person_id": PERSON_ID,
    "organization_id": ORGANIZATION_ID,
    "filter_id": FILTER_ID,
    "sort": "add_time DESC",
    **_V1_PAGE,
}


def _search(*fields: str, **narrower: Any) -> dict[str, dict[str, Any]]:
    words = {
        "term": "acme",
        "exact_match": False,
        "fields": list(fields),
        "limit": 20,
        "cursor": "eyJpZCI6N30",
    }
    return {"minimal": {"term": "acme"}, "full": words | narrower}


def _one(**path: Any) -> dict[str, dict[str, Any]]:
    return {"minimal": path, "full": path}


def _delete(**path: Any) -> dict[str, dict[str, Any]]:
    return {"minimal": path, "full": path | {"dry_run": False}}


EXAMPLES: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "list_deals": {"minimal": {}, "full": _LIST_DEALS},
    "get_deal": {
        "minimal": {"deal_id": DEAL_ID},
        "full": {"deal_id": DEAL_ID, "include_fields": ["activities_count"]},
    },
    "create_deal": {
        "minimal": {"title": "Renewal"},
        "full": {
            "title": "Renewal",
            "value": 1200.5,
            "currency": "EUR",
            "person_id": PERSON_ID,
            "org_id": ORGANIZATION_ID,
            "pipeline_id": PIPELINE_ID,
            "stage_id": STAGE_ID,
            "owner_id": USER_ID,
            "status": "lost",
            "lost_reason": "Too dear",
            "probability": 40,
            "expected_close_date": DAY,
            "label_ids": [1, 2],
            "visible_to": 3,
            "custom_fields": _CUSTOM,
            "dry_run": False,
        },
    },
    "update_deal": {
        "minimal": {"deal_id": DEAL_ID, "title": "Renewal 2027"},
        "full": {
            "deal_id": DEAL_ID,
            "title": "Renewal 2027",
            "value": 900,
            "currency": "EUR",
            "stage_id": STAGE_ID,
            "status": "lost",
            "lost_reason": "Too dear",
            "person_id": PERSON_ID,
            "org_id": ORGANIZATION_ID,
            "pipeline_id": PIPELINE_ID,
            "owner_id": USER_ID,
            "probability": 20,
            "expected_close_date": DAY,
            "label_ids": [1],
            "is_archived": False,
            "visible_to": 3,
            "custom_fields": _CUSTOM,
            "clear": [FIELD_KEY.replace("d4", "e5")],
            "dry_run": False,
            **_GUARD,
        },
    },
    "delete_deal": _delete(deal_id=DEAL_ID),
    "search_deals": _search(
        "title", "notes", "custom_fields", person_id=PERSON_ID, organization_id=ORGANIZATION_ID, status="open"
    ),
    "list_archived_deals": {"minimal": {}, "full": _LIST_DEALS},
    "convert_deal_to_lead": _delete(deal_id=DEAL_ID),
    "list_persons": {
        "minimal": {},
        "full": {
            "org_id": ORGANIZATION_ID,
            "deal_id": DEAL_ID,
            "owner_id": USER_ID,
            "ids": [PERSON_ID],
            "filter_id": FILTER_ID,
            "include_fields": ["next_activity_id"],
            **_CHANGED,
            **_SORTED,
            **_V2_PAGE,
        },
    },
    "get_person": {
        "minimal": {"person_id": PERSON_ID},
        "full": {"person_id": PERSON_ID, "include_fields": ["open_deals_count"]},
    },
    "create_person": {
        "minimal": {"name": "Ann Example"},
        "full": {
            "name": "Ann Example",
            "emails": ["ann@example.com", {"value": "a@example.org", "label": "home", "primary": True}],
            "phones": ["+372 555 0100"],
            "org_id": ORGANIZATION_ID,
            "owner_id": USER_ID,
            "label_ids": [5],
            "visible_to": 3,
            "custom_fields": _CUSTOM,
            "dry_run": False,
        },
    },
    "update_person": {
        "minimal": {"person_id": PERSON_ID, "phones": ["+372 555 0100"]},
        "full": {
            "person_id": PERSON_ID,
            "name": "Ann Example",
            "emails": ["ann@example.com"],
            "phones": ["+372 555 0100"],
            "org_id": ORGANIZATION_ID,
            "owner_id": USER_ID,
            "label_ids": [5],
            "visible_to": 3,
            "custom_fields": _CUSTOM,
            "clear": [FIELD_KEY.replace("d4", "e5")],
            "dry_run": False,
            **_GUARD,
        },
    },
    "delete_person": _delete(person_id=PERSON_ID),
    "search_persons": _search(
        "name", "email", "phone", "notes", "custom_fields", organization_id=ORGANIZATION_ID
    ),
    "list_organizations": {
        "minimal": {},
        "full": {
            "owner_id": USER_ID,
            "ids": [ORGANIZATION_ID],
            "filter_id": FILTER_ID,
            "include_fields": ["people_count"],
            **_CHANGED,
            **_SORTED,
            **_V2_PAGE,
        },
    },
    "get_organization": {
        "minimal": {"org_id": ORGANIZATION_ID},
        "full": {"org_id": ORGANIZATION_ID, "include_fields": ["open_deals_count"]},
    },
    "create_organization": {
        "minimal": {"name": "Acme"},
        "full": {
            "name": "Acme",
            "address": "Mustamäe tee 3a, Tallinn",
            "website": "https://acme.example",
            "linkedin": "https://linkedin.example/acme",
            "industry": 7,
            "annual_revenue": 5_000_000,
            "employee_count": 40,
            "owner_id": USER_ID,
            "label_ids": [6],
            "visible_to": 3,
            "custom_fields": _CUSTOM,
            "dry_run": False,
        },
    },
    "update_organization": {
        "minimal": {"org_id": ORGANIZATION_ID, "website": "https://acme.example"},
        "full": {
            "org_id": ORGANIZATION_ID,
            "name": "Acme",
            "address": _PLACE,
            "website": "https://acme.example",
            "linkedin": "https://linkedin.example/acme",
            "industry": 7,
            "annual_revenue": 5_000_000,
            "employee_count": 40,
            "owner_id": USER_ID,
            "label_ids": [6],
            "visible_to": 3,
            "custom_fields": _CUSTOM,
            "clear": [FIELD_KEY.replace("d4", "e5")],
            "dry_run": False,
            **_GUARD,
        },
    },
    "delete_organization": _delete(org_id=ORGANIZATION_ID),
    "search_organizations": _search("name", "address", "notes", "custom_fields"),
    "list_activities": {
        "minimal": {},
        "full": {
            "done": False,
            "owner_id": USER_ID,
            "deal_id": DEAL_ID,
            "lead_id": LEAD_ID,
            "person_id": PERSON_ID,
            "org_id": ORGANIZATION_ID,
            "ids": [ACTIVITY_ID],
            "filter_id": FILTER_ID,
            "sort_by": "due_date",
            "sort_direction": "asc",
            "include_fields": ["attendees"],
            **_CHANGED,
            **_V2_PAGE,
        },
    },
    "get_activity": {
        "minimal": {"activity_id": ACTIVITY_ID},
        "full": {"activity_id": ACTIVITY_ID, "include_fields": ["attendees"]},
    },
    "create_activity": {
        "minimal": {"subject": "Call about the offer", "type": "call"},
        "full": {
            "subject": "Call about the offer",
            "type": "call",
            "due_date": DAY,
            "due_time": "09:30",
            "duration": "00:30",
            "deal_id": DEAL_ID,
            "lead_id": LEAD_ID,
            "person_id": PERSON_ID,
            "org_id": ORGANIZATION_ID,
            "owner_id": USER_ID,
            "note": "Price & terms\nAsk < 5 questions",
            "done": False,
            "busy": True,
            "location": "Mustamäe tee 3a, Tallinn",
            "participants": [PERSON_ID, 21],
            "attendees": ["ann@example.com", {"email": "bo@example.com", "name": "Bo"}],
            "dry_run": False,
        },
    },
    "update_activity": {
        "minimal": {"activity_id": ACTIVITY_ID, "done": True},
        "full": {
            "activity_id": ACTIVITY_ID,
            "subject": "Call about the offer",
            "type": "call",
            "due_date": DAY,
            "due_time": "09:30",
            "duration": "00:30",
            "done": False,
            "deal_id": DEAL_ID,
            "lead_id": LEAD_ID,
            "person_id": PERSON_ID,
            "org_id": ORGANIZATION_ID,
            "owner_id": USER_ID,
            "note": {"html": "<b>Price</b>"},
            "busy": True,
            "location": _PLACE,
            "participants": [{"person_id": 21, "primary": True}],
            "clear": ["attendees"],
            "dry_run": False,
            **_GUARD,
        },
    },
    "delete_activity": _delete(activity_id=ACTIVITY_ID),
    "list_leads": {"minimal": {}, "full": _LIST_ARCHIVED_LEADS | {"updated_since": MOMENT}},
    "get_lead": _one(lead_id=LEAD_ID),
    "create_lead": {
        "minimal": {"title": "Web form", "person_id": PERSON_ID},
        "full": {
            "title": "Web form",
            "person_id": PERSON_ID,
            "organization_id": ORGANIZATION_ID,
            "value": 500,
            "currency": "EUR",
            "expected_close_date": DAY,
            "owner_id": USER_ID,
            "label_ids": [LABEL_ID],
            "visible_to": "3",
            "custom_fields": _CUSTOM,
            "dry_run": False,
        },
    },
    "update_lead": {
        "minimal": {"lead_id": LEAD_ID, "is_archived": True},
        "full": {
            "lead_id": LEAD_ID,
            "title": "Web form",
            "person_id": PERSON_ID,
            "organization_id": ORGANIZATION_ID,
            "value": 500,
            "currency": "EUR",
            "expected_close_date": DAY,
            "owner_id": USER_ID,
            "label_ids": [LABEL_ID],
            "is_archived": False,
            "visible_to": "3",
            "custom_fields": _CUSTOM,
            "clear": [FIELD_KEY.replace("d4", "e5")],
            "dry_run": False,
            **_GUARD,
        },
    },
    "delete_lead": _delete(lead_id=LEAD_ID),
    "search_leads": _search(
        "title", "notes", "custom_fields", person_id=PERSON_ID, organization_id=ORGANIZATION_ID
    ),
    "convert_lead_to_deal": {
        "minimal": {"lead_id": LEAD_ID},
        "full": {"lead_id": LEAD_ID, "stage_id": STAGE_ID, "pipeline_id": PIPELINE_ID, "dry_run": False},
    },
    "list_archived_leads": {"minimal": {}, "full": _LIST_ARCHIVED_LEADS},
    "list_notes": {
        "minimal": {},
        "full": {
            "deal_id": DEAL_ID,
            "person_id": PERSON_ID,
            "org_id": ORGANIZATION_ID,
            "lead_id": LEAD_ID,
            "user_id": USER_ID,
            "start_date": "2026-01-01",
            "end_date": DAY,
            "updated_since": MOMENT,
            "sort": "add_time DESC",
            **_V1_PAGE,
        },
    },
    "get_note": _one(note_id=NOTE_ID),
    "create_note": {
        "minimal": {"content": "They like it", "deal_id": DEAL_ID},
        "full": {
            "content": "They like it & want <more>\nCall on Monday",
            "deal_id": DEAL_ID,
            "person_id": PERSON_ID,
            "org_id": ORGANIZATION_ID,
            "lead_id": LEAD_ID,
            "pinned_to_deal_flag": True,
            "pinned_to_person_flag": False,
            "pinned_to_organization_flag": True,
            "pinned_to_lead_flag": False,
            "dry_run": False,
        },
    },
    "update_note": {
        "minimal": {"note_id": NOTE_ID, "content": "They love it"},
        "full": {
            "note_id": NOTE_ID,
            "content": {"html": "<p>They love it</p>"},
            "deal_id": DEAL_ID,
            "person_id": PERSON_ID,
            "org_id": ORGANIZATION_ID,
            "lead_id": LEAD_ID,
            "pinned_to_deal_flag": True,
            "pinned_to_person_flag": False,
            "pinned_to_organization_flag": True,
            "pinned_to_lead_flag": False,
            "clear": [],
            "overwrite": ["content"],
            "expect_version": "2026-08-18 09:30:00",
            "dry_run": False,
        },
    },
    "delete_note": _delete(note_id=NOTE_ID),
    "list_pipelines": {"minimal": {}, "full": {**_SORTED, **_V2_PAGE}},
    "list_stages": {
        "minimal": {},
        "full": {
            "pipeline_id": PIPELINE_ID,
            "sort_by": "order_nr",
            "sort_direction": "asc",
            **_V2_PAGE,
        },
    },
    "get_pipeline": _one(pipeline_id=PIPELINE_ID),
    "get_stage": _one(stage_id=STAGE_ID),
    "list_deal_fields": {"minimal": {}, "full": _V2_PAGE},
    "list_person_fields": {"minimal": {}, "full": _V2_PAGE},
    "list_organization_fields": {"minimal": {}, "full": _V2_PAGE},
    "list_activity_fields": {"minimal": {}, "full": _V2_PAGE},
    "list_lead_fields": {"minimal": {}, "full": _V1_PAGE},
    "get_deal_field": _one(field_code=FIELD_KEY),
    "get_person_field": _one(field_code=FIELD_KEY),
    "get_organization_field": _one(field_code=FIELD_KEY),
    "get_activity_field": _one(field_code="priority"),
    "list_users": _one(),
    "get_user": _one(user_id=USER_ID),
    "get_current_user": _one(),
    "list_activity_types": _one(),
    "list_lead_labels": _one(),
    "search_items": _search(
        "title",
        "name",
        "email",
        "phone",
        "address",
        "notes",
        "custom_fields",
        item_types=["deal", "person"],
    ),
    "get_lead_conversion_status": _one(lead_id=LEAD_ID, conversion_id=CONVERSION_ID),
    "get_deal_conversion_status": _one(deal_id=DEAL_ID, conversion_id=CONVERSION_ID),
    "list_webhooks": _one(),
    "create_webhook": {
        "minimal": {
            "subscription_url": "https://hooks.example.com/pipedrive",
            "event_action": "change",
            "event_object": "deal",
            "name": "Deals that move",
        },
        "full": {
            "subscription_url": "https://hooks.example.com/pipedrive",
            "event_action": "added",
            "event_object": "*",
            "name": "All that is new",
            "user_id": USER_ID,
            "dry_run": False,
        },
    },
    "delete_webhook": _delete(webhook_id=WEBHOOK_ID),
}
"""Per tool: `minimal`, where nothing can be dropped, and `full`, where every argument that goes along is given."""
