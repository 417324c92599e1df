package speech

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName bounds a name that is said, in characters.
const maxName = 60

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

func escape(s string) string {
	if !strings.ContainsAny(s, `&<>"`) {
		return s
	}
	return escaper.Replace(s)
}

var nameEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;")

// name makes a name from outside fit to be said: in one line, without control characters or anything else that is not seen, at
// most maxName characters, escaped for SSML.
func name(s string) string {
	plain := len(s) <= maxName
	for i := 0; plain && i < len(s); i++ {
		c := s[i]
		plain = c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == ' ' && i > 0 && s[i-1] != ' '
	}
	if plain {
		return strings.TrimRight(s, " ")
	}
	var b strings.Builder
	n, gap := 0, false
	for _, r := range s {
		if unicode.IsSpace(r) {
			gap = n > 0
			continue
		}
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			continue
		}
		if n++; n > maxName {
			// Not in the middle of a word.
			whole := b.String()
			if i := strings.LastIndexByte(whole, ' '); i > 0 && !gap {
				whole = whole[:i]
			}
			return nameEscaper.Replace(whole)
		}
		if gap {
			b.WriteByte(' ')
			gap = false
			n++
		}
		b.WriteRune(r)
	}
	return nameEscaper.Replace(b.String())
}

// Name is a name from outside as it is said, without markup: the form in which it may stand as a value beside the words.
func Name(s string) string { return unescaper.Replace(name(s)) }

// tidy gives s with single spaces, none at its ends, and a capital at the beginning of each sentence.
func tidy(s string) string {
	b := make([]byte, 0, len(s))
	start, markup := true, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == ' ' && (len(b) == 0 || b[len(b)-1] == ' ') {
			continue
		}
		if c == '<' {
			markup = true
		}
		switch {
		case markup:
			markup = c != '>'
		case c == ' ':
		case start && c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
			start = false
		case start && c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, unicode.ToUpper(r))
			i += size - 1
			start = false
			continue
		default:
			start = (c == '.' || c == '?' || c == '!') && i+1 < len(s) && s[i+1] == ' '
		}
		b = append(b, c)
	}
	return strings.TrimRight(string(b), " ")
}

var unescaper = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'")

// plain gives the words of SSML without its tags.
func plain(ssml string) string {
	if !strings.ContainsAny(ssml, "<&") {
		return ssml
	}
	var b strings.Builder
	rest := ssml
	for {
		before, after, found := strings.Cut(rest, "<")
		b.WriteString(before)
		if !found {
			break
		}
		_, rest, _ = strings.Cut(after, ">")
	}
	return unescaper.Replace(b.String())
}
