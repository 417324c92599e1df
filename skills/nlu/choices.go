package nlu

import "strings"

// maxChoices bounds how many sentences one line of a language's file makes.
const maxChoices = 40

// choices writes a line out: "(what is|tell me) my [current] balance" is four sentences. Of more than there is room for, it takes some, evenly.
func choices(line string, limit int) []string {
	parts := split(line)
	total := 1
	for _, p := range parts {
		total = min(total*len(p), 1<<20)
	}
	take := min(total, limit)
	sentences := make([]string, 0, take)
	for i := range take {
		n := i
		if total > limit {
			n = i * 1_000_003 % total // a prime, so that no two are the same where total is no multiple of it
		}
		var b strings.Builder
		for _, p := range parts {
			b.WriteString(p[n%len(p)])
			n /= len(p)
		}
		sentences = append(sentences, strings.Join(strings.Fields(b.String()), " "))
	}
	return sentences
}

// split takes a line apart into what stands fixed and what may be chosen. A choice has no choice in it.
func split(line string) [][]string {
	var parts [][]string
	for line != "" {
		i := strings.IndexAny(line, "([")
		if i < 0 {
			return append(parts, []string{line})
		}
		parts = append(parts, []string{line[:i]})
		end := ")"
		if line[i] == '[' {
			end = "]"
		}
		inside, rest, _ := strings.Cut(line[i+1:], end)
		ways := strings.Split(inside, "|")
		if end == "]" {
			ways = append(ways, "")
		}
		parts, line = append(parts, ways), rest
	}
	return parts
}
