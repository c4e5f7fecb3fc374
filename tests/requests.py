"""One-line requests of our own over every tool of the core profile.

Two fixed sets, both over every tool: the wording of tools and arguments is improved by looking at `IMPROVED_ON`,
and the figures are reported on `HELD_OUT`, whose misses are never shown; once it has been looked at, it joins the first
and a new one is written.
"""

from typing import Final

from tests.judging import Request

LEAD: Final = "adf21080-0e10-11eb-879b-05d71fb426ec"
OTHER_LEAD: Final = "5f2a9c10-7d3e-11ec-9a41-c5b5b2b9d1aa"

IMPROVED_ON: Final[tuple[Request, ...]] = (
    Request("Show me all open deals.", "list_deals", {"status": ["open"]}),
    Request("List the deals in stage Negotiation.", "list_deals", {"stage_id": "Negotiation"}),
    Request(
        "Give me my own deals, the latest changes first, 20 of them.",
        "list_deals",
        {"owner_id": "me", "sort_by": "update_time", "sort_direction": "desc", "limit": 20},
    ),
    Request("Show me deal 42.", "get_deal", {"deal_id": 42}),
    Request(
        "Create a deal called 'Annual licence' worth 5000 EUR for the organization Northwind.",
        "create_deal",
        {"title": "Annual licence", "value": 5000, "currency": "EUR", "org_id": "Northwind"},
    ),
    Request("Mark deal 42 as won.", "update_deal", {"deal_id": 42, "status": "won"}),
    Request(
        "Set the value of deal 12 to 7500 EUR.",
        "update_deal",
        {"deal_id": 12, "value": 7500, "currency": "EUR"},
    ),
    Request(
        "Deal 9 should now close on 2026-12-15.",
        "update_deal",
        {"deal_id": 9, "expected_close_date": "2026-12-15"},
    ),
    Request("Delete deal 99.", "delete_deal", {"deal_id": 99}),
    Request("Search the deals for 'solar panels'.", "search_deals", {"term": "solar panels"}),
    Request(
        "List the persons who work at the organization Northwind.", "list_persons", {"org_id": "Northwind"}
    ),
    Request("Show me person 15.", "get_person", {"person_id": 15}),
    Request(
        "Add a person named Jonas Weber with the e-mail jonas@weber.example.",
        "create_person",
        {"name": "Jonas Weber", "emails": ["jonas@weber.example"]},
    ),
    Request(
        "Add the e-mail ada@byron.example to person 15.",
        "update_person",
        {"person_id": 15, "emails": ["ada@byron.example"]},
    ),
    Request("Delete person 15.", "delete_person", {"person_id": 15}),
    Request("Search for a person called Miller.", "search_persons", {"term": "Miller"}),
    Request("List all organizations.", "list_organizations"),
    Request("Show me organization 8.", "get_organization", {"org_id": 8}),
    Request(
        "Create an organization called Bluewater Ltd with the website bluewater.example.",
        "create_organization",
        {"name": "Bluewater Ltd", "website": "bluewater.example"},
    ),
    Request(
        "Rename organization 8 to Northwind Traders.",
        "update_organization",
        {"org_id": 8, "name": "Northwind Traders"},
    ),
    Request("Delete organization 8.", "delete_organization", {"org_id": 8}),
    Request("Search for the organization Acme.", "search_organizations", {"term": "Acme"}),
    Request("List the activities of deal 42.", "list_activities", {"deal_id": 42}),
    Request(
        "Show the finished activities of the person Mia Hartmann.",
        "list_activities",
        {"done": True, "person_id": "Mia Hartmann"},
    ),
    Request("Show me activity 5.", "get_activity", {"activity_id": 5}),
    Request(
        "Schedule a call 'Discuss quote' on 2026-12-03 for deal 42.",
        "create_activity",
        {"subject": "Discuss quote", "type": "call", "due_date": "2026-12-03", "deal_id": 42},
    ),
    Request(
        "Create a task 'Send contract' for deal 7, due 2026-11-30, for Ada Byron to do.",
        "create_activity",
        {
            "subject": "Send contract",
            "type": "task",
            "due_date": "2026-11-30",
            "deal_id": 7,
            "owner_id": "Ada Byron",
        },
    ),
    Request("Mark activity 5 as done.", "update_activity", {"activity_id": 5, "done": True}),
    Request(
        "Postpone activity 31 to 2027-01-11 at 09:30.",
        "update_activity",
        {"activity_id": 31, "due_date": "2027-01-11", "due_time": "09:30"},
    ),
    Request("Delete activity 5.", "delete_activity", {"activity_id": 5}),
    Request("List all leads.", "list_leads"),
    Request(f"Show me lead {LEAD}.", "get_lead", {"lead_id": LEAD}),
    Request(
        "Create a lead 'Trade fair contact' for the person Mia Hartmann.",
        "create_lead",
        {"title": "Trade fair contact", "person_id": "Mia Hartmann"},
    ),
    Request(f"Archive lead {LEAD}.", "update_lead", {"lead_id": LEAD, "is_archived": True}),
    Request(f"Delete lead {LEAD}.", "delete_lead", {"lead_id": LEAD}),
    Request("Search the leads for 'roof'.", "search_leads", {"term": "roof"}),
    Request(f"Convert lead {LEAD} to a deal.", "convert_lead_to_deal", {"lead_id": LEAD}),
    Request("Show the notes of deal 42.", "list_notes", {"deal_id": 42}),
    Request(
        "Write the note 'Customer wants a discount' on deal 42.",
        "create_note",
        {"content": "Customer wants a discount", "deal_id": 42},
    ),
    Request(
        "Change note 3 to 'Customer agreed'.", "update_note", {"note_id": 3, "content": "Customer agreed"}
    ),
    Request("Delete note 3.", "delete_note", {"note_id": 3}),
    Request("Which pipelines are there?", "list_pipelines"),
    Request("List the stages of pipeline 2.", "list_stages", {"pipeline_id": 2}),
    Request("Which deals did we lose?", "list_deals", {"status": ["lost"]}),
    Request(
        "List the won deals that belong to Ada Byron.",
        "list_deals",
        {"status": ["won"], "owner_id": "Ada Byron"},
    ),
    Request(
        "Show the open deals in the pipeline Renewals, 50 a page.",
        "list_deals",
        {"status": ["open"], "pipeline_id": "Renewals", "limit": 50},
    ),
    Request("What is the value of deal 1187?", "get_deal", {"deal_id": 1187}),
    Request(
        "Add a new deal 'Website relaunch' over 12000 USD with Mia Hartmann as the contact person.",
        "create_deal",
        {"title": "Website relaunch", "value": 12000, "currency": "USD", "person_id": "Mia Hartmann"},
    ),
    Request(
        "Move deal 88 to the stage Negotiation.", "update_deal", {"deal_id": 88, "stage_id": "Negotiation"}
    ),
    Request(
        "We lost deal 310 because it was 'too expensive'.",
        "update_deal",
        {"deal_id": 310, "status": "lost", "lost_reason": "too expensive"},
    ),
    Request("Make Ada Byron the owner of deal 64.", "update_deal", {"deal_id": 64, "owner_id": "Ada Byron"}),
    Request("Please remove deal 4711.", "delete_deal", {"deal_id": 4711}),
    Request("Find deals that mention 'warehouse'.", "search_deals", {"term": "warehouse"}),
    Request("Show me all persons owned by Ada Byron.", "list_persons", {"owner_id": "Ada Byron"}),
    Request("What is the phone number of person 230?", "get_person", {"person_id": 230}),
    Request(
        "Create the contact Lea Brandt, phone +49 30 1234567, at the organization Northwind.",
        "create_person",
        {"name": "Lea Brandt", "phones": ["+49 30 1234567"], "org_id": "Northwind"},
    ),
    Request("Rename person 77 to Clara Novak.", "update_person", {"person_id": 77, "name": "Clara Novak"}),
    Request("Remove person 903.", "delete_person", {"person_id": 903}),
    Request("Who has the e-mail address tom@acme.example?", "search_persons", {"term": "tom@acme.example"}),
    Request("Which organizations are mine?", "list_organizations", {"owner_id": "me"}),
    Request("What is the address of organization 415?", "get_organization", {"org_id": 415}),
    Request(
        "Add the company Kestrel GmbH, address Hauptstrasse 5, Berlin.",
        "create_organization",
        {"name": "Kestrel GmbH", "address": "Hauptstrasse 5, Berlin"},
    ),
    Request(
        "Set the website of organization 52 to kestrel.example.",
        "update_organization",
        {"org_id": 52, "website": "kestrel.example"},
    ),
    Request("Remove organization 4040.", "delete_organization", {"org_id": 4040}),
    Request(
        "Find organizations with 'logistics' in the name.", "search_organizations", {"term": "logistics"}
    ),
    Request("Which of my activities are still to do?", "list_activities", {"done": False, "owner_id": "me"}),
    Request(
        "Show what is still to do for deal 7, sorted by due date.",
        "list_activities",
        {"done": False, "deal_id": 7, "sort_by": "due_date"},
        {"sort_direction": "asc"},
    ),
    Request("What does the note of activity 618 say?", "get_activity", {"activity_id": 618}),
    Request(
        "Add a meeting 'Kick-off' on 2026-12-10 at 14:00 with the person Mia Hartmann.",
        "create_activity",
        {
            "subject": "Kick-off",
            "type": "meeting",
            "due_date": "2026-12-10",
            "due_time": "14:00",
            "person_id": "Mia Hartmann",
        },
    ),
    Request(
        "Log a call 'Left a message' on deal 55 that is already done.",
        "create_activity",
        {"subject": "Left a message", "type": "call", "deal_id": 55, "done": True},
    ),
    Request(
        "Move activity 618 to 2026-12-20.", "update_activity", {"activity_id": 618, "due_date": "2026-12-20"}
    ),
    Request(
        "Give activity 93 to Ada Byron.", "update_activity", {"activity_id": 93, "owner_id": "Ada Byron"}
    ),
    Request("Remove activity 777.", "delete_activity", {"activity_id": 777}),
    Request("Show the leads of the organization Northwind.", "list_leads", {"organization_id": "Northwind"}),
    Request(f"What do we know about lead {OTHER_LEAD}?", "get_lead", {"lead_id": OTHER_LEAD}),
    Request(
        "Add a lead 'Inbound request' for the organization Northwind, worth 3000 EUR.",
        "create_lead",
        {"title": "Inbound request", "organization_id": "Northwind", "value": 3000, "currency": "EUR"},
    ),
    Request(
        f"Set the title of lead {OTHER_LEAD} to 'Second call'.",
        "update_lead",
        {"lead_id": OTHER_LEAD, "title": "Second call"},
    ),
    Request(f"Remove lead {OTHER_LEAD}.", "delete_lead", {"lead_id": OTHER_LEAD}),
    Request("Find the leads about 'trade fair'.", "search_leads", {"term": "trade fair"}),
    Request(
        f"Turn lead {OTHER_LEAD} into a deal in the stage Qualified.",
        "convert_lead_to_deal",
        {"lead_id": OTHER_LEAD, "stage_id": "Qualified"},
    ),
    Request("Which notes are there about organization 8?", "list_notes", {"org_id": 8}),
    Request(
        "Add a note to person 15: 'Prefers mornings'.",
        "create_note",
        {"content": "Prefers mornings", "person_id": 15},
    ),
    Request(
        "Rewrite note 907 to say 'Call in January'.",
        "update_note",
        {"note_id": 907, "content": "Call in January"},
    ),
    Request("Remove note 5150.", "delete_note", {"note_id": 5150}),
    Request("List our sales pipelines.", "list_pipelines"),
    Request("Which stages does the pipeline Renewals have?", "list_stages", {"pipeline_id": "Renewals"}),
    Request("Which deals have been won?", "list_deals", {"status": ["won"]}),
    Request(
        "List the open deals of the organization Harbor Foods.",
        "list_deals",
        {"status": ["open"], "org_id": "Harbor Foods"},
    ),
    Request(
        "List the lost deals of the pipeline Partner Sales.",
        "list_deals",
        {"status": ["lost"], "pipeline_id": "Partner Sales"},
    ),
    Request("Give me the details of deal 5023.", "get_deal", {"deal_id": 5023}),
    Request(
        "Create the deal 'Fleet upgrade' in the stage Proposal, worth 18500 GBP.",
        "create_deal",
        {"title": "Fleet upgrade", "stage_id": "Proposal", "value": 18500, "currency": "GBP"},
    ),
    Request(
        "Change the title of deal 271 to 'Phase two'.", "update_deal", {"deal_id": 271, "title": "Phase two"}
    ),
    Request("Deal 133 is won.", "update_deal", {"deal_id": 133, "status": "won"}),
    Request("Reopen deal 640.", "update_deal", {"deal_id": 640, "status": "open"}),
    Request(
        "Set the expected close date of deal 58 to 2027-02-28.",
        "update_deal",
        {"deal_id": 58, "expected_close_date": "2027-02-28"},
    ),
    Request("Delete the deal with the id 812.", "delete_deal", {"deal_id": 812}),
    Request("Search for deals about 'heat pump'.", "search_deals", {"term": "heat pump"}),
    Request("Which persons belong to organization 31?", "list_persons", {"org_id": 31}),
    Request("Give me the contact details of person 644.", "get_person", {"person_id": 644}),
    Request(
        "Add the person Oskar Lind with the phone +46 8 123456.",
        "create_person",
        {"name": "Oskar Lind", "phones": ["+46 8 123456"]},
    ),
    Request(
        "Person 38 now works at the organization Harbor Foods.",
        "update_person",
        {"person_id": 38, "org_id": "Harbor Foods"},
    ),
    Request("Delete the person with the id 59.", "delete_person", {"person_id": 59}),
    Request(
        "Find the person with the phone number +46 8 123456.", "search_persons", {"term": "+46 8 123456"}
    ),
    Request("List the organizations that Ada Byron owns.", "list_organizations", {"owner_id": "Ada Byron"}),
    Request("Show organization 1290.", "get_organization", {"org_id": 1290}),
    Request("Create the organization Harbor Foods.", "create_organization", {"name": "Harbor Foods"}),
    Request(
        "Organization 66 has moved: its address is now Kanalweg 12, Utrecht.",
        "update_organization",
        {"org_id": 66, "address": "Kanalweg 12, Utrecht"},
    ),
    Request("Delete the organization with the id 71.", "delete_organization", {"org_id": 71}),
    Request("Look up the company Harbor Foods.", "search_organizations", {"term": "Harbor Foods"}),
    Request("Show all activities of organization 8.", "list_activities", {"org_id": 8}),
    Request(
        "Which activities does Ada Byron still have to do?",
        "list_activities",
        {"owner_id": "Ada Byron", "done": False},
    ),
    Request("Show me what activity 1404 is about.", "get_activity", {"activity_id": 1404}),
    Request(
        "Schedule a meeting 'Site visit' for deal 19 on 2027-01-20 at 10:30.",
        "create_activity",
        {
            "subject": "Site visit",
            "type": "meeting",
            "deal_id": 19,
            "due_date": "2027-01-20",
            "due_time": "10:30",
        },
    ),
    Request(
        "Plan a task 'Check references' for 2026-12-08.",
        "create_activity",
        {"subject": "Check references", "type": "task", "due_date": "2026-12-08"},
    ),
    Request("Activity 212 is finished.", "update_activity", {"activity_id": 212, "done": True}),
    Request(
        "Change the subject of activity 75 to 'Second demo'.",
        "update_activity",
        {"activity_id": 75, "subject": "Second demo"},
    ),
    Request("Delete the activity with the id 18.", "delete_activity", {"activity_id": 18}),
    Request("Which leads does Ada Byron own?", "list_leads", {"owner_id": "Ada Byron"}),
    Request(f"Read lead {OTHER_LEAD}.", "get_lead", {"lead_id": OTHER_LEAD}),
    Request(
        "Create a lead 'Referral from Tom' for the person Oskar Lind.",
        "create_lead",
        {"title": "Referral from Tom", "person_id": "Oskar Lind"},
    ),
    Request(
        f"Set the value of lead {LEAD} to 9000 EUR.",
        "update_lead",
        {"lead_id": LEAD, "value": 9000, "currency": "EUR"},
    ),
    Request(f"Delete the lead with the id {OTHER_LEAD}.", "delete_lead", {"lead_id": OTHER_LEAD}),
    Request("Search the leads for 'conference'.", "search_leads", {"term": "conference"}),
    Request(f"Make a deal out of lead {LEAD}.", "convert_lead_to_deal", {"lead_id": LEAD}),
    Request("List the notes of person 38.", "list_notes", {"person_id": 38}),
    Request(
        "Attach the note 'Budget approved' to organization 31.",
        "create_note",
        {"content": "Budget approved", "org_id": 31},
    ),
    Request(
        "Replace the text of note 88 by 'No answer yet'.",
        "update_note",
        {"note_id": 88, "content": "No answer yet"},
    ),
    Request("Delete the note with the id 640.", "delete_note", {"note_id": 640}),
    Request("Show all pipelines.", "list_pipelines"),
    Request(
        "What are the stages of the pipeline Partner Sales?",
        "list_stages",
        {"pipeline_id": "Partner Sales"},
    ),
)
"""Looked at while the wording is improved; the later parts of it were reported on before."""

HELD_OUT: Final[tuple[Request, ...]] = (
    Request("Show me the deals that are still open.", "list_deals", {"status": ["open"]}),
    Request("Which deals does the person Tilda Moor have?", "list_deals", {"person_id": "Tilda Moor"}),
    Request("List the deals of pipeline 3.", "list_deals", {"pipeline_id": 3}),
    Request(
        "Show the won deals, newest first.",
        "list_deals",
        {"status": ["won"], "sort_by": "add_time", "sort_direction": "desc"},
    ),
    Request("Open deal 3017.", "get_deal", {"deal_id": 3017}),
    Request("What stage is deal 209 in?", "get_deal", {"deal_id": 209}),
    Request("Create a deal 'Spare parts 2027'.", "create_deal", {"title": "Spare parts 2027"}),
    Request(
        "Start a deal 'Pilot plant' for the organization Copper Lane in the pipeline Renewals.",
        "create_deal",
        {"title": "Pilot plant", "org_id": "Copper Lane", "pipeline_id": "Renewals"},
    ),
    Request(
        "Add the deal 'Line three' worth 950 CHF for the person Tilda Moor.",
        "create_deal",
        {"title": "Line three", "value": 950, "currency": "CHF", "person_id": "Tilda Moor"},
    ),
    Request("Mark deal 518 as lost.", "update_deal", {"deal_id": 518, "status": "lost"}),
    Request("Put deal 73 into the stage Demo.", "update_deal", {"deal_id": 73, "stage_id": "Demo"}),
    Request("Rename deal 620 to 'Cold store'.", "update_deal", {"deal_id": 620, "title": "Cold store"}),
    Request("Archive deal 45.", "update_deal", {"deal_id": 45, "is_archived": True}),
    Request("Erase deal 931.", "delete_deal", {"deal_id": 931}),
    Request("Delete deal number 6.", "delete_deal", {"deal_id": 6}),
    Request("Search all deals for 'conveyor'.", "search_deals", {"term": "conveyor"}),
    Request("Find the deal called 'Cold store'.", "search_deals", {"term": "Cold store"}),
    Request("List my contacts.", "list_persons", {"owner_id": "me"}),
    Request("Show the persons of the organization Copper Lane.", "list_persons", {"org_id": "Copper Lane"}),
    Request("Open the contact 318.", "get_person", {"person_id": 318}),
    Request("Which e-mail address does person 41 have?", "get_person", {"person_id": 41}),
    Request("Add a person called Nils Aaberg.", "create_person", {"name": "Nils Aaberg"}),
    Request(
        "Create the contact Rosa Lindt at Copper Lane with the e-mail rosa@copper.example.",
        "create_person",
        {"name": "Rosa Lindt", "org_id": "Copper Lane", "emails": ["rosa@copper.example"]},
    ),
    Request(
        "Add the phone +31 20 7654321 to person 88.",
        "update_person",
        {"person_id": 88, "phones": ["+31 20 7654321"]},
    ),
    Request(
        "Make Tilda Moor the owner of person 16.",
        "update_person",
        {"person_id": 16, "owner_id": "Tilda Moor"},
    ),
    Request("Erase person 702.", "delete_person", {"person_id": 702}),
    Request("Delete contact 33.", "delete_person", {"person_id": 33}),
    Request("Search for the contact Rosa Lindt.", "search_persons", {"term": "Rosa Lindt"}),
    Request("Look for persons named Aaberg.", "search_persons", {"term": "Aaberg"}),
    Request("Show all companies.", "list_organizations"),
    Request("Which organizations belong to Tilda Moor?", "list_organizations", {"owner_id": "Tilda Moor"}),
    Request("Open organization 27.", "get_organization", {"org_id": 27}),
    Request("What is the website of organization 340?", "get_organization", {"org_id": 340}),
    Request("Add the organization Copper Lane.", "create_organization", {"name": "Copper Lane"}),
    Request(
        "Create the company Fjordline with the address Havnegata 3, Bergen.",
        "create_organization",
        {"name": "Fjordline", "address": "Havnegata 3, Bergen"},
    ),
    Request(
        "Change the name of organization 27 to Copper Lane Holding.",
        "update_organization",
        {"org_id": 27, "name": "Copper Lane Holding"},
    ),
    Request(
        "Set the address of organization 12 to Rue Neuve 8, Lille.",
        "update_organization",
        {"org_id": 12, "address": "Rue Neuve 8, Lille"},
    ),
    Request("Erase organization 55.", "delete_organization", {"org_id": 55}),
    Request("Delete company 208.", "delete_organization", {"org_id": 208}),
    Request("Find organizations called Fjordline.", "search_organizations", {"term": "Fjordline"}),
    Request("Search the companies for 'shipping'.", "search_organizations", {"term": "shipping"}),
    Request("List the activities of the person Tilda Moor.", "list_activities", {"person_id": "Tilda Moor"}),
    Request("What has been done for deal 204?", "list_activities", {"deal_id": 204, "done": True}),
    Request("Open activity 3300.", "get_activity", {"activity_id": 3300}),
    Request("When is activity 84 due?", "get_activity", {"activity_id": 84}),
    Request(
        "Add the task 'Order samples' to deal 140.",
        "create_activity",
        {"subject": "Order samples", "type": "task", "deal_id": 140},
    ),
    Request(
        "Schedule a call 'Price talk' with the person Rosa Lindt on 2027-03-02.",
        "create_activity",
        {"subject": "Price talk", "type": "call", "person_id": "Rosa Lindt", "due_date": "2027-03-02"},
    ),
    Request("Set activity 19 to done.", "update_activity", {"activity_id": 19, "done": True}),
    Request(
        "Reschedule activity 402 to 2027-02-01 at 16:00.",
        "update_activity",
        {"activity_id": 402, "due_date": "2027-02-01", "due_time": "16:00"},
    ),
    Request("Erase activity 71.", "delete_activity", {"activity_id": 71}),
    Request("Delete activity number 250.", "delete_activity", {"activity_id": 250}),
    Request("Show all our leads.", "list_leads"),
    Request("Which leads are there for the person Tilda Moor?", "list_leads", {"person_id": "Tilda Moor"}),
    Request(f"Open lead {LEAD}.", "get_lead", {"lead_id": LEAD}),
    Request(f"What is the title of lead {OTHER_LEAD}?", "get_lead", {"lead_id": OTHER_LEAD}),
    Request(
        "Add the lead 'Web form' for the organization Fjordline.",
        "create_lead",
        {"title": "Web form", "organization_id": "Fjordline"},
    ),
    Request(
        "Create the lead 'Recommended by Nils' for the person Rosa Lindt, worth 400 EUR.",
        "create_lead",
        {"title": "Recommended by Nils", "person_id": "Rosa Lindt", "value": 400, "currency": "EUR"},
    ),
    Request(
        f"Rename lead {LEAD} to 'Autumn fair'.", "update_lead", {"lead_id": LEAD, "title": "Autumn fair"}
    ),
    Request(
        f"Give lead {OTHER_LEAD} to Tilda Moor.",
        "update_lead",
        {"lead_id": OTHER_LEAD, "owner_id": "Tilda Moor"},
    ),
    Request(f"Erase lead {OTHER_LEAD}.", "delete_lead", {"lead_id": OTHER_LEAD}),
    Request("Find leads that mention 'refit'.", "search_leads", {"term": "refit"}),
    Request(f"Convert lead {OTHER_LEAD}.", "convert_lead_to_deal", {"lead_id": OTHER_LEAD}),
    Request(
        f"Convert lead {LEAD} to a deal in the stage Demo.",
        "convert_lead_to_deal",
        {"lead_id": LEAD, "stage_id": "Demo"},
    ),
    Request("Show the notes of organization 27.", "list_notes", {"org_id": 27}),
    Request(f"List the notes of lead {LEAD}.", "list_notes", {"lead_id": LEAD}),
    Request(
        "Note on deal 620: 'Waits for the board'.",
        "create_note",
        {"content": "Waits for the board", "deal_id": 620},
    ),
    Request(
        "Add the note 'Ask for Rosa' to organization 12.",
        "create_note",
        {"content": "Ask for Rosa", "org_id": 12},
    ),
    Request("Set note 41 to 'Wrong number'.", "update_note", {"note_id": 41, "content": "Wrong number"}),
    Request("Erase note 1200.", "delete_note", {"note_id": 1200}),
    Request("What pipelines do we have?", "list_pipelines"),
    Request("Show the stages of pipeline 4.", "list_stages", {"pipeline_id": 4}),
    Request("List all stages.", "list_stages"),
)
"""Reported on; not looked at while the wording is improved."""
