package skills

import "bytes"

// Deeper says whether JSON is nested deeper than so many brackets. Whatever a platform sends is looked at so before it is read; most has fewer brackets
// than that altogether.
func Deeper(body []byte, than int) bool {
	if bytes.Count(body, []byte{'{'})+bytes.Count(body, []byte{'['}) <= than {
		return false
	}
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > than {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
