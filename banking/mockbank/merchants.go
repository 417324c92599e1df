package mockbank

// The spending categories, in the words a customer would use.
const (
	groceries     = "groceries"
	eatingOut     = "eating out"
	transport     = "transport"
	travel        = "travel"
	housing       = "housing"
	bills         = "bills"
	shopping      = "shopping"
	entertainment = "entertainment"
	health        = "health"
	education     = "education"
	services      = "services"
	fees          = "fees"
	giving        = "giving"
	other         = "other"
)

// merchant is a shop: name as a person says it, shop and text as statements
// write it, MCC (ISO 18245) and what it sells.
type merchant struct{ name, shop, text, mcc, category string }

// The shops of the town. Processor prefixes, ampersands and the like are there
// because real statements have them.
var (
	tesco       = &merchant{"Tesco", "Tesco", "TESCO STORES 3297 LONDON GB", "5411", groceries}
	sainsburys  = &merchant{"Sainsbury's", "Sainsbury's", "SAINSBURYS S/MKTS LONDON GB", "5411", groceries}
	marks       = &merchant{"M&S", "M&S", "M&S SIMPLY FOOD 0412 LONDON", "5411", groceries}
	coop        = &merchant{"Co-op", "CO-OP GROUP FOOD", "CO-OP GROUP FOOD 108812", "5411", groceries}
	coffee      = &merchant{"Monmouth Coffee", "SQ *MONMOUTH COFFEE", "SQ *MONMOUTH COFFEE LONDON", "5814", eatingOut}
	pret        = &merchant{"Pret A Manger", "Pret A Manger", "PRET A MANGER 331 LONDON", "5814", eatingOut}
	pizzeria    = &merchant{"Da Michele", "TST* DA MICHELE", "TST* DA MICHELE - SOHO LONDON", "5812", eatingOut}
	cafe        = &merchant{"Café Olé", "Café Olé", "CAFÉ OLÉ <BAR & GRILL> LONDON", "5812", eatingOut}
	pub         = &merchant{"The Red Lion", "The Red Lion", "THE RED LION SW1 \"LATE BAR\"", "5813", eatingOut}
	tfl         = &merchant{"TfL", "TfL Travel Charge", "TFL TRAVEL CH TFL.GOV.UK/CP", "4111", transport}
	taxi        = &merchant{"City Cabs", "IZ *CITY CABS", "IZ *CITY CABS LONDON", "4121", transport}
	fuel        = &merchant{"Shell", "Shell", "SHELL HOLLOWAY ROAD", "5542", transport}
	airline     = &merchant{"Skylark Air", "SKYLARK AIR", "SKYLARK AIR 1252103318860", "4511", travel}
	hotel       = &merchant{"Hotel Miramar", "HOTEL MIRAMAR", "HOTEL MIRAMAR LISBOA PT", "7011", travel}
	lettings    = &merchant{"Harbour Lettings", "Harbour Lettings", "HARBOUR LETTINGS RENT", "6513", housing}
	mortgage    = &merchant{"Foxglove Homes", "Foxglove Homes", "FOXGLOVE HOMES LTD", "6513", housing}
	energy      = &merchant{"Northlight Energy", "Northlight Energy", "NORTHLIGHT ENERGY 8841", "4900", bills}
	water       = &merchant{"Chalk Water", "Chalk Water", "CHALK WATER PLC", "4900", bills}
	phone       = &merchant{"Fernwave", "FERNWAVE MOBILE", "FERNWAVE MOBILE", "4814", bills}
	amazon      = &merchant{"Amazon", "AMZNMktplace", "AMZNMktplace*2K4XY1 AMAZON.CO.UK", "5399", shopping}
	clothes     = &merchant{"Loom & Thread", "Loom & Thread", "LOOM & THREAD W1", "5651", shopping}
	bookshop    = &merchant{"Daunt Books", "Daunt Books", "DAUNT BOOKS MARYLEBONE", "5942", shopping}
	hardware    = &merchant{"B&Q", "B&Q", "B&Q 1311 LONDON", "5200", shopping}
	netflix     = &merchant{"Netflix", "Netflix", "NETFLIX.COM", "5815", entertainment}
	spotify     = &merchant{"Spotify", "PAYPAL *SPOTIFY", "PAYPAL *SPOTIFY 35314369001", "5815", entertainment}
	cinema      = &merchant{"Prince Charles Cinema", "SumUp *PRINCE CHARLES", "SUMUP *PRINCE CHARLES CINEMA", "7832", entertainment}
	pharmacy    = &merchant{"Boots", "Boots", "BOOTS 1147 LONDON", "5912", health}
	dentist     = &merchant{"Bright Dental", "Bright Dental", "BRIGHT DENTAL N7", "8021", health}
	college     = &merchant{"Morley College", "Morley College", "MORLEY COLLEGE SE1", "8220", education}
	hairdresser = &merchant{"Shear Joy", "ZETTLE *SHEAR JOY", "ZETTLE *SHEAR JOY", "7230", services}
	charity     = &merchant{"Shelter", "Shelter", "SHELTER DONATION", "8398", giving}
	broker      = &merchant{"Meridian Invest", "Meridian Invest", "MERIDIAN INVEST ISA", "6211", ""}
	machine     = &merchant{"cash machine", "LINK CASH MACHINE", "CASH LNK HIGH ST", "6011", ""}
	ramen       = &merchant{"Ichiran", "ICHIRAN SHIBUYA", "ICHIRAN SHIBUYA TOKYO", "5812", eatingOut}
	konbini     = &merchant{"Lawson", "LAWSON", "LAWSON 0441 TOKYO", "5411", groceries}
	souk        = &merchant{"Mubarakiya Sweets", "MUBARAKIYA SWEETS", "MUBARAKIYA SWEETS KUWAIT", "5462", groceries}
	bakery      = &merchant{"Pastelaria Alfama", "PASTELARIA ALFAMA", "PASTELARIA ALFAMA LISBOA", "5812", eatingOut}
)
