"""The ranking rule as the README writes it, worked out from the server's records: the judge of the order."""

from typing import Any

from sales_follow_up.review import Finding

from pipedrive_tools.sandbox import Sandbox

POINTS = {
    "reply_owed": 35,
    "close_date_passed": 30,
    "overdue_activity": 25,
    "gone_cold": 20,
    "close_date_near": 20,
    "no_next_activity": 15,
    "lead_untouched": 15,
    "no_person": 5,
    "person_deleted": 5,
}
AGEING = {"reply_owed", "close_date_passed", "overdue_activity", "gone_cold", "lead_untouched"}


class Rule:
    """The rule on one account."""

    def __init__(self, box: Sandbox) -> None:
        self.deals = {each["id"]: each for each in box.records("deals")}
        self.leads = {each["id"]: each for each in box.records("leads")}
        self.stages = {each["id"]: each for each in box.records("stages")}
        self.pipelines = {each["id"]: each for each in box.records("pipelines")}

    def pressing(self, finding: Finding) -> float:
        urgency = sum(
            POINTS[each.kind] + (min(each.days, 30) if each.kind in AGEING else 0) for each in finding.signals
        )
        if finding.about.kind == "lead":
            rank, chance = self._lead(self.leads[finding.about.id]), 0.0
        else:
            rank, chance = self._deal(self.deals[finding.about.id])
        return urgency * (0.5 + rank) * (0.5 + chance)

    def _deal(self, deal: dict[str, Any]) -> tuple[float, float]:
        is_open = [
            each
            for each in self.deals.values()
            if each["status"] == "open" and not each["is_deleted"] and not each["is_archived"]
        ]
        peers = [each["value"] for each in is_open if each["currency"] == deal["currency"]]
        return _rank(deal["value"], peers), self._chance(deal) / 100

    def _chance(self, deal: dict[str, Any]) -> float:
        stage = self.stages[deal["stage_id"]]
        if deal["probability"] is not None:
            return float(deal["probability"])
        if self.pipelines[stage["pipeline_id"]]["is_deal_probability_enabled"]:
            return float(stage["deal_probability"])
        places = sum(each["pipeline_id"] == stage["pipeline_id"] for each in self.stages.values())
        return 100 * float(stage["order_nr"]) / (places + 1)

    def _lead(self, lead: dict[str, Any]) -> float:
        money = lead["value"] or {"amount": 0, "currency": ""}
        mine = [
            each["value"] or {"amount": 0, "currency": ""}
            for each in self.leads.values()
            if not each["is_archived"]
        ]
        return _rank(
            money["amount"], [each["amount"] for each in mine if each["currency"] == money["currency"]]
        )


def _rank(value: float, peers: list[float]) -> float:
    return sum(each < value for each in peers) / (len(peers) - 1) if len(peers) > 1 else 0.5
