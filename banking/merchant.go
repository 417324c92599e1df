package banking

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The bounds of a merchant's name.
const (
	maxMerchantText = 512 // bytes looked at
	maxMerchant     = 64  // runes said
)

// openings are what stands before a merchant's name on a statement without belonging to it: the words of the bank, and the mark of
// whoever processed the payment. They are compared in lower case.
var openings = []string{
	"card payment to ", "card purchase ", "card payment ", "contactless payment ", "contactless ", "purchase at ", "pos purchase ", "pos ",
	"sq *", "sq*", "squ*", "tst* ", "tst*", "tst *", "paypal *", "paypal*", "pp *", "pp*", "google *", "google*", "apl* ", "apl*", "iz *", "iz*",
	"zettle_*", "zettle *", "sumup *", "sumup*", "stripe *", "stripe*", "sp *", "sp*", "wpy*", "wpy *", "cko*", "cko *",
	"ls *", "ls*", "klarna*", "klarna *", "worldpay *", "nyx*", "eb *", "dnh*", "crv*",
}

// countries are the codes that card schemes put at the end of a merchant's name.
var countries = map[string]bool{"GB": true, "GBR": true, "US": true, "USA": true, "IE": true, "IRL": true, "FR": true, "FRA": true, "DE": true, "DEU": true, "ES": true, "ESP": true, "NL": true, "NLD": true, "LU": true, "LUX": true, "BR": true, "BRA": true, "PT": true, "PRT": true, "IT": true, "ITA": true}

// CleanMerchant makes a name that can be said of what a bank gives as merchant or text: without processors' prefixes, references,
// country codes and control characters, in ordinary capitals, at most 64 characters. "SQ *BLUE BOTTLE 0012345 GB" becomes "Blue
// Bottle". Where nothing would be left, what was given is only tidied.
func CleanMerchant(raw string) string {
	tidy := tidied(raw)
	name := tidy
	for range 4 { // a prefix may hide another; what is deeper than that is a name
		shorter := withoutOpening(name)
		if shorter == name {
			break
		}
		name = shorter
	}
	words := strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || r == '*' || r == '_' })
	kept := words[:0]
	for _, w := range words {
		if !reference(w) {
			kept = append(kept, w)
		}
	}
	for len(kept) > 1 && countries[kept[len(kept)-1]] {
		kept = kept[:len(kept)-1]
	}
	if len(kept) == 0 {
		return cut(tidy)
	}
	name = strings.Join(kept, " ")
	if name == strings.ToUpper(name) {
		for i, w := range kept {
			kept[i] = capital(w)
		}
		name = strings.Join(kept, " ")
	}
	return cut(name)
}

// tidied gives s in one line of printable characters with single spaces.
func tidied(s string) string {
	if len(s) > maxMerchantText {
		s = s[:maxMerchantText]
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError || !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// withoutOpening gives name without one opening; a name that is nothing else stays.
func withoutOpening(name string) string {
	for _, o := range openings {
		if len(name) > len(o) && strings.EqualFold(name[:len(o)], o) {
			if rest := strings.TrimLeft(name[len(o):], " *"); rest != "" {
				return rest
			}
		}
	}
	return name
}

// reference says whether a word is a number for machines: four digits or more, or letters and digits with at least as many
// digits as letters. "7-Eleven", "Motel6" and "3" are names.
func reference(word string) bool {
	digits, letters := 0, 0
	for _, r := range word {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case unicode.IsLetter(r):
			letters++
		}
	}
	return digits >= 4 && digits >= letters || digits >= 2 && letters >= 2 && len(word) >= 5 && digits+1 >= letters
}

// capital gives a word in capitals its ordinary form: "STORES" is "Stores", "FEE" is "Fee"; "BP", "KFC" and "M&S" stay, since they are said
// letter by letter. A short word is one when its second letter is a vowel, which initials seldom have.
func capital(word string) string {
	if small[word] {
		return strings.ToLower(word)
	}
	if initials[word] {
		return word
	}
	if n := utf8.RuneCountInString(word); n <= 3 && !short[word] && (n < 3 || !strings.ContainsRune("AEIOUY", []rune(word)[1])) {
		return word
	}
	first, size := utf8.DecodeRuneInString(word)
	return string(first) + strings.ToLower(word[size:])
}

// The short words that stay small, those that are words although they look like initials, and the other way round.
var (
	small    = map[string]bool{"OF": true, "AND": true, "FOR": true, "AT": true, "BY": true}
	initials = map[string]bool{"RAC": true, "MOT": true, "DIY": true, "TUI": true, "UAE": true, "HSBC": true, "HMRC": true, "DVLA": true}
	short    = map[string]bool{"THE": true, "LTD": true, "CO": true, "SPA": true, "OLD": true, "OAK": true, "ARM": true, "ART": true, "ICE": true, "INN": true, "EGG": true, "ALE": true, "SKY": true, "ST": true, "MR": true, "DR": true, "TO": true, "IN": true, "ON": true, "DA": true, "DE": true, "LA": true, "LE": true, "MY": true}
)

// cut gives at most 64 characters, whole ones.
func cut(s string) string {
	runes := []rune(s)
	if len(runes) > maxMerchant {
		runes = runes[:maxMerchant]
	}
	return strings.TrimSpace(string(runes))
}

// FoldMerchant gives the form in which merchants' names are compared: cleaned, lower case, without accents, apostrophes and other
// punctuation, "&" as "and", words apart by one space and without a last s, since "Tesco's" and "Sainsbury" are what people say.
func FoldMerchant(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(CleanMerchant(name)) {
		r = unicode.ToLower(r)
		switch {
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’' || r == '‘' || r == '`':
		case r == '&' || r == '+':
			b.WriteString(" and ")
		case alone[r] != "":
			b.WriteString(alone[r])
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	words := strings.Fields(b.String())
	for i, w := range words {
		if len(w) > 4 {
			words[i] = strings.TrimSuffix(w, "s")
		}
	}
	return strings.Join(words, " ")
}

// alone are the letters that Unicode does not take apart.
var alone = map[rune]string{'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ı': "i"}
