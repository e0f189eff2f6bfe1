"""Names for the demo: its main people, and enough others to fill the account. Nobody here exists."""

from __future__ import annotations

# First name, last name, e-mail's local part, role
USERS = (
    ("Ananya", "Bose", "ananya.bose", "Administrator"),
    ("Meera", "Iyer", "meera.iyer", "Sales_User"),
    ("Kabir", "Shah", "kabir.shah", "Sales_User"),
    ("Fatima", "Qureshi", "fatima.qureshi", "Sales_User"),
    ("Rohan", "Deshpande", "rohan.deshpande", "Sales_Manager"),
    ("Arjun", "Nair", "arjun.nair", "Sales_User"),
    ("Noor", "Al-Hashimi", "noor.al-hashimi", "Sales_Manager"),
    ("José", "D'Souza", "jose.dsouza", "Sales_User"),
)
USER_FIRST_NAMES = (
    "Aditi",
    "Bhavesh",
    "Chetan",
    "Deepika",
    "Ehsan",
    "Farah",
    "Gaurav",
    "Harini",
    "Ishaan",
    "Jyoti",
    "Karthik",
    "Leela",
    "Manoj",
    "Nandini",
    "Omkar",
    "Pooja",
    "Rahul",
    "Sneha",
    "Tanvi",
    "Uday",
)
USER_LAST_NAMES = ("Bhosale", "Chavan", "Fernandes", "Gokhale", "Inamdar", "Kamath")

# First name, last name, e-mail, phone, city, the codes of the opportunities
LEADS = (
    ("Asha", "Rao", "asha.rao@outlook.in", "+91-9822041736", "Baner, Pune", (12000, 12001, 12003)),
    ("Asha", "Raorane", "araorane@gmail.com", "+91-9987015528", "Vengurla, Sindhudurg", (12000,)),
    ("Aashá", "Rahman", "aasha.rahman@emaar-staff.ae", "+971-503319042", "Dubai, NRI desk", (12004,)),
    ("Harpreet Singh", "Gill", "hs.gill@rediffmail.com", "+91-9815530174", "Camp, Pune", (12002,)),
    ("Lakshmi", "Venkataraman", "lakshmi.v@yahoo.in", "+91-9840118823", "Kothrud, Pune", (12000, 12006)),
    ("Imran", "Sheikh", "imran.sheikh@gmail.com", "+91-9730662140", "Nashik", (12005, 12000)),
    ("Priyanka", "Kulkarni", "priyanka.kulkarni@outlook.in", "+91-9890447715", "Sangli", (12006, 12000)),
    ("José", "D’Souza", "jose.dsouza@panjimmail.in", "+91-9823300918", "Panaji, Goa", (12000,)),
    (
        "Noor",
        "Al-Hashimi",
        "noor.hashimi@etisalat.example",
        "+971-551720466",
        "Sharjah, NRI desk",
        (12004, 12000),
    ),
    ("محمد", "العتيبي", "m.alotaibi@jeddahmail.example", "+966-501182734", "Jeddah, NRI desk", (12004,)),
    (
        "فاطمة",
        "الزهراء خان",
        "fatima.khan@sharjah.example",
        "+971-522904417",
        "Sharjah, NRI desk",
        (12004, 12001),
    ),
    ("نور الدين", "الحسيني", "nooruddin@doha.example", "+974-55120938", "Doha, NRI desk", (12004,)),
    ("Renée", "Müller-Joshi", "renee.joshi@web.example", "+49-15123456780", "Aundh, Pune", (12000, 12003)),
    ("Zoë", "Pereira", "zoe.pereira@goamail.in", "+91-9822513377", "Margao, Goa", (12000,)),
    (
        "अनुराधा",
        "पाटील",
        "anuradha.patil@gmail.com",
        "+91-9764410205",
        "Kolhapur",
        (12000, 12002, 12006, 12003),
    ),
    ("Mary O'Connor", None, "mary.oconnor@outlook.in", "+91-9819244061", "Bandra, Mumbai", (12002,)),
    ("Chukwuemeka", "Ọlá", "emeka.ola@mail.example", "+91-9769003512", "Viman Nagar, Pune", (12003,)),
    ("Sukhwinder", "Kaur", None, "+91-9872290641", "Pimpri", (12000,)),
    ("Dr. Nāgārjuna", "Śāstrī", "shastri@mysore.example", "+91-9448017263", "Belagavi", (12000, 12001)),
    ("Thị Hương", "Nguyễn-Pawar", "huong.pawar@gmail.com", None, "Hinjawadi, Pune", (12000,)),
)
LEAD_FIRST_NAMES = (
    "Abdul",
    "Bharati",
    "Chandrakant",
    "Devika",
    "Eknath",
    "Firoz",
    "Girija",
    "Hemant",
    "Indira",
    "Jamshed",
    "Khadija",
    "Lalita",
    "Mahesh",
    "Neelam",
    "Pandurang",
    "Rukhsana",
    "Sanjay",
    "Tabassum",
    "Usha",
    "Vinayak",
)
LEAD_LAST_NAMES = ("Ansari", "Bhide", "Jadhav", "Merchant", "Phadke", "Siddiqui", "Waghmare")
CITIES = ("Baner, Pune", "Satara", "Nashik", "Thane", "Kolhapur", "Solapur", "Ratnagiri", "Panaji, Goa")
PLACES = (
    "Kothrud 2 BHK",
    "Wakad flat 1102",
    "Baner row house",
    "Hadapsar shop",
    "Nashik plot 17",
    "Ponda bungalow",
)
