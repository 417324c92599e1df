package nlu

import "strings"

// maxChoices bounds how many sentences one line of a language's file makes.
const maxChoices = 8

// choices writes a line out: "(what is|tell me) my [current] balance" is four sentences. Of more than there is room for, it takes some, evenly.
func choices(line string, limit int) []string {
	var sentences []string
	choose(split(line), limit, func(way []string) {
		sentences = append(sentences, strings.Join(strings.Fields(strings.Join(way, "")), " "))
	})
	return sentences
}

// choose gives the ways to take one of each part, the same slice each time; of more than the limit, some.
func choose[T any](parts [][]T, limit int, each func(way []T)) int {
	total := 1
	for _, p := range parts {
		total = min(total*len(p), 1<<20)
	}
	take := min(total, limit)
	way := make([]T, len(parts))
	for i := range take {
		n := i
		if total > limit {
			n = i * 1_000_003 % total // a prime, so that no two are the same where total is no multiple of it
		}
		for at, p := range parts {
			way[at] = p[n%len(p)]
			n /= len(p)
		}
		each(way)
	}
	return take
}

// split takes a line apart into what stands fixed and what may be chosen. A choice has no choice in it.
func split(line string) [][]string {
	var parts [][]string
	for line != "" {
		i := strings.IndexAny(line, "([")
		if i < 0 {
			return append(parts, []string{line})
		}
		if i > 0 {
			parts = append(parts, []string{line[:i]})
		}
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
