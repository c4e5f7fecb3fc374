"""Word lists for invented people, companies and sentences; whoever bears such a name does so by chance."""

FIRST_NAMES = (
    "Alda", "Bram", "Corin", "Dagny", "Eskil", "Fenna", "Gerrit", "Halla", "Ilmar", "Jorun", "Kaspar",
    "Linnea", "Marit", "Nils", "Oona", "Pelle", "Runa", "Sander", "Tiina", "Ulrik", "Vilja", "Wanda",
    "Yara", "Zeno", "Amara", "Bilal", "Chiara", "Dario", "Emeka", "Farida", "Goran", "Hana", "Idris",
    "Jana", "Kofi", "Leila", "Mirko", "Noor", "Otis", "Priya", "Ravi", "Selma", "Tariq", "Uma", "Viktor",
    "Wren", "Ximena", "Yusuf", "Zofia", "Anouk",
)  # fmt: skip
LAST_NAMES = (
    "Aldermoor", "Brackwater", "Calderfen", "Dunholt", "Ekermark", "Farrowby", "Gladhaven", "Hollinworth",
    "Iverstrand", "Jarnberg", "Kestermann", "Lindqvale", "Morrowick", "Nordhaugen", "Ollerton", "Pennarth",
    "Quillfeather", "Ravensholm", "Sandervik", "Thistlewood", "Underhaug", "Valderby", "Westermark",
    "Yarrowdale", "Zandermeer", "Ashgrove", "Birkenfeldt", "Crowmere", "Dravenne", "Elmsworthy",
    "Fjordgaard", "Greywater", "Hazelbrandt", "Isenhart", "Juniperus", "Kirkevold", "Larkspurre",
    "Mistelbach", "Netherfield", "Oakhaven",
)  # fmt: skip
# A few written right to left, and one with marks that need four bytes.
OTHER_NAMES = (
    ("נועה", "אלמור"),
    ("סאמי", "ברקוביה"),
    ("ليلى", "النورية"),
    ("كريم", "الساحلي"),
    ("美咲", "星野原"),
)

COMPANY_STEMS = (
    "Brindlewick", "Corvanta", "Dellmoor", "Estrivo", "Fernhallow", "Glimmerforge", "Hartvane", "Inkwell",
    "Juniperloft", "Kestrelane", "Lumenfold", "Marrowstone", "Northquill", "Oakenspire", "Pinebridge",
    "Quarrydale", "Rivenmark", "Saltmeadow", "Tamberlane", "Umbervale", "Vantorra", "Wickersham",
    "Yewcastle", "Zephyrine", "Amberlock", "Bluefathom", "Copperfield", "Driftglass", "Evermoss",
    "Foxhollow",
)  # fmt: skip
COMPANY_TRADES = (
    "Logistics", "Robotics", "Foods", "Textiles", "Energy", "Software", "Clinics", "Printing", "Marine",
    "Packaging", "Optics", "Instruments",
)  # fmt: skip
COMPANY_FORMS = ("Ltd", "GmbH", "OÜ", "AB", "Inc.", "BV", "SAS", "Oy")

PRODUCTS = (
    "warehouse scanners", "annual support", "fleet tracking", "label printers", "training days", "cold-room sensors",
    "route planning", "spare-parts contract", "pilot licence", "maintenance plan",
)  # fmt: skip
JOB_TITLES = (
    "Head of Purchasing", "Operations Manager", "IT Lead", "Managing Director", "Office Manager", "Plant Engineer",
)  # fmt: skip
LOST_REASONS = ("Price too high", "Chose another supplier", "Project stopped", "No answer", "Budget cut")
STREETS = ("Harbour Road", "Mill Lane", "Station Street", "Kiln Yard", "Orchard Row", "Quay Side")
CITIES = (
    ("Tallinn", "Estonia", "10111"), ("Leipzig", "Germany", "04109"), ("Leeds", "United Kingdom", "LS1 1AA"),
    ("Porto", "Portugal", "4000-001"), ("Aarhus", "Denmark", "8000"), ("Madison", "United States", "53703"),
)  # fmt: skip

SUBJECTS = {
    "call": ("Call about {}", "Ring back on {}", "Quarterly call: {}"),
    "email": ("Send the offer for {}", "Follow-up mail on {}", "Mail the references for {}"),
    "meeting": ("Meeting: {}", "Walk through {}", "Site visit for {}"),
    "lunch": ("Lunch, talk about {}",),
    "task": ("Prepare prices for {}", "Check stock of {}", "Update the plan for {}"),
    "deadline": ("Offer for {} expires", "Tender closes: {}"),
    "incoming_email": ("They wrote about {}", "Question by mail: {}"),
    "incoming_call": ("They rang about {}", "Missed call: {}"),
}

SENTENCES = (
    "They like the trial and want to see prices for two more sites.",
    "The budget round closes at the end of the month.",
    "Purchasing asked for the certificate and the delivery times.",
    "The old contract ends in autumn, the new one should start without a gap.",
    "Our contact is away for a week; the deputy knows the matter.",
    "They compare us with one other supplier and will decide on service, not on price.",
    "Installation needs a lift and two people for a day.",
    "Payment in two parts is fine for them.",
    "Legal wants a change in clause seven before they sign.",
    "The pilot ran without a fault for three weeks 🎉",
    "Wants a short summary for the board, two pages at most.",
    "Asked whether training on a Saturday is possible.",
    "הלקוח ביקש הצעת מחיר מעודכנת.",
    "طلب العميل موعدا جديدا للعرض.",
    "Next step agreed: joint visit to the plant ☕",
)
ITEMS = (
    "12 devices", "three sites", "support for 24 months", "delivery in six weeks", "discount up to 8 %",
    "contact: front office", "data protection form", "reference customer",
)  # fmt: skip
