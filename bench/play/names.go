package play

// A name is shown in its own script and signs in with ASCII letters, as
// directories do it.
type name struct{ shown, login string }

// A culture is what a directory holds about people of one place. The scripts
// differ on purpose: a server that counts bytes as letters, or folds case by
// ASCII alone, is found out by an ordinary roster.
type culture struct {
	language, locale, timezone    string
	country, city, postcode, dial string
	given, family                 []name
	familyFirst                   bool // the display name puts the family name first
}

var cultures = [...]culture{
	{
		language: "de", locale: "de-DE", timezone: "Europe/Berlin",
		country: "DE", city: "München", postcode: "80331", dial: "+49 89",
		given: []name{{"Jörg", "joerg"}, {"Anneliese", "anneliese"}, {"Björn", "bjoern"}, {"Käthe", "kaethe"},
			{"Max", "max"}, {"Sophie", "sophie"}, {"Günter", "guenter"}, {"Lena", "lena"}},
		family: []name{{"Müller", "mueller"}, {"Weiß", "weiss"}, {"Schröder", "schroeder"}, {"von der Heide", "vonderheide"},
			{"Groß", "gross"}, {"Becker", "becker"}, {"Jäger", "jaeger"}, {"Hoffmann", "hoffmann"}},
	},
	{
		language: "en", locale: "en-GB", timezone: "Europe/London",
		country: "GB", city: "Leeds", postcode: "LS1 4DY", dial: "+44 113",
		given: []name{{"Siobhán", "siobhan"}, {"Oliver", "oliver"}, {"Amelia", "amelia"}, {"Rhys", "rhys"},
			{"Zoë", "zoe"}, {"George", "george"}, {"Mary-Ann", "mary-ann"}, {"Idris", "idris"}},
		family: []name{{"O'Neill", "oneill"}, {"Smith-Jones", "smith-jones"}, {"Taylor", "taylor"}, {"Ap Rhys", "aprhys"},
			{"Brontë", "bronte"}, {"Okafor", "okafor"}, {"Hughes", "hughes"}, {"Walker", "walker"}},
	},
	{
		language: "pl", locale: "pl-PL", timezone: "Europe/Warsaw",
		country: "PL", city: "Łódź", postcode: "90-001", dial: "+48 42",
		given: []name{{"Łukasz", "lukasz"}, {"Małgorzata", "malgorzata"}, {"Grażyna", "grazyna"}, {"Paweł", "pawel"},
			{"Zofia", "zofia"}, {"Jakub", "jakub"}, {"Wojciech", "wojciech"}, {"Agnieszka", "agnieszka"}},
		family: []name{{"Wójcik", "wojcik"}, {"Kowalczyk", "kowalczyk"}, {"Zieliński", "zielinski"}, {"Dąbrowska", "dabrowska"},
			{"Szymański", "szymanski"}, {"Woźniak", "wozniak"}, {"Krawczyk", "krawczyk"}, {"Mazur", "mazur"}},
	},
	{
		language: "bg", locale: "bg-BG", timezone: "Europe/Sofia",
		country: "BG", city: "София", postcode: "1000", dial: "+359 2",
		given: []name{{"Георги", "georgi"}, {"Иванка", "ivanka"}, {"Димитър", "dimitar"}, {"Елена", "elena"},
			{"Никола", "nikola"}, {"Цветана", "tsvetana"}, {"Борис", "boris"}, {"Мария", "maria"}},
		family: []name{{"Иванов", "ivanov"}, {"Петрова", "petrova"}, {"Димитров", "dimitrov"}, {"Стоянова", "stoyanova"},
			{"Тодоров", "todorov"}, {"Христова", "hristova"}, {"Желязков", "zhelyazkov"}, {"Попова", "popova"}},
	},
	{
		language: "el", locale: "el-GR", timezone: "Europe/Athens",
		country: "GR", city: "Θεσσαλονίκη", postcode: "546 24", dial: "+30 231",
		given: []name{{"Γιώργος", "giorgos"}, {"Ελένη", "eleni"}, {"Νίκος", "nikos"}, {"Σοφία", "sofia"},
			{"Αλέξανδρος", "alexandros"}, {"Δήμητρα", "dimitra"}, {"Χρήστος", "christos"}, {"Ζωή", "zoi"}},
		family: []name{{"Παπαδόπουλος", "papadopoulos"}, {"Νικολάου", "nikolaou"}, {"Γεωργίου", "georgiou"}, {"Βασιλείου", "vasileiou"},
			{"Ιωάννου", "ioannou"}, {"Αθανασίου", "athanasiou"}, {"Οικονόμου", "oikonomou"}, {"Μάγγος", "mangos"}},
	},
	{
		language: "ja", locale: "ja-JP", timezone: "Asia/Tokyo",
		country: "JP", city: "大阪市", postcode: "530-0001", dial: "+81 6", familyFirst: true,
		given: []name{{"健太", "kenta"}, {"さくら", "sakura"}, {"翔", "sho"}, {"美咲", "misaki"},
			{"大輔", "daisuke"}, {"陽子", "yoko"}, {"エミリー", "emily"}, {"彩", "aya"}},
		family: []name{{"佐藤", "sato"}, {"鈴木", "suzuki"}, {"髙橋", "takahashi"}, {"田中", "tanaka"},
			{"渡邊", "watanabe"}, {"伊藤", "ito"}, {"山本", "yamamoto"}, {"𠮷田", "yoshida"}},
	},
	{
		language: "ar", locale: "ar-AE", timezone: "Asia/Dubai",
		country: "AE", city: "دبي", postcode: "00000", dial: "+971 4",
		given: []name{{"محمد", "mohammed"}, {"فاطمة", "fatima"}, {"أحمد", "ahmed"}, {"عائشة", "aisha"},
			{"يوسف", "yousef"}, {"مريم", "maryam"}, {"خالد", "khalid"}, {"ليلى", "layla"}},
		family: []name{{"المنصوري", "almansoori"}, {"الحسن", "alhassan"}, {"الخطيب", "alkhatib"}, {"حداد", "haddad"},
			{"النجار", "alnajjar"}, {"صالح", "saleh"}, {"العامري", "alameri"}, {"درويش", "darwish"}},
	},
	{
		language: "hi", locale: "hi-IN", timezone: "Asia/Kolkata",
		country: "IN", city: "मुंबई", postcode: "400001", dial: "+91 22",
		given: []name{{"अर्जुन", "arjun"}, {"प्रिया", "priya"}, {"राहुल", "rahul"}, {"अनन्या", "ananya"},
			{"विक्रम", "vikram"}, {"काव्या", "kavya"}, {"संजय", "sanjay"}, {"मीरा", "meera"}},
		family: []name{{"शर्मा", "sharma"}, {"पटेल", "patel"}, {"सिंह", "singh"}, {"गुप्ता", "gupta"},
			{"रेड्डी", "reddy"}, {"अय्यर", "iyer"}, {"जोशी", "joshi"}, {"नायर", "nair"}},
	},
	{
		language: "he", locale: "he-IL", timezone: "Asia/Jerusalem",
		country: "IL", city: "חיפה", postcode: "3100001", dial: "+972 4",
		given: []name{{"נועה", "noa"}, {"דוד", "david"}, {"תמר", "tamar"}, {"יוסף", "yosef"},
			{"מאיה", "maya"}, {"איתי", "itay"}, {"שירה", "shira"}, {"עומר", "omer"}},
		family: []name{{"כהן", "cohen"}, {"לוי", "levi"}, {"מזרחי", "mizrahi"}, {"פרץ", "peretz"},
			{"ביטון", "biton"}, {"אברהם", "avraham"}, {"פרידמן", "friedman"}, {"בן־דוד", "ben-david"}},
	},
	{
		language: "th", locale: "th-TH", timezone: "Asia/Bangkok",
		country: "TH", city: "กรุงเทพมหานคร", postcode: "10110", dial: "+66 2",
		given: []name{{"สมชาย", "somchai"}, {"สมหญิง", "somying"}, {"อนันต์", "anan"}, {"มาลี", "malee"},
			{"ณัฐพล", "nattapon"}, {"กนกวรรณ", "kanokwan"}, {"วิชัย", "wichai"}, {"พิมพ์", "pim"}},
		family: []name{{"ใจดี", "jaidee"}, {"สุขสวัสดิ์", "suksawat"}, {"ทองดี", "thongdee"}, {"ศรีสุข", "srisuk"},
			{"รัตนกุล", "rattanakul"}, {"บุญมี", "boonmee"}, {"วงศ์ไทย", "wongthai"}, {"แก้วมณี", "kaewmanee"}},
	},
	{
		language: "zh", locale: "zh-CN", timezone: "Asia/Shanghai",
		country: "CN", city: "上海市", postcode: "200000", dial: "+86 21", familyFirst: true,
		given: []name{{"伟", "wei"}, {"芳", "fang"}, {"秀英", "xiuying"}, {"敏", "min"},
			{"静", "jing"}, {"磊", "lei"}, {"洋", "yang"}, {"思睿", "sirui"}},
		family: []name{{"王", "wang"}, {"李", "li"}, {"张", "zhang"}, {"刘", "liu"},
			{"陈", "chen"}, {"欧阳", "ouyang"}, {"赵", "zhao"}, {"黄", "huang"}},
	},
	{
		language: "ko", locale: "ko-KR", timezone: "Asia/Seoul",
		country: "KR", city: "부산광역시", postcode: "48943", dial: "+82 51", familyFirst: true,
		given: []name{{"민준", "minjun"}, {"서연", "seoyeon"}, {"지훈", "jihoon"}, {"하은", "haeun"},
			{"현우", "hyunwoo"}, {"수빈", "subin"}, {"도윤", "doyun"}, {"유진", "yujin"}},
		family: []name{{"김", "kim"}, {"이", "lee"}, {"박", "park"}, {"최", "choi"},
			{"정", "jung"}, {"강", "kang"}, {"남궁", "namgung"}, {"윤", "yoon"}},
	},
}

// departments name the first teams of a roster; titles are what people are.
var (
	departments = [...]string{"Engineering", "Sales", "Design", "Finance", "Human Resources", "Legal",
		"Marketing", "Operations", "Product", "Research", "Security", "Support"}
	titles = [...]string{"Analyst", "Architect", "Assistant", "Consultant", "Controller", "Designer",
		"Engineer", "Head of Unit", "Manager", "Specialist", "Trainee", "Werkstudent (m/w/d)"}
	roles = [...]string{"Manager", "Planner", "Auditor", "Approver", "Editor", "Reader"}
)
