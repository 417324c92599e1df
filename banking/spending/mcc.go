package spending

// mccs says what each range of merchant category codes (ISO 18245, as the card schemes use it) is spending on. Both ends are
// included, and the ranges stand in order without overlap. A code in none of them is unknown.
var mccs = []struct {
	first, last int
	category    Category
}{
	{742, 742, Health},          // veterinary
	{743, 799, Services},        // farming and gardening
	{1500, 1799, Housing},       // builders and trades
	{2700, 2899, Services},      // printing, specialty cleaning
	{3000, 3350, Travel},        // one code for each airline
	{3351, 3500, Travel},        // car hire
	{3501, 3999, Travel},        // hotels
	{4000, 4118, Transport},     // railways and buses
	{4119, 4119, Health},        // ambulances
	{4120, 4131, Transport},     // taxis, buses
	{4200, 4299, Services},      // haulage, couriers, storage
	{4300, 4410, Transport},     // other ways to get about
	{4411, 4411, Travel},        // cruises
	{4412, 4499, Travel},        // boats and marinas
	{4500, 4723, Travel},        // air travel, travel agencies
	{4784, 4789, Transport},     // tolls
	{4812, 4812, Shopping},      // telephones
	{4813, 4828, Bills},         // telephone and internet
	{4829, 4829, Other},         // money sent by wire: to whom is not known
	{4830, 4900, Bills},         // television, power, gas, water
	{5013, 5013, Transport},     // car parts
	{5021, 5039, Shopping},      // furniture and building material for the trade
	{5040, 5046, Shopping},      // office machines, computers
	{5047, 5047, Health},        // medical equipment
	{5048, 5065, Shopping},      // metal, electrical parts
	{5072, 5085, Shopping},      // hardware, plumbing
	{5086, 5121, Shopping},      // watches, stationery
	{5122, 5122, Health},        // drugs
	{5131, 5171, Shopping},      // cloth, uniforms, shoes, chemicals
	{5172, 5172, Transport},     // petroleum
	{5173, 5197, Shopping},      // books, flowers
	{5198, 5198, Shopping},      // paint
	{5199, 5199, Shopping},      // goods of no kind
	{5200, 5271, Shopping},      // building supplies, garden
	{5300, 5300, Groceries},     // wholesale clubs
	{5309, 5399, Shopping},      // department, discount and variety stores
	{5400, 5499, Groceries},     // food shops
	{5500, 5599, Transport},     // cars, fuel, charging
	{5600, 5699, Shopping},      // clothes
	{5700, 5710, Shopping},      // for the home
	{5712, 5719, Shopping},      // furniture and furnishings
	{5720, 5739, Shopping},      // appliances, electronics, music
	{5800, 5814, EatingOut},     // restaurants, bars, fast food
	{5815, 5818, Entertainment}, // digital books, films, games, apps
	{5832, 5832, Shopping},      // antiques
	{5900, 5912, Health},        // pharmacies
	{5921, 5921, Groceries},     // wine and spirits to take home
	{5931, 5959, Shopping},      // second hand, sport, books, toys
	{5960, 5960, Bills},         // insurance sold from afar
	{5961, 5961, Shopping},      // mail order
	{5962, 5962, Travel},        // travel sold from afar
	{5963, 5974, Shopping},      // direct marketing, art
	{5975, 5976, Health},        // hearing aids, orthopaedics
	{5977, 5978, Shopping},      // cosmetics, typewriters
	{5983, 5983, Bills},         // heating fuel
	{5992, 5999, Shopping},      // florists, tobacconists, pets
	{6010, 6011, Cash},          // over the counter, cash machine
	{6012, 6012, Services},      // a bank's goods and services, often the paying of a debt
	{6050, 6051, Cash},          // quasi cash: foreign notes, money orders, crypto
	{6211, 6211, investment},    // brokers
	{6300, 6399, Bills},         // insurance
	{6513, 6513, Housing},       // rent
	{6529, 6540, Other},         // money put on a wallet or sent to somebody
	{6760, 6760, investment},    // savings bonds
	{7011, 7033, Travel},        // hotels, camping
	{7210, 7299, Services},      // laundry, hair, funerals and other personal services
	{7311, 7399, Services},      // business services
	{7511, 7511, Transport},     // truck stop
	{7512, 7519, Travel},        // car and caravan hire
	{7523, 7549, Transport},     // parking, repair, car wash, towing
	{7622, 7699, Services},      // repairs
	{7800, 7999, Entertainment}, // lotteries, cinemas, sport, clubs
	{8011, 8099, Health},        // doctors, dentists, opticians, hospitals
	{8111, 8111, Services},      // lawyers
	{8211, 8299, Education},     // schools, universities, courses
	{8351, 8351, Education},     // child care
	{8398, 8398, Giving},        // charities
	{8641, 8641, Giving},        // civic associations
	{8651, 8651, Giving},        // political parties
	{8661, 8661, Giving},        // churches
	{8675, 8675, Transport},     // motoring associations
	{8699, 8699, Services},      // other memberships
	{8700, 8999, Services},      // professions
	{9211, 9211, Bills},         // court costs, alimony
	{9222, 9222, Fees},          // fines
	{9223, 9223, Bills},         // bail
	{9311, 9311, Bills},         // tax
	{9399, 9399, Bills},         // other dues to the state
	{9402, 9402, Services},      // post
	{9405, 9405, Other},         // between governments
	{9700, 9702, Services},      // of the card schemes
	{9950, 9950, Other},         // within a company
}

// mccPlaces gives the place in categories, plus one, of each code; zero is a code in no range.
var mccPlaces = func() (byCode [10000]uint8) {
	for _, r := range mccs {
		for code := r.first; code <= r.last; code++ {
			byCode[code] = places[r.category] + 1
		}
	}
	return byCode
}()

// byMCC gives the category of a merchant category code of three or four digits ("742" is "0742").
func byMCC(code string) (Category, bool) {
	if len(code) == 3 {
		code = "0" + code
	}
	n, ok := number(code, 4)
	if !ok || mccPlaces[n] == 0 {
		return "", false
	}
	return categories[mccPlaces[n]-1], true
}
