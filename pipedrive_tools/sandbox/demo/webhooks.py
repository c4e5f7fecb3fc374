"""A webhook that was there before us: of another program, about products, which nobody here changes."""

from datetime import date

from pipedrive_tools.sandbox.demo.record import Record
from pipedrive_tools.sandbox.demo.users import USER_IDS

PASSWORD = "a-password-that-nobody-is-shown"  # noqa: S105 - of a program that does not exist
"""What answers show in clear, and nothing of ours may repeat."""


def foreign_webhook(today: date, company_id: int) -> Record:
    """The webhook, as an answer shows it."""
    owner = USER_IDS[0]
    return {
        "id": 1,
        "company_id": company_id,
        "owner_id": owner,
        "user_id": owner,
        "event_action": "change",
        "event_object": "product",
        "subscription_url": "https://stock.example.com/pipedrive",
        "version": "2.0",
        "is_active": 1,
        "add_time": f"{today.isoformat()}T00:00:00.000Z",
        "remove_time": None,
        "type": "general",
        "http_auth_user": "stock",
        "http_auth_password": PASSWORD,
        "remove_reason": None,
        "last_delivery_time": None,
        "last_http_status": None,
        "admin_id": owner,
        "name": "Stock list",
    }
